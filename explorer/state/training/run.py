"""A training run as seen from the window: settings, curves, what is left, what is kept."""

from __future__ import annotations

import math
import time
from dataclasses import replace
from enum import Enum
from pathlib import Path

from PySide6.QtCore import QObject, Signal

from explorer.state.training.history import NORM, TERMS, Series
from explorer.state.training.offers import Offer
from models.core.history import EpochRecord, PastRun, UnfinishedRun
from models.core.settings import Dials, TrainSettings
from models.protocol.training import ControlAction, EpochDone, Finished, Progress, StepShown, TrainStarted


class RunStatus(Enum):
    """Life of a training run."""

    IDLE = "idle"
    STARTING = "starting"
    RUNNING = "running"
    PAUSED = "paused"
    STOPPING = "stopping"


class RunState(QObject):
    """Requests go out as signals to the engine; answers come back through the setters.

    :attr:`unsaved` is the model file of a finished run that the person has not saved yet, :attr:`offer` a run that
    waits for the person to say whether it shall go on, :attr:`waiting` those to be offered after it, :attr:`records`
    what is known of the epochs; :attr:`evaluated` is the share of the last evaluation that is done, None before it
    begins; :attr:`kept` says whether there is a checkpoint, :attr:`dropped` how many runs in :attr:`queued` will not
    start because this one failed.
    """

    start_requested = Signal(str, object)
    resume_requested = Signal(object)
    drop_requested = Signal(object)
    offer_changed = Signal()
    control_requested = Signal(str)
    adjust_requested = Signal(object)
    dials_changed = Signal()
    step_shown = Signal()
    status_changed = Signal()
    progressed = Signal()
    curves_changed = Signal()
    finished = Signal(object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.status = RunStatus.IDLE
        self.settings = TrainSettings()
        self.name = ""
        self.started: TrainStarted | None = None
        self.progress: Progress | None = None
        self.evaluated: float | None = None
        self.kept = False
        self.train: dict[str, Series] = {}
        self.test: dict[str, Series] = {}
        self.records: list[EpochRecord] = []
        self.dials = Dials(self.settings.learning_rate, self.settings.beta)
        self.step: StepShown | None = None
        self.stepping = False
        self.queued: list[tuple[str, TrainSettings]] = []
        self.dropped = 0
        self.unsaved: str | None = None
        self.offer: Offer | None = None
        self.waiting: list[Offer] = []
        self.clear()

    @property
    def active(self) -> bool:
        """Whether a run is under way."""
        return self.status is not RunStatus.IDLE

    def clear(self) -> None:
        """Forget the curves of the last run."""
        self.started = self.progress = self.step = self.evaluated = None
        self.kept, self.dropped = False, 0
        self.records = []
        self.train = {term: Series() for term in (*TERMS, NORM)}
        self.test = {term: Series() for term in TERMS}
        self.curves_changed.emit()

    def start(self, data_path: str, settings: TrainSettings, seeds: int = 1, stepping: bool = False) -> None:
        """Ask the engine for a run, one with each of so many ``seeds``; the first step by step if ``stepping``.

        Runs that might have gone on instead are offered again at the next start of the program.
        """
        self.waiting.clear()
        later = range(settings.seed + 1, settings.seed + seeds)
        self.queued = [(data_path, replace(settings, seed=seed)) for seed in later]
        self._start(data_path, settings, stepping)

    def start_next(self) -> None:
        """Ask for the next of the runs that wait."""
        if self.queued:
            self._start(*self.queued.pop(0), stepping=False)

    def _start(self, data_path: str, settings: TrainSettings, stepping: bool) -> None:
        self.settings, self.stepping = settings, stepping
        # Not every system takes the colons of generated data in the name of a file.
        self.name = f"{Path(data_path).stem.replace(':', '-')}-vae-{settings.latent_dim}"
        self._begin()
        self.start_requested.emit(data_path, settings)

    def resume(self, run: UnfinishedRun) -> None:
        """Ask the engine to go on with a run from its newest checkpoint."""
        self.settings, self.name = run.settings, run.name
        self._begin()
        self.mark_kept()
        self.resume_requested.emit(run)

    def drop(self, run: UnfinishedRun) -> None:
        """Ask the engine to remove a run that shall not go on."""
        self.drop_requested.emit(run)
        self.dismiss_offer()

    def set_offer(self, offer: Offer | None) -> None:
        """Offer a run to the person, or take the offer back; what was offered stays on disk."""
        self.offer = offer
        self.offer_changed.emit()

    def dismiss_offer(self) -> None:
        """Take the offer back and make the next one."""
        self.set_offer(None)
        self.offer_next()

    def offer_next(self) -> None:
        """Offer the next run that waits, unless one goes or is offered."""
        if self.waiting and self.offer is None and not self.active:
            self.set_offer(self.waiting.pop(0))

    def _begin(self) -> None:
        self.set_offer(None)
        self.clear()
        self.set_status(RunStatus.STARTING)

    def control(self, action: ControlAction) -> None:
        """Ask the engine to pause, resume, make one step, stop or discard."""
        if action in ("stop", "discard"):
            self.queued = []
            self.set_status(RunStatus.STOPPING)
        self.control_requested.emit(action)

    def set_status(self, status: RunStatus) -> None:
        """Record what the run does."""
        self.status = status
        self.status_changed.emit()

    def set_started(self, started: TrainStarted) -> None:
        """The first step is about to run; what is known of the epochs before it is what its checkpoint says."""
        self.started = started
        self.records = []
        for record in started.records:
            self._add_record(record)
        self.curves_changed.emit()
        self.dials = started.dials
        self.dials_changed.emit()
        self.set_status(RunStatus.PAUSED if self.stepping else RunStatus.RUNNING)

    def adjust(self, dials: Dials) -> None:
        """Turn learning rate and β while the run goes."""
        if dials != self.dials:
            self.dials = dials
            self.adjust_requested.emit(dials)
            self.dials_changed.emit()

    def show_step(self, step: StepShown) -> None:
        """A step that was asked for has been made."""
        self.step = step
        self.step_shown.emit()

    def add_progress(self, progress: Progress) -> None:
        """Add the newest training terms."""
        self.progress = progress
        if self.status is not RunStatus.STOPPING:
            status = RunStatus.PAUSED if progress.paused else RunStatus.RUNNING
            if status is not self.status:
                self.set_status(status)
        if not progress.paused:
            for term in TERMS:
                self.train[term].add(progress.epoch, getattr(progress.train, term))
            if math.isfinite(progress.gradient_norm):
                self.train[NORM].add(progress.epoch, progress.gradient_norm)
        self.progressed.emit()

    def mark_kept(self) -> None:
        """There is a checkpoint."""
        self.kept = True

    @property
    def left(self) -> str:
        """What a run that fails leaves, as a clause."""
        return "its checkpoints are kept" if self.kept else "it had saved nothing yet"

    def set_evaluated(self, share: float) -> None:
        """The steps are done; so much of the estimate of −log p(x) is, too."""
        self.evaluated = share
        self.progressed.emit()

    def add_epoch(self, done: EpochDone) -> None:
        """Add the terms on the test images."""
        self._add_record(done.record)
        self.curves_changed.emit()

    def _add_record(self, record: EpochRecord) -> None:
        self.records.append(record)
        for term in TERMS:
            self.test[term].add(float(record.epoch), getattr(record.test, term))
            known = self.train[term].epochs
            if not known or known[-1] < record.epoch:
                self.train[term].add(float(record.epoch), getattr(record.train, term))
        norms = self.train[NORM]
        if not norms.epochs or norms.epochs[-1] < record.epoch:
            norms.add(float(record.epoch), record.gradient_norm)

    @property
    def past(self) -> PastRun:
        """What is known of this run, to be compared with."""
        return PastRun(self.name, self.settings, tuple(self.records), time.time())

    def finish(self, finished: Finished | None) -> None:
        """The run has ended, with None if it failed."""
        if finished is None:
            self.dropped, self.queued = len(self.queued), []
        if finished is not None and finished.path is not None:
            self.unsaved = finished.path
        self.set_status(RunStatus.IDLE)
        self.finished.emit(finished)

    def mark_saved(self, path: str) -> None:
        """The model file ``path`` has been saved where the person wanted."""
        if path == self.unsaved:
            self.unsaved = None
            self.status_changed.emit()
