"""What the decoder worker and the command line do with a model: pure computations on arrays, no files."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.geometry import Vector, drawn_range, principal_axes, standard_noise
from models.latent_space import Divergence
from models.protocol import EmbeddingSummary, Floats32, Floats64, LatentFamily, SampleSource
from models.vae import VAE

# One slice keeps a single thread busy for about 4 ms: a decode that waits for it still makes its frame.
EMBED_SLICE = 256
SUMMARY_SLICE = 2048
QUADRATURE_SLICE = 256
TILE_IMAGES = 64
MAX_SAMPLES = 100_000
MAX_DRAWS = 4096
ACTIVE_VARIANCE = 0.01
BINS = 48


@dataclass(frozen=True)
class Embedding:
    """Posterior means and standard deviations [n, d] of a data set."""

    mu: Floats32
    sigma: Floats32


def summarize(embedding: Embedding, divergence: Divergence) -> Generator[None, None, EmbeddingSummary]:
    """Return what all images say of each dimension, yielding between slices; ValueError unless all is finite.

    Moments are summed around the first mean: sums of squares around 0 would lose the digits of a narrow dimension.
    """
    count, origin = len(embedding.mu), embedding.mu[0].astype(np.float64)
    low, high = origin.copy(), origin.copy()
    kl, first = np.zeros_like(origin), np.zeros_like(origin)
    second = np.zeros((len(origin), len(origin)))
    rows = SUMMARY_SLICE if divergence.closed else QUADRATURE_SLICE
    for start in range(0, count, rows):
        part = slice(start, start + rows)
        mu = embedding.mu[part].astype(np.float64)
        kl += divergence(mu, embedding.sigma[part]).sum(axis=0)
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
    counts = yield from _histograms(embedding.mu, *drawn_range(low, high))
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


def embed(vae: VAE, images: NDArray[np.uint8]) -> Generator[None, None, Embedding]:
    """Encode uint8 ``images`` [n, h, w, c] slice by slice, yielding after each."""
    shape = (len(images), vae.architecture.latent_dim)
    result = Embedding(np.empty(shape, np.float32), np.empty(shape, np.float32))
    for start in range(0, len(images), EMBED_SLICE):
        part = slice(start, start + EMBED_SLICE)
        result.mu[part], result.sigma[part] = vae.encode(np.ascontiguousarray(images[part]))
        yield
    return result


@dataclass(frozen=True)
class Drawing:
    """The image of a centre, mean and standard deviation of the images of draws around it [h, w, c]."""

    centre: Floats32
    mean: Floats32
    std: Floats32
    kl: Floats64


def draw(vae: VAE, centre: Floats32, sigma: Floats32, draws: int, seed: int) -> Drawing:
    """Decode ``centre`` [d] and ``draws`` samples centre + sigma·ε; KL is that of q around it to the prior."""
    if not 1 <= draws <= MAX_DRAWS:
        raise ValueError(f"the number of draws lies in 1 to {MAX_DRAWS}, not {draws}")
    centre = checked_latents(vae, centre[np.newaxis])[0]
    sigma = checked_scale(vae, sigma)
    mean, std = vae.spread(centre + sigma * _noise(vae, seed, draws, vae.space.posterior))
    kl = vae.divergence(centre[np.newaxis], sigma[np.newaxis])[0]
    return Drawing(vae.decode(centre[np.newaxis])[0], mean, std, kl)


def sample_latents(
    vae: VAE, source: SampleSource, n: int, seed: int, centre: Floats32, sigma: Floats32, spread: float
) -> tuple[Floats32, Floats32]:
    """Return ε and z [n, d] of ``n`` samples; ``prior`` ignores centre, sigma and spread, ``around`` sigma."""
    if not 1 <= n <= MAX_SAMPLES:
        raise ValueError(f"the number of samples lies in 1 to {MAX_SAMPLES}, not {n}")
    if source == "prior":
        eps = _noise(vae, seed, n, vae.space.prior)
        return eps, eps.copy()
    centre = checked_latents(vae, centre[np.newaxis])[0]
    eps = _noise(vae, seed, n, vae.space.posterior)
    if source == "posterior":
        return eps, centre + checked_scale(vae, sigma) * eps
    if not (np.isfinite(spread) and spread >= 0):
        raise ValueError(f"the spread must not be negative, it is {spread}")
    return eps, centre + np.float32(spread) * eps


def _noise(vae: VAE, seed: int, n: int, family: LatentFamily) -> Floats32:
    return standard_noise(seed, n, vae.architecture.latent_dim, family)


def checked_latents(vae: VAE, z: NDArray[np.floating]) -> Floats32:
    """Return ``z`` as float32 [n, d]; ValueError if its shape does not fit the model or it is not finite."""
    latent_dim = vae.architecture.latent_dim
    if z.ndim != 2 or z.shape[1] != latent_dim:
        raise ValueError(f"latents must have the shape [n, {latent_dim}], not {list(z.shape)}")
    if not np.isfinite(z).all():
        raise ValueError("latents must be finite")
    return np.ascontiguousarray(z, np.float32)


def checked_scale(vae: VAE, sigma: NDArray[np.floating]) -> Floats32:
    """Return ``sigma`` as float32 [d]; ValueError if its shape does not fit or an entry is not positive."""
    values: Floats32 = checked_latents(vae, np.asarray(sigma)[np.newaxis])[0]
    if not (values > 0).all():
        raise ValueError("standard deviations must be positive")
    return values


def checked_images(vae: VAE, images: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return uint8 ``images`` [n, h, w, c]; ValueError if they do not fit the model."""
    if images.dtype != np.uint8 or images.ndim != 4 or images.shape[1:] != vae.architecture.image_shape:
        wanted = list(vae.architecture.image_shape)
        raise ValueError(f"images must be uint8 [n, *{wanted}], not {images.dtype} {list(images.shape)}")
    return np.ascontiguousarray(images)
