"""The logit-normal distribution: a probability that is normal by its log-odds."""

from __future__ import annotations

import math
from typing import ClassVar

import tensorflow as tf

from models.distributions.base import Reparameterization
from models.distributions.location_scale import LocScaleParameters
from models.distributions.scored import NormalNoise, with_ends
from models.numerics.logistic_normal import logistic_moments, mean_log_slope
from models.numerics.special import LOG_SQRT_TWO_PI, expit, log_ndtr, ndtr, normal_score, safe_log, wide

LARGE = 1e15


class LogitNormal(LocScaleParameters, NormalNoise):
    """Logit-normal distribution on (0, 1), z = 1/(1 + exp(−(loc + scale·ε))) with ε ~ N(0, 1)."""

    reparameterization_type: ClassVar[Reparameterization] = "inverse-cdf"
    low: ClassVar[float] = 0.0
    steepness: ClassVar[float] = 1.0

    def _from_noise(self, eps: tf.Tensor) -> tf.Tensor:
        return self._from_line(self.loc + self.scale * eps)

    def _to_noise(self, z: tf.Tensor) -> tf.Tensor:
        return self._noise_of_line(self._to_line(wide(tf.clip_by_value(z, self.low, 1.0))))

    def _from_line(self, x: tf.Tensor) -> tf.Tensor:
        return expit(x)

    def _to_line(self, z: tf.Tensor) -> tf.Tensor:
        return safe_log(z) - safe_log(1.0 - z)

    def _log_slope(self, x: tf.Tensor) -> tf.Tensor:
        """Return log dz/dx of z = 1/(1 + exp(−x))."""
        magnitude = tf.abs(x)
        return -magnitude - 2.0 * tf.math.log1p(tf.exp(-magnitude))

    def _log_prob(self, value: tf.Tensor) -> tf.Tensor:
        outside = (value <= self.low) | (value >= 1.0)
        inside = tf.where(outside, tf.constant(0.5, self.dtype), value)
        line = self._to_line(inside)
        away = self._away(line, wide(inside) - self.low, 1.0 - wide(inside), self.steepness)
        log_prob = self._log_prob_of(away / self.scale, line)
        return tf.where(outside, tf.constant(-math.inf, self.dtype), log_prob)

    def _log_prob_at_noise(self, eps: tf.Tensor) -> tf.Tensor:
        return self._log_prob_of(eps, self.loc + self.scale * eps)

    def _log_prob_of(self, eps: tf.Tensor, x: tf.Tensor) -> tf.Tensor:
        """Return the log density at the noise ``eps`` and the value ``x`` on the line."""
        return -0.5 * eps * eps - tf.math.log(self.scale) - LOG_SQRT_TWO_PI - self._log_slope(x)

    def _cdf(self, value: tf.Tensor) -> tf.Tensor:
        return ndtr(self._finite_noise(value))

    def _survival_function(self, value: tf.Tensor) -> tf.Tensor:
        return ndtr(-self._finite_noise(value))

    def _finite_noise(self, value: tf.Tensor) -> tf.Tensor:
        """Return the noise of ``value``, large instead of infinite at the edges, so that its derivatives are finite."""
        line = self._to_line(wide(tf.clip_by_value(value, self.low, 1.0)))
        return self._noise_of_line(tf.clip_by_value(line, -LARGE, LARGE))

    def _log_cdf(self, value: tf.Tensor) -> tf.Tensor:
        below, above = value <= self.low, value >= 1.0
        inside = tf.where(below | above, tf.constant(0.5, self.dtype), value)
        end = tf.where(below, tf.constant(-math.inf, self.dtype), tf.constant(0.0, self.dtype))
        return tf.where(below | above, end, log_ndtr(self._to_noise(inside)))

    def _quantile(self, u: tf.Tensor) -> tf.Tensor:
        return with_ends(normal_score(u), self.low, 1.0, self._from_noise)

    def _mean(self) -> tf.Tensor:
        return self._moments()[0]

    def _variance(self) -> tf.Tensor:
        return self._moments()[1]

    def _entropy(self) -> tf.Tensor:
        slope = mean_log_slope(self.steepness * self.loc, self.steepness * self.scale)
        return 0.5 + LOG_SQRT_TWO_PI + tf.math.log(self.scale) + slope + math.log(self.steepness * (1.0 - self.low))

    def _moments(self) -> tuple[tf.Tensor, tf.Tensor]:
        """Return mean and variance: z is ``low`` and a multiple of 1/(1 + exp(−steepness·x)) of a normal x."""
        mean, variance = logistic_moments(self.steepness * self.loc, self.steepness * self.scale)
        width = 1.0 - self.low
        return self.low + width * mean, width * width * variance
