"""Families on an interval with elementary distribution functions: Uniform, Kumaraswamy, logit-normal, tanh-normal.

Kumaraswamy (1980), A generalized probability density function for double-bounded random processes; moments and
entropy as in Jones (2009). The moments of the logit-normal have no closed form: they are trapezoid sums in ε, which
converge exponentially for analytic integrands (Trefethen & Weideman 2014).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import ClassVar

import numpy as np
import tensorflow as tf

from models.distributions.base import Distribution, Domain, LocScaleParameters, Reparameterization
from models.distributions.half_line import ExponentialNoise, exponential_quantile, positive_power
from models.distributions.special import (
    EULER_GAMMA,
    LOG_SQRT_TWO_PI,
    edge_power,
    edge_product,
    expit,
    log1mexp,
    log_ndtr,
    ndtr,
    open_uniform,
    safe_log,
)

LARGE = 1e15
NODES = np.linspace(-9.5, 9.5, 1025)
WEIGHTS = np.exp(-0.5 * NODES**2) / np.exp(-0.5 * NODES**2).sum()


class Uniform(Distribution):
    """Uniform distribution on [low, high]; z = low + (high − low)·ε with ε uniform on (0, 1)."""

    reparameterization_type: ClassVar[Reparameterization] = "location-scale"
    domains: ClassVar[Mapping[str, Domain]] = {"low": "real", "high": "real"}
    ordered: ClassVar[tuple[str, str] | None] = ("low", "high")
    low: tf.Tensor
    high: tf.Tensor

    def __init__(self, low: object, high: object, validate: bool = True) -> None:
        super().__init__({"low": low, "high": high}, validate)

    def noise_distribution(self) -> Distribution:
        """Return the uniform distribution on [0, 1]."""
        return Uniform(tf.zeros([], self.dtype), tf.ones([], self.dtype), validate=False)

    def _noise(self, shape: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
        return open_uniform(shape, seed, self.dtype)

    def _from_noise(self, eps: tf.Tensor) -> tf.Tensor:
        return self.low + (self.high - self.low) * eps

    def _to_noise(self, z: tf.Tensor) -> tf.Tensor:
        return (z - self.low) / (self.high - self.low)

    def _log_prob(self, value: tf.Tensor) -> tf.Tensor:
        outside = (value < self.low) | (value > self.high)
        nan_kept = tf.where(outside, 0.0 * self.low, 0.0 * value)
        log_prob = nan_kept - tf.math.log(self.high - self.low)
        return tf.where(outside, tf.constant(-math.inf, self.dtype), log_prob)

    def _cdf(self, value: tf.Tensor) -> tf.Tensor:
        return tf.clip_by_value(self._to_noise(value), 0.0, 1.0)

    def _survival_function(self, value: tf.Tensor) -> tf.Tensor:
        return tf.clip_by_value((self.high - value) / (self.high - self.low), 0.0, 1.0)

    def _quantile(self, u: tf.Tensor) -> tf.Tensor:
        return tf.where(tf.equal(u, 1.0), self.high, self._from_noise(u))

    def _mean(self) -> tf.Tensor:
        return 0.5 * (self.low + self.high)

    def _variance(self) -> tf.Tensor:
        return tf.square(self.high - self.low) / 12.0

    def _entropy(self) -> tf.Tensor:
        return tf.math.log(self.high - self.low)


class Kumaraswamy(ExponentialNoise):
    """Kumaraswamy distribution on [0, 1], F(z) = 1 − (1 − z^a)^b with a = concentration1, b = concentration0.

    z = (1 − exp(−ε/b))^(1/a) with ε ~ Exp(1), which is −log(1 − F(z)).
    """

    reparameterization_type: ClassVar[Reparameterization] = "inverse-cdf"
    domains: ClassVar[Mapping[str, Domain]] = {"concentration1": "positive", "concentration0": "positive"}
    concentration1: tf.Tensor
    concentration0: tf.Tensor

    def __init__(self, concentration1: object, concentration0: object, validate: bool = True) -> None:
        super().__init__({"concentration1": concentration1, "concentration0": concentration0}, validate)

    def _from_noise(self, eps: tf.Tensor) -> tf.Tensor:
        return positive_power(-tf.math.expm1(-eps / self.concentration0), 1.0 / self.concentration1)

    def _to_noise(self, z: tf.Tensor) -> tf.Tensor:
        return -self.concentration0 * self._log_rest(tf.clip_by_value(z, 0.0, 1.0))

    def _log_rest(self, value: tf.Tensor) -> tf.Tensor:
        """Return log(1 − z^a); from a·log z, because 1 − z^a loses digits near 1."""
        log_value = tf.where(value > 0.5, tf.math.log1p(tf.maximum(value, 0.5) - 1.0), safe_log(value))
        return log1mexp(self.concentration1 * log_value)

    def _log_prob(self, value: tf.Tensor) -> tf.Tensor:
        outside = (value < 0.0) | (value > 1.0)
        inside = tf.where(outside, tf.constant(0.5, self.dtype), value)
        a, b = self.concentration1, self.concentration0
        log_prob = tf.math.log(a * b) + edge_power(a - 1.0, inside) + edge_product(b - 1.0, self._log_rest(inside))
        return tf.where(outside, tf.constant(-math.inf, self.dtype), log_prob)

    def _cdf(self, value: tf.Tensor) -> tf.Tensor:
        below, above, noise = self._inner_noise(value)
        inside = tf.where(above, tf.ones_like(noise), -tf.math.expm1(-noise))
        return tf.where(below, tf.zeros_like(noise), inside)

    def _survival_function(self, value: tf.Tensor) -> tf.Tensor:
        below, above, noise = self._inner_noise(value)
        return tf.where(below, tf.ones_like(noise), tf.where(above, tf.zeros_like(noise), tf.exp(-noise)))

    def _inner_noise(self, value: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
        """Return what lies at or below 0 and at or above 1, and noise that is finite there, as its derivative is."""
        below, above = value <= 0.0, value >= 1.0
        return below, above, self._to_noise(tf.where(below | above, tf.constant(0.5, self.dtype), value))

    def _quantile(self, u: tf.Tensor) -> tf.Tensor:
        return self._from_noise(exponential_quantile(u))

    def _log_moment(self, order: float) -> tf.Tensor:
        """Return log E[Z^order] = log(b·B(1 + order/a, b))."""
        shape = 1.0 + order / self.concentration1
        b = self.concentration0
        return tf.math.log(b) + tf.math.lgamma(shape) + tf.math.lgamma(b) - tf.math.lgamma(shape + b)

    def _mean(self) -> tf.Tensor:
        return tf.exp(self._log_moment(1.0))

    def _variance(self) -> tf.Tensor:
        first = self._log_moment(1.0)
        return tf.exp(2.0 * first) * tf.math.expm1(self._log_moment(2.0) - 2.0 * first)

    def _entropy(self) -> tf.Tensor:
        a, b = self.concentration1, self.concentration0
        harmonic = tf.math.digamma(b + 1.0) + EULER_GAMMA
        return (1.0 - 1.0 / b) + (1.0 - 1.0 / a) * harmonic - tf.math.log(a) - tf.math.log(b)


class LogitNormal(LocScaleParameters):
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
        return self.loc[..., tf.newaxis] + self.scale[..., tf.newaxis] * tf.constant(NODES, self.dtype)

    def _expected(self, values: tf.Tensor) -> tf.Tensor:
        return tf.reduce_sum(values * tf.constant(WEIGHTS, self.dtype), axis=-1)

    def _mean(self) -> tf.Tensor:
        return self._expected(self._from_line(self._grid()))

    def _variance(self) -> tf.Tensor:
        values = self._from_line(self._grid())
        return self._expected(tf.square(values - self._expected(values)[..., tf.newaxis]))

    def _entropy(self) -> tf.Tensor:
        return 0.5 + LOG_SQRT_TWO_PI + tf.math.log(self.scale) + self._expected(self._log_slope(self._grid()))


class TanhNormal(LogitNormal):
    """Tanh-normal distribution on (−1, 1), z = tanh(loc + scale·ε) with ε ~ N(0, 1)."""

    low: ClassVar[float] = -1.0

    def _from_line(self, x: tf.Tensor) -> tf.Tensor:
        return tf.tanh(x)

    def _to_line(self, z: tf.Tensor) -> tf.Tensor:
        edge = tf.abs(z) >= 1.0
        inner = tf.where(edge, 0.0 * z, z)
        end = tf.where(z < 0.0, tf.constant(-math.inf, z.dtype), tf.constant(math.inf, z.dtype))
        return tf.where(edge, end, 0.5 * (tf.math.log1p(inner) - tf.math.log1p(-inner)))

    def _log_slope(self, x: tf.Tensor) -> tf.Tensor:
        """Return log(1 − tanh²x) = 2(log 2 − |x| − log(1 + exp(−2|x|)))."""
        magnitude = tf.abs(x)
        return 2.0 * (math.log(2.0) - magnitude - tf.math.log1p(tf.exp(-2.0 * magnitude)))
