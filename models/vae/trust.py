"""Judge whether a latent point lies where the data do: exact aggregate posterior, re-encoding, neighbours."""

from __future__ import annotations

import math
from collections.abc import Callable, Generator
from dataclasses import replace
from functools import lru_cache

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from models.core.arrays import Floats32, Floats64, Matrix, Vector
from models.core.geometry import standard_noise
from models.core.trust import Agreement, Trust, Usual
from models.core.typicality import Typicality
from models.numerics.incomplete_gamma import chi2_cdf, chi2_sf
from models.numerics.tracing import traced
from models.vae.latent_space import LatentSpace
from models.vae.live import LiveVAE
from models.vae.model import VAE
from models.vae.neighbours import CELLS_PER_SLICE, Place, nearest
from models.vae.posterior import Posteriors

# A draw of the data is less likely than all of these once in 65 times.
DRAWS, SEED = 64, 0
NEIGHBOURS = 15
# With so many points at a time, a slice has fewer images.
POINTS_PER_ROW = 8
LOG_TWO_PI = math.log(2.0 * math.pi)
Labels = NDArray[np.integer]
Rows = NDArray[np.int64]


def surprise(
    space: LatentSpace, posteriors: Posteriors, z: Matrix, without: Rows | None = None
) -> Generator[None, None, Floats64]:
    """Return −log q(z) [m] of points ``z`` [m, d] in nats, yielding between slices.

    The aggregate posterior q(z) = 1/N Σ_n q(z|x_n) is exact: all N posteriors are summed, of whatever family, each a
    product over the dimensions. ``without`` [m] leaves out that of one image for each point.
    """
    count, dims = posteriors.mu.shape
    rows = max(1, CELLS_PER_SLICE // (dims * max(1, len(z) // POINTS_PER_ROW)))
    total = np.full(len(z), -np.inf)
    for start in range(0, count, rows):
        part = slice(start, start + rows)
        logs = _log_densities(space, z, posteriors.mu[part], posteriors.sigma[part])
        if without is not None:
            within = np.flatnonzero((without >= start) & (without < start + logs.shape[1]))
            logs[within, without[within] - start] = -np.inf
        total = np.logaddexp(total, np.logaddexp.reduce(logs, axis=1))
        yield
    result: Floats64 = np.log(count - (without is not None)) - total
    return result


def _log_densities(space: LatentSpace, z: Matrix, mu: Floats32, sigma: Floats32) -> Floats64:
    """Return log q(z_m|x_k) [m, k] of points [m, d] and posteriors [k, d]; of normal ones by matrix products."""
    if space.posterior != "Normal":
        return np.array(
            [_densities(space)(tf.constant(point, tf.float32), mu, sigma).numpy() for point in z], np.float64
        )
    loc, scale = mu.astype(np.float64), sigma.astype(np.float64)
    precision = scale**-2
    weighted = loc * precision
    squares = np.square(z) @ precision.T - 2.0 * (z @ weighted.T) + (loc * weighted).sum(axis=1)
    result: Floats64 = -0.5 * (squares + z.shape[1] * LOG_TWO_PI) - np.log(scale).sum(axis=1)
    return result


@lru_cache(maxsize=8)
def _densities(space: LatentSpace) -> Callable[..., tf.Tensor]:
    """Return the function of (z [d], loc [k, d], scale [k, d]) that is log Π_i q(z_i; loc_ki, scale_ki), as [k]."""

    def graph(z: tf.Tensor, loc: tf.Tensor, scale: tf.Tensor) -> tf.Tensor:
        return tf.reduce_sum(space.q(loc, scale).log_prob(z), axis=-1)

    shapes = [None], [None, None], [None, None]
    logs: Callable[..., tf.Tensor] = traced(graph, [tf.TensorSpec(shape, tf.float32) for shape in shapes])
    return logs


def usual_of(space: LatentSpace, posteriors: Posteriors) -> Generator[None, None, Usual]:
    """Return what is usual of draws of the posteriors of images from all over the data, yielding between slices.

    Each draw is judged by the posteriors of the other images, as one of a new image would be.
    """
    rows = np.unique(np.linspace(0, len(posteriors.mu) - 1, DRAWS).round().astype(int))
    noise = standard_noise(SEED, len(rows), posteriors.mu.shape[1], space.posterior)
    z = (posteriors.mu[rows] + posteriors.sigma[rows] * noise).astype(np.float64)
    nats = yield from surprise(space, posteriors, z, rows)
    norms = np.linalg.norm(z, axis=1)
    return Usual(float(np.median(nats)), float(nats.max()), float(norms.max()), len(rows))


def judged(
    vae: VAE, posteriors: Posteriors, images: NDArray[np.uint8], labels: Labels | None, usual: Usual, z: Vector
) -> Generator[None, None, Trust]:
    """Return what is known of a point ``z`` [d], yielding between slices.

    ``posteriors``, ``images`` and ``labels`` [n] are those of the data, ``usual`` is :func:`usual_of` them.
    """
    nats = yield from surprise(vae.space, posteriors, z[np.newaxis])
    trust = Trust(float(nats[0]), float(np.linalg.norm(z)), usual, _typicality(vae.space, z))
    # A person's own functions may be slow, and the next picture would wait for them.
    if vae.architecture.has_encoder and not isinstance(vae, LiveVAE):
        sigmas, pixels = _encoded_again(vae, z)
        trust = replace(trust, sigmas=sigmas, pixels=pixels)
    if labels is not None:
        place = Place(z, np.ones_like(z))
        indices, _ = yield from nearest(place, posteriors, images, "mu", count=NEIGHBOURS)
        trust = replace(trust, agreement=agreement(np.asarray(labels[indices])))
    return trust


def agreement(labels: Labels) -> Agreement:
    """Return the most frequent of some labels [k]; of equally frequent ones the first, which is nearest."""
    values, first, counts = np.unique(labels, return_index=True, return_counts=True)
    best = np.lexsort((first, -counts))[0]
    return Agreement(int(values[best]), int(counts[best]), len(labels))


def _typicality(space: LatentSpace, z: Vector) -> Typicality | None:
    if space.prior != "Normal":
        return None
    squared, degrees = tf.constant(z @ z, tf.float64), tf.constant(len(z), tf.float64)
    return Typicality(float(chi2_cdf(squared, degrees).numpy()), float(chi2_sf(squared, degrees).numpy()))


def _encoded_again(vae: VAE, z: Vector) -> tuple[float, float]:
    """Return how far decoding and encoding moves ``z`` [d] in units of σ, and its picture in shares of white."""
    picture = vae.decode(z[np.newaxis].astype(np.float32))
    mu, sigma = vae.encode(np.rint(255.0 * np.clip(np.nan_to_num(picture), 0.0, 1.0)).astype(np.uint8))
    return _rms((z - mu[0]) / sigma[0]), _rms(vae.decode(mu).astype(np.float64) - picture)


def _rms(differences: Floats64) -> float:
    return float(np.sqrt(np.mean(np.square(differences))))
