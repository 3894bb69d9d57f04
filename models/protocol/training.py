"""Requests to the trainer and what it reports."""

from __future__ import annotations

from dataclasses import dataclass

from models.protocol.descriptions import ControlAction, FinishReason, Terms, TrainSettings
from models.protocol.history import EpochRecord, UnfinishedRun


@dataclass(frozen=True)
class Train:
    """Train on a data set; checkpoints go to ``run_folder``. With ``resume`` the newest one there is continued."""

    id: int
    data_path: str
    run_folder: str
    name: str
    settings: TrainSettings
    resume: bool = False


@dataclass(frozen=True)
class Control:
    """Steer the running training; ``stop`` keeps the model, ``discard`` does not."""

    id: int
    action: ControlAction


@dataclass(frozen=True)
class TrainStarted:
    """The data is loaded and the first step compiled.

    ``loss`` says what is minimized and where its KL comes from, ``records`` are of the epochs before a resume.
    """

    id: int
    data_name: str
    train_count: int
    test_count: int
    steps_per_epoch: int
    first_epoch: int
    loss: str
    records: tuple[EpochRecord, ...] = ()


@dataclass(frozen=True)
class Progress:
    """About ten times a second: means over the last chunk of steps; times in seconds."""

    id: int
    epoch: float
    epochs: int
    step: int
    train: Terms
    images_per_second: float
    elapsed: float
    remaining: float
    paused: bool = False


@dataclass(frozen=True)
class EpochDone:
    """End of an epoch."""

    id: int
    record: EpochRecord


@dataclass(frozen=True)
class CheckpointWritten:
    """A complete checkpoint stands on disk; ``path`` is its model file."""

    id: int
    path: str
    epoch: int


@dataclass(frozen=True)
class CheckpointDelayed:
    """A checkpoint could not be written to ``folder``; the training goes on and tries again. Told once a reason."""

    id: int
    folder: str
    reason: str


@dataclass(frozen=True)
class Diverged:
    """The training has ended at ``step``, whose loss is no use any more; ``reason`` is a clause that says so.

    ``last_good`` is what can be resumed from the last checkpoint before, None if there was none yet.
    """

    id: int
    step: int
    reason: str
    last_good: UnfinishedRun | None


@dataclass(frozen=True)
class FindRuns:
    """Look in ``folder`` for runs that have not ended and that nobody works on."""

    id: int
    folder: str


@dataclass(frozen=True)
class RunsFound:
    """Those that can be resumed, the newest first."""

    id: int
    runs: tuple[UnfinishedRun, ...]


@dataclass(frozen=True)
class Finished:
    """The training has ended; ``path`` is the kept model file, None if discarded."""

    id: int
    reason: FinishReason
    path: str | None
    epoch: int
