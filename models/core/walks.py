"""Walks through a latent space: their key points, their frames, and what is known of every frame."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.core.arrays import Floats32, Floats64
from models.core.errors import UserError
from models.core.numbers import LARGEST_NUMBER
from models.core.walk_settings import MOST_KEYS, WalkSettings


def checked_keys(keys: NDArray[np.floating], settings: WalkSettings, latent_dim: int) -> Floats64:
    """Return key points as float64 [k, d]; :class:`UserError` if there are too few or they do not fit the model."""
    if keys.ndim != 2 or keys.shape[1] != latent_dim:
        raise UserError("the key points", f"they must have the shape [k, {latent_dim}], not {list(keys.shape)}")
    if not settings.fewest_keys <= len(keys) <= MOST_KEYS:
        raise UserError(
            "the key points",
            f"a walk of this kind takes {settings.fewest_keys} to {MOST_KEYS} of them, not {len(keys)}",
        )
    if not (np.abs(keys) <= LARGEST_NUMBER).all():
        raise UserError("the key points", f"their numbers must lie within ±{LARGEST_NUMBER:,.0f}")
    return np.asarray(keys, np.float64)


@dataclass(frozen=True)
class Walk:
    """A walk: its latents ``z`` [n, d], and where each lies from 0 to 1 along the curve, ``places`` [n]."""

    z: Floats32
    places: Floats64


@dataclass(frozen=True)
class Evidence:
    """What is known of each of n frames; None where it cannot be known.

    Attributes
    ----------
    steps : array [n]
        Euclidean distance of the pixels from the frame before, in units of the largest pixel; NaN at the start of a
        walk that does not return.
    nearer, farther : array [n] or None
        Shares of a normal prior that lie nearer to the centre and farther from it.
    nats : array [n] or None
        How far the log density of the nearest posterior lies below its peak; half the number of dimensions is usual for
        a draw of a normal one.
    nearest : array of int [n] or None
        Index of that posterior's image.
    reencoded : array [n] or None
        Distance of z from the mean that the encoder gives to its picture, in units of that posterior's σ: the root of
        the mean of the squares over the dimensions.
    labels : array of int [n] or None
        The most frequent class among the nearest means.
    agreement : array [n] or None
        Share of these means that have it.
    """

    steps: Floats64
    nearer: Floats64 | None = None
    farther: Floats64 | None = None
    nats: Floats64 | None = None
    nearest: NDArray[np.int64] | None = None
    reencoded: Floats64 | None = None
    labels: NDArray[np.int64] | None = None
    agreement: Floats64 | None = None

    @property
    def typicality(self) -> Floats64 | None:
        """The two-sided share of the prior that is at least as unusual, as of :class:`Typicality`."""
        if self.nearer is None or self.farther is None:
            return None
        return np.minimum(1.0, 2.0 * np.minimum(self.nearer, self.farther))

    def columns(self) -> dict[str, NDArray[np.generic]]:
        """Return what is known by its name in tables."""
        known: dict[str, NDArray[np.generic] | None] = {
            "step": self.steps, "typicality": self.typicality, "nearest_nats": self.nats, "nearest_image": self.nearest,
            "reencoding_sigmas": self.reencoded, "label": self.labels, "agreement": self.agreement,
        }  # fmt: skip
        return {name: values for name, values in known.items() if values is not None}
