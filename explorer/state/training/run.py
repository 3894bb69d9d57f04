"""A training run as seen from the window: settings, status, progress, curves, what is kept."""

from __future__ import annotations

import time
from dataclasses import replace
from enum import Enum
from pathlib import Path

from PySide6.QtCore import QObject, Signal

from explorer.state.training.history import CurveHistory, RunHistory
from models.core.descriptions import ModelInfo
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
    """The truth of a run. Requests go out as signals to the controller; answers come back through the setters.

    :attr:`previous` is the model that was open when the run began, :attr:`wish` the last thing asked of the run,
    :attr:`turned` the dials if they were turned; :attr:`evaluated` is the share of the last evaluation that is done,
    None before it begins; :attr:`worked` are its seconds of training, those before a resume included; :attr:`kept` says
    whether there is a checkpoint, :attr:`dropped` how many runs in :attr:`queued` will not start because this one
    failed.
    """

    start_requested = Signal(str, object)
    begin_requested = Signal(str, str, object)
    resume_requested = Signal(object)
    further_requested = Signal(object)
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
        self.worked = 0.0
        self.history = RunHistory()
        self.dials = Dials(self.settings.learning_rate, self.settings.beta)
        self.turned: Dials | None = None
        self.wish: ControlAction | None = None
        self.step: StepShown | None = None
        self.stepping = False
        self.queued: list[tuple[str, TrainSettings]] = []
        self.dropped = 0
        self.previous: str | None = None

    @property
    def active(self) -> bool:
        """Whether a run is under way."""
        return self.status is not RunStatus.IDLE

    @property
    def train(self) -> dict[str, CurveHistory]:
        """The curves on the training images, by term."""
        return self.history.train

    @property
    def test(self) -> dict[str, CurveHistory]:
        """The curves on the test images, by term."""
        return self.history.test

    @property
    def records(self) -> list[EpochRecord]:
        """A record of every epoch so far."""
        return self.history.records

    @property
    def past(self) -> PastRun:
        """The run as others are compared with it later."""
        return PastRun(self.name, self.settings, tuple(self.records), time.time())

    @property
    def left(self) -> str:
        """What a run that fails leaves behind, as a clause."""
        return "its checkpoints are kept" if self.kept else "nothing had been saved yet"

    # ------------------------------------------------------------------------------------------------- requests

    def start(self, data_path: str, settings: TrainSettings, seeds: int = 1, stepping: bool = False) -> None:
        """Ask for a run, one with each of so many ``seeds``; the first step by step if ``stepping``."""
        later = range(settings.seed + 1, settings.seed + seeds)
        self.queued = [(data_path, replace(settings, seed=seed)) for seed in later]
        self._start(data_path, settings, stepping)

    def start_with(self, model: ModelInfo, data_path: str, settings: TrainSettings) -> None:
        """Ask for a run that starts with the weights and the network of a model."""
        self.settings, self.name, self.stepping, self.queued = settings, model.name, False, []
        self.clear()
        self.set_status(RunStatus.STARTING)
        self.begin_requested.emit(model.origin, data_path, settings)

    def start_next(self) -> None:
        """Ask for the next of the runs that wait."""
        if self.queued:
            self._start(*self.queued.pop(0), stepping=False)

    def _start(self, data_path: str, settings: TrainSettings, stepping: bool) -> None:
        self.settings, self.stepping = settings, stepping
        # Not every system takes the colons of generated data in the name of a file.
        self.name = f"{Path(data_path).stem.replace(':', '-')}-vae-{settings.latent_dim}"
        self.clear()
        self.set_status(RunStatus.STARTING)
        self.start_requested.emit(data_path, settings)

    def resume(self, run: UnfinishedRun) -> None:
        """Ask for a run to go on from its newest checkpoint."""
        self._go_on(run)
        self.worked = run.elapsed
        self.mark_kept()
        self.resume_requested.emit(run)

    def train_further(self, run: UnfinishedRun, epochs: int) -> None:
        """Ask for a run that has come to its end to go on until it has so many epochs; what it left stays as it is."""
        longer = replace(run, settings=replace(run.settings, epochs=epochs))
        self._go_on(longer)
        self.further_requested.emit(longer)

    def _go_on(self, run: UnfinishedRun) -> None:
        self.settings, self.name, self.stepping = run.settings, run.name, False
        self.clear()
        self.set_status(RunStatus.STARTING)

    def clear(self) -> None:
        """Forget the last run."""
        self.started = self.progress = self.step = self.evaluated = self.wish = self.turned = None
        self.kept, self.dropped, self.worked = False, 0, 0.0
        self.history = RunHistory()
        self.curves_changed.emit()

    def look_back(self, past: PastRun) -> None:
        """Show the curves of a run that has ended, unless one is under way."""
        if not self.active:
            self.settings, self.name = past.settings, past.name
            self.clear()
            self.history.restart(past.records)
            self.curves_changed.emit()

    def control(self, action: ControlAction) -> None:
        """Ask for the run to pause, resume, make one step, stop or be discarded."""
        self.wish = action
        if action in ("stop", "discard"):
            self.queued = []
            self.set_status(RunStatus.STOPPING)
        self.control_requested.emit(action)

    def adjust(self, dials: Dials) -> None:
        """Turn learning rate and β while the run goes."""
        if dials != self.dials:
            self.dials = self.turned = dials
            self.adjust_requested.emit(dials)
            self.dials_changed.emit()

    # -------------------------------------------------------------------------------------------------- answers

    def set_previous(self, path: str | None) -> None:
        """Record which model is open as the run begins: one that fails returns to it."""
        self.previous = path

    def set_status(self, status: RunStatus) -> None:
        """Record what the run does."""
        self.status = status
        self.status_changed.emit()

    def set_started(self, started: TrainStarted) -> None:
        """Record that the first step is about to run, and what its checkpoint says of the epochs before it."""
        self.started = started
        self.history.restart(started.records)
        self.curves_changed.emit()
        self.dials = started.dials
        self.dials_changed.emit()
        self.set_status(RunStatus.PAUSED if self.stepping else RunStatus.RUNNING)

    def show_step(self, step: StepShown) -> None:
        """Show a step that was asked for."""
        self.step = step
        self.step_shown.emit()

    def add_progress(self, progress: Progress) -> None:
        """Add the newest training terms."""
        self.progress, self.worked = progress, progress.elapsed
        if self.status is not RunStatus.STOPPING:
            status = RunStatus.PAUSED if progress.paused else RunStatus.RUNNING
            if status is not self.status:
                self.set_status(status)
        if not progress.paused:
            self.history.add_progress(progress)
        self.progressed.emit()

    def mark_kept(self) -> None:
        """Record that there is a checkpoint."""
        self.kept = True

    def set_evaluated(self, share: float) -> None:
        """Record how much of the estimate of −log p(x) is done, now that the steps are."""
        self.evaluated = share
        self.progressed.emit()

    def add_epoch(self, done: EpochDone) -> None:
        """Add the terms on the test images."""
        self.history.add_record(done.record)
        self.curves_changed.emit()

    def finish(self, finished: Finished | None) -> None:
        """Record the end of the run, None if it failed."""
        if finished is None:
            self.dropped, self.queued = len(self.queued), []
        self.set_status(RunStatus.IDLE)
        self.finished.emit(finished)
