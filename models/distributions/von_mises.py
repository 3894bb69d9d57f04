"""The von Mises distribution on a circle cut open at loc ± π.

Tail probabilities and the derivative in the concentration are Gauss–Legendre sums over the part of the tail that
matters, relative to the density at the value: 12 digits in float64 in the tails as in the middle. Density: Mardia &
Jupp, Directional Statistics, 3.5.4.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from functools import partial
from typing import ClassVar

import numpy as np
import tensorflow as tf

from models.distributions.base import Domain, Reparameterization
from models.distributions.scored import Sampled, between
from models.numerics import chebyshev
from models.numerics.implicit import attach
from models.numerics.pieces import piece
from models.numerics.quadrature import legendre
from models.numerics.rejection import von_mises
from models.numerics.roots import Tails, invert
from models.numerics.special import log_of_smaller, normal_score, safe_log, wide
from models.numerics.von_mises_series import slope_by_series

_NODES = {tf.float32: 20, tf.float64: 56}
_DECAY = {tf.float32: 18.0, tf.float64: 40.0}
QUICK_STEPS = 3
# Coefficients of κ⁻¹, κ⁻² … of 1 − A(κ), and the κ from which on they give all digits.
GAP = [1 / 2, 1 / 8, 1 / 8, 25 / 128, 13 / 32, 1073 / 1024, 103 / 32, 375733 / 32768, 23797 / 512]
FEWEST_FOR_SERIES = 80.0


class VonMises(Sampled):
    """Von Mises distribution with mean direction ``loc`` and ``concentration`` κ, density ∝ exp(κ cos(z − loc))."""

    reparameterization_type: ClassVar[Reparameterization] = "implicit"
    domains: ClassVar[Mapping[str, Domain]] = {"loc": "real", "concentration": "positive"}
    loc: tf.Tensor
    concentration: tf.Tensor

    def __init__(self, loc: object, concentration: object, validate: bool = True) -> None:
        super().__init__({"loc": loc, "concentration": concentration}, validate)

    def _sample(self, shape: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
        angle = von_mises(self.concentration, shape, seed)
        kappa = tf.stop_gradient(self.concentration)
        quick = self.dtype == tf.float32 and chebyshev.pays(angle.shape.num_elements(), kappa)
        slope = partial(slope_by_series, _slope) if quick else _slope
        return self.loc + attach(angle, [self.concentration], lambda: [slope(angle, kappa)])

    def _log_prob(self, value: tf.Tensor) -> tf.Tensor:
        angle = value - self.loc
        outside = tf.abs(angle) > _HALF_TURN[self.dtype]
        log_prob = _log_density(tf.where(outside, tf.zeros_like(angle), angle), self.concentration)
        return tf.where(outside, tf.constant(-math.inf, self.dtype), log_prob)

    def _cdf(self, value: tf.Tensor) -> tf.Tensor:
        return self._tail(value, -1.0)

    def _survival_function(self, value: tf.Tensor) -> tf.Tensor:
        return self._tail(value, 1.0)

    def _tail(self, value: tf.Tensor, sign: float) -> tf.Tensor:
        """Return P(Z > value), or P(Z < value) for ``sign`` −1; the angle is formed to more digits than float64 has."""
        given = wide(tf.stop_gradient(value)), wide(tf.stop_gradient(self.loc))
        angle, lost = (sign * part for part in _difference(*given))
        kappa = wide(tf.stop_gradient(self.concentration))
        outside = tf.abs(angle) >= math.pi
        inside = tf.where(outside, tf.zeros_like(angle), angle)
        limit = tf.where(angle > 0.0, tf.zeros_like(angle), tf.ones_like(angle))
        plain = tf.where(outside, limit, _upper(inside, kappa, lost))

        def slopes() -> list[tf.Tensor]:
            density = tf.where(outside, tf.zeros_like(plain), tf.exp(_log_density(inside, kappa)))
            on_kappa = density * _slope(inside + tf.zeros_like(plain), kappa)
            return [tf.cast(part, self.dtype) for part in (-sign * density, sign * density, on_kappa)]

        return attach(tf.cast(plain, self.dtype), [value, self.loc, self.concentration], slopes)

    def _log_cdf(self, value: tf.Tensor) -> tf.Tensor:
        lower, upper = self._cdf(value), self._survival_function(value)
        tiny = lower < 1e-30
        angle = wide(value - self.loc)
        inside = tf.where(tiny & (tf.abs(angle) < math.pi), angle, -tf.ones_like(angle))
        kappa = wide(self.concentration)
        weights = _tail_rule(inside, kappa + tf.zeros_like(inside), inside.dtype)[1]
        far = tf.cast(_log_density(inside, kappa) + tf.math.log(tf.reduce_sum(weights, -1)), self.dtype)
        return tf.where(tiny & (angle > -math.pi), far, log_of_smaller(lower, upper))

    def _inverse(self, lower: tf.Tensor, upper: tf.Tensor) -> tf.Tensor:
        edge, low_inside, up_inside = between(lower, upper)
        kappa = wide(tf.stop_gradient(self.concentration))
        angle = _root(kappa, wide(tf.stop_gradient(low_inside)), wide(tf.stop_gradient(up_inside)))

        def slopes() -> list[tf.Tensor]:
            along = 0.5 * tf.exp(-_log_density(angle, kappa))
            return [tf.cast(part, self.dtype) for part in (_slope(angle, kappa), along, -along)]

        value = attach(tf.cast(angle, self.dtype), [self.concentration, low_inside, up_inside], slopes)
        end = tf.where(lower <= 0.0, -tf.ones_like(lower), tf.ones_like(lower)) * _HALF_TURN[self.dtype]
        return self.loc + tf.where(edge, end, value)

    def _mean(self) -> tf.Tensor:
        return self.loc

    def _variance(self) -> tf.Tensor:
        """Return the variance of Z on the cut line, E[(Z − loc)²]; the circular variance is 1 − I₁(κ)/I₀(κ)."""
        angle, weight = _whole_line(self.concentration)
        return tf.cast(tf.reduce_sum(weight * angle * angle, -1), self.dtype)

    def _entropy(self) -> tf.Tensor:
        kappa = self.concentration
        return kappa * mean_gap(kappa) + math.log(2.0 * math.pi) + log_bessel(kappa)


_HALF_TURN = {tf.float32: float(np.nextafter(np.float32(math.pi), np.float32(4.0))), tf.float64: math.pi}

_LAST_ANGLE = float(np.nextafter(math.pi, 0.0))


def mean_length(kappa: tf.Tensor) -> tf.Tensor:
    """Return A(κ) = I₁(κ)/I₀(κ), the mean of cos(Z − loc)."""
    return tf.math.bessel_i1e(kappa) / tf.math.bessel_i0e(kappa)


def log_bessel(kappa: tf.Tensor) -> tf.Tensor:
    """Return log(e⁻ᵏ I₀(κ)) with its derivative A(κ) − 1, whose two terms would cancel at large κ."""

    @tf.custom_gradient
    def of_kappa(kappa: tf.Tensor) -> tuple[tf.Tensor, Callable[[tf.Tensor], tf.Tensor]]:
        value = tf.cast(tf.math.log(tf.math.bessel_i0e(wide(kappa))), kappa.dtype)
        return value, lambda upstream: -upstream * mean_gap(kappa)

    return of_kappa(kappa)


def mean_gap(kappa: tf.Tensor) -> tf.Tensor:
    """Return 1 − A(κ), the mean of 1 − cos(Z − loc), and its derivative, in float64 and by its series at large κ.

    The difference would cancel there; the series follows from those of I₀ and I₁ (Abramowitz & Stegun 9.7.1).
    """
    exact = wide(kappa)
    steep = exact > FEWEST_FOR_SERIES
    usual = 1.0 - mean_length(tf.where(steep, tf.ones_like(exact), exact))
    inverse = 1.0 / tf.where(steep, exact, FEWEST_FOR_SERIES * tf.ones_like(exact))
    return tf.cast(tf.where(steep, inverse * chebyshev.polynomial(GAP, inverse), usual), kappa.dtype)


def _log_density(angle: tf.Tensor, kappa: tf.Tensor) -> tf.Tensor:
    sine = tf.sin(0.5 * angle)
    return -2.0 * kappa * sine * sine - math.log(2.0 * math.pi) - log_bessel(kappa)


def _difference(x: tf.Tensor, y: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Return x − y, and what its rounding has lost, beside which π minus it may be small (Knuth, TAOCP 4.2.2)."""
    difference = x - y
    part = difference - x
    return difference, (x - (difference - part)) - (y + part)


