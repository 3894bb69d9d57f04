"""The gamma distribution of positive quantities; its path in the shape is implicit, a derivative of the tail."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from functools import partial
from typing import ClassVar

import tensorflow as tf

from models.distributions.base import Domain, Reparameterization
from models.distributions.half_line import not_negative
from models.distributions.scored import Sampled, between
from models.numerics.implicit import attach
from models.numerics.incomplete_gamma import elasticity, igamma, igammac, log_gamma_tails, log_igamma
from models.numerics.log_gamma import binet, binet_slope, is_near, near_excess
from models.numerics.pieces import piece
from models.numerics.rejection import standard_gamma
from models.numerics.roots import invert
from models.numerics.special import LOG_SQRT_TWO_PI, edge_product, safe_log, score_of, wide

Incomplete = Callable[[tf.Tensor, tf.Tensor, tf.Tensor], tf.Tensor]


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
        inside = tf.where(outside, tf.ones_like(value), value)
        # In float32, y = a has fewer digits than y − a needs.
        away = tf.cast(wide(inside) * wide(self.rate) - wide(self.concentration), self.dtype)
        log_prob = _log_density(self.concentration, inside * self.rate, away)
        return tf.where(outside, tf.constant(-math.inf, self.dtype), log_prob + tf.math.log(self.rate))

    def _cdf(self, value: tf.Tensor) -> tf.Tensor:
        return self._tail(igamma, value, (0.0, 1.0))

    def _survival_function(self, value: tf.Tensor) -> tf.Tensor:
        return self._tail(igammac, value, (1.0, 0.0))

    def _log_cdf(self, value: tf.Tensor) -> tf.Tensor:
        return self._tail(log_igamma, value, (-math.inf, 0.0))

    def _tail(self, function: Incomplete, value: tf.Tensor, ends: tuple[float, float]) -> tf.Tensor:
        log_y = safe_log(not_negative(value)) + tf.math.log(self.rate)
        return gamma_tail(function, self.concentration, wide(value) * wide(self.rate), log_y, ends)

    def _inverse(self, lower: tf.Tensor, upper: tf.Tensor) -> tf.Tensor:
        edge, low, up = between(lower, upper)
        inside = tf.exp(gamma_log_quantile(self.concentration, low, up)) / wide(self.rate)
        end = tf.where(lower <= 0.0, tf.zeros_like(lower), tf.constant(math.inf, self.dtype))
        return tf.where(edge, end, tf.cast(inside, self.dtype))

    def _mean(self) -> tf.Tensor:
        return self.concentration / self.rate

    def _variance(self) -> tf.Tensor:
        return self.concentration / tf.square(self.rate)

    def _entropy(self) -> tf.Tensor:
        return gamma_entropy(self.concentration) - tf.math.log(self.rate)


def gamma_entropy(a: tf.Tensor) -> tf.Tensor:
    """Return a + log Γ(a) + (1 − a) ψ(a), of which the large terms cancel, in float64."""
    return 0.5 * tf.math.log(a) + LOG_SQRT_TWO_PI + 0.5 - 0.5 / a + binet(a) + (1.0 - a) * binet_slope(a)


def _log_density(a: tf.Tensor, y: tf.Tensor, away: tf.Tensor) -> tf.Tensor:
    """Return (a − 1) log y − y − log Γ(a), centred at y = a, where the three terms cancel; ``away`` is y − a."""
    delta, log_ratio = away / a, safe_log(y) - tf.math.log(a)
    near = is_near(delta)
    curved = a * near_excess(tf.where(near, delta, tf.zeros_like(delta)))
    far = edge_product(a - 1.0, tf.where(near, tf.zeros_like(log_ratio), log_ratio)) - away
    return tf.where(near, -curved - log_ratio, far) + log_constant(a, -1.0)


def log_constant(a: tf.Tensor, power: float) -> tf.Tensor:
    """Return a log a − a − log Γ(a) + power·log a, of which the large terms cancel."""
    shape = wide(a)
    return tf.cast((0.5 + power) * tf.math.log(shape) - LOG_SQRT_TWO_PI - binet(shape), a.dtype)


def gamma_tail(
    function: Incomplete, a: tf.Tensor, y: tf.Tensor, log_y: tf.Tensor, ends: tuple[float, float]
) -> tf.Tensor:
    """Return an incomplete gamma function of ``y`` on the whole line: its limits ``ends`` below 0 and at ∞; NaN stays.

    In the dtype of ``a``; ``y`` is in float64, because float32 rounds away digits of it that a large shape shows. The
    derivative is that along ``log_y``, which may be known where y over- or underflows.
    """
    below, above = y <= 0.0, tf.math.is_inf(y) & (y > 0.0)
    edge, log_y = below | above, wide(log_y)
    inside = function(wide(a), tf.where(edge, tf.ones_like(y), y), tf.where(edge, tf.zeros_like(log_y), log_y))
    limit = tf.where(above, tf.constant(ends[1], y.dtype), tf.constant(ends[0], y.dtype))
    return tf.cast(tf.where(edge, limit, inside), a.dtype)


def gamma_log_quantile(concentration: tf.Tensor, lower: tf.Tensor, upper: tf.Tensor) -> tf.Tensor:
    """Return the logarithm of the standard gamma value with tails ``lower`` and ``upper``, in float64.

    The root is sought in y = log(z/α): the lower tail is a straight line in it, and at large shapes it keeps the digits
    of z − α. The derivatives are implicit. The tails must lie between 0 and 1.
    """
    given = [wide(part) for part in (concentration, lower, upper)]
    a, low, up = (tf.stop_gradient(part) for part in given)
    y = _root(a, low, up)

    def slopes() -> list[tf.Tensor]:
        along = 0.5 * tf.exp(-log_gamma_tails(a, y)[2])
        log_z = tf.math.log(a) + y
        return [elasticity(a + tf.zeros_like(y), tf.exp(log_z), log_z) / a, along, -along]

    return attach(tf.math.log(a) + y, given, slopes)


@piece
def _root(a: tf.Tensor, lower: tf.Tensor, upper: tf.Tensor) -> tf.Tensor:
    """Return log(z/a) of the value with these tails."""
    last = tf.math.log1p((800.0 + 40.0 * tf.sqrt(a)) / a)
    return invert(partial(log_gamma_tails, a), lower, upper, _first_guess(a, lower, upper), -50.0 - 1000.0 / a, last)


def _first_guess(a: tf.Tensor, lower: tf.Tensor, upper: tf.Tensor) -> tf.Tensor:
    """Return log(z/a) by Wilson & Hilferty's cube of a normal score, or by the leading term of the lower tail."""
    score = score_of(lower, upper)
    root = 1.0 - 1.0 / (9.0 * a) + score / (3.0 * tf.sqrt(a))
    cube = 3.0 * tf.math.log(tf.maximum(root, 0.05))
    leading = (tf.math.log(lower) + tf.math.lgamma(a + 1.0)) / a - tf.math.log(a)
    return tf.where((root > 0.2) & (a > 0.5), cube, tf.minimum(leading, tf.math.log1p(1.0 / a)))
