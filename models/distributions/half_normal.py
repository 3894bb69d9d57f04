"""The half-normal distribution: the size of a normal error, a usual prior of a scale."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import ClassVar

import tensorflow as tf

from models.distributions.base import Distribution, Domain, Reparameterization
from models.distributions.half_line import HalfLine, not_negative
from models.numerics.normal_quantile import score_beside_half
from models.numerics.special import (
    LOG_SQRT_TWO_PI,
    SQRT_HALF,
    log_of_smaller,
    normal_score,
    safe_log,
    standard_normal,
)

# Below this, the distribution function is a straight line.
TINY = 1e-9


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
        y = SQRT_HALF * self._to_noise(not_negative(value))
        # TensorFlow's erf of infinity is NaN in float64.
        return tf.where(y > 0.5, 1.0 - tf.math.erfc(y), tf.math.erf(tf.where(y > 0.5, tf.zeros_like(y), y)))

    def _log_cdf(self, value: tf.Tensor) -> tf.Tensor:
        y = self._to_noise(not_negative(value))
        tiny = y < TINY
        inside = tf.where(tiny, self.scale, value)
        usual = log_of_smaller(self._cdf(inside), self._survival_function(inside))
        return tf.where(tiny, safe_log(y) + math.log(2.0) - LOG_SQRT_TWO_PI, usual)

    def _survival_function(self, value: tf.Tensor) -> tf.Tensor:
        return tf.math.erfc(SQRT_HALF * self._to_noise(not_negative(value)))

    def _quantile(self, u: tf.Tensor) -> tf.Tensor:
        small = u < 0.5
        near, far = tf.where(small, u, tf.zeros_like(u)), tf.where(small, tf.constant(0.5, self.dtype), u)
        return self.scale * tf.where(small, score_beside_half(0.5 * near), -normal_score(0.5 * (1.0 - far)))

    def _mean(self) -> tf.Tensor:
        return self.scale * math.sqrt(2.0 / math.pi)

    def _variance(self) -> tf.Tensor:
        return tf.square(self.scale) * (1.0 - 2.0 / math.pi)

    def _entropy(self) -> tf.Tensor:
        return 0.5 - math.log(2.0) + LOG_SQRT_TWO_PI + tf.math.log(self.scale)
