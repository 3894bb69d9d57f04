"""The language between the window and its worker processes: frozen dataclasses, NumPy only.

Every request carries an ``id`` chosen by the sender, every reply repeats it. Arrays are C-contiguous; images are
float32 [n, height, width, channels] with values in 0–1 unless said otherwise. Errors are data: :class:`Failed`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

PROTOCOL_VERSION = 1

Floats32 = NDArray[np.float32]
Floats64 = NDArray[np.float64]
Role = Literal["decoder", "trainer"]
Likelihood = Literal["bernoulli", "continuous_bernoulli", "gaussian"]
LIKELIHOODS: tuple[Likelihood, ...] = ("bernoulli", "continuous_bernoulli", "gaussian")
Schedule = Literal["constant", "cosine"]
SCHEDULES: tuple[Schedule, ...] = ("constant", "cosine")
SampleSource = Literal["prior", "around", "posterior"]
ControlAction = Literal["pause", "resume", "stop", "discard"]
FinishReason = Literal["complete", "stopped", "discarded"]


class InputError(Exception):
    """A file, folder or value from outside that cannot be used; the message is one sentence that names it and why."""

    def __init__(self, subject: str, reason: str) -> None:
        super().__init__(f"{subject}: {reason}")
        self.subject = subject
        self.reason = reason

    def __reduce__(self) -> tuple[type[InputError], tuple[str, str]]:
        """Rebuild from both parts when the error crosses a process border."""
        return type(self), (self.subject, self.reason)


# ---------------------------------------------------------------------------------------------------- descriptions


@dataclass(frozen=True)
class Family:
    """A univariate distribution by name and parameters, e.g. ``Family("Normal", {"loc": 0.0, "scale": 1.0})``."""

    name: str
    parameters: dict[str, float]


@dataclass(frozen=True)
class TrainSettings:
    """All that decides a training run besides its data; the same settings and data give the same weights.

    ``schedule`` is that of the learning rate; ``average`` is the decay of the moving average of the weights, which is
    what is evaluated and kept (0: the weights themselves).
    """

    hidden: tuple[int, ...] = (256, 128)
    latent_dim: int = 50
    likelihood: Likelihood = "bernoulli"
    beta: float = 1.0
    batch_size: int = 128
    learning_rate: float = 1e-3
    epochs: int = 50
    seed: int = 0
    schedule: Schedule = "constant"
    average: float = 0.0


@dataclass(frozen=True)
class ModelInfo:
    """What a model file says of itself. ``kl_per_dim`` and ``metrics`` come from the test images, in nats."""

    path: str
    name: str
    digest: str
    image_shape: tuple[int, int, int]
    settings: TrainSettings
    dataset: str
    epoch: int
    parameters: int
    recipe: str = ""
    metrics: dict[str, float] = field(default_factory=dict)
    kl_per_dim: tuple[float, ...] = ()

    @property
    def latent_dim(self) -> int:
        """Number of latent dimensions d."""
        return self.settings.latent_dim


@dataclass(frozen=True)
class DataInfo:
    """An opened data set: uint8 images as a ``.npy`` file [n, h, w, c] that can be memory-mapped, labels int64 [n].

    The first ``train_count`` images train, the rest test. ``label_names`` are the names of the classes 0, 1, … where
    the source has names (sub-folders), otherwise empty.
    """

    path: str
    name: str
    digest: str
    count: int
    train_count: int
    image_shape: tuple[int, int, int]
    images_path: str
    labels_path: str | None
    label_names: tuple[str, ...] = ()


@dataclass(frozen=True)
class Terms:
    """The parts of the objective, means per image in nats: ELBO = −(reconstruction + KL)."""

    elbo: float
    reconstruction: float
    kl: float


# ------------------------------------------------------------------------------------------------- both workers


@dataclass(frozen=True)
class Hello:
    """First message of a worker, sent when TensorFlow has been imported."""

    protocol: int
    role: Role
    pid: int
    tensorflow: str
    device: str
    import_seconds: float


@dataclass(frozen=True)
class Failed:
    """A request could not be done; ``message`` is one clear sentence naming the file and the reason."""

    id: int
    kind: str
    message: str
    traceback: str = ""


@dataclass(frozen=True)
class Shutdown:
    """Ask a worker to end."""

    id: int = 0


# ------------------------------------------------------------------------------------------------------- decoder


@dataclass(frozen=True)
class OpenModel:
    """Load a model file; answered by :class:`ModelOpened`. The model open so far stays open if this fails."""

    id: int
    path: str


@dataclass(frozen=True)
class ModelOpened:
    """The model is ready to decode; its functions have been compiled and called once."""

    id: int
    model: ModelInfo


@dataclass(frozen=True)
class OpenData:
    """Read a data set (``.npz``, ``.npy``, IDX ``.gz``, folder of images); answered by :class:`DataOpened`."""

    id: int
    path: str


@dataclass(frozen=True)
class DataOpened:
    """The data set was checked and laid out in the cache folder."""

    id: int
    data: DataInfo


@dataclass(frozen=True)
class Embed:
    """Encode all images of the open data set with the open model, in the background; a newer one replaces it."""

    id: int


@dataclass(frozen=True)
class EmbeddingSummary:
    """What is known of each latent dimension from all images, so that the window need not go through them.

    Attributes
    ----------
    kl : array [d]
        Mean over the images of KL(q(z_i|x) ‖ p(z_i)), in nats.
    active : array [d]
        Whether Var_x(μ_i) > 0.01 (Burda et al. 2016).
    low, high : array [d]
        Range of the posterior means.
    mean, covariance : array [d], [d, d]
        First two moments of the posterior means.
    """

    kl: Floats64
    active: NDArray[np.bool_]
    low: Floats64
    high: Floats64
    mean: Floats64
    covariance: Floats64


@dataclass(frozen=True)
class Embedded:
    """Posterior means and standard deviations of every image, float32 ``.npy`` files [n, d] to be memory-mapped."""

    id: int
    model_digest: str
    data_digest: str
    mu_path: str
    sigma_path: str
    summary: EmbeddingSummary


@dataclass(frozen=True)
class Decode:
    """Decode latents [n, d]; answered by :class:`Decoded`."""

    id: int
    z: Floats32


@dataclass(frozen=True)
class Decoded:
    """Mean images of p(x|z); ``call_seconds`` is the time of the bare compiled call."""

    id: int
    images: Floats32
    call_seconds: float


@dataclass(frozen=True)
class Draw:
    """Decode ``draws`` samples centre + sigma·ε (both [d], ε fixed by ``seed``); answered by :class:`Drawn`."""

    id: int
    centre: Floats32
    sigma: Floats32
    draws: int
    seed: int


@dataclass(frozen=True)
class Drawn:
    """Decoded centre, per-pixel mean and standard deviation over the draws, each [h, w, c]; KL(q‖p) per dim [d]."""

    id: int
    centre: Floats32
    mean: Floats32
    std: Floats32
    kl: Floats64


@dataclass(frozen=True)
class EncodeImages:
    """Encode images uint8 [n, h, w, c]; answered by :class:`Encoded`."""

    id: int
    images: NDArray[np.uint8]


@dataclass(frozen=True)
class EncodeFile:
    """Read one picture file, fit it to the model's image shape and encode it; answered by :class:`Encoded`."""

    id: int
    path: str


