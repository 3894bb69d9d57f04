"""The inverse gamma distribution, the usual prior of a variance: one over a gamma variable."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import ClassVar

import tensorflow as tf

from models.distributions.base import Domain, Reparameterization
from models.distributions.gamma import (
    Incomplete,
    gamma_entropy,
    gamma_log_quantile,
    gamma_tail,
    log_constant,
)
from models.distributions.scored import Sampled, between
from models.numerics.incomplete_gamma import igamma, igammac, log_igammac
from models.numerics.log_gamma import digamma_gap, is_near, near_excess
from models.numerics.rejection import standard_gamma
from models.numerics.special import safe_log, wide


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
        """Return it from r = y/α, y = scale/value gamma distributed: α(log y − y/α) is centred at r = 1.

        The difference r − 1 is formed in float64: float32 has no digits of it that a large α shows.
        """
        outside = (value <= 0.0) | tf.math.is_inf(value)
        safe = tf.where(outside, tf.ones_like(value), value)
        a, share = self.concentration, wide(self.scale) / wide(self.concentration)
        # Not a quotient, whose derivative squares what may be tiny.
        exact = share * tf.math.reciprocal(wide(safe))
        ratio, away = tf.cast(exact, self.dtype), tf.cast(exact - 1.0, self.dtype)
        beyond, near = tf.math.is_inf(ratio), is_near(away)
        log_ratio = safe_log(tf.where(beyond, tf.ones_like(ratio), ratio))
        curved = tf.where(near, near_excess(tf.where(near, away, tf.zeros_like(away))), away - log_ratio)
        log_prob = log_ratio - a * curved + log_constant(a, 0.0) - tf.cast(tf.math.log(share), self.dtype)
        return tf.where(outside | beyond, tf.constant(-math.inf, self.dtype), log_prob)

    def _cdf(self, value: tf.Tensor) -> tf.Tensor:
        return self._tail(igammac, value, (1.0, 0.0))

    def _log_cdf(self, value: tf.Tensor) -> tf.Tensor:
        return self._tail(log_igammac, value, (0.0, -math.inf))

    def _survival_function(self, value: tf.Tensor) -> tf.Tensor:
        return self._tail(igamma, value, (0.0, 1.0))

    def _tail(self, function: Incomplete, value: tf.Tensor, ends: tuple[float, float]) -> tf.Tensor:
        """Return an incomplete gamma function of scale/value, which is ∞ at and below 0."""
        below = value <= 0.0
        safe = tf.where(below, 1.0 - value, value)
        y = tf.where(below, tf.constant(math.inf, tf.float64), wide(self.scale) / wide(safe))
        return gamma_tail(function, self.concentration, y, tf.math.log(self.scale) - tf.math.log(safe), ends)

    def _inverse(self, lower: tf.Tensor, upper: tf.Tensor) -> tf.Tensor:
        edge, low, up = between(lower, upper)
        inside = wide(self.scale) * tf.exp(-gamma_log_quantile(self.concentration, up, low))
        end = tf.where(lower <= 0.0, tf.zeros_like(lower), tf.constant(math.inf, self.dtype))
        return tf.where(edge, end, tf.cast(inside, self.dtype))

    def _mean(self) -> tf.Tensor:
        a = self.concentration
        return tf.where(a > 1.0, self.scale / tf.where(a > 1.0, a - 1.0, tf.ones_like(a)), math.inf)

    def _variance(self) -> tf.Tensor:
        a = self.concentration
        rest = tf.where(a > 2.0, a - 2.0, tf.ones_like(a))
        return tf.where(a > 2.0, tf.square(self.scale / (rest + 1.0)) / rest, math.inf)

    def _entropy(self) -> tf.Tensor:
        a = self.concentration
        # The gamma variable's entropy less twice the mean of its logarithm.
        return gamma_entropy(a) + tf.math.log(self.scale) - 2.0 * (tf.math.log(a) - digamma_gap(a))