def _tail_rule(
    angle: tf.Tensor, kappa: tf.Tensor, digits: tf.DType, lost: tf.Tensor | float = 0.0
) -> tuple[tf.Tensor, tf.Tensor]:
    """Return nodes t [..., m] above |angle| and weights that integrate f over the tail relative to f(|angle|).

    There are as many of them as the digits of the dtype ``digits`` ask for; ``lost`` is what rounded off the angle.
    """
    start = tf.abs(angle) + tf.zeros_like(kappa)
    sine = tf.sin(0.5 * start)
    reach = tf.minimum(sine * sine + 0.5 * _DECAY[digits] / kappa, 1.0)
    # The rest of the half circle to more digits than π has in float64.
    whole = (math.pi - start) + (1.2246467991473532e-16 - tf.sign(angle) * lost)
    length = tf.where(reach < 1.0, 2.0 * tf.asin(tf.sqrt(reach)) - start, whole)
    half = 0.5 * tf.maximum(length, 0.0)[..., tf.newaxis]
    nodes, weights = (tf.constant(part, angle.dtype) for part in legendre(_NODES[digits]))
    column = start[..., tf.newaxis]
    step = half * (1.0 + nodes)
    fall = tf.sin(column + 0.5 * step) * tf.sin(0.5 * step)
    return column + step, half * weights * tf.exp(-2.0 * kappa[..., tf.newaxis] * fall)


