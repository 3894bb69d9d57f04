"""The inverse gamma distribution, the usual prior of a variance: one over a gamma variable."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import ClassVar

import tensorflow as tf

from models.distributions.base import Domain, Reparameterization
from models.distributions.gamma import gamma_quantile, gamma_tail
from models.distributions.scored import Sampled
from models.numerics.rejection import standard_gamma
from models.numerics.special import igamma, igammac, safe_log


class InverseGamma(Sampled):
    """Inverse gamma distribution: ``scale`` over a Gamma(concentration, 1) variable."""

    reparameterization_type: ClassVar[Reparameterization] = "implicit"
    domains: ClassVar[Mapping[str, Domain]] = {"concentration": "positive", "scale": "positive"}
    concentration: tf.Tensor
    scale: tf.Tensor

    def __init__(self, concentration: object, scale: object, validate: bool = True) -> None:
        super().__init__({"concentration": concentration, "scale": scale}, validate)

    def _sample(self, shape: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
        return self.scale / standard_gamma(self.concentration, shape, seed)

    def _log_prob(self, value: tf.Tensor) -> tf.Tensor:
        outside = (value <= 0.0) | tf.math.is_inf(value)
        safe = tf.where(outside, tf.ones_like(value), value)
        a, y = self.concentration, self.scale / safe
        log_prob = (a + 1.0) * safe_log(y) - y - tf.math.lgamma(a) - tf.math.log(self.scale)
        return tf.where(outside | tf.math.is_inf(y), tf.constant(-math.inf, self.dtype), log_prob)

    def _cdf(self, value: tf.Tensor) -> tf.Tensor:
        return gamma_tail(self.concentration, self._turned(value), igammac, 0.0)

    def _survival_function(self, value: tf.Tensor) -> tf.Tensor:
        return gamma_tail(self.concentration, self._turned(value), igamma, 1.0)

    def _turned(self, value: tf.Tensor) -> tf.Tensor:
        """Return scale/value, ∞ at and below 0."""
        below = value <= 0.0
        return tf.where(below, tf.constant(math.inf, self.dtype), self.scale / tf.where(below, -value + 1.0, value))

    def _inverse(self, lower: tf.Tensor, upper: tf.Tensor) -> tf.Tensor:
        return self.scale / gamma_quantile(self.concentration, upper, lower)

    def _mean(self) -> tf.Tensor:
        a = self.concentration
        return tf.where(a > 1.0, self.scale / tf.where(a > 1.0, a - 1.0, tf.ones_like(a)), math.inf)

    def _variance(self) -> tf.Tensor:
        a = self.concentration
        rest = tf.where(a > 2.0, a - 2.0, tf.ones_like(a))
        return tf.where(a > 2.0, tf.square(self.scale / (rest + 1.0)) / rest, math.inf)

    def _entropy(self) -> tf.Tensor:
        a = self.concentration
        return a + tf.math.log(self.scale) + tf.math.lgamma(a) - (1.0 + a) * tf.math.digamma(a)
