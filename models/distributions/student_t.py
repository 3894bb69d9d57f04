"""Student's t distribution; normal over the root of a gamma when sampled, from its distribution function otherwise.

Johnson, Kotz & Balakrishnan, Continuous Univariate Distributions, chapter 28.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import ClassVar

import tensorflow as tf

from models.distributions.base import Domain, Reparameterization
from models.distributions.scored import Sampled, between
from models.numerics.implicit import attach
from models.numerics.incomplete_beta import log_tails, place_of_logit
from models.numerics.log_gamma import binet_slope, digamma_gap, excess, is_near, log_beta, near_excess
from models.numerics.pieces import piece
from models.numerics.rejection import log_standard_gamma
from models.numerics.roots import Tails, invert, tail_slope
from models.numerics.special import expit, score_of, standard_normal, wide

LOG_TWO = math.log(2.0)
# Of w = asinh y: sinh w is a number up to 710.
FARTHEST = 709.0
SMALLEST = 1e-300
# Nearer to the middle the tails are ½ to all digits; the beta variable's own smaller tail, y²/ν, would underflow, and
# then all values are integrated.
NEAREST = 1e-130
# With more degrees of freedom it is the normal distribution to rounding.
MOST_DF = 1e12


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

    def _log_cdf(self, value: tf.Tensor) -> tf.Tensor:
        return self._tail((self.loc - value) / self.scale, logarithm=True)

    def _tail(self, y: tf.Tensor, logarithm: bool = False) -> tf.Tensor:
        """Return P(T > y) of the standard distribution, or its logarithm, with derivatives in y and df."""
        fixed = tf.stop_gradient(y + tf.zeros_like(self.df))
        df = wide(tf.stop_gradient(self.df))
        log_tail = _log_tails(wide(fixed), df)[1]

        def slopes() -> list[tf.Tensor]:
            standard = wide(-0.5 * (self.df + 1.0) * _log1p_ratio(y, self.df) - _log_constant(self.df))
            log_density = standard - log_tail if logarithm else standard
            w = tf.clip_by_value(tf.asinh(wide(fixed)), -FARTHEST, FARTHEST)
            by_df = tf.exp(tf.stop_gradient(log_density) + _log_cosh(tf.abs(w))) * _df_slope(w, df)
            return [tf.cast(part, self.dtype) for part in (-tf.exp(log_density), by_df)]

        plain = tf.cast(log_tail if logarithm else tf.exp(log_tail), self.dtype)
        return attach(plain, [y, self.df], slopes, smooth=0 if logarithm else 1)

    def _inverse(self, lower: tf.Tensor, upper: tf.Tensor) -> tf.Tensor:
        edge, low_inside, up_inside = between(lower, upper)
        df = wide(tf.stop_gradient(self.df))
        w, start = _root(df, wide(tf.stop_gradient(low_inside)), wide(tf.stop_gradient(up_inside)))
        # Beyond the bound are no numbers: 0.02 degrees of freedom have their quantile of 1e-9 at 6e433.
        y = tf.where(tf.abs(start) > FARTHEST, tf.sign(start) * math.inf, tf.sinh(w))

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
        # ψ(x + ½) − ψ(x), x = ν/2, without the logarithms of both.
        difference = tf.math.log1p(1.0 / self.df) + digamma_gap(0.5 * self.df) - digamma_gap(half)
        return tf.math.log(self.scale) + half * difference + _log_constant(self.df)


def _log_constant(df: tf.Tensor) -> tf.Tensor:
    """Return −log f(0) = ½ log ν + log B(ν/2, ½)."""
    exact = wide(df)
    return tf.cast(0.5 * tf.math.log(exact) + log_beta(0.5 * exact, tf.constant(0.5, tf.float64)), df.dtype)


def _log1p_ratio(y: tf.Tensor, df: tf.Tensor) -> tf.Tensor:
    """Return log(1 + y²/ν) without squaring what overflows."""
    ratio = tf.abs(y) / tf.sqrt(df)
    large = ratio > 1.0
    outer = tf.where(large, ratio, tf.ones_like(ratio))
    inner = tf.where(large, tf.zeros_like(ratio), ratio)
    far = 2.0 * tf.math.log(outer) + tf.math.log1p(tf.square(1.0 / outer))
    return tf.where(large, far, tf.math.log1p(inner * inner))


def _log_tails(y: tf.Tensor, df: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Return log P(T ≤ y) and log P(T > y); the latter is ½ I_x(ν/2, ½) with logit x = log(ν/y²) for y > 0."""
    df, log_y = tf.minimum(df, MOST_DF), tf.math.log(tf.maximum(tf.abs(y), NEAREST))
    half = tf.constant(0.5, df.dtype)
    tail = log_tails(place_of_logit(0.5 * df, half, -2.0 * log_y, tf.math.log(df)))[0] - LOG_TWO
    rest = tf.math.log1p(-tf.exp(tail))
    return tf.where(y > 0.0, rest, tail), tf.where(y > 0.0, tail, rest)


