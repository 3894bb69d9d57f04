"""The Kumaraswamy distribution on [0, 1]: shaped like the beta distribution, with an elementary quantile."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import ClassVar

import tensorflow as tf

from models.distributions.base import Domain, Reparameterization
from models.distributions.exponential import ExponentialNoise, exponential_quantile
from models.numerics.log_gamma import log_exponential_cdf, log_power_moments
from models.numerics.special import EULER_GAMMA, edge_power, edge_product, log1mexp, log_of_base, safe_log

# Stands for log 0: its product with a concentration is a number, which has no power left.
LEAST_LOG = -1e30


class Kumaraswamy(ExponentialNoise):
    """Kumaraswamy distribution on [0, 1], F(z) = 1 − (1 − z^a)^b with a = concentration1, b = concentration0.

    z = (1 − exp(−ε/b))^(1/a) with ε ~ Exp(1), which is −log(1 − F(z)).
    """

    reparameterization_type: ClassVar[Reparameterization] = "inverse-cdf"
    domains: ClassVar[Mapping[str, Domain]] = {"concentration1": "positive", "concentration0": "positive"}
    concentration1: tf.Tensor
    concentration0: tf.Tensor

    def __init__(self, concentration1: object, concentration0: object, validate: bool = True) -> None:
        super().__init__({"concentration1": concentration1, "concentration0": concentration0}, validate)

    def _from_noise(self, eps: tf.Tensor) -> tf.Tensor:
        """Return the power by its logarithm, because 1 − exp(−ε/b) itself would round to 1 long before z does."""
        x = eps / self.concentration0
        zero = tf.equal(x, 0.0)
        power = tf.exp(log_of_base(tf.where(zero, tf.ones_like(x), x)) / self.concentration1)
        return tf.where(zero, tf.zeros_like(power), power)

    def _log_prob_at_noise(self, eps: tf.Tensor) -> tf.Tensor:
        a, b = self.concentration1, self.concentration0
        log_rest = -eps / b
        log_power = edge_product(1.0 - 1.0 / a, log1mexp(log_rest))
        return tf.math.log(a * b) + log_power + (b - 1.0) * log_rest

    def _to_noise(self, z: tf.Tensor) -> tf.Tensor:
        return -self.concentration0 * self._log_rest(tf.clip_by_value(z, 0.0, 1.0))

    def _log_rest(self, value: tf.Tensor) -> tf.Tensor:
        """Return log(1 − z^a); from a·log z, because 1 − z^a loses digits near 1."""
        return log1mexp(self.concentration1 * tf.maximum(self._log_value(value), LEAST_LOG))

    def _log_prob(self, value: tf.Tensor) -> tf.Tensor:
        outside = (value < 0.0) | (value > 1.0)
        inside = tf.where(outside, tf.constant(0.5, self.dtype), value)
        a, b = self.concentration1, self.concentration0
        log_prob = tf.math.log(a * b) + edge_power(a - 1.0, inside) + edge_product(b - 1.0, self._log_rest(inside))
        return tf.where(outside, tf.constant(-math.inf, self.dtype), log_prob)

    def _cdf(self, value: tf.Tensor) -> tf.Tensor:
        below, above, noise = self._inner_noise(value)
        inside = tf.where(above, tf.ones_like(noise), -tf.math.expm1(-noise))
        return tf.where(below, tf.zeros_like(noise), inside)

    def _survival_function(self, value: tf.Tensor) -> tf.Tensor:
        below, above, noise = self._inner_noise(value)
        return tf.where(below, tf.ones_like(noise), tf.where(above, tf.zeros_like(noise), tf.exp(-noise)))

    def _log_cdf(self, value: tf.Tensor) -> tf.Tensor:
        below, above = value <= 0.0, value >= 1.0
        inside = tf.where(below | above, tf.constant(0.5, self.dtype), value)
        log_power = self.concentration1 * self._log_value(inside)
        # −log(1 − z^a) is z^a where that underflows.
        tiny = log_power < -30.0
        log_rest = log1mexp(tf.where(tiny, -tf.ones_like(log_power), log_power))
        log_noise = tf.where(tiny, log_power, tf.math.log(-log_rest)) + tf.math.log(self.concentration0)
        inner = log_exponential_cdf(log_noise)
        end = tf.where(below, tf.constant(-math.inf, self.dtype), tf.zeros_like(inner))
        return tf.where(below | above, end, inner)

    def _log_value(self, value: tf.Tensor) -> tf.Tensor:
        """Return log z, near 1 from 1 − z."""
        return tf.where(value > 0.5, tf.math.log1p(tf.maximum(value, 0.5) - 1.0), safe_log(value))

    def _inner_noise(self, value: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
        """Return what lies at or below 0 and at or above 1, and noise that is finite there, as its derivative is."""
        below, above = value <= 0.0, value >= 1.0
        return below, above, self._to_noise(tf.where(below | above, tf.constant(0.5, self.dtype), value))

    def _quantile(self, u: tf.Tensor) -> tf.Tensor:
        one = tf.equal(u, 1.0)
        inside = self._from_noise(exponential_quantile(tf.where(one, tf.zeros_like(u), u)))
        return tf.where(one, tf.ones_like(inside), inside)

    def _mean(self) -> tf.Tensor:
        return tf.exp(log_power_moments(1.0 / self.concentration1, self.concentration0)[0])

    def _variance(self) -> tf.Tensor:
        first, excess = log_power_moments(1.0 / self.concentration1, self.concentration0)
        return tf.exp(2.0 * first + excess) * -tf.math.expm1(-excess)

    def _entropy(self) -> tf.Tensor:
        a, b = self.concentration1, self.concentration0
        harmonic = tf.math.digamma(b + 1.0) + EULER_GAMMA
        return (1.0 - 1.0 / b) + (1.0 - 1.0 / a) * harmonic - tf.math.log(a) - tf.math.log(b)
