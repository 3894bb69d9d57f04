"""Student's t distribution; normal over the root of a gamma when sampled, from its distribution function otherwise.

Johnson, Kotz & Balakrishnan, Continuous Univariate Distributions, chapter 28.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import ClassVar

import tensorflow as tf

from models.distributions.base import Domain, Reparameterization
from models.distributions.beta import beta_tails
from models.distributions.scored import Sampled, between
from models.numerics.implicit import attach
from models.numerics.log_gamma import log_beta
from models.numerics.rejection import log_standard_gamma
from models.numerics.roots import Tails, invert, tail_slope
from models.numerics.special import log_of_smaller, ndtr, score_of, standard_normal, wide

# Of w = asinh y: sinh w is a number up to 710.
FARTHEST = 709.0
SMALLEST = 1e-300
# From here on of log(|y|/√ν), what the leading term of a tail leaves out is below rounding.
LEADING = 20.0


class StudentT(Sampled):
    """Student's t with ``df`` > 0 degrees of freedom; location and scale shift and stretch it, df acts implicitly."""

    reparameterization_type: ClassVar[Reparameterization] = "implicit"
    domains: ClassVar[Mapping[str, Domain]] = {"df": "positive", "loc": "real", "scale": "positive"}
    df: tf.Tensor
    loc: tf.Tensor
    scale: tf.Tensor

    def __init__(self, df: object, loc: object, scale: object, validate: bool = True) -> None:
        super().__init__({"df": df, "loc": loc, "scale": scale}, validate)

    def _sample(self, shape: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
        normal = standard_normal(shape, seed + tf.constant([0, 1 << 20], seed.dtype), self.dtype)
        log_gamma = log_standard_gamma(0.5 * self.df, shape, seed)
        log_spread = 0.5 * (tf.math.log(0.5 * self.df) - log_gamma)
        most = 0.5 * math.log(self.dtype.max) - math.log(10.0)
        return self.loc + self.scale * normal * tf.exp(tf.minimum(log_spread, most))

    def _log_prob(self, value: tf.Tensor) -> tf.Tensor:
        y = (value - self.loc) / self.scale
        power = -0.5 * (self.df + 1.0) * _log1p_ratio(y, self.df)
        return power - tf.math.log(self.scale) - _log_constant(self.df)

    def _cdf(self, value: tf.Tensor) -> tf.Tensor:
        return self._tail((self.loc - value) / self.scale)

    def _survival_function(self, value: tf.Tensor) -> tf.Tensor:
        return self._tail((value - self.loc) / self.scale)

    def _tail(self, y: tf.Tensor) -> tf.Tensor:
        """Return P(T > y) of the standard distribution with derivatives in y and df."""
        fixed = tf.stop_gradient(y + tf.zeros_like(self.df))
        df = wide(tf.stop_gradient(self.df))
        plain = tf.cast(_tails(wide(fixed), df)[1], self.dtype)

        def slopes() -> list[tf.Tensor]:
            w = tf.clip_by_value(tf.asinh(wide(fixed)), -FARTHEST, FARTHEST)
            log_density = -0.5 * (df + 1.0) * _log1p_ratio(tf.sinh(w), df) - _log_constant(df)
            by_df = tf.exp(log_density + _log_cosh(tf.abs(w))) * _df_slope(w, df)
            return [tf.cast(part, self.dtype) for part in (-tf.exp(log_density), by_df)]

        return attach(plain, [y, self.df], slopes)

    def _inverse(self, lower: tf.Tensor, upper: tf.Tensor) -> tf.Tensor:
        edge, low_inside, up_inside = between(lower, upper)
        df = wide(tf.stop_gradient(self.df))
        bound = tf.constant(FARTHEST, tf.float64)
        start = _first_guess(df, wide(low_inside), wide(up_inside))
        w = invert(_asinh_tails(df), low_inside, up_inside, start, -bound, bound)
        # Beyond the bound are no numbers: 0.02 degrees of freedom have their quantile of 1e-9 at 6e433.
        y = tf.where(tf.abs(start) > bound, tf.sign(start) * math.inf, tf.sinh(w))

        def slopes() -> list[tf.Tensor]:
            along = 0.5 * tf.exp(0.5 * (df + 1.0) * _log1p_ratio(tf.sinh(w), df) + _log_constant(df))
            return [tf.cast(part, self.dtype) for part in (tf.cosh(w) * _df_slope(w, df), along, -along)]

        standard = attach(tf.cast(y, self.dtype), [self.df, low_inside, up_inside], slopes)
        infinite = tf.where(lower <= 0.0, tf.constant(-math.inf, self.dtype), tf.constant(math.inf, self.dtype))
        return self.loc + self.scale * tf.where(edge, infinite, standard)

    def _mean(self) -> tf.Tensor:
        return tf.where(self.df > 1.0, self.loc, tf.constant(math.nan, self.dtype))

    def _variance(self) -> tf.Tensor:
        safe = tf.where(self.df > 2.0, self.df, 3.0 * tf.ones_like(self.df))
        infinite = tf.where(self.df > 1.0, tf.constant(math.inf, self.dtype), tf.constant(math.nan, self.dtype))
        return tf.where(self.df > 2.0, tf.square(self.scale) * safe / (safe - 2.0), infinite)

    def _entropy(self) -> tf.Tensor:
        half = 0.5 * (self.df + 1.0)
        difference = tf.math.digamma(wide(half)) - tf.math.digamma(0.5 * wide(self.df))
        return tf.math.log(self.scale) + half * tf.cast(difference, self.dtype) + _log_constant(self.df)


def _log_constant(df: tf.Tensor) -> tf.Tensor:
    """Return −log f(0) = ½ log ν + log B(ν/2, ½)."""
    return 0.5 * tf.math.log(df) + log_beta(0.5 * df, tf.constant(0.5, df.dtype))


def _log1p_ratio(y: tf.Tensor, df: tf.Tensor) -> tf.Tensor:
    """Return log(1 + y²/ν) without squaring what overflows."""
    ratio = tf.abs(y) / tf.sqrt(df)
    large = ratio > 1.0
    outer = tf.where(large, ratio, tf.ones_like(ratio))
    inner = tf.where(large, tf.zeros_like(ratio), ratio)
    far = 2.0 * tf.math.log(outer) + tf.math.log1p(tf.square(1.0 / outer))
    return tf.where(large, far, tf.math.log1p(inner * inner))


def _tails(y: tf.Tensor, df: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Return P(T ≤ y) and P(T > y); the latter is ½ I_x(ν/2, ½) with x = ν/(ν + y²) for y > 0."""
    log_ratio = tf.math.log(tf.maximum(tf.abs(y), SMALLEST)) - 0.5 * tf.math.log(df)
    far = tf.exp(-df * log_ratio - tf.math.log(df) - log_beta(0.5 * df, tf.constant(0.5, df.dtype)))
    ratio = tf.square(y) / df
    x, rest = 1.0 / (1.0 + ratio), tf.where(tf.math.is_inf(ratio), tf.ones_like(ratio), ratio / (1.0 + ratio))
    tail = 0.5 * beta_tails(0.5 * df, tf.constant(0.5, df.dtype), x, rest)[0]
    # There the leading term of the tail is all of it, and y² may overflow.
    tail = tf.where(log_ratio > LEADING, far, tail)
    lower, upper = tf.where(y > 0.0, 1.0 - tail, tail), tf.where(y > 0.0, tail, 1.0 - tail)
    # Beyond 1e8 the distribution is the normal one to rounding.
    return tf.where(df > 1e8, ndtr(y), lower), tf.where(df > 1e8, ndtr(-y), upper)


def _df_slope(w: tf.Tensor, df: tf.Tensor) -> tf.Tensor:
    """Return ∂w/∂ν at fixed F of w = asinh y, odd in w; the tail decays as exp(−νw), which sets the scale of the nodes.

    All is said by the logarithm of y²/ν: w may go where y² is no number.
    """
    size = tf.abs(w) + tf.zeros_like(df)
    nu = (df + tf.zeros_like(size))[..., tf.newaxis]
    stretch = tf.maximum(1.0 / nu, 1.0)
    constant = 0.5 * (tf.math.digamma(0.5 * (nu + 1.0)) - tf.math.digamma(0.5 * nu) - 1.0 / nu)

    def log_square(nodes: tf.Tensor) -> tf.Tensor:
        return 2.0 * _log_sinh(nodes * stretch) - tf.math.log(nu)

    def density(nodes: tf.Tensor) -> tf.Tensor:
        return _log_cosh(nodes * stretch) - 0.5 * (nu + 1.0) * tf.math.softplus(log_square(nodes))

    def score(nodes: tf.Tensor) -> tf.Tensor:
        ratio = log_square(nodes)
        return constant - 0.5 * tf.math.softplus(ratio) + 0.5 * (nu + 1.0) / nu * tf.math.sigmoid(ratio)

    factor = stretch[..., 0]
    return tf.sign(w) * factor * tail_slope(density, score, size / factor, tf.ones_like(size))


def _log_cosh(w: tf.Tensor) -> tf.Tensor:
    return w + tf.math.log1p(tf.exp(-2.0 * w)) - math.log(2.0)


def _log_sinh(w: tf.Tensor) -> tf.Tensor:
    return w + tf.math.log(-tf.math.expm1(-2.0 * tf.maximum(w, SMALLEST))) - math.log(2.0)


def _first_guess(df: tf.Tensor, lower: tf.Tensor, upper: tf.Tensor) -> tf.Tensor:
    """Return asinh y near the root: from the normal score, or from the leading term of the tail far outside."""
    score = score_of(lower, upper)
    log_tail = tf.math.log(tf.minimum(lower, upper))
    far = ((0.5 * df - 1.0) * tf.math.log(df) - log_beta(0.5 * df, tf.constant(0.5, df.dtype)) - log_tail) / df
    outside = far > 0.5 * tf.math.log(df) + 1.0
    return tf.where(outside, tf.sign(score) * (far + math.log(2.0)), tf.asinh(score) * (1.0 + 1.0 / df))


def _asinh_tails(df: tf.Tensor) -> Tails:
    def tails(w: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
        y = tf.sinh(w)
        lower, upper = _tails(y, df)
        log_density = tf.math.log(tf.cosh(w)) - 0.5 * (df + 1.0) * _log1p_ratio(y, df) - _log_constant(df)
        return log_of_smaller(lower, upper), log_of_smaller(upper, lower), log_density

    return tails
