"""The families of q(z|x) and p(z) over the latent space: their noise, their densities and the divergence of the two.

All are location–scale families with one location and one scale for each dimension: z = μ + σ·ε, where ε is drawn from
the standard member of the family. The prior is the standard member of its own.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache, partial

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from models.core.arrays import Floats32, Floats64
from models.core.families import FACTS, LATENT_DF, LatentFamily, latent_shapes
from models.distributions import FAMILIES, Distribution, has_closed_form, kl_divergence
from models.numerics.quadrature import normal_rule
from models.numerics.special import ndtr, open_uniform
from models.numerics.tracing import traced
from models.vae.aggregate_posterior import COMPONENTS_PER_CHUNK, AggregatePosterior

# Where the path is no straight line, the distribution function takes ten times as long.
SLOW_COMPONENTS = 48
# Of the quadrature over normal scores: of the pairs without a closed form none has a kink but at the median.
PANELS, NODES_PER_PANEL = 16, 8


@dataclass(frozen=True)
class LatentSpace:
    """The families of the posterior q(z|x) and of the prior p(z), both diagonal."""

    posterior: LatentFamily = "Normal"
    prior: LatentFamily = "Normal"

    def q(self, loc: tf.Tensor, scale: tf.Tensor) -> Distribution:
        """Return q(z|x) with locations ``loc`` and scales ``scale``, both of one shape."""
        return latent_distribution(self.posterior, loc, scale)

    def p(self, dtype: tf.DType = tf.float32) -> Distribution:
        """Return the prior of one dimension."""
        return _standard(self.prior, dtype)

    @property
    def closed(self) -> bool:
        """Whether KL(q ‖ p) has a closed form."""
        one = tf.ones([])
        return has_closed_form(self.q(one, one), self.p())

    def noise(self, shape: tf.Tensor, seed: tf.Tensor, generator: str) -> tf.Tensor:
        """Draw ε float32 in ``shape`` from the standard member of the posterior's family."""
        return standard_draws(self.posterior, shape, seed, generator)

    def kl(self, loc: tf.Tensor, scale: tf.Tensor) -> tf.Tensor:
        """Return KL(q ‖ p) elementwise in nats: the closed form, or a quadrature over ε with an error below 1e-5.

        Without a closed form it is −H(q) − E_q[log p(z)].
        """
        q, p = self.q(loc, scale), self.p(loc.dtype)
        if has_closed_form(q, p):
            return kl_divergence(q, p)
        nodes, weights = (tf.constant(values, loc.dtype) for values in _noise_rule(self.posterior))
        z = loc[..., tf.newaxis] + scale[..., tf.newaxis] * nodes
        return -q.entropy() - tf.linalg.matvec(p.log_prob(z), weights)

    def aggregate(self, loc: Floats32, scale: Floats32) -> AggregatePosterior:
        """Return the mixture of the posteriors of one dimension, with their locations and scales [N]."""
        chunk = COMPONENTS_PER_CHUNK if FACTS[self.posterior].straight else SLOW_COMPONENTS
        return AggregatePosterior(loc, scale, _members(self.posterior), chunk)


@lru_cache(maxsize=8)
def _members(name: LatentFamily) -> Callable[[tf.Tensor, tf.Tensor], Distribution]:
    """Return the same function object each time: it is the key of what was traced of it."""
    return partial(latent_distribution, name)


def latent_distribution(name: LatentFamily, loc: tf.Tensor, scale: tf.Tensor) -> Distribution:
    """Return the member of a latent family with this location and scale, which are not checked."""
    kept = {key: tf.constant(value, loc.dtype) for key, value in latent_shapes(name).items()}
    return FAMILIES[name](**{**kept, "loc": loc, "scale": scale}, validate=False)


def _standard(name: LatentFamily, dtype: tf.DType) -> Distribution:
    """Return the standard member of a latent family."""
    return latent_distribution(name, tf.zeros([], dtype), tf.ones([], dtype))


def standard_draws(name: LatentFamily, shape: tf.Tensor, seed: tf.Tensor, generator: str) -> tf.Tensor:
    """Draw float32 values of the standard member of a latent family, decided by ``seed`` [2] and the generator.

    What was trained before depends on these very draws: those of :meth:`Distribution.noise` are others.
    Student's t is a normal variable over the root of a χ² one by its degrees of freedom; χ²₅ is −2 log(U₁U₂) + N².
    """
    if name == "Normal":
        return tf.random.stateless_normal(shape, seed, alg=generator)
    if name != "StudentT":
        return _standard(name, tf.float32).quantile(open_uniform(shape, seed, tf.float32, generator))
    two = tf.concat([[2], shape], axis=0)
    normal = tf.random.stateless_normal(two, seed, alg=generator)
    pair = open_uniform(two, seed + tf.constant([1 << 30, 0], seed.dtype), tf.float32, generator)
    chi2 = tf.square(normal[1]) - 2.0 * tf.reduce_sum(tf.math.log(pair), axis=0)
    return normal[0] * tf.math.rsqrt(chi2 / LATENT_DF)


@lru_cache(maxsize=8)
def _noise_rule(name: LatentFamily) -> tuple[Floats64, Floats64]:
    """Return nodes in ε and weights of a rule for expectations over the standard member of a family."""
    with tf.init_scope():
        rule = normal_rule(PANELS, nodes=NODES_PER_PANEL)
        nodes = _standard(name, tf.float64).quantile(ndtr(tf.constant(-np.abs(rule.scores)))).numpy()
    return np.where(rule.scores < 0.0, nodes, -nodes), rule.weights


@lru_cache(maxsize=8)
def _divergence(space: LatentSpace) -> tf.types.experimental.ConcreteFunction:
    """Return the graph of KL(q ‖ p), the same for all models with these families."""
    table = tf.TensorSpec([None, None], tf.float64)
    return traced(space.kl, [table, table])


class Divergence:
    """KL(q ‖ p) of arrays [n, d] of locations and scales, in nats, float64 [n, d]."""

    def __init__(self, space: LatentSpace) -> None:
        self.closed = space.closed
        self._graph = _divergence(space)

    def __call__(self, loc: NDArray[np.floating], scale: NDArray[np.floating]) -> Floats64:
        """Return the divergences; the caller slices, so that a worker is not held up for long."""
        result: Floats64 = self._graph(np.asarray(loc, np.float64), np.asarray(scale, np.float64)).numpy()
        return result
