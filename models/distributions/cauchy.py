"""The Cauchy distribution: tails so heavy that no mean exists; the hardest case of every estimator.

Johnson, Kotz & Balakrishnan, Continuous Univariate Distributions, chapter 16.
"""

from __future__ import annotations

import math

import tensorflow as tf

from models.distributions.location_scale import StandardQuantile
from models.numerics.special import cotangent, lower_side


class Cauchy(StandardQuantile):
    """Cauchy distribution with median ``loc`` and half width ``scale``; mean and variance do not exist (NaN)."""

    def _standard_log_prob(self, y: tf.Tensor) -> tf.Tensor:
        return -log_one_plus_square(y) - math.log(math.pi)

    def _cdf(self, value: tf.Tensor) -> tf.Tensor:
        return _arc(-self._to_noise(value))

    def _survival_function(self, value: tf.Tensor) -> tf.Tensor:
        return _arc(self._to_noise(value))

    def _standard_quantile(self, u: tf.Tensor) -> tf.Tensor:
        return lower_side(u) * cotangent(tf.minimum(u, 1.0 - u))

    def _mean(self) -> tf.Tensor:
        return self.loc * math.nan

    def _variance(self) -> tf.Tensor:
        return self.scale * math.nan

    def _entropy(self) -> tf.Tensor:
        return tf.math.log(4.0 * math.pi * self.scale)


def _arc(y: tf.Tensor) -> tf.Tensor:
    """Return P(ε > y) of the standard Cauchy distribution: the angle of (y, 1) over π, accurate in both tails."""
    return tf.atan2(tf.ones_like(y), y) / math.pi


def log_one_plus_square(y: tf.Tensor) -> tf.Tensor:
    """Return log(1 + y²); beyond 1, y² is kept out of the sum: it overflows float32 at 2e19."""
    magnitude = tf.maximum(tf.abs(y), 1.0)
    inner = tf.where(tf.abs(y) > 1.0, tf.ones_like(y), y)
    far = 2.0 * tf.math.log(magnitude) + tf.math.log1p(tf.square(1.0 / magnitude))
    return tf.where(tf.abs(y) > 1.0, far, tf.math.log1p(inner * inner))
