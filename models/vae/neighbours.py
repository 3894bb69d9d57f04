"""The images that lie nearest to a latent point, exactly: every image is compared. NumPy only.

A single point needs no matrix products: differences in blocks that stay in the processor's cache are quick enough, and
lose no digits where a posterior is narrow.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from models.core.arrays import Floats64, Vector
from models.core.errors import UserError
from models.core.families import LATENT_VARIANCES, LatentFamily
from models.core.neighbours import Metric, refusal
from models.vae.posterior import Posteriors

# Half a megabyte stays in a processor's cache, and no decode waits long for a slice.
CELLS_PER_SLICE = 100_000
# So many more than are asked for are looked at in double precision, which decides their order.
SPARE = 16

Rows = NDArray[np.intp] | slice
# The squares of the distances of some images, in the precision of the numbers of the point.
Squares = Callable[[Rows], NDArray[np.floating]]
Found = tuple[NDArray[np.intp], Floats64]


@dataclass(frozen=True)
class Place:
    """What is compared with the images: a point z [d] with the scales [d] of its posterior, or for pixels a picture.

    ``picture`` has values from 0 to 1, [h, w, c].
    """

    z: Vector
    sigma: Vector
    picture: NDArray[np.floating] | None = None


def nearest(
    place: Place,
    posteriors: Posteriors,
    images: NDArray[np.uint8],
    metric: Metric,
    family: LatentFamily = "Normal",
    count: int = 12,
) -> Generator[None, None, Found]:
    """Return indices [k] and distances [k] of the ``count`` nearest images, ascending, yielding between slices.

    Parameters
    ----------
    place : Place
        Where to look.
    posteriors, images : Posteriors, array [n, h, w, c]
        The posteriors of all images, and the images.
    metric : str
        One of :data:`models.core.neighbours.METRICS`.
    family : str
        The family of the posteriors. 2-Wasserstein distances of two members of a location–scale family are
        √(Σ Δμ² + Var(ε)·Δσ²), whatever the family (Peyré & Cuturi 2019, §2.6); the symmetric KL is that of normals.
    count : int
        How many, all of them if there are no more.

    :class:`UserError` if the metric is not defined for the family.
    """
    if fault := refusal(metric, family):
        raise UserError(metric, fault)
    single, double = (_squares(place, posteriors, images, metric, family, kind) for kind in (np.float32, np.float64))
    total = len(posteriors.mu)
    squares = np.empty(total, np.float32)
    step = max(1, CELLS_PER_SLICE // (images[0].size if metric == "pixels" else posteriors.mu.shape[1]))
    for start in range(0, total, step):
        part = slice(start, start + step)
        squares[part] = single(part)
        yield
    few = min(total, count + SPARE)
    near = np.sort(np.argpartition(squares, few - 1)[:few])
    exact = double(near)
    order = np.argsort(exact, kind="stable")[:count]
    # The symmetric KL is no square of a distance.
    return near[order], np.asarray(exact[order] if metric == "kl" else np.sqrt(exact[order]), np.float64)


def _squares(
    place: Place,
    posteriors: Posteriors,
    images: NDArray[np.uint8],
    metric: Metric,
    family: LatentFamily,
    kind: type[np.floating],
) -> Squares:
    mu, sigma = posteriors.mu, posteriors.sigma
    z, own = place.z.astype(kind), place.sigma.astype(kind)
    if metric == "pixels":
        picture = np.zeros(images.shape[1:]) if place.picture is None else place.picture
        return partial(_in_pixels, picture.astype(kind).ravel(), images)
    if metric == "mu":
        return lambda rows: _sums(mu[rows] - z)
    if metric == "sigma":
        return lambda rows: _sums((mu[rows] - z) / sigma[rows])
    if metric == "wasserstein":
        spread = kind(LATENT_VARIANCES[family])
        return lambda rows: _sums(mu[rows] - z) + spread * _sums(sigma[rows] - own)
    return lambda rows: _symmetric_kl(z, own, mu[rows].astype(kind), sigma[rows].astype(kind))


def _sums(differences: NDArray[np.floating]) -> NDArray[np.floating]:
    sums: NDArray[np.floating] = np.einsum("nd,nd->n", differences, differences)
    return sums


def _symmetric_kl(
    loc: NDArray[np.floating], scale: NDArray[np.floating], mu: NDArray[np.floating], sigma: NDArray[np.floating]
) -> NDArray[np.floating]:
    """Return KL(p ‖ q) + KL(q ‖ p) of a normal p and normals q [k], in nats, without cancellation.

    In each dimension it is ½[(Δ/s)²(1 + r²) + (r − 1/r)²] with r = s/σ.
    """
    inverse = 1.0 / scale
    ratio, steps = scale / sigma, mu - loc
    steps *= inverse
    ends = sigma * inverse
    np.subtract(ratio, ends, out=ends)
    doubled: NDArray[np.floating] = _sums(steps) + _sums(steps * ratio) + _sums(ends)
    return 0.5 * doubled


def _in_pixels(picture: NDArray[np.floating], images: NDArray[np.uint8], rows: Rows) -> NDArray[np.floating]:
    """Return the mean squares over the pixels of the differences of ``images`` from a flat ``picture``."""
    white = picture.dtype.type(255.0)
    some = images[rows]
    return _sums(some.reshape(len(some), -1) / white - picture) / picture.dtype.type(picture.size)
