"""The uniform distribution on an interval, whose ends are its parameters: the plainest moving support."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import ClassVar

import tensorflow as tf

from models.distributions.base import Distribution, Domain, Reparameterization
from models.numerics.special import open_uniform


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
        half = self._half_width()
        return self.low + half * eps + half * eps

    def _to_noise(self, z: tf.Tensor) -> tf.Tensor:
        return (0.5 * z - 0.5 * self.low) / self._half_width()

    def _half_width(self) -> tf.Tensor:
        """Return half of high − low, which may be more than the largest number."""
        return 0.5 * self.high - 0.5 * self.low

    def _log_prob(self, value: tf.Tensor) -> tf.Tensor:
        outside = (value < self.low) | (value > self.high)
        nan_kept = tf.where(outside, 0.0 * self.low, 0.0 * value)
        log_prob = nan_kept - tf.math.log(self._half_width()) - math.log(2.0)
        return tf.where(outside, tf.constant(-math.inf, self.dtype), log_prob)

    def _cdf(self, value: tf.Tensor) -> tf.Tensor:
        return tf.clip_by_value(self._to_noise(value), 0.0, 1.0)

    def _survival_function(self, value: tf.Tensor) -> tf.Tensor:
        return tf.clip_by_value((0.5 * self.high - 0.5 * value) / self._half_width(), 0.0, 1.0)

    def _quantile(self, u: tf.Tensor) -> tf.Tensor:
        return tf.where(tf.equal(u, 1.0), self.high, self._from_noise(u))

    def _mean(self) -> tf.Tensor:
        return 0.5 * self.low + 0.5 * self.high

    def _variance(self) -> tf.Tensor:
        return tf.square(self._half_width()) / 3.0

    def _entropy(self) -> tf.Tensor:
        return tf.math.log(self._half_width()) + math.log(2.0)
