"""Families z = loc + scale·ε on the whole line with elementary distribution functions.

Densities and moments as in Johnson, Kotz & Balakrishnan, Continuous Univariate Distributions, chapters 16 (Cauchy),
22 (Gumbel), 23 (logistic) and 24 (Laplace).
"""

from __future__ import annotations

import math
from abc import abstractmethod
from typing import ClassVar

import tensorflow as tf

from models.distributions.base import Distribution, LocScaleParameters, Reparameterization
from models.distributions.special import EULER_GAMMA, cotangent, expit, minus_abs, open_uniform, safe_log

LOG_TWO = math.log(2.0)


class LocationScale(LocScaleParameters):
    """What the families share: ``loc``, ``scale`` > 0 and a standard member in terms of ε = (z − loc)/scale."""

    reparameterization_type: ClassVar[Reparameterization] = "location-scale"

    def noise_distribution(self) -> Distribution:
        """Return the member with location 0 and scale 1, the distribution of ε."""
        return type(self)(tf.zeros([], self.dtype), tf.ones([], self.dtype), validate=False)

    def _noise(self, shape: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
        return self._standard_quantile(open_uniform(shape, seed, self.dtype))

    def _from_noise(self, eps: tf.Tensor) -> tf.Tensor:
        return self.loc + self.scale * eps

    def _to_noise(self, z: tf.Tensor) -> tf.Tensor:
        return (z - self.loc) / self.scale

    def _log_prob(self, value: tf.Tensor) -> tf.Tensor:
        return self._standard_log_prob(self._to_noise(value)) - tf.math.log(self.scale)

    def _quantile(self, u: tf.Tensor) -> tf.Tensor:
        return self._from_noise(self._standard_quantile(u))

    @abstractmethod
    def _standard_log_prob(self, y: tf.Tensor) -> tf.Tensor: ...

    @abstractmethod
    def _standard_quantile(self, u: tf.Tensor) -> tf.Tensor: ...


class Laplace(LocationScale):
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
        return tf.sign(u - 0.5) * -safe_log(2.0 * tf.minimum(u, 1.0 - u))

    def _mean(self) -> tf.Tensor:
        return self.loc

    def _variance(self) -> tf.Tensor:
        return 2.0 * tf.square(self.scale)

    def _entropy(self) -> tf.Tensor:
        return 1.0 + tf.math.log(2.0 * self.scale)


class Logistic(LocationScale):
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


class Cauchy(LocationScale):
    """Cauchy distribution with median ``loc`` and half width ``scale``; mean and variance do not exist (NaN)."""

    def _standard_log_prob(self, y: tf.Tensor) -> tf.Tensor:
        # Beyond 1, y² is kept out of the sum: it overflows float32 at 2e19.
        magnitude = tf.maximum(tf.abs(y), 1.0)
        inner = tf.where(tf.abs(y) > 1.0, tf.ones_like(y), y)
        far = 2.0 * tf.math.log(magnitude) + tf.math.log1p(tf.square(1.0 / magnitude))
        return -tf.where(tf.abs(y) > 1.0, far, tf.math.log1p(inner * inner)) - math.log(math.pi)

    def _cdf(self, value: tf.Tensor) -> tf.Tensor:
        return _arc(-self._to_noise(value))

    def _survival_function(self, value: tf.Tensor) -> tf.Tensor:
        return _arc(self._to_noise(value))

    def _standard_quantile(self, u: tf.Tensor) -> tf.Tensor:
        return tf.sign(u - 0.5) * cotangent(tf.minimum(u, 1.0 - u))

    def _mean(self) -> tf.Tensor:
        return self.loc * math.nan

    def _variance(self) -> tf.Tensor:
        return self.scale * math.nan

    def _entropy(self) -> tf.Tensor:
        return tf.math.log(4.0 * math.pi * self.scale)


class Gumbel(LocationScale):
    """Gumbel distribution of maxima, F(z) = exp(−exp(−(z − loc)/scale)); variance π²scale²/6."""

    def _standard_log_prob(self, y: tf.Tensor) -> tf.Tensor:
        y = _not_below(y, -1000.0)
        return -(y + tf.exp(-y))

    def _cdf(self, value: tf.Tensor) -> tf.Tensor:
        return tf.exp(self._log_cdf(value))

    def _log_cdf(self, value: tf.Tensor) -> tf.Tensor:
        return -tf.exp(-self._to_noise(value))

    def _survival_function(self, value: tf.Tensor) -> tf.Tensor:
        return -tf.math.expm1(self._log_cdf(value))

    def _standard_quantile(self, u: tf.Tensor) -> tf.Tensor:
        return -safe_log(-safe_log(u))

    def _mean(self) -> tf.Tensor:
        return self.loc + EULER_GAMMA * self.scale

    def _variance(self) -> tf.Tensor:
        return tf.square(math.pi * self.scale) / 6.0

    def _entropy(self) -> tf.Tensor:
        return 1.0 + EULER_GAMMA + tf.math.log(self.scale)


def _laplace_cdf(y: tf.Tensor) -> tf.Tensor:
    half = 0.5 * tf.exp(minus_abs(y))
    return tf.where(y < 0.0, half, 1.0 - half)


def _arc(y: tf.Tensor) -> tf.Tensor:
    """Return P(ε > y) of the standard Cauchy distribution: the angle of (y, 1) over π, accurate in both tails."""
    return tf.atan2(tf.ones_like(y), y) / math.pi


def _not_below(y: tf.Tensor, bound: float) -> tf.Tensor:
    """Return ``y`` with −inf and the like raised to ``bound``; NaN stays."""
    return tf.where(y < bound, tf.constant(bound, y.dtype), y)
