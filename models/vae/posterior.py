"""Embed a data set by a model: the posteriors q(z|x) of all its images, and their summary."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.core.arrays import Floats32, Matrix, Vector
from models.core.descriptions import EmbeddingSummary
from models.core.geometry import drawn_range, principal_axes
from models.vae.latent_space import Divergence
from models.vae.model import VAE

# One slice keeps a single thread busy for about 4 ms: a decode that waits for it still makes its frame.
EMBED_SLICE = 256
SUMMARY_SLICE = 2048
QUADRATURE_SLICE = 256
# A dimension is active if the variance of its posterior mean over the images exceeds this (Burda et al. 2016).
ACTIVE_VARIANCE = 0.01
BINS = 48


@dataclass(frozen=True)
class Posteriors:
    """The posteriors of all images of a data set: locations ``mu`` and scales ``sigma``, both [n, d]."""

    mu: Floats32
    sigma: Floats32


def embed(vae: VAE, images: NDArray[np.uint8]) -> Generator[None, None, Posteriors]:
    """Return the posteriors of uint8 ``images`` [n, h, w, c], yielding after each slice."""
    shape = (len(images), vae.architecture.latent_dim)
    result = Posteriors(np.empty(shape, np.float32), np.empty(shape, np.float32))
    for start in range(0, len(images), EMBED_SLICE):
        part = slice(start, start + EMBED_SLICE)
        result.mu[part], result.sigma[part] = vae.encode(np.ascontiguousarray(images[part]))
        yield
    return result


def summarize(posteriors: Posteriors, divergence: Divergence) -> Generator[None, None, EmbeddingSummary]:
    """Return the summary of each latent dimension over all images, in nats and units of z, yielding between slices.

    ValueError if the encoder gave NaN or infinite numbers.
    """
    count, moments = len(posteriors.mu), _Moments(posteriors.mu[0].astype(np.float64))
    rows = SUMMARY_SLICE if divergence.closed else QUADRATURE_SLICE
    for start in range(0, count, rows):
        part = slice(start, start + rows)
        mu = posteriors.mu[part].astype(np.float64)
        moments.add(mu, divergence(mu, posteriors.sigma[part]))
        yield
    moments.check()
    mean, scatter = moments.mean_and_scatter(count)
    active = np.diag(scatter) / count > ACTIVE_VARIANCE
    axes, shares = principal_axes(scatter / max(count - 1, 1))
    low, high = moments.low, moments.high
    counts = yield from _histograms(posteriors.mu, *drawn_range(low, high))
    return EmbeddingSummary(moments.kl / count, active, low, high, mean, axes, shares, counts)


class _Moments:
    """Range, sums of KL, and moments of posterior means [n, d], summed around the mean ``origin`` [d] of one image.

    Sums of squares around 0 would lose the digits of a narrow dimension.
    """

    def __init__(self, origin: Vector) -> None:
        self.low, self.high, self.kl = origin.copy(), origin.copy(), np.zeros_like(origin)
        self._origin, self._first = origin, np.zeros_like(origin)
        self._second = np.zeros((len(origin), len(origin)))

    def add(self, mu: Matrix, kl: Matrix) -> None:
        """Add the means and the KL of some images, both [k, d]."""
        self.kl += kl.sum(axis=0)
        np.minimum(self.low, mu.min(axis=0), out=self.low)
        np.maximum(self.high, mu.max(axis=0), out=self.high)
        shifted = mu - self._origin
        self._first += shifted.sum(axis=0)
        self._second += shifted.T @ shifted

    def check(self) -> None:
        """Raise ValueError unless all sums are finite."""
        if not np.isfinite([self.low, self.high, self._first, self.kl]).all():
            raise ValueError("the encoder answers some images with NaN or infinite numbers")

    def mean_and_scatter(self, count: int) -> tuple[Vector, Matrix]:
        """Return the mean [d] of ``count`` images and the sum [d, d] of the products of deviations from it."""
        mean = self._first / count
        return self._origin + mean, self._second - count * np.outer(mean, mean)


def _histograms(mu: Floats32, low: Vector, high: Vector) -> Generator[None, None, NDArray[np.int64]]:
    """Return the histogram [d, bins] of ``mu`` [n, d] between ``low`` and ``high`` [d], yielding between slices."""
    dims = len(low)
    counts = np.zeros(dims * BINS, np.int64)
    first = BINS * np.arange(dims)
    for start in range(0, len(mu), SUMMARY_SLICE):
        bins = np.floor((mu[start : start + SUMMARY_SLICE] - low) * (BINS / (high - low))).astype(np.int64)
        counts += np.bincount((np.minimum(bins, BINS - 1) + first).ravel(), minlength=dims * BINS)
        yield
    return counts.reshape(dims, BINS)
