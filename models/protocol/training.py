"""Requests to the trainer and what it reports."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from models.core.arrays import Floats32
from models.core.data_options import AS_FOUND, DataOptions
from models.core.history import EpochRecord, EpochSnapshot, PastRun, Terms, UnfinishedRun
from models.core.settings import MEMORY_LIMIT, Dials, TrainSettings

ControlAction = Literal["pause", "resume", "step", "stop", "discard"]

FinishReason = Literal["complete", "early", "stopped", "discarded"]


@dataclass(frozen=True)
class Train:
    """Train on a data set; checkpoints go to ``run_folder``. With ``resume`` the newest one there is continued.

    A run that has come to its end in the folder ``further`` is trained further, with its optimizer and all it knows of
    its epochs; ``run_folder`` may be another folder, and then ``further`` stays as it is. A ``learning_rate`` then
    replaces the one it had. A run that begins ``again``, since its process died, continues from its newest checkpoint
    if it has got that far. A run that is ``stepping`` waits before its first step; each :class:`Control` with ``step``
    makes one. Training images of more bytes than the ``memory_limit`` stay in their file; then they come in another
    order, so that a run must be resumed with the limit it began with. ``data_options`` say how to read the data. A run
    starts with the weights and the network of the model ``start``, ours or other people's, if there is one; settings
    that say otherwise are refused.
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
    further: str = ""
    again: bool = False
    start: str = ""
    data_options: DataOptions = AS_FOUND


@dataclass(frozen=True)
class Control:
    """Steer the running training: ``stop`` keeps it, ``discard`` throws it away, ``step`` makes a step and pauses."""

    id: int
    action: ControlAction


@dataclass(frozen=True)
class Adjust:
    """Set learning rate and β of the running training, from the next step on."""

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
    snapshots: tuple[EpochSnapshot, ...] = ()


@dataclass(frozen=True)
class Progress:
    """Means over the last chunk of steps, about ten times a second; times in seconds."""

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
    """The record of an epoch that has ended; ``snapshots`` are all that are kept."""

    id: int
    record: EpochRecord
    snapshots: tuple[EpochSnapshot, ...] = ()


@dataclass(frozen=True)
class StepShown:
    """The course of one step for the first image of its batch: the noise, the draw, and the gradients in μ and σ.

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
        At this step, its schedule included.
    kl : array [d]
        In nats.
    by_mu, by_sigma : array [d]
        Gradient of the loss of this image in μ and σ.
    by_mu_from_kl, by_sigma_from_kl : array [d]
        The part of it that comes from the KL; NaN where the loss is not a sum of reconstruction and KL.
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
    """A complete checkpoint is on disk; ``path`` is its model file."""

    id: int
    path: str
    epoch: int


@dataclass(frozen=True)
class CheckpointDelayed:
    """A checkpoint could not be written to ``folder``; the training goes on and retries. Sent once per reason."""

    id: int
    folder: str
    reason: str


@dataclass(frozen=True)
class Diverged:
    """The training has ended because its loss diverged at ``step``; ``reason`` is a clause that says how.

    ``last_good`` is the run as it can be resumed from the checkpoint before, None if there is none yet.
    """

    id: int
    step: int
    reason: str
    last_good: UnfinishedRun | None


@dataclass(frozen=True)
class Evaluating:
    """The steps are done, and ``share`` of the estimate of −log p(x); a request to stop skips the rest."""

    id: int
    share: float


@dataclass(frozen=True)
class FindRuns:
    """Find the runs in ``folder`` that no process works on; answered by :class:`RunsFound`."""

    id: int
    folder: str


@dataclass(frozen=True)
class RunsFound:
    """The runs that can be resumed, newest first, and those that have ended, newest last."""

    id: int
    runs: tuple[UnfinishedRun, ...]
    ended: tuple[PastRun, ...]


@dataclass(frozen=True)
class Finished:
    """The training has ended; ``path`` is the kept model file, None if discarded.

    A discarded run that is ``restorable`` waits in the trash.
    """

    id: int
    reason: FinishReason
    path: str | None
    epoch: int
    restorable: bool = False
