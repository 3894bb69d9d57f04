"""The generalized normal distribution, between Laplace (power 1), normal (power 2) and uniform (large powers).

Nadarajah 2005, A generalized normal distribution: with y = (z − loc)/scale the power |y|^power is a gamma variable of
shape 1/power.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import ClassVar

import tensorflow as tf

from models.distributions.base import Domain, Reparameterization
from models.distributions.gamma import gamma_log_quantile
from models.distributions.scored import Sampled
from models.numerics.implicit import attach
from models.numerics.incomplete_gamma import elasticity, log_igamma, log_igammac
from models.numerics.rejection import log_standard_gamma
from models.numerics.special import edge_product, log_ratio, lower_side, open_uniform, positive_power, safe_log, wide

# The exponential of minus this is 0 in float64 too; of this times 1 + shape, the upper tail of a gamma variable is.
LOG_LARGEST = math.log(1000.0)
# Of x that is still a number, with what the logarithms of its tails need.
LOG_FARTHEST = 600.0


class GeneralizedNormal(Sampled):
    """Generalized normal distribution exp(−|(z − loc)/scale|^power)·power/(2·scale·Γ(1/power))."""

    reparameterization_type: ClassVar[Reparameterization] = "implicit"
    domains: ClassVar[Mapping[str, Domain]] = {"loc": "real", "scale": "positive", "power": "positive"}
    loc: tf.Tensor
    scale: tf.Tensor
    power: tf.Tensor

    def __init__(self, loc: object, scale: object, power: object, validate: bool = True) -> None:
        super().__init__({"loc": loc, "scale": scale, "power": power}, validate)

    def _sample(self, shape: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
        side = lower_side(open_uniform(shape, seed + tf.constant([0, 1 << 20], seed.dtype), self.dtype))
        size = tf.exp(log_standard_gamma(1.0 / self.power, shape, seed) / self.power)
        return self.loc + self.scale * side * size

    def _log_prob(self, value: tf.Tensor) -> tf.Tensor:
        power = tf.exp(edge_product(self.power, self._log_size(value)))
        return self._log_height() - tf.math.log(self.scale) - power

    def _log_size(self, value: tf.Tensor) -> tf.Tensor:
        """Return log |y|, which a large power multiplies; −∞ at loc."""
        away, scale = tf.abs(wide(value) - wide(self.loc)), wide(self.scale)
        edge = tf.equal(away, 0.0) | tf.math.is_inf(away)
        end = tf.where(tf.equal(away, 0.0), tf.constant(-math.inf, self.dtype), tf.constant(math.inf, self.dtype))
        return tf.where(edge, end, log_ratio(tf.where(edge, tf.ones_like(away), away), scale, self.dtype))

    def _standardized(self, value: tf.Tensor) -> tf.Tensor:
        """Return y in float64: float32 rounds away digits that a large power shows."""
        return (wide(value) - wide(self.loc)) / wide(self.scale)

    def _prob(self, value: tf.Tensor) -> tf.Tensor:
        far = self.power * self._log_size(value) > LOG_LARGEST
        return tf.where(far, tf.zeros_like(value), tf.exp(self._log_prob(tf.where(far, self.loc, value))))

    def _log_height(self) -> tf.Tensor:
        """Return log f of the standard member at 0, −log 2Γ(1 + 1/power)."""
        return tf.cast(-tf.math.lgamma(1.0 + 1.0 / wide(self.power)) - math.log(2.0), self.dtype)

    def _cdf(self, value: tf.Tensor) -> tf.Tensor:
        return self._upper(-self._standardized(value))

    def _survival_function(self, value: tf.Tensor) -> tf.Tensor:
        return self._upper(self._standardized(value))

    def _upper(self, y: tf.Tensor) -> tf.Tensor:
        """Return P(Y > y) of the standard member at ``y`` in float64, with derivatives in y and the power."""
        fixed, power = tf.stop_gradient(y), wide(tf.stop_gradient(self.power))
        log_inside, log_outside = _log_shares(fixed, power)
        plain = tf.where(fixed > 0.0, 0.5 * tf.exp(log_outside), 0.5 + 0.5 * tf.exp(log_inside))

        def slopes() -> list[tf.Tensor]:
            height = self._height(y)
            return [-height, height * tf.cast(_power_slope(fixed, power), self.dtype)]

        return attach(tf.cast(plain, self.dtype), [tf.cast(y, self.dtype), self.power], slopes, smooth=1)

    def _height(self, y: tf.Tensor) -> tf.Tensor:
        """Return the density of the standard member at ``y`` in float64."""
        power = wide(self.power)
        far = power * safe_log(tf.abs(y)) > LOG_LARGEST
        inside = positive_power(tf.where(far, tf.zeros_like(y), tf.abs(y)), power)
        return tf.cast(tf.where(far, tf.zeros_like(y), tf.exp(wide(self._log_height()) - inside)), self.dtype)

    def _log_cdf(self, value: tf.Tensor) -> tf.Tensor:
        y = self._standardized(value)
        fixed, power = tf.stop_gradient(y), wide(tf.stop_gradient(self.power))
        outside = _log_shares(fixed, power)[1] - math.log(2.0)
        log_lower = tf.where(fixed > 0.0, tf.math.log1p(-tf.exp(outside)), outside)

        def slopes() -> list[tf.Tensor]:
            log_height = wide(self._log_height()) - positive_power(tf.abs(fixed), power)
            # Far out both logarithms are −∞.
            by_y = tf.exp(tf.where(tf.math.is_inf(log_lower), log_lower, log_height - log_lower))
            return [tf.cast(part, self.dtype) for part in (by_y, -by_y * _power_slope(fixed, power))]

        return attach(tf.cast(log_lower, self.dtype), [tf.cast(y, self.dtype), self.power], slopes)

    def _inverse(self, lower: tf.Tensor, upper: tf.Tensor) -> tf.Tensor:
        outside = 2.0 * wide(tf.stop_gradient(tf.minimum(lower, upper)))
        power = wide(tf.stop_gradient(self.power))
        middle, end = outside >= 1.0, outside <= 0.0
        share = tf.where(middle | end, 0.5 * tf.ones_like(outside), outside)
        log_size = tf.stop_gradient(gamma_log_quantile(1.0 / power, 1.0 - share, share)) / power
        size = tf.where(
            middle, tf.zeros_like(log_size), tf.where(end, math.inf * tf.ones_like(log_size), tf.exp(log_size))
        )
        y = tf.where(lower <= upper, -size, size)

        def slopes() -> list[tf.Tensor]:
            along = 0.5 / self._height(tf.where(tf.math.is_inf(y), tf.zeros_like(y), y))
            return [tf.cast(_power_slope(y, power), self.dtype), along, -along]

        return self.loc + self.scale * attach(tf.cast(y, self.dtype), [self.power, lower, upper], slopes)

    def _mean(self) -> tf.Tensor:
        return self.loc

    def _variance(self) -> tf.Tensor:
        a = 1.0 / self.power
        return tf.square(self.scale) * tf.exp(tf.math.lgamma(1.0 + 3.0 * a) - tf.math.lgamma(1.0 + a)) / 3.0

    def _entropy(self) -> tf.Tensor:
        return 1.0 / self.power + tf.math.log(self.scale) - self._log_height()


def _log_shares(y: tf.Tensor, power: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Return log P(|Y| ≤ |y|) and log P(|Y| > |y|), incomplete gamma functions of |y|^power, in float64."""
    log_size = safe_log(tf.abs(y))
    log_x = power * log_size
    none, all_of_it = tf.equal(y, 0.0), log_x > LOG_FARTHEST
    log_x = tf.where(none | all_of_it, tf.zeros_like(log_x), log_x)
    shape, x = 1.0 / power + tf.zeros_like(log_x), tf.exp(log_x)
    zero, nothing = tf.zeros_like(log_x), -math.inf * tf.ones_like(log_x)
    inside, outside = log_igamma(shape, x, log_x), log_igammac(shape, x, log_x)
    inside = tf.where(none, nothing, tf.where(all_of_it, zero, inside))
    return inside, tf.where(none, zero, tf.where(all_of_it, nothing, outside))


def _power_slope(y: tf.Tensor, power: tf.Tensor) -> tf.Tensor:
    """Return ∂y/∂power at fixed F in float64, through that of the gamma variable in its shape; 0 far out."""
    log_x = power * safe_log(tf.abs(y))
    spare = tf.equal(y, 0.0) | (log_x - tf.math.log1p(1.0 / power) > LOG_LARGEST)
    log_x = tf.where(spare, tf.zeros_like(log_x), log_x)
    moved = elasticity(1.0 / power + tf.zeros_like(log_x), tf.exp(log_x), log_x)
    return tf.where(spare, tf.zeros_like(y), -y * (log_x + moved) / tf.square(power))
