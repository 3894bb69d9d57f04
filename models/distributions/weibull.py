"""The Weibull distribution of lifetimes: a power of an exponential variable.

Johnson, Kotz & Balakrishnan, Continuous Univariate Distributions, chapter 21.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import tensorflow as tf

from models.distributions.base import Domain, Reparameterization
from models.distributions.exponential import ExponentialNoise, exponential_quantile
from models.distributions.half_line import HalfLine, not_negative
from models.numerics.special import EULER_GAMMA, edge_power, positive_power


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
        return positive_power(not_negative(z) / self.scale, self.concentration)

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