def _df_slope(w: tf.Tensor, df: tf.Tensor) -> tf.Tensor:
    """Return ∂w/∂ν at fixed F of w = asinh y, odd in w; the tail decays as exp(−νw), which sets the scale of the nodes.

    All is said by the logarithm of y²/ν: w may go where y² is no number.
    """
    size = tf.abs(w) + tf.zeros_like(df)
    nu = (df + tf.zeros_like(size))[..., tf.newaxis]
    stretch = tf.maximum(1.0 / nu, 1.0)
    inverse = 1.0 / nu
    one = tf.ones_like(nu)
    # ½(ψ((ν + 1)/2) − ψ(ν/2) − 1/ν), which falls as 1/ν².
    constant = 0.5 * (excess(1.0 / (1.0 + inverse), one, -1.0 / (nu + 1.0))
                      + binet_slope(0.5 * (nu + 1.0)) - binet_slope(0.5 * nu))  # fmt: skip

    def log_square(nodes: tf.Tensor) -> tf.Tensor:
        return 2.0 * _log_sinh(nodes * stretch) - tf.math.log(nu)

    def density(nodes: tf.Tensor) -> tf.Tensor:
        return _log_cosh(nodes * stretch) - 0.5 * (nu + 1.0) * tf.math.softplus(log_square(nodes))

    def score(nodes: tf.Tensor) -> tf.Tensor:
        ratio = log_square(nodes)
        share = expit(ratio)
        # log(1 + r) − r/(1 + r) of r = y²/ν begins with r²/2.
        near = is_near(-share)
        curved = tf.where(
            near, near_excess(tf.where(near, -share, tf.zeros_like(share))), tf.math.softplus(ratio) - share
        )
        return constant - 0.5 * curved + 0.5 * share / nu

    factor = stretch[..., 0]
    return tf.sign(w) * factor * tail_slope(density, score, size / factor, tf.ones_like(size))


def _log_cosh(w: tf.Tensor) -> tf.Tensor:
    return w + tf.math.log1p(tf.exp(-2.0 * w)) - LOG_TWO


def _log_sinh(w: tf.Tensor) -> tf.Tensor:
    return w + tf.math.log(-tf.math.expm1(-2.0 * tf.maximum(w, SMALLEST))) - LOG_TWO


def _first_guess(df: tf.Tensor, lower: tf.Tensor, upper: tf.Tensor) -> tf.Tensor:
    """Return asinh y near the root: from the normal score, or from the leading term of the tail far outside."""
    score = score_of(lower, upper)
    log_tail = tf.math.log(tf.minimum(lower, upper))
    far = ((0.5 * df - 1.0) * tf.math.log(df) - log_beta(0.5 * df, tf.constant(0.5, df.dtype)) - log_tail) / df
    outside = far > 0.5 * tf.math.log(df) + 1.0
    return tf.where(outside, tf.sign(score) * (far + LOG_TWO), tf.asinh(score) * (1.0 + 1.0 / df))


@piece
def _root(df: tf.Tensor, lower: tf.Tensor, upper: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Return asinh of the value with these tails, and where it was sought first."""
    bound = tf.constant(FARTHEST, tf.float64)
    start = _first_guess(df, lower, upper) + tf.zeros_like(df) + tf.zeros_like(lower)
    return invert(_asinh_tails(df), lower, upper, start, -bound, bound), start


def _asinh_tails(df: tf.Tensor) -> Tails:
    def tails(w: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
        y = tf.sinh(w)
        log_density = tf.math.log(tf.cosh(w)) - 0.5 * (df + 1.0) * _log1p_ratio(y, df) - _log_constant(df)
        return *_log_tails(y, df), log_density

    return tails
