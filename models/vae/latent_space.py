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
from models.core.families import LATENT_DF, LatentFamily
from models.distributions import Distribution, Laplace, Logistic, Normal, StudentT, has_closed_form, kl_divergence
from models.distributions.location_scale import LocScaleParameters
from models.numerics.quadrature import normal_rule
from models.numerics.special import ndtr, open_uniform
from models.vae.aggregate_posterior import COMPONENTS_PER_CHUNK, AggregatePosterior

_LOC_SCALE: dict[LatentFamily, type[LocScaleParameters]] = {"Normal": Normal, "Laplace": Laplace, "Logistic": Logistic}
# The distribution function of Student's t takes ten times as long as those of the others.
SLOW_COMPONENTS = 48
# Of the quadrature over normal scores: of the pairs without a closed form none has a kink but at the median.
PANELS, NODES_PER_PANEL = 16, 8


@dataclass(frozen=True)
class LatentSpace:
    """The families of the posterior and of the prior, each diagonal."""

    posterior: LatentFamily = "Normal"
    prior: LatentFamily = "Normal"

    def q(self, loc: tf.Tensor, scale: tf.Tensor) -> Distribution:
        """Return q(z|x) with locations and scales of any one shape."""
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
        """Return KL(q ‖ p) elementwise in nats: the closed form, or a quadrature over ε that is good to 1e-5.

        Without a closed form it is −H(q) − E_q[log p(z)].
        """
        q, p = self.q(loc, scale), self.p(loc.dtype)
        if has_closed_form(q, p):
            return kl_divergence(q, p)
        nodes, weights = (tf.constant(values, loc.dtype) for values in _noise_rule(self.posterior))
        z = loc[..., tf.newaxis] + scale[..., tf.newaxis] * nodes
        return -q.entropy() - tf.linalg.matvec(p.log_prob(z), weights)

    def aggregate(self, loc: Floats32, scale: Floats32) -> AggregatePosterior:
        """Return the mixture of the posteriors of one dimension, with locations and scales [N]."""
        chunk = SLOW_COMPONENTS if self.posterior == "StudentT" else COMPONENTS_PER_CHUNK
        return AggregatePosterior(loc, scale, _members(self.posterior), chunk)


@lru_cache(maxsize=8)
def _members(name: LatentFamily) -> Callable[[tf.Tensor, tf.Tensor], Distribution]:
    """Return one and the same function for a family: what is traced of it is kept by it."""
    return partial(latent_distribution, name)


def latent_distribution(name: LatentFamily, loc: tf.Tensor, scale: tf.Tensor) -> Distribution:
    """Return the member of a latent family with this location and scale, which were checked before."""
    if name == "StudentT":
        return StudentT(tf.constant(LATENT_DF, loc.dtype), loc, scale, validate=False)
    return _LOC_SCALE[name](loc, scale, validate=False)


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


class Divergence:
    """KL(q ‖ p) of arrays [n, d] of locations and scales, in float64 [n, d]."""

    def __init__(self, space: LatentSpace) -> None:
        self.closed = space.closed
        table = tf.TensorSpec([None, None], tf.float64)
        self._graph = tf.function(space.kl, input_signature=[table, table], autograph=False)

    def __call__(self, loc: NDArray[np.floating], scale: NDArray[np.floating]) -> Floats64:
        """Return the divergences; a few hundred rows at a time keep a worker's answers quick."""
        result: Floats64 = self._graph(np.asarray(loc, np.float64), np.asarray(scale, np.float64)).numpy()
        return result