@dataclass(frozen=True)
class Encoded:
    """Posterior means and standard deviations [n, d] and the images as they entered, uint8 [n, h, w, c]."""

    id: int
    images: NDArray[np.uint8]
    mu: Floats32
    sigma: Floats32


@dataclass(frozen=True)
class Curves:
    """Evaluate prior and posterior of one dimension on ``x`` [n] and at ``z``, in float64.

    ``squared_norm`` is ‖z‖² of the whole point and ``latent_dim`` its d, for the typicality.
    """

    id: int
    prior: Family
    posterior: Family
    x: Floats64
    z: float
    squared_norm: float
    latent_dim: int


@dataclass(frozen=True)
class CurvesReady:
    """Densities and distribution functions [n] on ``x``; at z: both pdf and cdf; KL(posterior‖prior) in nats.

    ``typicality`` is the χ²_d distribution function at ‖z‖².
    """

    id: int
    x: Floats64
    prior_pdf: Floats64
    prior_cdf: Floats64
    posterior_pdf: Floats64
    posterior_cdf: Floats64
    z_pdf: float
    z_cdf: float
    kl: float
    typicality: float


@dataclass(frozen=True)
class Quantile:
    """Ask for z = F⁻¹(u) of a family, 0 < u < 1; answered by :class:`QuantileReady`."""

    id: int
    family: Family
    u: float


