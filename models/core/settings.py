"""The settings of a training run, and what can be turned while it goes.

Their limits and the words for them are in :mod:`models.core.setting_table`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from models.core.families import LatentFamily

Likelihood = Literal["bernoulli", "continuous_bernoulli", "gaussian"]

Network = Literal["dense", "conv"]

Schedule = Literal["constant", "cosine"]

BetaSchedule = Literal["constant", "warmup", "cyclic"]

TrainingObjective = Literal["elbo", "elbo_mc", "stl", "iwae", "dreg"]

# Bounds on log p(x) from several draws, which have no KL term of their own to weigh.
IMPORTANCE_WEIGHTED: tuple[TrainingObjective, ...] = ("iwae", "dreg")


@dataclass(frozen=True)
class TrainSettings:
    """Everything that decides a training run besides its data: the same settings and data give the same weights.

    The learning rate follows ``schedule`` after a linear rise over the first ``warmup_epochs``. β rises linearly from
    0: once, over ``beta_epochs`` (``warmup``), or in the first half of every ``beta_epochs`` (``cyclic``). ``average``
    is the decay of the moving average of the weights, which is what is evaluated and kept (0: the weights themselves).

    A ``conv`` network halves the image with one convolution per entry of ``channels`` before its ``hidden`` layers; the
    decoder mirrors both. A ``dense`` network ignores ``channels``.

    ``posterior`` and ``prior`` are the families of q(z|x) and p(z). ``objective`` is the bound that is maximized, from
    ``samples`` draws of z per image: ``elbo`` with the KL in closed form where there is one, ``elbo_mc`` with the KL
    estimated from the draws, ``stl`` (sticking the landing), ``iwae`` and ``dreg``. In each dimension, ``free_bits``
    nats of KL cost nothing.

    The run ends early once the test loss has not fallen by more than ``min_delta`` nats for
    ``early_stopping_patience`` epochs (0: never). With ``restore_best_weights``, the weights of the epoch with the
    lowest test loss are kept.
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
    objective: TrainingObjective = "elbo"
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


# Unless a run says otherwise, training images of more bytes than this are streamed.
MEMORY_LIMIT = 1 << 30


@dataclass(frozen=True)
class Dials:
    """The settings that can be turned while a run goes; the schedules multiply them."""

    learning_rate: float
    beta: float
