"""Decode, encode, draw and sample with the open model."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from models.core.arrays import Floats32, Floats64

SampleSource = Literal["prior", "around", "posterior"]


@dataclass(frozen=True)
class Decode:
    """Decode latents ``z`` [n, d]; answered by :class:`Decoded`."""

    id: int
    z: Floats32


@dataclass(frozen=True)
class Decoded:
    """Mean images of p(x|z) [n, h, w, c]; ``call_seconds`` is the time of the bare compiled call."""

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
    """Image of the centre, mean and standard deviation of the draws' images, each [h, w, c]; KL(q‖p) in nats [d]."""

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
class Aggregate:
    """Evaluate the aggregate posterior of dimension ``dim`` on ``x`` [n]; answered by :class:`AggregateReady`.

    It is the exact mixture of the posteriors of all images, which must have been embedded. A newer request replaces an
    older one.
    """

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
    """Draw and decode ``n`` latents in the background; answered by several :class:`SampleTile`, in order.

    ``prior`` ignores ``centre`` and ``sigma`` [d]; ``around`` draws centre + spread·ε; ``posterior`` draws
    centre + sigma·ε.
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
    """Drop the background job of the request whose id is ``job``; no answer."""

    id: int
    job: int
