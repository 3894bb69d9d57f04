"""What a training run remembers of its epochs, and what is told of a run that has not ended."""

from __future__ import annotations

from dataclasses import dataclass, field

from models.protocol.descriptions import Terms, TrainSettings


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
    images_per_second, elapsed : float
        Speed, and seconds of training since the run began; the clock's, so they take no part in comparisons.
    """

    epoch: int
    step: int
    train: Terms
    test: Terms
    kl_per_dim: tuple[float, ...]
    active_units: int
    images_per_second: float = field(compare=False)
    elapsed: float = field(compare=False)


@dataclass(frozen=True)
class UnfinishedRun:
    """A run that can be resumed: ``epoch`` of ``settings.epochs`` are in its newest checkpoint, of Unix time ``when``.

    ``folder`` holds its checkpoints, ``data_path`` is what it was trained on.
    """

    folder: str
    name: str
    data_path: str
    epoch: int
    when: float
    settings: TrainSettings
