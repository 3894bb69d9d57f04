"""Evaluate a model on images it was not trained on: ELBO, its parts, active units and log p(x), in nats per image.

For a Bernoulli model the images are binarized once, with a fixed seed, so that figures can be compared.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from models.core.arrays import Floats32, Floats64
from models.core.history import MU_EDGES, SIGMA_EDGES, Terms, terms_of
from models.core.settings import Likelihood
from models.vae import networks
from models.vae.architecture import Architecture
from models.vae.bounds import iwae
from models.vae.latent_space import LatentSpace
from models.vae.likelihoods import log_likelihood
from models.vae.networks import Tensors
from models.vae.posterior import ACTIVE_VARIANCE

EVALUATION_SEED = 2013
# At first; the evidence comes with many more.
ELBO_DRAWS = 16
# Each divides the last, which is the estimate of log p(x); with one draw the bound is the ELBO with a sampled KL.
BOUND_DRAWS = (1, 5, 50, 500)
# With more, the figures change in the second decimal only, but it takes minutes longer.
MAX_EVALUATED = 1000
IMAGES_PER_CALL = 250
DECODES_PER_CALL = 2500
# Tracing takes half a second, which the next run of the same architecture does not wait for.
GRAPHS_KEPT = 4

# By K: mean and standard error of IWAE-K.
Bounds = dict[int, tuple[float, float]]


@dataclass(frozen=True)
class Evidence:
    """What many draws of ε for each image say, in nats: the importance-weighted bounds, and the reconstruction.

    ``error`` is the standard error over the images of the ELBO with this reconstruction, ``draw_error`` the part of it
    that comes from the draws.
    """

    bounds: Bounds
    reconstruction: float
    error: float
    draw_error: float


@dataclass(frozen=True)
class Evaluation:
    """Means per image in nats: ELBO with its parts, and KL per dimension [d]; which dimensions are active.

    ``error`` is the standard error of the ELBO over the images, ``draw_error`` the part of it that comes from the draws
    of ε, NaN if they are too few to tell; ``mu_counts`` and ``sigma_counts`` say how many
    posterior means and scales lie in each bin, over all dimensions.
    """

    terms: Terms
    error: float
    kl_per_dim: Floats64
    active: NDArray[np.bool_]
    mu_counts: tuple[int, ...]
    sigma_counts: tuple[int, ...]
    draw_error: float = float("nan")

    def refined(self, evidence: Evidence) -> Evaluation:
        """Return the evaluation with the ELBO and the reconstruction of the many draws of ``evidence``."""
        terms = terms_of(evidence.reconstruction, self.terms.kl)
        return replace(self, terms=terms, error=evidence.error, draw_error=evidence.draw_error)

    def metrics(self) -> dict[str, float]:
        """Return the figures by the names under which a model file stores them."""
        return {
            "elbo": self.terms.elbo,
            "reconstruction": self.terms.reconstruction,
            "kl": self.terms.kl,
            "active_units": float(self.active.sum()),
        }


class Evaluator:
    """Compiled evaluation of any parameters of one architecture."""

    def __init__(self, architecture: Architecture, images: NDArray[np.uint8]) -> None:
        self._architecture = architecture
        self._graphs = _graphs_of(architecture)
        self._pixels = evaluation_pixels(images.reshape(len(images), -1), architecture.likelihood)

    @property
    def kl_kind(self) -> str:
        """The origin of the KL in words."""
        return "closed form" if self._graphs.space.closed else "quadrature"

    def terms(self, parameters: Tensors) -> Generator[None, None, Evaluation]:
        """Return :meth:`bound` with one draw of ε for each of all images, for the curves of a run."""
        return (yield from self.bound(parameters, 1, None))

    def bound(
        self, parameters: Tensors, draws: int = ELBO_DRAWS, count: int | None = MAX_EVALUATED
    ) -> Generator[None, None, Evaluation]:
        """Return the ELBO and its parts, with ``draws`` of ε for each of the first ``count`` images.

        Yields between slices of the images.
        """
        parts = []
        for index, x in enumerate(self._slices(IMAGES_PER_CALL, count)):
            terms = self._graphs.terms(parameters, x, tf.constant(draws), tf.constant(index))
            parts.append([part.numpy() for part in terms])
            yield
        reconstruction, loc, scale, divergence = (np.concatenate(part) for part in zip(*parts, strict=True))
        kl = divergence.mean(axis=0)
        active = loc.astype(np.float64).var(axis=0) > ACTIVE_VARIANCE
        bounds = reconstruction.astype(np.float64) + divergence.sum(axis=1)
        terms = terms_of(reconstruction.mean(dtype=np.float64), kl.sum())
        counts = histogram(loc, MU_EDGES), histogram(scale, SIGMA_EDGES)
        return Evaluation(terms, standard_error(bounds), kl, active, *counts)

    def evidence(self, parameters: Tensors) -> Generator[float, None, Evidence]:
        """Return the importance-weighted bounds (Burda 2016) and the reconstruction of the first images.

        All come from the same draws: IWAE-K is the mean over their groups of K. Yields the share that is done.
        """
        most, results = BOUND_DRAWS[-1], []
        decodes = min(DECODES_PER_CALL, self._architecture.most_at_once)
        per_call, draws = max(1, decodes // most), tf.constant(most)
        calls = len(range(0, len(self._pixels[:MAX_EVALUATED]), per_call))
        for index, x in enumerate(self._slices(per_call, MAX_EVALUATED)):
            results.append(self._graphs.weights(parameters, x, draws, tf.constant(index)).numpy())
            yield (index + 1) / calls
        *bounds, reconstruction, spread, elbo = np.concatenate(results, axis=1).astype(np.float64)
        by_draws = {k: (float(row.mean()), standard_error(row)) for k, row in zip(BOUND_DRAWS, bounds, strict=True)}
        draw_error = float(np.sqrt(spread.sum() / (most - 1)) / len(spread))
        return Evidence(by_draws, float(reconstruction.mean()), standard_error(elbo), draw_error)

    def _slices(self, size: int, count: int | None = None) -> Iterator[tf.Tensor]:
        """Yield the first ``count`` images as floats in 0–1, ``size`` at a time; as bytes they take a quarter."""
        pixels = self._pixels[:count]
        for start in range(0, len(pixels), size):
            yield tf.constant(pixels[start : start + size] / np.float32(255.0))


class EvaluationGraphs:
    """What an :class:`Evaluator` computes, compiled for any parameters and images of one architecture."""

    def __init__(self, architecture: Architecture) -> None:
        self._architecture = architecture
        self.space = LatentSpace(architecture.posterior, architecture.prior)
        self.terms = tf.function(self._terms_graph, autograph=False, reduce_retracing=True)
        self.weights = tf.function(self._weights_graph, autograph=False, reduce_retracing=True)

    def _sampled(
        self, parameters: Tensors, x: tf.Tensor, draws: tf.Tensor, index: tf.Tensor
    ) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor]:
        """Return z [k, n, d], location and scale [n, d] and log p(x|z) [k, n] for ``draws`` k of each image."""
        loc, scale = networks.encode(self._architecture, parameters, x)
        shape = [draws, tf.shape(x)[0], self._architecture.latent_dim]
        z = loc + scale * self.space.noise(tf.stack(shape), tf.stack([EVALUATION_SEED, index]), "philox")
        flat = networks.decode(self._architecture, parameters, tf.reshape(z, [-1, self._architecture.latent_dim]))
        logits = tf.reshape(flat, [draws, -1, x.shape[1]])
        return z, loc, scale, log_likelihood(parameters, self._architecture.likelihood, logits, x)

    def _terms_graph(
        self, parameters: Tensors, x: tf.Tensor, draws: tf.Tensor, index: tf.Tensor
    ) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor]:
        _, loc, scale, log_p = self._sampled(parameters, x, draws, index)
        wide = (tf.cast(loc, tf.float64), tf.cast(scale, tf.float64))
        return -tf.reduce_mean(log_p, axis=0), loc, scale, self.space.kl(*wide)

    def _weights_graph(self, parameters: Tensors, x: tf.Tensor, draws: tf.Tensor, index: tf.Tensor) -> tf.Tensor:
        """Return, for each image, the bounds by K, mean and variance of the reconstruction, and the ELBO [K + 3, n]."""
        z, loc, scale, log_p = self._sampled(parameters, x, draws, index)
        log_ratio = self.space.p().log_prob(z) - self.space.q(loc, scale).log_prob(z)
        log_w = log_p + tf.reduce_sum(log_ratio, axis=-1)
        grouped = (tf.reshape(log_w, [-1, k, tf.shape(x)[0]]) for k in BOUND_DRAWS)
        bounds = [tf.reduce_mean(iwae(tf.transpose(group, [1, 0, 2])), axis=0) for group in grouped]
        mean, variance = tf.nn.moments(-log_p, axes=[0])
        kl = tf.reduce_sum(self.space.kl(tf.cast(loc, tf.float64), tf.cast(scale, tf.float64)), axis=-1)
        return tf.stack([*bounds, mean, variance, -mean - tf.cast(kl, mean.dtype)])


@lru_cache(maxsize=GRAPHS_KEPT)
def _graphs_of(architecture: Architecture) -> EvaluationGraphs:
    return EvaluationGraphs(architecture)


def histogram(values: Floats32, edges: Floats64) -> tuple[int, ...]:
    """Return the histogram of ``values``; those beyond the edges count in the outermost bins."""
    counts, _ = np.histogram(np.clip(values, edges[0], edges[-1]), edges)
    return tuple(counts.tolist())


def standard_error(values: Floats64) -> float:
    """Return the standard error of the mean of ``values`` [n], NaN of a single one."""
    return float(values.std(ddof=1) / np.sqrt(len(values))) if len(values) > 1 else float("nan")


def evaluation_pixels(pixels: NDArray[np.uint8], likelihood: Likelihood) -> NDArray[np.uint8]:
    """Return the ``pixels`` [n, pixels] to evaluate on: for the Bernoulli each is drawn once, 0 or 255."""
    if likelihood != "bernoulli":
        return pixels
    rng = np.random.Generator(np.random.PCG64(EVALUATION_SEED))
    result = np.empty_like(pixels)
    for start in range(0, len(pixels), IMAGES_PER_CALL):
        part = pixels[start : start + IMAGES_PER_CALL]
        drawn = rng.random(part.shape, np.float32) < part / np.float32(255.0)
        result[start : start + IMAGES_PER_CALL] = np.where(drawn, np.uint8(255), np.uint8(0))
    return result
