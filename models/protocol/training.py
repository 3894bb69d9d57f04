"""Requests to the trainer and what it reports."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from models.core.arrays import Floats32
from models.core.history import EpochRecord, PastRun, Snapshot, Terms, UnfinishedRun
from models.core.settings import MEMORY_LIMIT, Dials, TrainSettings


@dataclass(frozen=True)
class Train:
    """Train on a data set; checkpoints go to ``run_folder``. With ``resume`` the newest one there is continued.

    A ``learning_rate`` then takes the place of the one it had. One that is ``stepping`` waits before its first step;
    each :class:`Control` with ``step`` makes one. Training images of more bytes than the ``memory_limit`` stay in their
    file; then they come in another order, so that a run is to be resumed with the limit it began with.
    """

    id: int
    data_path: str
    run_folder: str
    name: str
    settings: TrainSettings
    resume: bool = False
    stepping: bool = False
    learning_rate: float | None = None
    memory_limit: int = MEMORY_LIMIT


@dataclass(frozen=True)
class Control:
    """Steer the running training; ``stop`` keeps the model, ``discard`` does not, ``step`` makes a step and pauses."""

    id: int
    action: ControlAction


@dataclass(frozen=True)
class Adjust:
    """Turn the dials of the running training, from the next step on."""

    id: int
    dials: Dials


@dataclass(frozen=True)
class TrainStarted:
    """The data is loaded and the first step compiled.

    ``loss`` says what is minimized and where its KL comes from; ``records`` and ``snapshots`` are of the epochs before
    a resume. A step on one image takes ``gigaflop_per_image``, and this machine multiplies matrices at ``peak_gflops``.
    """

    id: int
    data_name: str
    train_count: int
    test_count: int
    steps_per_epoch: int
    first_epoch: int
    loss: str
    dials: Dials
    gigaflop_per_image: float
    peak_gflops: float
    records: tuple[EpochRecord, ...] = ()
    snapshots: tuple[Snapshot, ...] = ()


@dataclass(frozen=True)
class Progress:
    """About ten times a second: means over the last chunk of steps; times in seconds."""

    id: int
    epoch: float
    epochs: int
    step: int
    train: Terms
    gradient_norm: float
    images_per_second: float
    elapsed: float
    remaining: float
    paused: bool = False


@dataclass(frozen=True)
class EpochDone:
    """End of an epoch; ``snapshots`` are all that are kept."""

    id: int
    record: EpochRecord
    snapshots: tuple[Snapshot, ...] = ()


@dataclass(frozen=True)
class StepShown:
    """One turn of the trick on the first image of a batch, as it was before the step that has just been made.

    Attributes
    ----------
    step : int
        Steps made, this one included.
    x, reconstruction : array float32 [h, w, c]
        The image as the network saw it, and the mean image of its first draw.
    mu, sigma, eps, z : array [d]
        z = μ + σ·ε of the first draw.
    terms : Terms
        Of this image, with its loss.
    beta : float
        As it was at this step, its schedule included.
    kl : array [d]
        In nats.
    by_mu, by_sigma : array [d]
        What reaches μ and σ: the gradient of the loss of this image.
    by_mu_from_kl, by_sigma_from_kl : array [d]
        The part of it that comes from the KL; NaN where the loss is no sum of the two.
    """

    id: int
    step: int
    epoch: float
    x: Floats32
    reconstruction: Floats32
    mu: Floats32
    sigma: Floats32
    eps: Floats32
    z: Floats32
    terms: Terms
    beta: float
    kl: Floats32
    by_mu: Floats32
    by_sigma: Floats32
    by_mu_from_kl: Floats32
    by_sigma_from_kl: Floats32


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
class Evaluating:
    """The steps are done, and −log p(x) is being estimated, of which ``share`` is done; a request to stop skips it."""

    id: int
    share: float


@dataclass(frozen=True)
class FindRuns:
    """Look in ``folder`` for runs that nobody works on; :class:`RunsFound` answers."""

    id: int
    folder: str


@dataclass(frozen=True)
class DropRun:
    """Remove the run in ``folder``; :class:`Failed` if another process is at work on it."""

    id: int
    folder: str


@dataclass(frozen=True)
class RunsFound:
    """Those that can be resumed, the newest first, and those that have ended, the newest last."""

    id: int
    runs: tuple[UnfinishedRun, ...]
    ended: tuple[PastRun, ...]


@dataclass(frozen=True)
class Finished:
    """The training has ended; ``path`` is the kept model file, None if discarded."""

    id: int
    reason: FinishReason
    path: str | None
    epoch: int


ControlAction = Literal["pause", "resume", "step", "stop", "discard"]

FinishReason = Literal["complete", "early", "stopped", "discarded"]
