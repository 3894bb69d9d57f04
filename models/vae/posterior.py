"""Embed a data set by a model, and summarize the posteriors of all its images."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.core.arrays import Floats32, Vector
from models.core.descriptions import EmbeddingSummary
from models.core.geometry import drawn_range, principal_axes
from models.vae.latent_space import Divergence
from models.vae.model import VAE

# One slice keeps a single thread busy for about 4 ms: a decode that waits for it still makes its frame.
EMBED_SLICE = 256

SUMMARY_SLICE = 2048

QUADRATURE_SLICE = 256

ACTIVE_VARIANCE = 0.01

BINS = 48


@dataclass(frozen=True)
class Posteriors:
    """The posteriors of all images of a data set: locations ``mu`` and scales ``sigma``, both [n, d]."""

    mu: Floats32
    sigma: Floats32


def summarize(posteriors: Posteriors, divergence: Divergence) -> Generator[None, None, EmbeddingSummary]:
    """Return what all images say of each dimension, yielding between slices; ValueError unless all is finite.

    Moments are summed around the first mean: sums of squares around 0 would lose the digits of a narrow dimension.
    """
    count, origin = len(posteriors.mu), posteriors.mu[0].astype(np.float64)
    low, high = origin.copy(), origin.copy()
    kl, first = np.zeros_like(origin), np.zeros_like(origin)
    second = np.zeros((len(origin), len(origin)))
    rows = SUMMARY_SLICE if divergence.closed else QUADRATURE_SLICE
    for start in range(0, count, rows):
        part = slice(start, start + rows)
        mu = posteriors.mu[part].astype(np.float64)
        kl += divergence(mu, posteriors.sigma[part]).sum(axis=0)
        np.minimum(low, mu.min(axis=0), out=low)
        np.maximum(high, mu.max(axis=0), out=high)
        shifted = mu - origin
        first += shifted.sum(axis=0)
        second += shifted.T @ shifted
        yield
    if not np.isfinite([low, high, first, kl]).all():
        raise ValueError("the encoder answers some images with NaN or infinite numbers")
    mean = first / count
    scatter = second - count * np.outer(mean, mean)
    active = np.diag(scatter) / count > ACTIVE_VARIANCE
    axes, shares = principal_axes(scatter / max(count - 1, 1))
    counts = yield from _histograms(posteriors.mu, *drawn_range(low, high))
    return EmbeddingSummary(kl / count, active, low, high, origin + mean, axes, shares, counts)


def _histograms(mu: Floats32, low: Vector, high: Vector) -> Generator[None, None, NDArray[np.int64]]:
    """Return how many of ``mu`` [n, d] lie in each of the bins between ``low`` and ``high`` [d], yielding at times."""
    dims = len(low)
    counts = np.zeros(dims * BINS, np.int64)
    first = BINS * np.arange(dims)
    for start in range(0, len(mu), SUMMARY_SLICE):
        bins = np.floor((mu[start : start + SUMMARY_SLICE] - low) * (BINS / (high - low))).astype(np.int64)
        counts += np.bincount((np.minimum(bins, BINS - 1) + first).ravel(), minlength=dims * BINS)
        yield
    return counts.reshape(dims, BINS)


def embed(vae: VAE, images: NDArray[np.uint8]) -> Generator[None, None, Posteriors]:
    """Encode uint8 ``images`` [n, h, w, c] slice by slice, yielding after each."""
    shape = (len(images), vae.architecture.latent_dim)
    result = Posteriors(np.empty(shape, np.float32), np.empty(shape, np.float32))
    for start in range(0, len(images), EMBED_SLICE):
        part = slice(start, start + EMBED_SLICE)
        result.mu[part], result.sigma[part] = vae.encode(np.ascontiguousarray(images[part]))
        yield
    return result
