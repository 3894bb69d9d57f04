"""What a training run remembers of its epochs, and what is told of a run that has not ended."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from models.protocol.descriptions import Terms, TrainSettings

MU_EDGES = np.linspace(-4.0, 4.0, 33)
SIGMA_EDGES = np.geomspace(1e-3, 10.0, 33)


@dataclass(frozen=True)
class EpochRecord:
    """One epoch of a run; the same settings and data give equal records.

    Attributes
    ----------
    epoch, step : int
        Epochs and steps completed.
    train : Terms
        Means over the steps of the epoch.
    test : Terms
        Of the test images, with one draw of ε each.
    kl_per_dim : tuple of float
        KL of each latent dimension, mean over the test images, in nats.
    active_units : int
        Dimensions whose posterior mean varies over the test images.
    gradient_norm : float
        Euclidean norm of the gradient in all parameters, mean over some steps of the epoch.
    learning_rate, beta : float
        As they were at the end of the epoch, schedules and changes by hand included.
    mu_counts, sigma_counts : tuple of int
        How many posterior means and scales of the test images, over all dimensions, fall into the bins between
        :data:`MU_EDGES` and :data:`SIGMA_EDGES`; what lies beyond is counted in the outermost.
    images_per_second, elapsed : float
        Speed, and seconds of training since the run began; the clock's, so they take no part in comparisons.
    """

    epoch: int
    step: int
    train: Terms
    test: Terms
    kl_per_dim: tuple[float, ...]
    active_units: int
    gradient_norm: float
    learning_rate: float
    beta: float
    mu_counts: tuple[int, ...]
    sigma_counts: tuple[int, ...]
    images_per_second: float = field(compare=False)
    elapsed: float = field(compare=False)


@dataclass(frozen=True)
class PastRun:
    """A run that has ended: the name of its model, its settings, what is known of its epochs, and its end in Unix time.

    Of a long one, not every epoch is among them; the last one is.
    """

    name: str
    settings: TrainSettings
    records: tuple[EpochRecord, ...]
    when: float


@dataclass(frozen=True)
class UnfinishedRun:
    """A run that can be resumed: ``epoch`` of ``settings.epochs`` are in its newest checkpoint, of Unix time ``when``.

    ``folder`` holds its checkpoints, ``data_path`` is what it was trained on, ``learning_rate`` what it had last.
    """

    folder: str
    name: str
    data_path: str
    epoch: int
    when: float
    settings: TrainSettings
    learning_rate: float
