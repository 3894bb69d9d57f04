"""Evidence along a walk: whether its frames are like draws of the prior, like the data, and what they show."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray
from scipy.special import chdtr, chdtrc

from models.core.arrays import Floats32, Floats64
from models.core.images import to_bytes
from models.core.steps import passed_on
from models.core.walks import Evidence
from models.paths.decoding import at_share, decoding, distances, encoding, flattened, tiles
from models.paths.graph import nearest_of
from models.vae.latent_space import LatentSpace
from models.vae.model import VAE
from models.vae.posterior import Posteriors

VOTERS = 15
# One slice keeps a thread busy for some 4 ms.
NUMBERS_PER_SLICE = 1 << 19
# Of all that takes time, this share is for the pictures.
PICTURES_SHARE = 0.5


@dataclass(frozen=True)
class Embedded:
    """The images that a walk is compared with: their posteriors, and their classes [N] where they have any."""

    posteriors: Posteriors
    labels: NDArray[np.int64] | None = None


def measuring(vae: VAE, z: Floats32, returns: bool, known: Embedded | None) -> Generator[float, None, Evidence]:
    """Return the evidence along the frames ``z`` [n, d], yielding the share that is done.

    ``returns`` says whether the last frame leads to the first.
    """
    steps, reencoded = yield from passed_on(_pictures(vae, z, returns), lambda share: PICTURES_SHARE * share)
    nearer, farther = _tails(z) if vae.space.prior == "Normal" else (None, None)
    if known is None:
        return Evidence(steps, nearer, farther, reencoded=reencoded)
    work = _nearest_posterior(vae.space, z, known.posteriors)
    nats, nearest = yield from passed_on(work, lambda share: PICTURES_SHARE + (1.0 - PICTURES_SHARE) * share)
    classes, agreement = (None, None) if known.labels is None else _vote(z, known.posteriors.mu, known.labels)
    return Evidence(steps, nearer, farther, nats, nearest, reencoded, classes, agreement)


def _tails(z: Floats32) -> tuple[Floats64, Floats64]:
    """Return the shares of a standard normal prior nearer to the centre than ``z`` [n, d], and farther from it."""
    squares = np.square(z, dtype=np.float64).sum(axis=1)
    return np.asarray(chdtr(z.shape[1], squares)), np.asarray(chdtrc(z.shape[1], squares))


def _pictures(vae: VAE, z: Floats32, returns: bool) -> Generator[float, None, tuple[Floats64, Floats64 | None]]:
    """Return the steps [n] of the picture, and how far from where it comes each picture is encoded [n]."""
    steps, misses, first = [], [], np.zeros((0, vae.architecture.pixels))
    last = first
    for tile in tiles(len(z)):
        share = tile.start / len(z)
        images = yield from at_share(share, decoding(vae, z[tile]))
        rows = flattened(images)
        steps.append(distances(np.concatenate([last, rows])))
        first, last = first if len(first) else rows[:1], rows[-1:]
        if vae.architecture.has_encoder:
            codes = yield from at_share(share, encoding(vae, to_bytes(images)))
            misses.append(np.sqrt(np.mean(np.square((z[tile] - codes.mu) / codes.sigma, dtype=np.float64), axis=1)))
    start = distances(np.concatenate([last, first])) if returns else np.array([np.nan])
    return np.concatenate([start, *steps]), np.concatenate(misses) if misses else None


def _nearest_posterior(
    space: LatentSpace, z: Floats32, posteriors: Posteriors
) -> Generator[float, None, tuple[Floats64, NDArray[np.int64]]]:
    """Return how many nats the density of the nearest posterior lies below its peak [n], and which one that is [n]."""
    least, nearest = np.full(len(z), np.inf), np.zeros(len(z), np.int64)
    count = len(posteriors.mu)
    rows = max(1, NUMBERS_PER_SLICE // z.size)
    for start in range(0, count, rows):
        part = slice(start, start + rows)
        below = _below_peak(space, z, posteriors.mu[part], posteriors.sigma[part])
        best = below.argmin(axis=1)
        found = below[np.arange(len(z)), best]
        nearest = np.where(found < least, start + best, nearest)
        least = np.minimum(least, found)
        yield min(1.0, (start + rows) / count)
    return least, nearest


def _below_peak(space: LatentSpace, z: Floats32, mu: Floats32, sigma: Floats32) -> Floats64:
    """Return log q(μ) − log q(z) [n, N] of posteriors with ``mu`` and ``sigma`` [N, d] at ``z`` [n, d], in nats."""
    noise = (z[:, np.newaxis].astype(np.float64) - mu) / sigma
    if space.posterior == "Normal":
        return np.asarray(0.5 * np.einsum("nmd,nmd->nm", noise, noise))
    zero, one = tf.zeros([], tf.float64), tf.ones([], tf.float64)
    standard = space.q(zero, one)
    below: Floats64 = tf.reduce_sum(standard.log_prob(zero) - standard.log_prob(tf.constant(noise)), axis=2).numpy()
    return below


def _vote(z: Floats32, mu: Floats32, labels: NDArray[np.int64]) -> tuple[NDArray[np.int64], Floats64]:
    """Return the most frequent class among the nearest of the means ``mu`` [N, d], and its share of them, both [n].

    Of classes that are as frequent, the first counts.
    """
    voters = labels[nearest_of(z, np.asarray(mu), min(VOTERS, len(mu)))]
    classes = np.unique(labels)
    counts = np.stack([(voters == label).sum(axis=1) for label in classes], axis=1)
    return classes[counts.argmax(axis=1)], counts.max(axis=1) / voters.shape[1]
