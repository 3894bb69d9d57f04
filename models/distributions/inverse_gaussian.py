"""The inverse Gaussian distribution of the time in which a Brownian motion with drift first reaches a point.

Chhikara & Folks 1989, The Inverse Gaussian Distribution. With α = √(λ/2z)·(z/μ − 1) and β = √(λ/2z)·(z/μ + 1) the
distribution function is ½ erfc(−α) + ½ exp(−α²) erfcx(β); both tails and the path are written without a difference of
nearly equal numbers.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import tensorflow as tf

from models.distributions.base import Domain, Reparameterization
from models.distributions.scored import Sampled, between
from models.numerics.implicit import attach
from models.numerics.roots import invert
from models.numerics.scaled_erfc import erfcx, erfcx_fall
from models.numerics.special import LOG_SQRT_TWO_PI, open_uniform, score_of, standard_normal, wide

# Logarithms of nodes of ∫ exp(−t)/(r + t) dt, r from 1e-12 on; the trapezoidal rule leaves 1e-16.
SPREAD = np.arange(-66.0, 4.0, 0.25)
LARGEST_ROOT = 1e150


class InverseGaussian(Sampled):
    """Inverse Gaussian distribution with mean ``loc`` μ and ``concentration`` λ; its variance is μ³/λ."""

    reparameterization_type: ClassVar[Reparameterization] = "implicit"
    domains: ClassVar[Mapping[str, Domain]] = {"loc": "positive", "concentration": "positive"}
    loc: tf.Tensor
    concentration: tf.Tensor

    def __init__(self, loc: object, concentration: object, validate: bool = True) -> None:
        super().__init__({"loc": loc, "concentration": concentration}, validate)

    def _sample(self, shape: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
        """Draw the smaller or the larger root of a squared normal variable (Michael, Schucany & Haas 1976)."""
        normal = standard_normal(shape, seed, self.dtype)
        uniform = open_uniform(shape, seed + tf.constant([0, 1], seed.dtype), self.dtype)
        loc, shape_of = tf.stop_gradient(self.loc), tf.stop_gradient(self.concentration)
        w = 0.5 * normal * normal * (loc / shape_of)
        ratio = 1.0 / (1.0 + w + tf.sqrt(w * (2.0 + w)))
        value = loc * tf.where(uniform * (1.0 + ratio) <= 1.0, ratio, 1.0 / ratio)
        return attach(value, [self.loc, self.concentration], lambda: self._path_slopes(value))

    def _path_slopes(self, value: tf.Tensor) -> list[tf.Tensor]:
        """Return ∂z/∂μ and ∂z/∂λ at fixed F, which are elementary but for Mills' ratio."""
        at = self._at(value)
        by_loc = 2.0 * at.mills * tf.sqrt(at.phi * at.ratio) * at.ratio
        return [tf.cast(part, self.dtype) for part in (by_loc, (at.ratio - by_loc) / at.phi)]

    def _at(self, value: tf.Tensor) -> _At:
        z, loc, concentration = (wide(tf.stop_gradient(part)) for part in (value, self.loc, self.concentration))
        return _At(z / loc, concentration / loc, (z - loc) / loc)

    def _log_prob(self, value: tf.Tensor) -> tf.Tensor:
        outside = (value <= 0.0) | tf.math.is_inf(value)
        z = tf.where(outside, self.loc + tf.zeros_like(value), value)
        # Its square is a number beside 0, too.
        largest = math.sqrt(self.dtype.max) / 16.0
        a = tf.sqrt(self.concentration) * tf.math.rsqrt(z) * ((z - self.loc) / self.loc)
        a = tf.clip_by_value(a, -largest, largest)
        log_slope = 0.5 * tf.math.log(self.concentration) - 1.5 * tf.math.log(z)
        log_prob = log_slope - 0.5 * a * a - LOG_SQRT_TWO_PI
        return tf.where(outside, tf.constant(-math.inf, self.dtype), log_prob)

    def _cdf(self, value: tf.Tensor) -> tf.Tensor:
        return self._tail(value, 1.0, (0.0, 1.0))

    def _survival_function(self, value: tf.Tensor) -> tf.Tensor:
        return self._tail(value, -1.0, (1.0, 0.0))

    def _tail(self, value: tf.Tensor, sign: float, ends: tuple[float, float]) -> tf.Tensor:
        edge, inside, limit = self._inside(value, ends)
        at = self._at(inside)
        tail = tf.exp(at.log_tails[0 if sign > 0.0 else 1])

        def slopes() -> list[tf.Tensor]:
            by_loc, by_shape = (tf.cast(sign * part, self.dtype) for part in at.slopes(0.0))
            return [sign * self._prob(inside), by_loc / self.loc, by_shape / self.loc]

        given = [inside, self.loc, self.concentration]
        return tf.where(edge, limit, attach(tf.cast(tail, self.dtype), given, slopes, smooth=1))

    def _log_cdf(self, value: tf.Tensor) -> tf.Tensor:
        edge, inside, limit = self._inside(value, (-math.inf, 0.0))
        at = self._at(inside)
        log_lower = at.log_tails[0]

        def slopes() -> list[tf.Tensor]:
            by_value = tf.exp(at.log_density - log_lower) / at.ratio
            parts = (by_value, *at.slopes(log_lower))
            return [tf.cast(part, self.dtype) / self.loc for part in parts]

        given = [inside, self.loc, self.concentration]
        return tf.where(edge, limit, attach(tf.cast(log_lower, self.dtype), given, slopes))

    def _inside(self, value: tf.Tensor, ends: tuple[float, float]) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
        """Return where ``value`` is at or beyond an end of the support, a harmless value there, and the limit there."""
        below, above = value <= 0.0, tf.math.is_inf(value) & (value > 0.0)
        limit = tf.where(above, tf.constant(ends[1], self.dtype), tf.constant(ends[0], self.dtype))
        return below | above, tf.where(below | above, self.loc + tf.zeros_like(value), value), limit

    def _inverse(self, lower: tf.Tensor, upper: tf.Tensor) -> tf.Tensor:
        edge, low, up = between(lower, upper)
        loc, phi = wide(tf.stop_gradient(self.loc)), wide(tf.stop_gradient(self.concentration / self.loc))
        spread = tf.sqrt(tf.math.log1p(1.0 / phi))
        start = spread * (score_of(wide(low), wide(up)) - 0.5 * spread)
        least, most = tf.math.log(phi / (phi + 2e3)) - 1.0, tf.math.log1p(1.6e3 / phi + 80.0 / tf.sqrt(phi)) + 1.0
        root = invert(lambda t: _of_log(t, phi).tails, low, up, start, least, most)
        value = tf.cast(loc * tf.exp(root), self.dtype)

        def slopes() -> list[tf.Tensor]:
            along = tf.cast(0.5 * loc * tf.exp(root - _of_log(root, phi).log_density), self.dtype)
            return [*self._path_slopes(value), along, -along]

        inside = attach(value, [self.loc, self.concentration, low, up], slopes)
        end = tf.where(lower <= 0.0, tf.zeros_like(lower), tf.constant(math.inf, self.dtype))
        return tf.where(edge, end, inside)

    def _mean(self) -> tf.Tensor:
        return self.loc

    def _variance(self) -> tf.Tensor:
        return tf.square(self.loc) * (self.loc / self.concentration)

    def _entropy(self) -> tf.Tensor:
        # E[log Z] = log μ − exp(r) E₁(r) with r = 2λ/μ, an integral over t of exp(−t)/(r + t).
        t = tf.exp(tf.constant(SPREAD))
        r = 2.0 * (self.concentration / self.loc)[..., tf.newaxis]
        lag = (SPREAD[1] - SPREAD[0]) * tf.reduce_sum(t * tf.exp(-t) / (r + t), -1)
        log_spread = tf.math.log(self.loc) - 0.5 * tf.math.log(self.concentration / self.loc)
        return 0.5 + LOG_SQRT_TWO_PI + log_spread - 1.5 * lag


