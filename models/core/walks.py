"""Walks through a latent space: what is asked for, and what is known of every frame."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from models.core.arrays import Floats32, Floats64
from models.core.errors import UserError
from models.core.numbers import LARGEST_NUMBER

WalkKind = Literal["line", "slerp", "data", "geodesic", "spline", "noise"]
WALK_KINDS: tuple[WalkKind, ...] = get_args(WalkKind)
Spacing = Literal["z", "picture"]
SPACINGS: tuple[Spacing, ...] = get_args(Spacing)
# These come back to where they began by themselves.
LOOPS: tuple[WalkKind, ...] = ("spline", "noise")
MOST_FRAMES, MOST_NEIGHBOURS, MOST_KEYS = 2000, 32, 100
MOST_OFF_DATA, MOST_RADIUS = 1000.0, 100.0


@dataclass(frozen=True)
class WalkSettings:
    """How a walk leads from key point to key point; :class:`UserError` if a number is out of range.

    Attributes
    ----------
    kind : str
        ``line`` and ``slerp`` go straight and along the sphere; ``data`` from image to image; ``geodesic`` where the
        picture changes least; ``spline`` is a smooth loop through the key points and ``noise`` a random one around
        their mean.
    frames : int
        How many points the walk has.
    spacing : str
        Whether the steps are equal in ``z``, or in the ``picture`` by the Euclidean distance of its pixels.
    closed : bool
        Whether the walk returns to the first key point; loops always do.
    off_data : float
        Of geodesics: how much dearer a change of the picture is away from the data, by the squared distance to the
        nearest posterior in units of its σ, averaged over the dimensions. 0 is the metric of the decoder alone.
    neighbours : int
        Of ``data``: to how many nearest images a step may lead.
    radius, seed : float, int
        Of ``noise``: the standard deviation of the loop in every dimension, and what decides it.
    """

    kind: WalkKind = "line"
    frames: int = 60
    spacing: Spacing = "z"
    closed: bool = False
    off_data: float = 0.0
    neighbours: int = 10
    radius: float = 1.0
    seed: int = 0

    def __post_init__(self) -> None:
        for name, value, known in (("kind", self.kind, WALK_KINDS), ("spacing", self.spacing, SPACINGS)):
            if value not in known:
                raise UserError(f"the {name} of the walk", f"{value!r} is none of {', '.join(known)}")
        for name, low, number, high in (
            ("frames", 2, self.frames, MOST_FRAMES),
            ("neighbours", 1, self.neighbours, MOST_NEIGHBOURS),
            ("off-data cost", 0.0, self.off_data, MOST_OFF_DATA),
            ("radius", 0.0, self.radius, MOST_RADIUS),
            ("seed", 0, self.seed, 2**63 - 1),
        ):
            if not low <= number <= high:
                raise UserError(f"the {name} of the walk", f"it lies between {low} and {high}, not at {number}")

    @property
    def returns(self) -> bool:
        """Whether the last frame leads back to the first."""
        return self.closed or self.kind in LOOPS

    @property
    def needs_data(self) -> bool:
        """Whether the images of a data set must be encoded for it."""
        return self.kind == "data" or (self.kind == "geodesic" and self.off_data > 0.0)

    @property
    def fewest_keys(self) -> int:
        """How many key points it takes."""
        return 1 if self.kind == "noise" else 2


def checked_keys(keys: NDArray[np.floating], settings: WalkSettings, latent_dim: int) -> Floats64:
    """Return key points as float64 [k, d]; :class:`UserError` if they are too few or do not fit the model."""
    if keys.ndim != 2 or keys.shape[1] != latent_dim:
        raise UserError("the key points", f"they must have the shape [k, {latent_dim}], not {list(keys.shape)}")
    if not settings.fewest_keys <= len(keys) <= MOST_KEYS:
        raise UserError(
            "the key points", f"a walk of this kind takes {settings.fewest_keys} to {MOST_KEYS}, there are {len(keys)}"
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
