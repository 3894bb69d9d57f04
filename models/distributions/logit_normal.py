"""The logit-normal distribution: a probability that is normal by its log-odds."""

from __future__ import annotations

import math
from typing import ClassVar

import tensorflow as tf

from models.distributions.base import Reparameterization
from models.distributions.location_scale import LocScaleParameters
from models.distributions.scored import NormalNoise
from models.numerics.quadrature import normal_means
from models.numerics.special import LOG_SQRT_TWO_PI, expit, log_ndtr, ndtr, safe_log

LARGE = 1e15


class LogitNormal(LocScaleParameters, NormalNoise):
    """Logit-normal distribution on (0, 1), z = 1/(1 + exp(−(loc + scale·ε))) with ε ~ N(0, 1)."""

    reparameterization_type: ClassVar[Reparameterization] = "inverse-cdf"
    low: ClassVar[float] = 0.0

    def _from_noise(self, eps: tf.Tensor) -> tf.Tensor:
        return self._from_line(self.loc + self.scale * eps)

    def _to_noise(self, z: tf.Tensor) -> tf.Tensor:
        return (self._to_line(tf.clip_by_value(z, self.low, 1.0)) - self.loc) / self.scale

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
        x = self._to_line(tf.where(outside, tf.constant(0.5, self.dtype), value))
        return tf.where(outside, tf.constant(-math.inf, self.dtype), self._log_prob_on_line(x))

    def _log_prob_at_noise(self, eps: tf.Tensor) -> tf.Tensor:
        return self._log_prob_on_line(self.loc + self.scale * eps)

    def _log_prob_on_line(self, x: tf.Tensor) -> tf.Tensor:
        eps = (x - self.loc) / self.scale
        return -0.5 * eps * eps - tf.math.log(self.scale) - LOG_SQRT_TWO_PI - self._log_slope(x)

    def _cdf(self, value: tf.Tensor) -> tf.Tensor:
        return ndtr(self._finite_noise(value))

    def _survival_function(self, value: tf.Tensor) -> tf.Tensor:
        return ndtr(-self._finite_noise(value))

    def _finite_noise(self, value: tf.Tensor) -> tf.Tensor:
        """Return the noise of ``value``, large instead of infinite at the edges, so that its derivatives are finite."""
        line = self._to_line(tf.clip_by_value(value, self.low, 1.0))
        return (tf.clip_by_value(line, -LARGE, LARGE) - self.loc) / self.scale

    def _log_cdf(self, value: tf.Tensor) -> tf.Tensor:
        return log_ndtr(self._to_noise(value))

    def _quantile(self, u: tf.Tensor) -> tf.Tensor:
        return self._from_noise(tf.math.ndtri(u))

    def _grid(self) -> tf.Tensor:
        """Return loc + scale·ε on the nodes [*batch, m]."""
        return self.loc[..., tf.newaxis] + self.scale[..., tf.newaxis] * tf.constant(normal_means()[0], self.dtype)

    def _expected(self, values: tf.Tensor) -> tf.Tensor:
        return tf.reduce_sum(values * tf.constant(normal_means()[1], self.dtype), axis=-1)

    def _mean(self) -> tf.Tensor:
        return self._expected(self._from_line(self._grid()))

    def _variance(self) -> tf.Tensor:
        values = self._from_line(self._grid())
        return self._expected(tf.square(values - self._expected(values)[..., tf.newaxis]))

    def _entropy(self) -> tf.Tensor:
        return 0.5 + LOG_SQRT_TWO_PI + tf.math.log(self.scale) + self._expected(self._log_slope(self._grid()))
