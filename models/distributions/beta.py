"""The beta distribution, from two gammas when sampled, from its distribution function otherwise.

The incomplete beta function of TensorFlow has no derivative in its shapes: here they are integrals of the score over
the smaller tail, in the coordinate t = logit z, where the density decays exponentially on both sides.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import ClassVar

import tensorflow as tf

from models.distributions.base import Domain, Reparameterization
from models.distributions.dirichlet import dirichlet_entropy
from models.distributions.scored import Sampled, between
from models.numerics.implicit import attach
from models.numerics.log_gamma import log_beta
from models.numerics.rejection import log_standard_gamma
from models.numerics.roots import Tails, invert, tail_slope
from models.numerics.special import edge_power, edge_product, expit, log_of_smaller, safe_log, score_of, wide


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
        outside = (value < 0.0) | (value > 1.0)
        inside = tf.where(outside, tf.constant(0.5, self.dtype), value)
        a, b = self.concentration1, self.concentration0
        rest = tf.where(inside < 0.5, tf.math.log1p(-tf.minimum(inside, 0.5)), safe_log(1.0 - inside))
        log_prob = edge_power(a - 1.0, inside) + edge_product(b - 1.0, rest) - log_beta(a, b)
        return tf.where(outside, tf.constant(-math.inf, self.dtype), log_prob)

    def _cdf(self, value: tf.Tensor) -> tf.Tensor:
        inside, fixed = self._clipped(value)
        lower, _ = beta_tails(self.concentration1, self.concentration0, fixed, 1.0 - fixed)
        return self._with_slopes(lower, inside, 1.0)

    def _survival_function(self, value: tf.Tensor) -> tf.Tensor:
        inside, fixed = self._clipped(value)
        _, upper = beta_tails(self.concentration1, self.concentration0, fixed, 1.0 - fixed)
        return self._with_slopes(upper, inside, -1.0)

    def _clipped(self, value: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        inside = tf.where(value < 0.0, tf.zeros_like(value), tf.where(value > 1.0, tf.ones_like(value), value))
        return inside, tf.stop_gradient(inside)

    def _with_slopes(self, plain: tf.Tensor, value: tf.Tensor, sign: float) -> tf.Tensor:
        """Attach to a tail its derivatives in the value and both shapes."""
        fixed = tf.stop_gradient(value + tf.zeros_like(plain))

        def slopes() -> list[tf.Tensor]:
            edge = (fixed <= 0.0) | (fixed >= 1.0)
            inner = tf.where(edge, tf.constant(0.5, self.dtype), fixed)
            a, b = tf.stop_gradient(self.concentration1), tf.stop_gradient(self.concentration0)
            density = tf.exp(Beta(a, b, validate=False).log_prob(inner))
            parts = [-density, *(density * part for part in self._slopes(wide(inner), tf.math.log(wide(inner))
                                 - tf.math.log1p(-wide(inner))))]  # fmt: skip
            return [tf.where(edge, tf.zeros_like(part), -sign * part) for part in parts]

        return attach(plain, [value, self.concentration1, self.concentration0], slopes)

    def _slopes(self, z: tf.Tensor, t: tf.Tensor) -> list[tf.Tensor]:
        """Return ∂z/∂concentration1 and ∂z/∂concentration0 at fixed F, in the family's dtype.

        The tail decays as exp(−a|t|), or with b, which sets the scale of the nodes.
        """
        a, b = (wide(tf.stop_gradient(part)) for part in (self.concentration1, self.concentration0))
        side = tf.where(z < a / (a + b), -tf.ones_like(z), tf.ones_like(z))
        shift_a, shift_b = tf.math.digamma(a + b) - tf.math.digamma(a), tf.math.digamma(a + b) - tf.math.digamma(b)
        stretch = tf.maximum(1.0 / tf.where(side < 0.0, a + tf.zeros_like(z), b + tf.zeros_like(z)), 1.0)
        columns = [(part + tf.zeros_like(z))[..., tf.newaxis] for part in (a, b, shift_a, shift_b, stretch)]
        wide_a, wide_b, wide_shift_a, wide_shift_b, wide_stretch = columns

        def density(nodes: tf.Tensor) -> tf.Tensor:
            at = nodes * wide_stretch
            return -wide_a * tf.math.softplus(-at) - wide_b * tf.math.softplus(at)

        start = t / stretch
        on_a = tail_slope(density, lambda nodes: wide_shift_a - tf.math.softplus(-nodes * wide_stretch), start, side)
        on_b = tail_slope(density, lambda nodes: wide_shift_b - tf.math.softplus(nodes * wide_stretch), start, side)
        slope = expit(t) * expit(-t) * stretch
        return [tf.cast(slope * part, self.dtype) for part in (on_a, on_b)]

    def _inverse(self, lower: tf.Tensor, upper: tf.Tensor) -> tf.Tensor:
        edge, low_inside, up_inside = between(lower, upper)
        a, b = (wide(tf.stop_gradient(part)) for part in (self.concentration1, self.concentration0))
        bound = tf.constant(700.0, tf.float64)
        start = _first_guess(a, b, wide(low_inside), wide(up_inside))
        t = invert(_logit_tails(a, b), low_inside, up_inside, start, -bound, bound)
        z = expit(t)

        def slopes() -> list[tf.Tensor]:
            density = tf.exp(-a * tf.math.softplus(-t) - b * tf.math.softplus(t) - log_beta(a, b))
            along = 0.5 * expit(t) * expit(-t) / density
            return [*self._slopes(z, t), tf.cast(along, self.dtype), tf.cast(-along, self.dtype)]

        value = attach(
            tf.cast(z, self.dtype), [self.concentration1, self.concentration0, low_inside, up_inside], slopes
        )
        return tf.where(edge, tf.where(lower <= 0.0, tf.zeros_like(lower), tf.ones_like(lower)), value)

    def _mean(self) -> tf.Tensor:
        return self.concentration1 / (self.concentration1 + self.concentration0)

    def _variance(self) -> tf.Tensor:
        a, b = self.concentration1, self.concentration0
        return (a / (a + b)) * (b / (a + b)) / (a + b + 1.0)

    def _entropy(self) -> tf.Tensor:
        a, b = self.concentration1, self.concentration0
        return dirichlet_entropy(tf.stack([a + tf.zeros_like(b), b + tf.zeros_like(a)], axis=-1))


def beta_tails(a: tf.Tensor, b: tf.Tensor, x: tf.Tensor, rest: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Return the regularized incomplete beta function I_x(a, b) and 1 − I_x(a, b), without derivatives.

    ``x`` lies in [0, 1] and ``rest`` = 1 − x; the smaller of both goes into the function.
    """
    x64, rest64, zero = wide(x), wide(rest), tf.zeros_like(wide(x) + wide(a) + wide(b))
    a64, b64 = (wide(tf.stop_gradient(part)) + zero for part in (a, b))
    plain = x64 + zero <= 0.5
    part = tf.math.betainc(
        tf.where(plain, a64, b64), tf.where(plain, b64, a64), tf.where(plain, x64 + zero, rest64 + zero)
    )
    lower, upper = tf.where(plain, part, 1.0 - part), tf.where(plain, 1.0 - part, part)
    return tf.cast(lower, x.dtype), tf.cast(upper, x.dtype)


