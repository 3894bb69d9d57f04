"""The beta distribution, from two gammas when sampled, from its distribution function otherwise.

Tails, quantiles and their derivatives are those of :mod:`models.numerics.incomplete_beta`, in t = logit z.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import ClassVar

import tensorflow as tf

from models.distributions.base import Domain, Reparameterization
from models.distributions.dirichlet import dirichlet_entropy, log_constant
from models.distributions.scored import Sampled, between
from models.numerics.implicit import attach
from models.numerics.incomplete_beta import (
    log_density,
    log_peak,
    log_tails,
    logit_slopes,
    place_of_logit,
    place_of_value,
)
from models.numerics.log_gamma import log_beta
from models.numerics.pieces import piece
from models.numerics.rejection import log_standard_gamma
from models.numerics.roots import invert
from models.numerics.special import edge_product, expit, ndtr, safe_log, score_of, wide


class Beta(Sampled):
    """Beta distribution on [0, 1], density ∝ z^(concentration1 − 1)·(1 − z)^(concentration0 − 1)."""

    reparameterization_type: ClassVar[Reparameterization] = "implicit"
    domains: ClassVar[Mapping[str, Domain]] = {"concentration1": "positive", "concentration0": "positive"}
    concentration1: tf.Tensor
    concentration0: tf.Tensor

    def __init__(self, concentration1: object, concentration0: object, validate: bool = True) -> None:
        super().__init__({"concentration1": concentration1, "concentration0": concentration0}, validate)

    def _sample(self, shape: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
        other = seed + tf.constant([0, 1 << 20], seed.dtype)
        difference = log_standard_gamma(self.concentration1, shape, seed)
        return expit(difference - log_standard_gamma(self.concentration0, shape, other))

    def _log_prob(self, value: tf.Tensor) -> tf.Tensor:
        """Return it from the ratios r of z and 1 − z to their means, of which Σ aᵢ(rᵢ − 1) is 0.

        In terms aᵢ(log rᵢ − (rᵢ − 1)) the large parts cancel one by one. In float32 r is rounded: the result is off by
        6e-8·√a at most times the distance from the mode in deviations.
        """
        outside = (value < 0.0) | (value > 1.0)
        inside = tf.where(outside, tf.constant(0.5, self.dtype), value)
        a, b = self.concentration1, self.concentration0
        shapes = self._shapes()
        mean = tf.stop_gradient(shapes / tf.reduce_sum(shapes, -1, keepdims=True))
        inverse = tf.unstack(tf.cast(1.0 / mean, self.dtype), axis=-1)
        ratio, rest = inside * inverse[0], (1.0 - inside) * inverse[1]
        powers = edge_product(a - 1.0, safe_log(ratio)) + edge_product(b - 1.0, safe_log(rest))
        balance = tf.stop_gradient(a) * (ratio - 1.0) + tf.stop_gradient(b) * (rest - 1.0)
        log_prob = powers - balance + tf.cast(log_constant(shapes), self.dtype)
        return tf.where(outside, tf.constant(-math.inf, self.dtype), log_prob)

    def _log_prob_at_noise(self, eps: tf.Tensor) -> tf.Tensor:
        """Return it from logit z, which does not round to an edge."""
        a, b = wide(self.concentration1), wide(self.concentration0)
        t = logit_quantile(a, b, wide(ndtr(eps)), wide(ndtr(-eps)))
        log_prob = (1.0 - a) * tf.math.softplus(-t) + (1.0 - b) * tf.math.softplus(t) - log_beta(a, b)
        return tf.cast(log_prob, self.dtype)

    def _cdf(self, value: tf.Tensor) -> tf.Tensor:
        return self._tail(value, upper=False)

    def _survival_function(self, value: tf.Tensor) -> tf.Tensor:
        return self._tail(value, upper=True)

    def _log_cdf(self, value: tf.Tensor) -> tf.Tensor:
        return self._tail(value, upper=False, logarithm=True)

    def _tail(self, value: tf.Tensor, upper: bool, logarithm: bool = False) -> tf.Tensor:
        """Return a tail, or its logarithm, with derivatives in value and shapes, and its limits at the ends."""
        edge = (value <= 0.0) | (value >= 1.0)
        inner = tf.where(edge, tf.constant(0.5, self.dtype), value)
        a, b = (wide(tf.stop_gradient(part)) for part in (self.concentration1, self.concentration0))
        at = place_of_value(a, b, wide(tf.stop_gradient(inner)))
        tail = log_tails(at)[upper]
        sign = -1.0 if upper else 1.0

        def slopes() -> list[tf.Tensor]:
            log_prob = wide(self._log_prob(inner)) + tf.zeros_like(tail)
            density = tf.exp(log_prob - tail if logarithm else log_prob)
            along = -tf.stop_gradient(density) * at.z * at.rest
            parts = density, *(along * part for part in logit_slopes(at))
            return [tf.cast(sign * part, self.dtype) for part in parts]

        inputs = [inner, self.concentration1, self.concentration0]
        plain = tf.cast(tail if logarithm else tf.exp(tail), self.dtype)
        inside = attach(plain, inputs, slopes, smooth=0 if logarithm else 1)
        ends = (1.0, 0.0) if upper else (0.0, 1.0)
        low, high = (math.log(end) if end else -math.inf for end in ends) if logarithm else ends
        end = tf.where(value <= 0.0, tf.constant(low, self.dtype), tf.constant(high, self.dtype))
        return tf.where(edge, end, inside)

    def _inverse(self, lower: tf.Tensor, upper: tf.Tensor) -> tf.Tensor:
        edge, low, up = between(lower, upper)
        t = logit_quantile(*(wide(part) for part in (self.concentration1, self.concentration0, low, up)))
        end = tf.where(lower <= 0.0, tf.zeros_like(lower), tf.ones_like(lower))
        return tf.where(edge, end, tf.cast(expit(t), self.dtype))

    def _mean(self) -> tf.Tensor:
        return self.concentration1 / (self.concentration1 + self.concentration0)

    def _variance(self) -> tf.Tensor:
        a, b = self.concentration1, self.concentration0
        return (a / (a + b)) * (b / (a + b)) / (a + b + 1.0)

    def _entropy(self) -> tf.Tensor:
        return dirichlet_entropy(self._shapes())

    def _shapes(self) -> tf.Tensor:
        """Return both concentrations [..., 2] in float64."""
        a, b = wide(self.concentration1), wide(self.concentration0)
        return tf.stack([a + tf.zeros_like(b), b + tf.zeros_like(a)], axis=-1)


def logit_quantile(a: tf.Tensor, b: tf.Tensor, lower: tf.Tensor, upper: tf.Tensor) -> tf.Tensor:
    """Return logit z with tails ``lower`` and ``upper`` between 0 and 1, in float64, with implicit derivatives.

    It is sought as its distance from log(a/b), which keeps its digits at large shapes.
    """
    given = [a, b, lower, upper]
    a, b, lower, upper = (tf.stop_gradient(part) for part in given)
    middle, u = tf.math.log(a / b), _root(a, b, lower, upper)

    def slopes() -> list[tf.Tensor]:
        here = place_of_logit(a, b, u, middle)
        along = 0.5 * tf.exp(-log_density(here))
        return [*logit_slopes(here), along, -along]

    return attach(middle + u, given, slopes)


@piece
def _root(a: tf.Tensor, b: tf.Tensor, lower: tf.Tensor, upper: tf.Tensor) -> tf.Tensor:
    """Return logit z − log(a/b) of the value with these tails."""
    middle, peak = tf.math.log(a / b), log_peak(a, b)

    def tails(u: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
        here = place_of_logit(a, b, u, middle)
        return *log_tails(here), log_density(here, peak)

    bound = 1000.0 * (1.0 / a + 1.0 / b) + 100.0 + tf.abs(middle)
    return invert(tails, lower, upper, _first_guess(a, b, lower, upper), -bound, bound)


def _first_guess(a: tf.Tensor, b: tf.Tensor, lower: tf.Tensor, upper: tf.Tensor) -> tf.Tensor:
    """Return logit z − log(a/b) near the root: from the normal score, or the leading term of a tail near its edge."""
    middle, constant = tf.math.log(a / b), log_beta(a, b)
    start = score_of(lower, upper) * tf.sqrt(1.0 / a + 1.0 / b)
    near_0 = (tf.math.log(lower) + tf.math.log(a) + constant) / a
    near_1 = -(tf.math.log(upper) + tf.math.log(b) + constant) / b
    start = tf.where((lower < upper) & (near_0 < -1.0 - tf.math.log1p(b)), near_0 - middle, start)
    return tf.where((upper < lower) & (near_1 > 1.0 + tf.math.log1p(a)), near_1 - middle, start)
