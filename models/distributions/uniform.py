"""The uniform distribution on an interval, whose ends are its parameters: the plainest moving support."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
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
        return _share(*self._parts(value))

    def _survival_function(self, value: tf.Tensor) -> tf.Tensor:
        return _share(*self._parts(value)[::-1])

    def _parts(self, value: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """Return half of what of the support lies below and above ``value``."""
        inside = tf.clip_by_value(value, self.low, self.high)
        return 0.5 * inside - 0.5 * self.low, 0.5 * self.high - 0.5 * inside

    def _quantile(self, u: tf.Tensor) -> tf.Tensor:
        half, rest = self._half_width(), 1.0 - u
        return tf.where(u < 0.5, self._from_noise(u), self.high - half * rest - half * rest)

    def _mean(self) -> tf.Tensor:
        return 0.5 * self.low + 0.5 * self.high

    def _variance(self) -> tf.Tensor:
        return tf.square(self._half_width()) / 3.0

    def _entropy(self) -> tf.Tensor:
        return tf.math.log(self._half_width()) + math.log(2.0)


def _share(part: tf.Tensor, rest: tf.Tensor) -> tf.Tensor:
    """Return part/(part + rest), with derivatives that do not cancel where one of them is small."""

    @tf.custom_gradient
    def of(part: tf.Tensor, rest: tf.Tensor) -> tuple[tf.Tensor, Callable[[tf.Tensor], tuple[tf.Tensor, tf.Tensor]]]:
        whole = part + rest
        value = part / whole
        return value, lambda upstream: (upstream * (rest / whole / whole), -upstream * (value / whole))

    return of(part, rest)
