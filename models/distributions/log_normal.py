"""The log-normal distribution: a positive quantity that arises as a product, normal by its logarithm.

Johnson, Kotz & Balakrishnan, Continuous Univariate Distributions, chapter 14.
"""

from __future__ import annotations

import math
from typing import ClassVar

import tensorflow as tf

from models.distributions.base import Reparameterization
from models.distributions.half_line import HalfLine, not_negative
from models.distributions.location_scale import LocScaleParameters
from models.distributions.scored import NormalNoise, with_ends
from models.numerics.special import LOG_SQRT_TWO_PI, log_ndtr, ndtr, normal_score, safe_log, wide


class LogNormal(LocScaleParameters, NormalNoise, HalfLine):
    """Lognormal distribution, z = exp(loc + scale·ε) with ε ~ N(0, 1)."""

    reparameterization_type: ClassVar[Reparameterization] = "inverse-cdf"

    def _from_noise(self, eps: tf.Tensor) -> tf.Tensor:
        return tf.exp(self.loc + self.scale * eps)

    def _to_noise(self, z: tf.Tensor) -> tf.Tensor:
        return self._noise_of_line(safe_log(wide(not_negative(z))))

    def _log_prob_inside(self, value: tf.Tensor) -> tf.Tensor:
        edge = tf.equal(value, 0.0)
        inside = tf.where(edge, tf.ones_like(value), value)
        log_value = tf.math.log(inside)
        eps = self._away(log_value, inside, tf.ones_like(inside)) / self.scale
        log_prob = -0.5 * eps * eps - tf.math.log(self.scale) - LOG_SQRT_TWO_PI - log_value
        return tf.where(edge, tf.constant(-math.inf, self.dtype), log_prob)

    def _log_prob_at_noise(self, eps: tf.Tensor) -> tf.Tensor:
        return -0.5 * eps * eps - tf.math.log(self.scale) - LOG_SQRT_TWO_PI - (self.loc + self.scale * eps)

    def _cdf(self, value: tf.Tensor) -> tf.Tensor:
        return ndtr(self._finite_noise(value))

    def _survival_function(self, value: tf.Tensor) -> tf.Tensor:
        return ndtr(-self._finite_noise(value))

    def _finite_noise(self, value: tf.Tensor) -> tf.Tensor:
        """Return the noise of ``value``, large instead of infinite at the edges, so that its derivatives are finite."""
        return self._noise_of_line(tf.clip_by_value(safe_log(wide(not_negative(value))), -1e15, 1e15))

    def _log_cdf(self, value: tf.Tensor) -> tf.Tensor:
        return log_ndtr(self._to_noise(value))

    def _quantile(self, u: tf.Tensor) -> tf.Tensor:
        return with_ends(normal_score(u), 0.0, math.inf, self._from_noise)

    def _mean(self) -> tf.Tensor:
        return tf.exp(self.loc + 0.5 * tf.square(self.scale))

    def _variance(self) -> tf.Tensor:
        squared = tf.square(self.scale)
        return tf.math.expm1(squared) * tf.exp(2.0 * self.loc + squared)

    def _entropy(self) -> tf.Tensor:
        return self.loc + 0.5 + LOG_SQRT_TWO_PI + tf.math.log(self.scale)