def _logit_tails(a: tf.Tensor, b: tf.Tensor) -> Tails:
    def tails(t: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
        x, rest = expit(t), expit(-t)
        lower, upper = beta_tails(a, b, x, rest)
        log_density = -a * tf.math.softplus(-t) - b * tf.math.softplus(t) - log_beta(a, b)
        return _log_tail(lower, upper, a, b, t), _log_tail(upper, lower, b, a, -t), log_density

    return tails


def _first_guess(a: tf.Tensor, b: tf.Tensor, lower: tf.Tensor, upper: tf.Tensor) -> tf.Tensor:
    """Return logit z near the root: from the normal score, or from the leading term of a tail close to its edge."""
    middle = tf.math.log(a / b) + score_of(lower, upper) * tf.sqrt(1.0 / a + 1.0 / b)
    near_0 = (tf.math.log(lower) + tf.math.log(a) + log_beta(a, b)) / a
    near_1 = -(tf.math.log(upper) + tf.math.log(b) + log_beta(a, b)) / b
    start = tf.where((lower < upper) & (near_0 < -1.0 - tf.math.log1p(b)), near_0, middle)
    return tf.where((upper < lower) & (near_1 > 1.0 + tf.math.log1p(a)), near_1, start)


def _log_tail(part: tf.Tensor, rest: tf.Tensor, a: tf.Tensor, b: tf.Tensor, t: tf.Tensor) -> tf.Tensor:
    tiny = part < 1e-280
    leading = -a * tf.math.softplus(-t) - tf.math.log(a) - log_beta(a, b)
    return tf.where(tiny, leading, log_of_smaller(tf.where(tiny, tf.constant(0.1, tf.float64), part), rest))
