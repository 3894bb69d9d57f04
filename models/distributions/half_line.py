"""Families on the half line with elementary distribution functions: uniform's neighbours by a power, a log, a fold.

Johnson, Kotz & Balakrishnan, Continuous Univariate Distributions, chapters 14 (lognormal), 19 (exponential) and
21 (Weibull). The noise of Exponential and Weibull is the unit exponential, which keeps the digits of both tails.
"""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Mapping
from typing import ClassVar

import tensorflow as tf

from models.distributions.base import Distribution, Domain, LocScaleParameters, Reparameterization
from models.distributions.special import (
    EULER_GAMMA,
    LOG_SQRT_TWO_PI,
    SQRT_HALF,
    edge_power,
    log_ndtr,
    ndtr,
    open_uniform,
    safe_log,
    standard_normal,
)


class HalfLine(Distribution):
    """What the families share: the support [0, ∞), and a density asked for inside of it only."""

    def _log_prob(self, value: tf.Tensor) -> tf.Tensor:
        outside = (value < 0.0) | tf.math.is_inf(value)
        log_prob = self._log_prob_inside(tf.where(outside, tf.ones_like(value), value))
        return tf.where(outside, tf.constant(-math.inf, self.dtype), log_prob)

    @abstractmethod
    def _log_prob_inside(self, value: tf.Tensor) -> tf.Tensor: ...


