"""A training run as a stream of events: the worker and the command line pull it, one chunk of steps at a time."""

from __future__ import annotations

from collections.abc import Iterator

from models.core.errors import UserError
from models.core.files import reason_of
from models.core.setting_checks import check_settings
from models.core.settings import Dials
from models.protocol.messages import Reply
from models.protocol.training import ControlAction, Diverged, Train
from models.training.course import Course
from models.training.divergence import DivergedError
from models.training.ending import end_run
from models.training.epochs import train_epoch
from models.training.loop import TrainingLoop
from models.training.memory import RunMemory
from models.training.preparation import LoopMaker, preparing
from models.training.recorder import RunWriter
from models.training.steering import Steering


class TrainingRun:
    """One run from data to kept model; ValueError if its settings make no sense.

    ``events`` yields replies, or None when nothing is to be said; between two of them :meth:`control` takes effect.
    A ``patient`` run waits in the end until its model can be written; ``make_loop`` decides who shares the work.
    """

    def __init__(self, request: Train, patient: bool = False, make_loop: LoopMaker = TrainingLoop) -> None:
        settings = check_settings(request.settings)
        self._request, self._patient, self._make_loop = request, patient, make_loop
        self._steering = Steering(settings, request.stepping)
        self._memory = RunMemory(settings, Dials(settings.learning_rate, settings.beta))
        self._writer = RunWriter(request, self._memory)

    def control(self, action: ControlAction) -> None:
        """Ask the run to stop, keeping the model, or to discard it, or to go step by step; before the next chunk."""
        self._steering.control(action)

    def adjust(self, dials: Dials) -> None:
        """Turn learning rate and β, from the next step on; ValueError if the settings do not allow it."""
        self._steering.adjust(dials)

    def events(self) -> Iterator[Reply | None]:
        """Train, and yield what happens; :class:`UserError` or ValueError if that is not possible."""
        folder = self._writer.folder
        try:
            course, started = yield from preparing(
                self._request, self._steering, self._memory, self._writer, self._make_loop
            )
            yield started
            yield from self._train(course)
        except OSError as error:
            raise UserError(str(folder.path), reason_of(error)) from error
        finally:
            folder.close()

    def _train(self, course: Course) -> Iterator[Reply | None]:
        """Train all epochs and end the run; one that diverges ends with what can be resumed."""
        try:
            while course.steering.ending is None and not course.complete:
                yield from train_epoch(course)
            yield from end_run(course, self._patient)
        except DivergedError as error:
            last_good = course.writer.folder.last_good(course.settings, course.memory.dials.learning_rate)
            yield Diverged(course.request.id, error.step, error.reason, last_good)
