"""The Weibull distribution of lifetimes: a power of an exponential variable.

Johnson, Kotz & Balakrishnan, Continuous Univariate Distributions, chapter 21.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import ClassVar

import tensorflow as tf

from models.distributions.base import Domain, Reparameterization
from models.distributions.exponential import ExponentialNoise, exponential_quantile
from models.distributions.half_line import HalfLine
from models.numerics.log_gamma import log_exponential_cdf, log_power_moments
from models.numerics.special import EULER_GAMMA, edge_power, edge_product, log_ratio, positive_power

# The exponential of minus this is 0 in float64 too.
LARGEST_NOISE = 1000.0
LOG_LARGEST_NOISE = math.log(LARGEST_NOISE)


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
        return tf.exp(edge_product(self.concentration, self._log_line(z)))

    def _log_line(self, value: tf.Tensor) -> tf.Tensor:
        """Return log(value/scale), which a large concentration multiplies; −∞ at and below 0, ∞ at ∞."""
        edge = (value <= 0.0) | tf.math.is_inf(value)
        end = tf.where(value <= 0.0, tf.constant(-math.inf, self.dtype), tf.constant(math.inf, self.dtype))
        return tf.where(edge, end, log_ratio(tf.where(edge, tf.ones_like(value), value), self.scale))

    def _log_prob_inside(self, value: tf.Tensor) -> tf.Tensor:
        line = self._log_line(value)
        noise = tf.exp(edge_product(self.concentration, line))
        return self._log_height() + edge_product(self.concentration - 1.0, line) - noise

    def _log_height(self) -> tf.Tensor:
        return tf.math.log(self.concentration) - tf.math.log(self.scale)

    def _log_prob_at_noise(self, eps: tf.Tensor) -> tf.Tensor:
        return self._log_height() + edge_power(1.0 - 1.0 / self.concentration, eps) - eps

    def _prob(self, value: tf.Tensor) -> tf.Tensor:
        far = self._far(self._log_line(value))
        return tf.where(far, tf.zeros_like(value), tf.exp(self._log_prob(tf.where(far, self.scale, value))))

    def _far(self, line: tf.Tensor) -> tf.Tensor:
        """Return where the exponential of minus the noise is 0."""
        return self.concentration * line > LOG_LARGEST_NOISE

    def _cdf(self, value: tf.Tensor) -> tf.Tensor:
        return -tf.math.expm1(-self._bounded_noise(value))

    def _survival_function(self, value: tf.Tensor) -> tf.Tensor:
        return tf.exp(-self._bounded_noise(value))

    def _log_cdf(self, value: tf.Tensor) -> tf.Tensor:
        return log_exponential_cdf(edge_product(self.concentration, self._log_line(value)))

    def _bounded_noise(self, value: tf.Tensor) -> tf.Tensor:
        """Return the noise of ``value``, bounded where its exponential is 0, so that its derivatives are finite."""
        line = self._log_line(value)
        far = self._far(line)
        inside = tf.exp(edge_product(self.concentration, tf.where(far, tf.zeros_like(line), line)))
        return tf.where(far, tf.constant(LARGEST_NOISE, self.dtype), inside)

    def _quantile(self, u: tf.Tensor) -> tf.Tensor:
        return self._from_noise(exponential_quantile(u))

    def _mean(self) -> tf.Tensor:
        return self.scale * tf.exp(tf.math.lgamma(1.0 + 1.0 / self.concentration))

    def _variance(self) -> tf.Tensor:
        # Γ(1 + 2/k) − Γ(1 + 1/k)² cancels at large k: the difference is an integral in the exponent.
        once, excess = log_power_moments(1.0 / self.concentration)
        return tf.square(self.scale) * tf.exp(2.0 * once + excess) * -tf.math.expm1(-excess)

    def _entropy(self) -> tf.Tensor:
        return EULER_GAMMA * (1.0 - 1.0 / self.concentration) + tf.math.log(self.scale / self.concentration) + 1.0