class ExponentialNoise(Distribution):
    """What families share whose noise is unit exponential."""

    def noise_distribution(self) -> Distribution:
        """Return the unit exponential."""
        return Exponential(tf.ones([], self.dtype), validate=False)

    def _noise(self, shape: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
        return -tf.math.log(open_uniform(shape, seed, self.dtype))


class Weibull(ExponentialNoise, HalfLine):
    """Weibull distribution, P(Z > z) = exp(−(z/scale)^concentration); z = scale·ε^(1/concentration), ε ~ Exp(1)."""

    reparameterization_type: ClassVar[Reparameterization] = "inverse-cdf"
    domains: ClassVar[Mapping[str, Domain]] = {"concentration": "positive", "scale": "positive"}
    concentration: tf.Tensor
    scale: tf.Tensor

    def __init__(self, concentration: object, scale: object, validate: bool = True) -> None:
        super().__init__({"concentration": concentration, "scale": scale}, validate)

    def _from_noise(self, eps: tf.Tensor) -> tf.Tensor:
        return self.scale * positive_power(eps, 1.0 / self.concentration)

    def _to_noise(self, z: tf.Tensor) -> tf.Tensor:
        return positive_power(_not_negative(z) / self.scale, self.concentration)

    def _log_prob_inside(self, value: tf.Tensor) -> tf.Tensor:
        y = value / self.scale
        log_ratio = tf.math.log(self.concentration) - tf.math.log(self.scale)
        return log_ratio + edge_power(self.concentration - 1.0, y) - self._to_noise(value)

    def _cdf(self, value: tf.Tensor) -> tf.Tensor:
        return -tf.math.expm1(-self._to_noise(value))

    def _survival_function(self, value: tf.Tensor) -> tf.Tensor:
        return tf.exp(-self._to_noise(value))

    def _quantile(self, u: tf.Tensor) -> tf.Tensor:
        return self._from_noise(exponential_quantile(u))

    def _mean(self) -> tf.Tensor:
        return self.scale * tf.exp(tf.math.lgamma(1.0 + 1.0 / self.concentration))

    def _variance(self) -> tf.Tensor:
        # Γ(1 + 2/k) − Γ(1 + 1/k)² cancels at large k: the difference is taken in the exponent.
        once, twice = (tf.math.lgamma(1.0 + order / self.concentration) for order in (1.0, 2.0))
        return tf.square(self.scale) * tf.exp(2.0 * once) * tf.math.expm1(twice - 2.0 * once)

    def _entropy(self) -> tf.Tensor:
        return EULER_GAMMA * (1.0 - 1.0 / self.concentration) + tf.math.log(self.scale / self.concentration) + 1.0


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

    def _cdf(self, value: tf.Tensor) -> tf.Tensor:
        return -tf.math.expm1(-self._to_noise(_not_negative(value)))

    def _survival_function(self, value: tf.Tensor) -> tf.Tensor:
        return tf.exp(-self._to_noise(_not_negative(value)))

    def _quantile(self, u: tf.Tensor) -> tf.Tensor:
        return self._from_noise(exponential_quantile(u))

    def _mean(self) -> tf.Tensor:
        return 1.0 / self.rate

    def _variance(self) -> tf.Tensor:
        return 1.0 / tf.square(self.rate)

    def _entropy(self) -> tf.Tensor:
        return 1.0 - tf.math.log(self.rate)


class HalfNormal(HalfLine):
    """Half-normal distribution, the absolute value of N(0, scale²); z = scale·ε with ε ~ |N(0, 1)|."""

    reparameterization_type: ClassVar[Reparameterization] = "location-scale"
    domains: ClassVar[Mapping[str, Domain]] = {"scale": "positive"}
    scale: tf.Tensor

    def __init__(self, scale: object, validate: bool = True) -> None:
        super().__init__({"scale": scale}, validate)

    def noise_distribution(self) -> Distribution:
        """Return the standard half-normal distribution."""
        return HalfNormal(tf.ones([], self.dtype), validate=False)

    def _noise(self, shape: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
        return tf.abs(standard_normal(shape, seed, self.dtype))

    def _from_noise(self, eps: tf.Tensor) -> tf.Tensor:
        return self.scale * eps

    def _to_noise(self, z: tf.Tensor) -> tf.Tensor:
        return z / self.scale

    def _log_prob_inside(self, value: tf.Tensor) -> tf.Tensor:
        return math.log(2.0) - LOG_SQRT_TWO_PI - 0.5 * tf.square(value / self.scale) - tf.math.log(self.scale)

    def _cdf(self, value: tf.Tensor) -> tf.Tensor:
        y = SQRT_HALF * self._to_noise(_not_negative(value))
        # TensorFlow's erf of infinity is NaN in float64.
        return tf.where(y > 0.5, 1.0 - tf.math.erfc(y), tf.math.erf(tf.where(y > 0.5, tf.zeros_like(y), y)))

    def _survival_function(self, value: tf.Tensor) -> tf.Tensor:
        return tf.math.erfc(SQRT_HALF * self._to_noise(_not_negative(value)))

    def _quantile(self, u: tf.Tensor) -> tf.Tensor:
        small = tf.math.erfinv(tf.minimum(u, 0.5)) / SQRT_HALF
        return self.scale * tf.where(u < 0.5, small, -tf.math.ndtri(0.5 * (1.0 - u)))

    def _mean(self) -> tf.Tensor:
        return self.scale * math.sqrt(2.0 / math.pi)

    def _variance(self) -> tf.Tensor:
        return tf.square(self.scale) * (1.0 - 2.0 / math.pi)

    def _entropy(self) -> tf.Tensor:
        return 0.5 - math.log(2.0) + LOG_SQRT_TWO_PI + tf.math.log(self.scale)


class LogNormal(LocScaleParameters, HalfLine):
    """Lognormal distribution, z = exp(loc + scale·ε) with ε ~ N(0, 1)."""

    reparameterization_type: ClassVar[Reparameterization] = "inverse-cdf"

    def _from_noise(self, eps: tf.Tensor) -> tf.Tensor:
        return tf.exp(self.loc + self.scale * eps)

    def _to_noise(self, z: tf.Tensor) -> tf.Tensor:
        return (safe_log(_not_negative(z)) - self.loc) / self.scale

    def _log_prob_inside(self, value: tf.Tensor) -> tf.Tensor:
        log_value = safe_log(value)
        eps = (log_value - self.loc) / self.scale
        edge = tf.math.is_inf(log_value)
        log_prob = -0.5 * eps * eps - tf.math.log(self.scale) - LOG_SQRT_TWO_PI
        return tf.where(edge, log_value, log_prob - tf.where(edge, 0.0 * value, log_value))

    def _cdf(self, value: tf.Tensor) -> tf.Tensor:
        return ndtr(self._finite_noise(value))

    def _survival_function(self, value: tf.Tensor) -> tf.Tensor:
        return ndtr(-self._finite_noise(value))

    def _finite_noise(self, value: tf.Tensor) -> tf.Tensor:
        """Return the noise of ``value``, large instead of infinite at the edges, so that its derivatives are finite."""
        return (tf.clip_by_value(safe_log(_not_negative(value)), -1e15, 1e15) - self.loc) / self.scale

    def _log_cdf(self, value: tf.Tensor) -> tf.Tensor:
        return log_ndtr(self._to_noise(value))

    def _quantile(self, u: tf.Tensor) -> tf.Tensor:
        return self._from_noise(tf.math.ndtri(u))

    def _mean(self) -> tf.Tensor:
        return tf.exp(self.loc + 0.5 * tf.square(self.scale))

    def _variance(self) -> tf.Tensor:
        squared = tf.square(self.scale)
        return tf.math.expm1(squared) * tf.exp(2.0 * self.loc + squared)

    def _entropy(self) -> tf.Tensor:
        return self.loc + 0.5 + LOG_SQRT_TWO_PI + tf.math.log(self.scale)


def exponential_quantile(u: tf.Tensor) -> tf.Tensor:
    """Return −log(1 − u), ∞ at 1."""
    one = tf.equal(u, 1.0)
    return tf.where(one, tf.constant(math.inf, u.dtype), -tf.math.log1p(-tf.where(one, 0.0 * u, u)))


def positive_power(base: tf.Tensor, exponent: tf.Tensor) -> tf.Tensor:
    """Return base^exponent of base ≥ 0 and exponent > 0, with gradients that are finite at base 0."""
    zero = tf.equal(base, 0.0)
    inside = tf.where(zero, tf.ones_like(base), base)
    # An exponential of a logarithm is three times as fast as a power, and loses a digit of float32 at most.
    power = tf.exp(exponent * tf.math.log(inside)) if base.dtype == tf.float32 else tf.pow(inside, exponent)
    return tf.where(zero, tf.zeros_like(base), power)


def _not_negative(value: tf.Tensor) -> tf.Tensor:
    """Return ``value`` with what lies below the support raised to its edge; NaN stays."""
    return tf.where(value < 0.0, tf.zeros_like(value), value)
