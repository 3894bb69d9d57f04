"""Bases of the families with standard normal noise.

Where that noise is the normal score of the value, ε = Φ⁻¹(F(z)), both tails of ε and of z keep their digits. A family
says how a lower and an upper tail probability, u and 1 − u, make z; quantiles and the path from ε share that.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable

import tensorflow as tf

from models.distributions.base import Distribution
from models.distributions.normal import Normal
from models.numerics.special import ndtr, score_of, standard_normal


class NormalNoise(Distribution):
    """Families whose noise is standard normal."""

    def noise_distribution(self) -> Distribution:
        """Return the standard normal distribution."""
        return Normal(tf.zeros([], self.dtype), tf.ones([], self.dtype), validate=False)

    def _noise(self, shape: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
        return standard_normal(shape, seed, self.dtype)


class Scored(NormalNoise):
    """Families of which z = F⁻¹(Φ(ε))."""

    def _from_noise(self, eps: tf.Tensor) -> tf.Tensor:
        return self._inverse(ndtr(eps), ndtr(-eps))

    def _to_noise(self, z: tf.Tensor) -> tf.Tensor:
        return score_of(self._cdf(z), self._survival_function(z))

    def _quantile(self, u: tf.Tensor) -> tf.Tensor:
        return self._inverse(u, 1.0 - u)

    @abstractmethod
    def _inverse(self, lower: tf.Tensor, upper: tf.Tensor) -> tf.Tensor:
        """Return z with P(Z ≤ z) = ``lower`` and P(Z > z) = ``upper``, from the smaller of the two."""


class Sampled(Scored):
    """Families with a sampler of their own, faster than the inverse of F; the noise of a sample is its score.

    The path of a sample may run through several draws (two gammas make a beta), so its derivatives equal those of
    ``from_noise`` in expectation, not one by one.
    """

    def _noise(self, shape: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
        return tf.stop_gradient(self._to_noise(self._sample(shape, seed)))

    @abstractmethod
    def _sample(self, shape: tf.Tensor, seed: tf.Tensor) -> tf.Tensor: ...


def between(lower: tf.Tensor, upper: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
    """Return where a tail is 0, and tails that are harmless there."""
    edge = (lower <= 0.0) | (upper <= 0.0)
    half = tf.constant(0.5, lower.dtype)
    return edge, tf.where(edge, half, lower), tf.where(edge, half, upper)


def with_ends(eps: tf.Tensor, low: float, high: float, path: Callable[[tf.Tensor], tf.Tensor]) -> tf.Tensor:
    """Return the value on the ``path`` of ``eps``, and the ends of the support, without derivatives, at ∓∞."""
    edge = tf.math.is_inf(eps)
    inside = path(tf.where(edge, tf.zeros_like(eps), eps))
    end = tf.where(eps < 0.0, tf.constant(low, eps.dtype), tf.constant(high, eps.dtype))
    return tf.where(edge, end, inside)
