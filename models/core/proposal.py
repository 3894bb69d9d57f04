"""Propose network, likelihood, latent size and number of epochs for a data set, and say why."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from models.core.descriptions import DataInfo
from models.core.setting_table import LONGEST_SIDE, SHORTEST_SIDE
from models.core.settings import Likelihood, Network, TrainSettings

# A grey level between them is neither ink nor paper.
DARK, LIGHT = 25, 230
# Drawings have fewer of these among their pixels, photographs many more.
MOST_BETWEEN = 0.2
# Dense layers do well up to this side, if the images are drawings.
SMALL_SIDE = 32
DIMENSIONS, DIMENSIONS_OF_PHOTOGRAPHS = 50, 128
DIMENSIONS_PER_FACTOR = 2
# So many images in all, whatever the number of different ones; the epochs are rounded to one of these.
IMAGES_SEEN = 450_000
EPOCHS = (10, 20, 30, 50, 80, 100, 150, 200, 300, 500)
MOST_LOOKED_AT = 128
BYTES_LOOKED_AT = 4 << 20

Shape = tuple[int, int, int]
PROPOSED = ("network", "likelihood", "latent_dim", "epochs")


@dataclass(frozen=True)
class Proposal:
    """Four settings, and the sentence that says why."""

    network: Network
    likelihood: Likelihood
    latent_dim: int
    epochs: int
    reason: str

    def applied_to(self, settings: TrainSettings) -> TrainSettings:
        """Return ``settings`` with the four that are proposed."""
        return replace(settings, **{name: getattr(self, name) for name in PROPOSED})


def propose(data: DataInfo, images: NDArray[np.uint8]) -> Proposal:
    """Return what suits a data set of these ``images`` [n, h, w, c], of which some are looked at."""
    drawn = data.image_shape[2] == 1 and _share_between(images) <= MOST_BETWEEN
    network, about_network = _network(data.image_shape, drawn)
    likelihood, about_likelihood = _likelihood(drawn)
    dimensions, about_dimensions = _dimensions(data, drawn)
    epochs = _epochs(data.train_count)
    reason = (
        f"Proposed for {data.train_count:,} {_kind(data.image_shape, drawn)}: {about_network}, {about_likelihood}, "
        f"{about_dimensions}, {epochs} epochs."
    )
    return Proposal(network, likelihood, dimensions, epochs, reason)


def _kind(shape: Shape, drawn: bool) -> str:
    height, width, channels = shape
    words = "black-and-white drawings" if drawn else "colour images" if channels == 3 else "grey images"
    return f"{words} of {width} × {height}"


def _share_between(images: NDArray[np.uint8]) -> float:
    """Return the share of pixels that are neither dark nor light, in some images from all over the data."""
    wanted = min(MOST_LOOKED_AT, max(1, BYTES_LOOKED_AT // int(np.prod(images.shape[1:]))))
    some = images[:: max(1, len(images) // wanted)]
    return float(np.mean((some > DARK) & (some < LIGHT)))


def _network(shape: Shape, drawn: bool) -> tuple[Network, str]:
    short, long = min(shape[:2]), max(shape[:2])
    if long > LONGEST_SIDE or short < SHORTEST_SIDE:
        return "dense", f"dense, since convolutions take {SHORTEST_SIDE} to {LONGEST_SIDE} pixels a side"
    if drawn and long <= SMALL_SIDE:
        return "dense", "dense, enough for small drawings"
    return "conv", "convolutional, for sharper pictures"


def _likelihood(drawn: bool) -> tuple[Likelihood, str]:
    return ("bernoulli", "Bernoulli") if drawn else ("gaussian", "Gaussian, which keeps shades")


def _dimensions(data: DataInfo, drawn: bool) -> tuple[int, str]:
    if factors := len(data.factor_names):
        return DIMENSIONS_PER_FACTOR * factors, f"{DIMENSIONS_PER_FACTOR * factors} dimensions for {factors} factors"
    count = DIMENSIONS if drawn else DIMENSIONS_OF_PHOTOGRAPHS
    return count, f"{count} dimensions"


def _epochs(train_count: int) -> int:
    """Return the number of epochs that show about as many images as suit any data."""
    wanted = IMAGES_SEEN / train_count
    return min(EPOCHS, key=lambda epochs: abs(np.log(epochs / wanted)))
