"""The Gumbel distribution of the largest of many values; its noise turns logits into a choice.

Johnson, Kotz & Balakrishnan, Continuous Univariate Distributions, chapter 22.
"""

from __future__ import annotations

import math

import tensorflow as tf

from models.distributions.location_scale import StandardQuantile
from models.numerics.special import EULER_GAMMA, safe_log

# So far below the mode, F and the density are 0, and what they are the exponentials of is still a number.
LARGEST = 40.0


class Gumbel(StandardQuantile):
    """Gumbel distribution of maxima, F(z) = exp(−exp(−(z − loc)/scale)); variance π²scale²/6."""

    def _standard_log_prob(self, y: tf.Tensor) -> tf.Tensor:
        y = _not_below(y, -1000.0)
        return -(y + tf.exp(-y))

    def _prob(self, value: tf.Tensor) -> tf.Tensor:
        y = _not_below(self._to_noise(value), -LARGEST)
        return tf.exp(-(y + tf.exp(-y))) / self.scale

    def _cdf(self, value: tf.Tensor) -> tf.Tensor:
        return tf.exp(self._bounded_log_cdf(value))

    def _log_cdf(self, value: tf.Tensor) -> tf.Tensor:
        return -tf.exp(-self._to_noise(value))

    def _survival_function(self, value: tf.Tensor) -> tf.Tensor:
        return -tf.math.expm1(self._bounded_log_cdf(value))

    def _bounded_log_cdf(self, value: tf.Tensor) -> tf.Tensor:
        """Return log F, bounded where F is 0, so that the derivatives of F are finite."""
        return -tf.exp(-_not_below(self._to_noise(value), -LARGEST))

    def _standard_quantile(self, u: tf.Tensor) -> tf.Tensor:
        return -safe_log(-safe_log(u))

    def _mean(self) -> tf.Tensor:
        return self.loc + EULER_GAMMA * self.scale

    def _variance(self) -> tf.Tensor:
        return tf.square(math.pi * self.scale) / 6.0

    def _entropy(self) -> tf.Tensor:
        return 1.0 + EULER_GAMMA + tf.math.log(self.scale)


def _not_below(y: tf.Tensor, bound: float) -> tf.Tensor:
    """Return ``y`` with −inf and the like raised to ``bound``; NaN stays."""
    return tf.where(y < bound, tf.constant(bound, y.dtype), y)
