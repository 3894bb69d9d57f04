"""The normal distribution truncated to an interval, with the derivatives of its path in closed form.

F(z) = (Φ(y) − Φ(a))/(Φ(b) − Φ(a)) with y, a, b the standardized value and bounds; all differences of Φ are taken as
logarithms of intervals. The moments are Gauss–Legendre sums, because their closed forms cancel (Johnson, Kotz &
Balakrishnan, Continuous Univariate Distributions, 13.10).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import ClassVar

import tensorflow as tf

from models.distributions.base import Domain, ParameterError, Reparameterization
from models.distributions.scored import Sampled, between
from models.numerics.implicit import attach
from models.numerics.quadrature import legendre
from models.numerics.roots import Tails, invert
from models.numerics.special import (
    LOG_SQRT_TWO_PI,
    drawn_score,
    log1mexp,
    log_interval,
    ndtr,
    normal_score,
    open_uniform,
    wide,
)

NODES = 96
# So many σ beyond the mean of a normal distribution five digits are left of the slopes within a cut.
FARTHEST_CUT = 300.0
# So many σ beyond loc and the other bound stand for an infinite one.
INFINITE = 40.0


class TruncatedNormal(Sampled):
    """N(loc, scale²) given low ≤ z ≤ high, of which either may be infinite; all four parameters move the value."""

    reparameterization_type: ClassVar[Reparameterization] = "implicit"
    domains: ClassVar[Mapping[str, Domain]] = {"loc": "real", "scale": "positive", "low": "bound", "high": "bound"}
    ordered: ClassVar[tuple[str, str] | None] = ("low", "high")
    loc: tf.Tensor
    scale: tf.Tensor
    low: tf.Tensor
    high: tf.Tensor

    def __init__(self, loc: object, scale: object, low: object, high: object, validate: bool = True) -> None:
        super().__init__({"loc": loc, "scale": scale, "low": low, "high": high}, validate)

    @classmethod
    def check_path(cls, values: Mapping[str, float]) -> None:
        """Raise :class:`ParameterError` where the interval lies too far out on one side."""
        loc, scale, low, high = (values[name] for name in cls.domains)
        if max(low - loc, loc - high) > FARTHEST_CUT * scale:
            raise ParameterError(f"{cls.__name__}: low and high lie more than {FARTHEST_CUT:.0f} σ from μ on one side")

    def _ends(self) -> tuple[tf.Tensor, tf.Tensor]:
        """Return the bounds; instead of an infinite one, a number beyond which less than 1e-300 of it all lies."""
        reach = INFINITE * self.scale
        above, below = tf.math.is_inf(self.high), tf.math.is_inf(self.low)
        nearest = tf.maximum(self.loc, tf.where(below, self.loc, self.low)) + reach
        farthest = tf.minimum(self.loc, tf.where(above, self.loc, self.high)) - reach
        return tf.where(below, farthest, self.low), tf.where(above, nearest, self.high)

    def _standardized(self, value: tf.Tensor) -> tf.Tensor:
        return (value - self.loc) / self.scale

    def _bounds(self) -> tuple[tf.Tensor, tf.Tensor]:
        low, high = self._ends()
        zero = tf.zeros_like(low + high)
        return self._standardized(low) + zero, self._standardized(high) + zero

    def _log_mass(self) -> tf.Tensor:
        """Return log(Φ(b) − Φ(a))."""
        low, high = self._ends()
        return log_interval(*self._bounds(), (high - low) / self.scale)

    def _log_prob(self, value: tf.Tensor) -> tf.Tensor:
        """Return it from the distance to the point of the largest density: far out, y² alone has no digits left."""
        outside = (value < self.low) | (value > self.high) | tf.math.is_inf(value)
        peak, nearest, log_height = self._peak()
        away = tf.where(outside, tf.zeros_like(peak), value - peak) / self.scale
        log_prob = log_height - away * (nearest + 0.5 * away)
        return tf.where(outside, tf.constant(-math.inf, self.dtype), log_prob)

    def _peak(self) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
        """Return the point of [low, high] that is nearest to loc, its standardized value and the log density there."""
        broad = self._widened()
        a, b = broad._bounds()  # noqa: SLF001 of the same class
        low, high = self._ends()
        peak = tf.where(a > 0.0, low, tf.where(b < 0.0, high, self.loc))
        nearest = tf.where(a > 0.0, a, tf.where(b < 0.0, b, tf.zeros_like(a)))
        log_height = -0.5 * nearest * nearest - broad._log_mass()  # noqa: SLF001
        log_height = log_height - LOG_SQRT_TWO_PI - tf.math.log(broad.scale)
        return peak, tf.cast(nearest, self.dtype), tf.cast(log_height, self.dtype)

    def _cdf(self, value: tf.Tensor) -> tf.Tensor:
        return tf.exp(self._log_cdf(value))

    def _log_cdf(self, value: tf.Tensor) -> tf.Tensor:
        return self._log_tail(value, lower=True)

    def _log_tail(self, value: tf.Tensor, lower: bool) -> tf.Tensor:
        """Return the log of a tail, worked out in float64: far out, float32 has no digits of its arguments left."""
        broad, z = self._widened(), wide(value)
        parts = broad._log_lower(z), broad._log_upper(z)  # noqa: SLF001 of the same class
        return tf.cast(_log_of_larger(*(parts if lower else parts[::-1])), self.dtype)

    def _survival_function(self, value: tf.Tensor) -> tf.Tensor:
        return tf.exp(self._log_survival(value))

    def _log_survival(self, value: tf.Tensor) -> tf.Tensor:
        return self._log_tail(value, lower=False)

    def _log_lower(self, value: tf.Tensor) -> tf.Tensor:
        return self._share(self._ends()[0], value, value <= self.low, value >= self.high)

    def _log_upper(self, value: tf.Tensor) -> tf.Tensor:
        return self._share(value, self._ends()[1], value >= self.high, value <= self.low)

    def _share(self, left: tf.Tensor, right: tf.Tensor, none: tf.Tensor, all_of_it: tf.Tensor) -> tf.Tensor:
        """Return the log of the share of [left, right] in the support; −∞ and 0 where it is none or all."""
        edge = none | all_of_it
        low, high = self._ends()
        left, right = tf.where(edge | (left < low), low, left), tf.where(edge | (right > high), high, right)
        zero = tf.zeros_like(left + right)
        left, right = left + zero, right + zero
        # The width is taken before standardizing: beside a bound the standardized values share their first digits.
        width = (right - left) / self.scale
        share = log_interval(self._standardized(left), self._standardized(right), width) - self._log_mass()
        share = tf.where(none, tf.constant(-math.inf, self.dtype), tf.minimum(share, 0.0))
        return tf.where(all_of_it, tf.zeros_like(share), share)

    def _sample(self, shape: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
        u = open_uniform(shape, seed, self.dtype)
        loc, scale, low, high = (tf.stop_gradient(part) for part in (self.loc, self.scale, *self._ends()))
        a, b = (low - loc) / scale, (high - loc) / scale

        def careful() -> tf.Tensor:
            exact = [wide(part) for part in (loc, scale, low, high, u)]
            bounds = (exact[2] - exact[0]) / exact[1], (exact[3] - exact[0]) / exact[1]
            return tf.cast(_first_guess(*bounds, exact[4], 1.0 - exact[4]), self.dtype)

        # Float32 is enough where neither the interval is narrow nor Φ near underflow. XLA runs a branch on one core:
        # the usual one is left outside.
        plain = tf.reduce_all((b - a > 0.25) & (tf.minimum(tf.abs(a), tf.abs(b)) < 6.0))
        quick = _plain_guess(a, b, u) if self.dtype == tf.float32 else None
        y = careful() if quick is None else tf.cond(plain, lambda: quick, careful)
        value = tf.maximum(low, tf.minimum(high, loc + scale * y))
        return attach(value, list(self.parameters.values()), lambda: _drag(a, b, y, u, 1.0 - u))

    def _inverse(self, lower: tf.Tensor, upper: tf.Tensor) -> tf.Tensor:
        edge, low_inside, up_inside = between(lower, upper)
        ends = self._widened()._ends()  # noqa: SLF001 of the same class
        loc, scale, low, high = (wide(tf.stop_gradient(part)) for part in (self.loc, self.scale, *ends))
        a, b = (low - loc) / scale, (high - loc) / scale
        y = invert(_interval_tails(a, b), low_inside, up_inside, _first_guess(a, b, wide(low_inside), wide(up_inside)),
                   a, b)  # fmt: skip
        below = low_inside < up_inside
        away = _from_bound(a, b, y, wide(tf.minimum(low_inside, up_inside)), below)

        def slopes() -> list[tf.Tensor]:
            return [tf.cast(part, self.dtype) for part in _path_slopes(a, b, y, scale)]

        beside = tf.where(below, low + scale * away, high - scale * away)
        value = tf.cast(tf.where(away < tf.maximum(tf.abs(y), 1.0), beside, loc + scale * y), self.dtype)
        value = tf.maximum(self.low, tf.minimum(self.high, value))
        value = attach(value, [*self.parameters.values(), low_inside, up_inside], slopes)
        return tf.where(edge, tf.where(lower <= 0.0, self.low, self.high), value)

    def _quadrature(self) -> tuple[tf.Tensor, tf.Tensor]:
        """Return mean and variance of y by Gauss–Legendre on the effective interval, where closed forms cancel."""
        a, b = self._bounds()
        centre = tf.clip_by_value(tf.zeros_like(a), a, b)
        reach = 12.0 / (1.0 + tf.abs(centre) / 3.0)
        left, right = tf.maximum(a, centre - reach), tf.minimum(b, centre + reach)
        middle, half = 0.5 * (left + right), 0.5 * (right - left)
        nodes, weights = (tf.constant(part, self.dtype) for part in legendre(NODES))
        y = middle[..., tf.newaxis] + half[..., tf.newaxis] * nodes
        weight = weights * tf.exp(0.5 * (centre[..., tf.newaxis] - y)
                                                            * (centre[..., tf.newaxis] + y))  # fmt: skip
        weight = weight / tf.reduce_sum(weight, -1, keepdims=True)
        mean = tf.reduce_sum(weight * y, -1)
        return mean, tf.reduce_sum(weight * tf.square(y - mean[..., tf.newaxis]), -1)

    def _mean(self) -> tf.Tensor:
        return self.loc + self.scale * self._quadrature()[0]

    def _variance(self) -> tf.Tensor:
        return tf.square(self.scale) * self._quadrature()[1]

    def _entropy(self) -> tf.Tensor:
        mean, variance = self._quadrature()
        constant = LOG_SQRT_TWO_PI + tf.math.log(self.scale) + self._log_mass()
        return constant + 0.5 * (variance + mean * mean)


def _log_of_larger(log_part: tf.Tensor, log_rest: tf.Tensor) -> tf.Tensor:
    """Return the log of a share from that of the other where it is more than half, so that it keeps digits near 1."""
    large = log_part > -math.log(2.0)
    return tf.where(large, log1mexp(tf.where(large, log_rest, -tf.ones_like(log_rest))), log_part)


def _path_slopes(a: tf.Tensor, b: tf.Tensor, y: tf.Tensor, scale: tf.Tensor) -> list[tf.Tensor]:
    """Return ∂z/∂loc, ∂z/∂scale, ∂z/∂low, ∂z/∂high, and ½ ∂z/∂u with both signs, of z = loc + scale·y at fixed F.

    A bound drags the value with it by the ratio of densities φ(bound)/φ(y), weighted by the mass on the other side.
    """
    log_mass = log_interval(a, b, b - a)
    lower, upper = (tf.exp(part) for part in _log_shares(a, b, y, log_mass))
    along = 0.5 * scale * tf.exp(0.5 * y * y + LOG_SQRT_TWO_PI + log_mass)
    return [*_drag(a, b, y, lower, upper), along, -along]


def _drag(a: tf.Tensor, b: tf.Tensor, y: tf.Tensor, lower: tf.Tensor, upper: tf.Tensor) -> list[tf.Tensor]:
    """Return ∂z/∂loc, ∂z/∂scale, ∂z/∂low, ∂z/∂high at F(y) = ``lower`` = 1 − ``upper``."""
    by_low = upper * tf.exp(0.5 * (y - a) * (y + a))
    by_high = lower * tf.exp(0.5 * (y - b) * (y + b))
    return [1.0 - by_low - by_high, y - a * by_low - b * by_high, by_low, by_high]


def _log_shares(a: tf.Tensor, b: tf.Tensor, y: tf.Tensor, log_mass: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Return log F and log(1 − F) at ``y`` in (a, b), of which ``log_mass`` is the log probability."""
    lower, upper = log_interval(a, y, y - a), log_interval(y, b, b - y)
    return tf.minimum(lower - log_mass, 0.0), tf.minimum(upper - log_mass, 0.0)