@dataclass(frozen=True)
class QuantileReady:
    """The quantile z of :class:`Quantile`."""

    id: int
    z: float


@dataclass(frozen=True)
class Aggregate:
    """Evaluate the aggregate posterior of dimension ``dim`` on ``x`` [n], the exact mixture over all images."""

    id: int
    dim: int
    x: Floats64


@dataclass(frozen=True)
class AggregateReady:
    """Density and distribution function [n] of the aggregate posterior of ``dim``."""

    id: int
    dim: int
    x: Floats64
    pdf: Floats64
    cdf: Floats64


@dataclass(frozen=True)
class Sample:
    """Draw and decode ``n`` latents in the background, answered by :class:`SampleTile` s in order.

    ``prior`` ignores centre and sigma; ``around`` draws centre + spread·ε; ``posterior`` draws centre + sigma·ε.
    """

    id: int
    source: SampleSource
    n: int
    seed: int
    centre: Floats32
    sigma: Floats32
    spread: float = 0.5


@dataclass(frozen=True)
class SampleTile:
    """Latents ``start … start + len(z)`` of ``total``, their noise and images; the last tile ends the answer."""

    id: int
    start: int
    total: int
    eps: Floats32
    z: Floats32
    images: Floats32


@dataclass(frozen=True)
class Cancel:
    """Drop the background job ``job`` (an :class:`Embed`, :class:`Aggregate` or :class:`Sample` id); no answer."""

    id: int
    job: int


# ------------------------------------------------------------------------------------------------------- trainer


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
    """The data is loaded and the first step compiled."""

    id: int
    data_name: str
    train_count: int
    test_count: int
    steps_per_epoch: int
    first_epoch: int


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
    """End of an epoch: training means, and the test images with one draw of ε each."""

    id: int
    epoch: int
    train: Terms
    test: Terms


@dataclass(frozen=True)
class CheckpointWritten:
    """A complete checkpoint stands on disk; ``path`` is its model file."""

    id: int
    path: str
    epoch: int


@dataclass(frozen=True)
class Finished:
    """The training has ended; ``path`` is the kept model file, None if discarded."""

    id: int
    reason: FinishReason
    path: str | None
    epoch: int


DecoderRequest = (
    OpenModel | OpenData | Embed | Decode | Draw | EncodeImages | EncodeFile | Curves | Quantile | Aggregate
    | Sample | Cancel | Shutdown
)  # fmt: skip
DecoderReply = (
    Hello | Failed | ModelOpened | DataOpened | Embedded | Decoded | Drawn | Encoded | CurvesReady
    | QuantileReady | AggregateReady | SampleTile
)  # fmt: skip
TrainerRequest = Train | Control | Shutdown
TrainerReply = Hello | Failed | TrainStarted | Progress | EpochDone | CheckpointWritten | Finished
Request = DecoderRequest | TrainerRequest
Reply = DecoderReply | TrainerReply
