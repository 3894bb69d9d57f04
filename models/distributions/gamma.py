"""The gamma distribution of positive quantities; its path in the shape is implicit, a derivative of the tail."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import ClassVar

import tensorflow as tf

from models.distributions.base import Domain, Reparameterization
from models.distributions.scored import Sampled
from models.numerics.implicit import attach
from models.numerics.rejection import standard_gamma
from models.numerics.roots import Tails, invert
from models.numerics.special import edge_product, igamma, igammac, log_of_smaller, safe_log, score_of, wide

Incomplete = Callable[[tf.Tensor, tf.Tensor], tf.Tensor]


class Gamma(Sampled):
    """Gamma distribution with shape ``concentration`` α and ``rate`` β: density βᵅ zᵅ⁻¹ exp(−βz)/Γ(α)."""

    reparameterization_type: ClassVar[Reparameterization] = "implicit"
    domains: ClassVar[Mapping[str, Domain]] = {"concentration": "positive", "rate": "positive"}
    concentration: tf.Tensor
    rate: tf.Tensor

    def __init__(self, concentration: object, rate: object, validate: bool = True) -> None:
        super().__init__({"concentration": concentration, "rate": rate}, validate)

    def _sample(self, shape: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
        return standard_gamma(self.concentration, shape, seed) / self.rate

    def _log_prob(self, value: tf.Tensor) -> tf.Tensor:
        outside = (value < 0.0) | tf.math.is_inf(value)
        log_prob = _log_density(self.concentration, tf.where(outside, tf.ones_like(value), value) * self.rate)
        return tf.where(outside, tf.constant(-math.inf, self.dtype), log_prob + tf.math.log(self.rate))

    def _cdf(self, value: tf.Tensor) -> tf.Tensor:
        return gamma_tail(self.concentration, value * self.rate, igamma, 1.0)

    def _survival_function(self, value: tf.Tensor) -> tf.Tensor:
        return gamma_tail(self.concentration, value * self.rate, igammac, 0.0)

    def _inverse(self, lower: tf.Tensor, upper: tf.Tensor) -> tf.Tensor:
        return gamma_quantile(self.concentration, lower, upper) / self.rate

    def _mean(self) -> tf.Tensor:
        return self.concentration / self.rate

    def _variance(self) -> tf.Tensor:
        return self.concentration / tf.square(self.rate)

    def _entropy(self) -> tf.Tensor:
        a = self.concentration
        return a - tf.math.log(self.rate) + tf.math.lgamma(a) + (1.0 - a) * tf.math.digamma(a)


def _log_density(a: tf.Tensor, y: tf.Tensor) -> tf.Tensor:
    """Return (a − 1) log y − y − log Γ(a), centred at y = a, where the three terms cancel; the constant in float64."""
    away = (y - a) / a
    low = away < -0.5
    log_ratio = tf.where(low, safe_log(tf.where(low, y / a, tf.ones_like(away))), tf.math.log1p(tf.maximum(away, -0.5)))
    wide_a = wide(a)
    constant = (wide_a - 1.0) * tf.math.log(wide_a) - wide_a - tf.math.lgamma(wide_a)
    return edge_product(a - 1.0, log_ratio) - a * away + tf.cast(constant, y.dtype)


def gamma_tail(concentration: tf.Tensor, y: tf.Tensor, function: Incomplete, at_infinity: float) -> tf.Tensor:
    """Return an incomplete gamma function of ``y`` on the whole line: its limits below 0 and at ∞; NaN stays."""
    below, above = y <= 0.0, tf.math.is_inf(y) & (y > 0.0)
    edge = below | above
    inside = function(concentration, tf.where(edge, tf.ones_like(y), y))
    limit = tf.where(above, tf.constant(at_infinity, y.dtype), tf.constant(1.0 - at_infinity, y.dtype))
    return tf.where(edge, limit, inside)


def gamma_quantile(concentration: tf.Tensor, lower: tf.Tensor, upper: tf.Tensor) -> tf.Tensor:
    """Return the standard gamma value with tails ``lower`` and ``upper``, with implicit derivatives.

    The root is sought in t = log z, where the lower tail is a straight line: log F ≈ αt − log Γ(α + 1).
    """
    edge = (lower <= 0.0) | (upper <= 0.0)
    half = tf.constant(0.5, lower.dtype)
    low_inside, up_inside = tf.where(edge, half, lower), tf.where(edge, half, upper)
    a = wide(tf.stop_gradient(concentration))
    t = invert(_log_gamma_tails(a), low_inside, up_inside, _first_guess(a, wide(low_inside), wide(up_inside)),
               tf.constant(-740.0, tf.float64), tf.math.log(a + 1e4))  # fmt: skip
    z = tf.maximum(tf.exp(t), tf.constant(1e-300, tf.float64))
    value = tf.maximum(tf.cast(z, lower.dtype), _smallest(lower.dtype))

    def slopes() -> list[tf.Tensor]:
        density = tf.exp((a - 1.0) * t - z - tf.math.lgamma(a))
        along = tf.raw_ops.RandomGammaGrad(alpha=a + tf.zeros_like(z), sample=z)
        return [tf.cast(part, value.dtype) for part in (along, 0.5 / density, -0.5 / density)]

    inside = attach(value, [concentration, low_inside, up_inside], slopes)
    end = tf.where(lower <= 0.0, tf.zeros_like(lower), tf.constant(math.inf, lower.dtype))
    return tf.where(edge, end, inside)


def _smallest(dtype: tf.DType) -> tf.Tensor:
    return tf.constant(1.2e-38 if dtype == tf.float32 else 1e-300, dtype)


def _log_gamma_tails(a: tf.Tensor) -> Tails:
    def tails(t: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
        z = tf.exp(t)
        shape = a + tf.zeros_like(z)
        lower, upper = tf.math.igamma(shape, z), tf.math.igammac(shape, z)
        tiny = lower < 1e-280
        leading = a * t - tf.math.lgamma(a + 1.0)
        log_lower = tf.where(tiny, leading, log_of_smaller(tf.where(tiny, tf.ones_like(z) * 0.1, lower), upper))
        return log_lower, log_of_smaller(upper, lower), a * t - z - tf.math.lgamma(a)

    return tails


def _first_guess(a: tf.Tensor, lower: tf.Tensor, upper: tf.Tensor) -> tf.Tensor:
    """Return log z by Wilson & Hilferty's cube of a normal score, or by the leading term of the lower tail."""
    score = score_of(lower, upper)
    root = 1.0 - 1.0 / (9.0 * a) + score / (3.0 * tf.sqrt(a))
    cube = tf.math.log(a) + 3.0 * tf.math.log(tf.maximum(root, 0.05))
    leading = (tf.math.log(lower) + tf.math.lgamma(a + 1.0)) / a
    return tf.where((root > 0.2) & (a > 0.5), cube, tf.minimum(leading, tf.math.log(a + 1.0)))