def _from_bound(a: tf.Tensor, b: tf.Tensor, y: tf.Tensor, tail: tf.Tensor, below: tf.Tensor) -> tf.Tensor:
    """Return the distance of the root near ``y`` from the bound on the side of the smaller tail, to all its digits.

    By a step of Newton's method between the logarithms of the distance and of the tail, which are nearly the same
    beside a bound.
    """
    log_mass = log_interval(a, b, b - a)
    zero = tf.zeros_like(y)
    away = tf.maximum(tf.where(below, y - a, b - y), 1e-300)
    at = tf.where(below, a + away, b - away)
    log_tail = log_interval(tf.where(below, a + zero, at), tf.where(below, at, b + zero), away) - log_mass
    log_density = -0.5 * at * at - LOG_SQRT_TWO_PI - log_mass
    slope = tf.exp(log_tail - log_density) / away
    away = away * tf.exp(tf.clip_by_value(slope * (tf.math.log(tail) - log_tail), -700.0, 700.0))
    return tf.stop_gradient(away)


def _interval_tails(a: tf.Tensor, b: tf.Tensor) -> Tails:
    log_mass = log_interval(a, b, b - a)

    def tails(y: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
        log_lower, log_upper = _log_shares(a, b, y, log_mass)
        return log_lower, log_upper, -0.5 * y * y - LOG_SQRT_TWO_PI - log_mass

    return tails


def _plain_guess(a: tf.Tensor, b: tf.Tensor, u: tf.Tensor) -> tf.Tensor:
    """Return the standardized value with F = ``u`` in the dtype of ``u``, from the smaller end of Φ."""
    mirrored = a + b > 0.0
    left, right = ndtr(tf.where(mirrored, -b, a)), ndtr(tf.where(mirrored, -a, b))
    guess = drawn_score(left + tf.where(mirrored, 1.0 - u, u) * (right - left))
    return tf.clip_by_value(tf.where(mirrored, -guess, guess), a, b)


def _first_guess(a: tf.Tensor, b: tf.Tensor, lower: tf.Tensor, upper: tf.Tensor) -> tf.Tensor:
    """Return a standardized value near the root, mirrored so that the probabilities are small ones."""
    mirrored = a + b > 0.0
    left, right = tf.where(mirrored, -b, a), tf.where(mirrored, -a, b)
    share = tf.where(mirrored, upper, lower)
    level = ndtr(left) + share * (ndtr(right) - ndtr(left))
    guess = normal_score(tf.clip_by_value(level, 1e-300, 1.0 - 1e-16))
    # Where Φ underflows, its leading term φ(y)/|y| is inverted instead.
    far = tf.minimum(right, -30.0)
    ratio = tf.exp(tf.minimum(0.5 * (right - left) * (right + left), 0.0))
    deep = -tf.sqrt(far * far - 2.0 * tf.math.log(tf.maximum(share + (1.0 - share) * ratio, 1e-300)))
    guess = tf.where(right < -30.0, deep, guess)
    inside = tf.clip_by_value(guess, left + 1e-12 * (right - left), right - 1e-12 * (right - left))
    return tf.where(mirrored, -inside, inside)
