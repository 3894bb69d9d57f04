"""The exponential distribution of waiting times without memory, and its noise, which keeps both tails' digits.

Johnson, Kotz & Balakrishnan, Continuous Univariate Distributions, chapter 19.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import ClassVar

import tensorflow as tf

from models.distributions.base import Distribution, Domain, Reparameterization
from models.distributions.half_line import HalfLine, not_negative
from models.numerics.log_gamma import log_exponential_cdf
from models.numerics.special import open_uniform, safe_log


class ExponentialNoise(Distribution):
    """Families whose noise is unit exponential."""

    def noise_distribution(self) -> Distribution:
        """Return the unit exponential."""
        return Exponential(tf.ones([], self.dtype), validate=False)

    def _noise(self, shape: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
        return -tf.math.log(open_uniform(shape, seed, self.dtype))


class Exponential(ExponentialNoise, HalfLine):
    """Exponential distribution with density rate·exp(−rate·z); z = ε/rate, ε ~ Exp(1)."""

    reparameterization_type: ClassVar[Reparameterization] = "inverse-cdf"
    domains: ClassVar[Mapping[str, Domain]] = {"rate": "positive"}
    rate: tf.Tensor

    def __init__(self, rate: object, validate: bool = True) -> None:
        super().__init__({"rate": rate}, validate)

    def _from_noise(self, eps: tf.Tensor) -> tf.Tensor:
        return eps / self.rate

    def _to_noise(self, z: tf.Tensor) -> tf.Tensor:
        return z * self.rate

    def _log_prob_inside(self, value: tf.Tensor) -> tf.Tensor:
        return tf.math.log(self.rate) - self.rate * value

    def _log_cdf(self, value: tf.Tensor) -> tf.Tensor:
        return log_exponential_cdf(safe_log(not_negative(value)) + tf.math.log(self.rate))

    def _cdf(self, value: tf.Tensor) -> tf.Tensor:
        return -tf.math.expm1(-self._to_noise(not_negative(value)))

    def _survival_function(self, value: tf.Tensor) -> tf.Tensor:
        return tf.exp(-self._to_noise(not_negative(value)))

    def _quantile(self, u: tf.Tensor) -> tf.Tensor:
        return self._from_noise(exponential_quantile(u))

    def _mean(self) -> tf.Tensor:
        return 1.0 / self.rate

    def _variance(self) -> tf.Tensor:
        return 1.0 / tf.square(self.rate)

    def _entropy(self) -> tf.Tensor:
        return 1.0 - tf.math.log(self.rate)


def exponential_quantile(u: tf.Tensor) -> tf.Tensor:
    """Return −log(1 − u), ∞ at 1."""
    one = tf.equal(u, 1.0)
    return tf.where(one, tf.constant(math.inf, u.dtype), -tf.math.log1p(-tf.where(one, 0.0 * u, u)))
