"""Embed a data set by a model: the posteriors q(z|x) of all its images, and their summary."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.core.arrays import Floats32, Matrix, Vector
from models.core.descriptions import EmbeddingSummary
from models.core.geometry import drawn_range, principal_axes, with_signs
from models.vae.latent_space import Divergence
from models.vae.model import VAE

# One slice keeps a single thread busy for about 4 ms: a decode that waits for it still makes its frame.
EMBED_SLICE = 256
SUMMARY_SLICE = 2048
QUADRATURE_SLICE = 256
# A dimension is active if the variance of its posterior mean over the images exceeds this (Burda et al. 2016).
ACTIVE_VARIANCE = 0.01
BINS = 48
# Up to so many dimensions their covariance is summed and diagonalized; of more, which takes seconds, only two axes are
# sought, in so many images, by so many passes with so many vectors: those beyond two make the search converge.
WHOLE_COVARIANCE = 512
SOUGHT_IN, PASSES, VECTORS = 1024, 6, 12


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
    rows = _rows(posteriors.mu, SUMMARY_SLICE if divergence.closed else QUADRATURE_SLICE)
    for start in range(0, count, rows):
        part = slice(start, start + rows)
        mu = posteriors.mu[part].astype(np.float64)
        moments.add(mu, divergence(mu, posteriors.sigma[part]))
        yield
    moments.check()
    mean, squares = moments.mean_and_squares(count)
    active = squares / count > ACTIVE_VARIANCE
    scatter = moments.scatter(count)
    if scatter is None:
        axes, shares = yield from _leading_axes(posteriors.mu[:: -(-count // SOUGHT_IN)])
    else:
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
        self._origin, self._first, self._squares = origin, np.zeros_like(origin), np.zeros_like(origin)
        self._products = np.zeros((len(origin), len(origin))) if len(origin) <= WHOLE_COVARIANCE else None

    def add(self, mu: Matrix, kl: Matrix) -> None:
        """Add the means and the KL of some images, both [k, d]."""
        self.kl += kl.sum(axis=0)
        np.minimum(self.low, mu.min(axis=0), out=self.low)
        np.maximum(self.high, mu.max(axis=0), out=self.high)
        shifted = mu - self._origin
        self._first += shifted.sum(axis=0)
        self._squares += np.square(shifted).sum(axis=0)
        if self._products is not None:
            self._products += shifted.T @ shifted

    def check(self) -> None:
        """Raise ValueError unless all sums are finite."""
        if not np.isfinite([self.low, self.high, self._first, self.kl]).all():
            raise ValueError("the encoder answers some images with NaN or infinite numbers")

    def mean_and_squares(self, count: int) -> tuple[Vector, Vector]:
        """Return the mean of ``count`` images and the sum of squared deviations from it, both [d]."""
        mean = self._first / count
        return self._origin + mean, self._squares - count * np.square(mean)

    def scatter(self, count: int) -> Matrix | None:
        """Return the sum [d, d] of products of deviations from the mean of ``count`` images, None if d is large."""
        if self._products is None:
            return None
        mean = self._first / count
        return self._products - count * np.outer(mean, mean)


def _rows(mu: Floats32, rows: int) -> int:
    """Return how many images are looked at in a slice: fewer where each has many dimensions."""
    dims = int(mu.shape[1])
    return max(1, rows * WHOLE_COVARIANCE // max(dims, WHOLE_COVARIANCE))


def _leading_axes(mu: Floats32) -> Generator[None, None, tuple[Matrix, Vector]]:
    """Return the first two principal axes [2, d] of ``mu`` [n, d], and their shares of its variance.

    By iterating a subspace (Halko, Martinsson & Tropp 2011, algorithm 4.4), yielding after each pass. Single precision
    does: the axes are drawn on a screen.
    """
    shifted = mu - mu.mean(axis=0, dtype=np.float64).astype(np.float32)
    basis = np.linalg.qr(np.random.default_rng(0).standard_normal((mu.shape[1], VECTORS)))[0].astype(np.float32)
    yield
    for _ in range(PASSES):
        basis = np.linalg.qr(shifted.T @ (shifted @ basis))[0]
        yield
    projected = np.asarray(shifted @ basis, np.float64)
    squares, turns = np.linalg.eigh(projected.T @ projected)
    total = max(float(np.square(shifted, dtype=np.float64).sum()), np.finfo(float).tiny)
    return with_signs((basis @ turns)[:, ::-1][:, :2].T), squares[::-1][:2] / total


def _histograms(mu: Floats32, low: Vector, high: Vector) -> Generator[None, None, NDArray[np.int64]]:
    """Return the histogram [d, bins] of ``mu`` [n, d] between ``low`` and ``high`` [d], yielding between slices."""
    dims = len(low)
    counts = np.zeros(dims * BINS, np.int64)
    first = BINS * np.arange(dims)
    rows = _rows(mu, SUMMARY_SLICE)
    for start in range(0, len(mu), rows):
        bins = np.floor((mu[start : start + rows] - low) * (BINS / (high - low))).astype(np.int64)
        counts += np.bincount((np.minimum(bins, BINS - 1) + first).ravel(), minlength=dims * BINS)
        yield
    return counts.reshape(dims, BINS)