def _upper(angle: tf.Tensor, kappa: tf.Tensor, lost: tf.Tensor) -> tf.Tensor:
    """Return P(Z − loc > angle + lost) for |angle| < π."""
    tail = _outer_tail(angle, kappa, _log_density(angle, kappa), lost=lost)
    return tf.where(angle > 0.0, tail, 1.0 - tail)


def _outer_tail(
    angle: tf.Tensor,
    kappa: tf.Tensor,
    log_density: tf.Tensor,
    digits: tf.DType | None = None,
    lost: tf.Tensor | float = 0.0,
) -> tf.Tensor:
    """Return P(Z − loc > |angle|), at most ½."""
    _, weights = _tail_rule(angle, kappa + tf.zeros_like(angle), digits or angle.dtype, lost)
    return tf.exp(log_density) * tf.reduce_sum(weights, -1)


def _slope(angle: tf.Tensor, kappa: tf.Tensor) -> tf.Tensor:
    """Return ∂z/∂κ at fixed F: the tail integral of the score cos t − A(κ) over the density at the value."""
    kappa = kappa + tf.zeros_like(angle)
    nodes, weights = _tail_rule(angle, kappa, angle.dtype)
    sine = tf.sin(0.5 * nodes)
    rest = mean_gap(kappa)[..., tf.newaxis]
    return tf.sign(angle) * tf.reduce_sum(weights * (rest - 2.0 * sine * sine), -1)


@piece
def _root(kappa: tf.Tensor, lower: tf.Tensor, upper: tf.Tensor) -> tf.Tensor:
    """Return the angle with these tails."""
    turn = tf.constant(math.pi, tf.float64)
    return invert(_circle_tails(kappa), lower, upper, _near_root(kappa, lower, upper), -turn, turn)


def _circle_tails(kappa: tf.Tensor) -> Tails:
    constant = math.log(2.0 * math.pi) + log_bessel(kappa)

    def tails(angle: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
        sine = tf.sin(0.5 * angle)
        log_density = -2.0 * kappa * sine * sine - constant
        outer = _outer_tail(angle, kappa, log_density)
        small, large = safe_log(outer), tf.math.log1p(-outer)
        above = angle > 0.0
        return tf.where(above, large, small), tf.where(above, small, large), log_density

    return tails


def _near_root(kappa: tf.Tensor, lower: tf.Tensor, upper: tf.Tensor) -> tf.Tensor:
    """Return the angle of the root to about float32's digits, by the rule of float32.

    Newton's method on the logarithms of the tail and of the way to π, in which the tail ends as a straight line.
    """
    share = tf.minimum(lower, upper)
    angle = tf.minimum(_first_guess(kappa, share), _LAST_ANGLE)
    for _ in range(QUICK_STEPS):
        log_density = _log_density(angle, kappa)
        tail = _outer_tail(angle, kappa, log_density, tf.float32)
        left = math.pi - angle
        step = tf.math.log(tail / share) * tail * tf.exp(-log_density) / left
        angle = tf.clip_by_value(math.pi - left * tf.exp(-step), 0.0, _LAST_ANGLE)
    return tf.sign(lower - upper) * angle


def _first_guess(kappa: tf.Tensor, share: tf.Tensor) -> tf.Tensor:
    """Return an angle ≥ 0 with about the ``share`` ≤ ½ beyond it.

    It is 2·asin of a normal score at large κ, a share of the half circle at small ones.
    """
    flat = math.pi * (1.0 - 2.0 * share)
    steep = 2.0 * tf.asin(tf.minimum(-0.5 * normal_score(share) / tf.sqrt(kappa), 1.0))
    weight = kappa / (1.0 + kappa)
    return weight * steep + (1.0 - weight) * flat


def _whole_line(kappa: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Return angles and normalized weights over the whole support, in float64."""
    kappa = wide(kappa)
    nodes, weights = _tail_rule(tf.zeros_like(kappa), kappa, kappa.dtype)
    return nodes, weights / tf.reduce_sum(weights, -1, keepdims=True)
