"""The half-Cauchy distribution: a prior of scales that allows for very large ones (Gelman 2006).

Johnson, Kotz & Balakrishnan, Continuous Univariate Distributions, chapter 16.
"""

from __future__ import annotations

import math

import tensorflow as tf

from models.distributions.cauchy import log_one_plus_square
from models.distributions.half_line import not_negative
from models.distributions.location_scale import StandardQuantile
from models.numerics.special import cotangent, safe_log


class HalfCauchy(StandardQuantile):
    """Cauchy distribution folded at ``loc``, z ≥ loc, with median loc + scale; mean and variance are infinite."""

    def _standard_log_prob(self, y: tf.Tensor) -> tf.Tensor:
        outside = (y < 0.0) | tf.math.is_inf(y)
        inside = tf.where(outside, tf.ones_like(y), y)
        log_prob = math.log(2.0 / math.pi) - log_one_plus_square(inside)
        return tf.where(outside, tf.constant(-math.inf, self.dtype), log_prob)

    def _cdf(self, value: tf.Tensor) -> tf.Tensor:
        y = not_negative(self._to_noise(value))
        return 2.0 / math.pi * tf.atan2(y, tf.ones_like(y))

    def _survival_function(self, value: tf.Tensor) -> tf.Tensor:
        y = not_negative(self._to_noise(value))
        return 2.0 / math.pi * tf.atan2(tf.ones_like(y), y)

    def _log_cdf(self, value: tf.Tensor) -> tf.Tensor:
        upper = self._survival_function(value)
        return tf.where(upper < 0.5, tf.math.log1p(-tf.minimum(upper, 0.5)), safe_log(self._cdf(value)))

    def _standard_quantile(self, u: tf.Tensor) -> tf.Tensor:
        low = u < 0.5
        near, far = tf.where(low, u, tf.constant(0.5, u.dtype)), tf.where(low, tf.constant(0.5, u.dtype), u)
        tangent = _tangent(0.5 * near)
        return tf.where(low, tangent, cotangent(0.5 * (1.0 - far)))

    def _mean(self) -> tf.Tensor:
        return self.scale * math.inf

    def _variance(self) -> tf.Tensor:
        return self.scale * math.inf

    def _entropy(self) -> tf.Tensor:
        return tf.math.log(2.0 * math.pi * self.scale)


def _tangent(share: tf.Tensor) -> tf.Tensor:
    """Return tan(π·share) for 0 ≤ share ≤ ¼."""
    zero = tf.equal(share, 0.0)
    inverse = 1.0 / cotangent(tf.where(zero, tf.constant(0.25, share.dtype), share))
    return tf.where(zero, math.pi * share, inverse)
