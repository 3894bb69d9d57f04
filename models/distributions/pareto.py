"""The Pareto distribution of sizes with a power-law tail, such as incomes: an exponential variable by its logarithm.

Johnson, Kotz & Balakrishnan, Continuous Univariate Distributions, chapter 20.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import ClassVar

import tensorflow as tf

from models.distributions.base import Domain, Reparameterization
from models.distributions.exponential import ExponentialNoise, exponential_quantile
from models.numerics.log_gamma import log_exponential_cdf
from models.numerics.special import log_ratio, safe_log, wide


class Pareto(ExponentialNoise):
    """Pareto distribution, P(Z > z) = (scale/z)^concentration; z = scale·exp(ε/concentration) with ε ~ Exp(1).

    The mean is infinite for concentration ≤ 1, the variance for concentration ≤ 2.
    """

    reparameterization_type: ClassVar[Reparameterization] = "inverse-cdf"
    domains: ClassVar[Mapping[str, Domain]] = {"concentration": "positive", "scale": "positive"}
    concentration: tf.Tensor
    scale: tf.Tensor

    def __init__(self, concentration: object, scale: object, validate: bool = True) -> None:
        super().__init__({"concentration": concentration, "scale": scale}, validate)

    def _from_noise(self, eps: tf.Tensor) -> tf.Tensor:
        return self.scale * tf.exp(eps / self.concentration)

    def _to_noise(self, z: tf.Tensor) -> tf.Tensor:
        return self.concentration * self._log_ratio(z)

    def _log_ratio(self, value: tf.Tensor) -> tf.Tensor:
        """Return log(value/scale) from float64, where the quotient does not overflow; 0 below the scale."""
        z, scale = wide(value), wide(self.scale)
        return tf.cast(log_ratio(tf.where(z < scale, scale, z), scale), self.dtype)

    def _log_prob(self, value: tf.Tensor) -> tf.Tensor:
        outside = (value < self.scale) | tf.math.is_inf(value)
        y = self._log_ratio(tf.where(outside, self.scale + tf.zeros_like(value), value))
        log_prob = tf.math.log(self.concentration) - tf.math.log(self.scale) - (self.concentration + 1.0) * y
        return tf.where(outside, tf.constant(-math.inf, self.dtype), log_prob)

    def _log_prob_at_noise(self, eps: tf.Tensor) -> tf.Tensor:
        return tf.math.log(self.concentration) - tf.math.log(self.scale) - eps - eps / self.concentration

    def _cdf(self, value: tf.Tensor) -> tf.Tensor:
        return -tf.math.expm1(-self._finite_noise(value))

    def _survival_function(self, value: tf.Tensor) -> tf.Tensor:
        return tf.exp(-self._finite_noise(value))

    def _log_cdf(self, value: tf.Tensor) -> tf.Tensor:
        return log_exponential_cdf(safe_log(self._finite_noise(value)))

    def _finite_noise(self, value: tf.Tensor) -> tf.Tensor:
        """Return the noise of ``value``; at ∞ that of which the exponential is 0, so that derivatives are finite."""
        far = tf.math.is_inf(value) & (value > 0.0)
        noise = self._to_noise(tf.where(far, self.scale + tf.zeros_like(value), value))
        return tf.where(far, tf.constant(1e4, self.dtype), noise)

    def _quantile(self, u: tf.Tensor) -> tf.Tensor:
        noise = exponential_quantile(u)
        end = tf.math.is_inf(noise)
        return tf.where(end, noise, self._from_noise(tf.where(end, tf.zeros_like(noise), noise)))

    def _mean(self) -> tf.Tensor:
        a = self.concentration
        rest = tf.where(a > 1.0, a - 1.0, tf.ones_like(a))
        return tf.where(a > 1.0, self.scale * a / rest, math.inf)

    def _variance(self) -> tf.Tensor:
        a = self.concentration
        rest = tf.where(a > 2.0, a - 2.0, tf.ones_like(a))
        return tf.where(a > 2.0, tf.square(self.scale / (rest + 1.0)) * a / rest, math.inf)

    def _entropy(self) -> tf.Tensor:
        return tf.math.log(self.scale / self.concentration) + 1.0 + 1.0 / self.concentration
