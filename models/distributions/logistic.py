"""The logistic distribution: nearly normal in the middle, with the exponential tails of log-odds.

Johnson, Kotz & Balakrishnan, Continuous Univariate Distributions, chapter 23.
"""

from __future__ import annotations

import math

import tensorflow as tf

from models.distributions.location_scale import StandardQuantile
from models.numerics.special import expit, minus_abs, safe_log


class Logistic(StandardQuantile):
    """Logistic distribution, F(z) = 1/(1 + exp(−(z − loc)/scale)); variance π²scale²/3."""

    def _standard_log_prob(self, y: tf.Tensor) -> tf.Tensor:
        magnitude = tf.abs(y)
        return -magnitude - 2.0 * tf.math.log1p(tf.exp(-magnitude))

    def _cdf(self, value: tf.Tensor) -> tf.Tensor:
        return expit(self._to_noise(value))

    def _survival_function(self, value: tf.Tensor) -> tf.Tensor:
        return expit(-self._to_noise(value))

    def _log_cdf(self, value: tf.Tensor) -> tf.Tensor:
        y = self._to_noise(value)
        return tf.where(y < 0.0, y, tf.zeros_like(y)) - tf.math.log1p(tf.exp(minus_abs(y)))

    def _standard_quantile(self, u: tf.Tensor) -> tf.Tensor:
        return safe_log(u) - safe_log(1.0 - u)

    def _mean(self) -> tf.Tensor:
        return self.loc

    def _variance(self) -> tf.Tensor:
        return tf.square(math.pi * self.scale) / 3.0

    def _entropy(self) -> tf.Tensor:
        return 2.0 + tf.math.log(self.scale)
