"""The Laplace distribution: a sharp peak and exponential tails, a prior that keeps most dimensions near 0.

Johnson, Kotz & Balakrishnan, Continuous Univariate Distributions, chapter 24.
"""

from __future__ import annotations

import math

import tensorflow as tf

from models.distributions.location_scale import StandardQuantile
from models.numerics.special import lower_side, minus_abs, safe_log

LOG_TWO = math.log(2.0)


class Laplace(StandardQuantile):
    """Laplace distribution exp(−|z − loc|/scale)/(2·scale); variance 2·scale²."""

    def _standard_log_prob(self, y: tf.Tensor) -> tf.Tensor:
        return -tf.abs(y) - LOG_TWO

    def _cdf(self, value: tf.Tensor) -> tf.Tensor:
        return _laplace_cdf(self._to_noise(value))

    def _survival_function(self, value: tf.Tensor) -> tf.Tensor:
        return _laplace_cdf(-self._to_noise(value))

    def _log_cdf(self, value: tf.Tensor) -> tf.Tensor:
        y = self._to_noise(value)
        return tf.where(y < 0.0, y - LOG_TWO, tf.math.log1p(-0.5 * tf.exp(minus_abs(y))))

    def _standard_quantile(self, u: tf.Tensor) -> tf.Tensor:
        return lower_side(u) * -safe_log(2.0 * tf.minimum(u, 1.0 - u))

    def _mean(self) -> tf.Tensor:
        return self.loc

    def _variance(self) -> tf.Tensor:
        return 2.0 * tf.square(self.scale)

    def _entropy(self) -> tf.Tensor:
        return 1.0 + tf.math.log(2.0 * self.scale)


def _laplace_cdf(y: tf.Tensor) -> tf.Tensor:
    half = 0.5 * tf.exp(minus_abs(y))
    return tf.where(y < 0.0, half, 1.0 - half)