@dataclass(frozen=True)
class _At:
    """A value by its ``ratio`` z/μ, with ``phi`` λ/μ and ``away`` z/μ − 1, all float64 and without derivatives."""

    ratio: tf.Tensor
    phi: tf.Tensor
    away: tf.Tensor

    @property
    def root(self) -> tf.Tensor:
        """√(λ/2z), so that its square is a number beside 0, too."""
        return tf.minimum(tf.sqrt(0.5 * self.phi / self.ratio), LARGEST_ROOT)

    @property
    def alpha(self) -> tf.Tensor:
        """√(λ/2z)·(z/μ − 1)."""
        return self.root * self.away

    @property
    def beta(self) -> tf.Tensor:
        """√(λ/2z)·(z/μ + 1)."""
        return self.root * (self.ratio + 1.0)

    @property
    def mills(self) -> tf.Tensor:
        """Mills' ratio at √2·β."""
        return math.sqrt(0.5 * math.pi) * erfcx(self.beta)

    @property
    def log_density(self) -> tf.Tensor:
        """That of log z."""
        return 0.5 * tf.math.log(self.phi / self.ratio) - LOG_SQRT_TWO_PI - tf.square(self.alpha)

    @property
    def log_tails(self) -> tuple[tf.Tensor, tf.Tensor]:
        """log F and log(1 − F): each from the terms that are all positive, or from the other where that is smaller."""
        alpha, beta, square = tf.abs(self.alpha), self.beta, tf.square(self.alpha)
        below, zero = self.away < 0.0, tf.zeros_like(self.alpha)
        fall = erfcx_fall(tf.where(below, zero, alpha), tf.where(below, beta, 2.0 * self.root))
        log_lower = tf.math.log(0.5 * (erfcx(alpha) + erfcx(beta))) - square
        left = 0.5 * (tf.math.erf(alpha) - tf.math.expm1(-square) + tf.exp(-square) * fall)
        log_upper = tf.math.log(tf.where(below, left, 0.5 * fall)) - tf.where(below, zero, square)
        by_upper = ~below | (left < 0.5)
        other = tf.math.log1p(-tf.exp(tf.where(by_upper, log_upper, log_lower)))
        return tf.where(by_upper, other, log_lower), tf.where(by_upper, log_upper, other)

    @property
    def tails(self) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
        """What :func:`invert` asks for."""
        return *self.log_tails, self.log_density

    def slopes(self, log_unit: tf.Tensor | float) -> tuple[tf.Tensor, tf.Tensor]:
        """Return μ ∂F/∂μ and μ ∂F/∂λ over exp(``log_unit``)."""
        height = tf.exp(-tf.square(self.alpha) - LOG_SQRT_TWO_PI - log_unit)
        return -2.0 * self.phi * self.mills * height, (2.0 * self.mills - tf.math.rsqrt(self.phi * self.ratio)) * height


def _of_log(t: tf.Tensor, phi: tf.Tensor) -> _At:
    """Return the value at t = log(z/μ)."""
    return _At(tf.exp(t), phi, tf.math.expm1(t))
