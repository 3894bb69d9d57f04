"""What both processes call things: models, data sets, settings, and input that cannot be used."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

PROTOCOL_VERSION = 3

Floats32 = NDArray[np.float32]
Floats64 = NDArray[np.float64]
Role = Literal["decoder", "trainer"]
Likelihood = Literal["bernoulli", "continuous_bernoulli", "gaussian"]
LIKELIHOODS: tuple[Likelihood, ...] = ("bernoulli", "continuous_bernoulli", "gaussian")
Network = Literal["dense", "conv"]
NETWORKS: tuple[Network, ...] = ("dense", "conv")
Schedule = Literal["constant", "cosine"]
SCHEDULES: tuple[Schedule, ...] = ("constant", "cosine")
BetaSchedule = Literal["constant", "warmup", "cyclic"]
BETA_SCHEDULES: tuple[BetaSchedule, ...] = ("constant", "warmup", "cyclic")
LatentFamily = Literal["Normal", "Laplace", "Logistic", "StudentT"]
LATENT_FAMILIES: tuple[LatentFamily, ...] = ("Normal", "Laplace", "Logistic", "StudentT")
Estimator = Literal["elbo", "elbo_mc", "stl", "iwae", "dreg"]
ESTIMATORS: tuple[Estimator, ...] = ("elbo", "elbo_mc", "stl", "iwae", "dreg")
SampleSource = Literal["prior", "around", "posterior"]
ControlAction = Literal["pause", "resume", "step", "stop", "discard"]
FinishReason = Literal["complete", "early", "stopped", "discarded"]


class InputError(Exception):
    """A file, folder or value from outside that cannot be used; the message is one sentence that names it and why."""

    def __init__(self, subject: str, reason: str) -> None:
        super().__init__(f"{subject}: {reason}")
        self.subject = subject
        self.reason = reason

    def __reduce__(self) -> tuple[type[InputError], tuple[str, str]]:
        """Rebuild from both parts when the error crosses a process border."""
        return type(self), (self.subject, self.reason)


@dataclass(frozen=True)
class Family:
    """A univariate distribution by name and parameters, e.g. ``Family("Normal", {"loc": 0.0, "scale": 1.0})``."""

    name: str
    parameters: dict[str, float]


@dataclass(frozen=True)
class TrainSettings:
    """All that decides a training run besides its data; the same settings and data give the same weights.

    ``schedule`` is that of the learning rate, which rises during the first ``warmup_epochs``; that of β rises for
    ``beta_epochs`` (warmup) or again in the first half of every ``beta_epochs`` (cyclic). ``average`` is the decay of
    the moving average of the weights, which is what is evaluated and kept (0: the weights themselves).

    A ``conv`` network halves the image with one convolution for each of ``channels`` before its ``hidden`` layers, and
    doubles it again after those of the decoder; a ``dense`` one has no ``channels``.

    ``posterior`` and ``prior`` are the families of q(z|x) and p(z). ``objective`` is the bound that is trained, from
    ``samples`` draws of z for each image: ``elbo`` with the KL in closed form where there is one, ``elbo_mc`` with the
    KL from the draws, ``stl`` (sticking the landing), ``iwae`` and ``dreg``. ``free_bits`` nats of KL are free in each
    dimension.

    The run ends early when the loss of the test images has not fallen by more than ``min_delta`` nats for
    ``early_stopping_patience`` epochs (0: never); with ``restore_best_weights`` the weights of the epoch with the
    lowest one are kept.
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
    average: float = 0.999
    posterior: LatentFamily = "Normal"
    prior: LatentFamily = "Normal"
    objective: Estimator = "elbo"
    samples: int = 1
    free_bits: float = 0.0
    warmup_epochs: float = 0.0
    beta_schedule: BetaSchedule = "constant"
    beta_epochs: float = 10.0
    early_stopping_patience: int = 0
    min_delta: float = 0.0
    restore_best_weights: bool = False
    network: Network = "dense"
    channels: tuple[int, ...] = (32, 32, 64)


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
    the source has names (sub-folders), otherwise empty. ``factors_path`` is an int64 ``.npy`` file [n, f] with the
    values of ``factor_names``, where the factors of variation are known.
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
    factors_path: str | None = None
    factor_names: tuple[str, ...] = ()


@dataclass(frozen=True)
class Terms:
    """The parts of the objective, means per image in nats: ELBO = −(reconstruction + KL).

    ``loss`` is what is minimized: −ELBO unless β, free bits or an importance-weighted bound make it another number.
    """

    elbo: float
    reconstruction: float
    kl: float
    loss: float
