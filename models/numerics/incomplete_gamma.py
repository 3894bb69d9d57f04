"""The incomplete gamma functions, their logarithms and the derivative of their inverse in the shape, in float64.

TensorFlow's carry 12 digits at shapes a < 200. Beyond, it runs out of terms (P(1e6, 1e6) is off by 5 % there, and the
derivative of a gamma variable in its shape by 13 % at 1e4), and Temme's expansion takes their place: 13 digits in both
tails for 200 ≤ a ≤ 1e12. Logarithms do not underflow: of the lower tail by its power series (DLMF 8.11.4), of the
upper one by its asymptotic series (DLMF 8.11.2). See tests/models/numerics/exact.json.
"""

from __future__ import annotations

import tensorflow as tf

from models.numerics import temme
from models.numerics.implicit import attach
from models.numerics.log_gamma import binet, excess, is_near, near_excess
from models.numerics.pieces import piece
from models.numerics.special import LOG_SQRT_TWO_PI, log_of_smaller, wide

# A tail below this is no longer taken from its value but from a series of its logarithm.
UNDERFLOW = 1e-280
TERMS = 41.0
# The logarithm of values so small that a gamma quantile is its leading term to all digits.
LEADING = -640.0


def igamma(a: tf.Tensor, x: tf.Tensor, log_x: tf.Tensor | None = None) -> tf.Tensor:
    """Return P(a, x) of x > 0 in the dtype of ``x``, differentiable in both, and twice in ``x``.

    The derivative in x is taken along ``log_x``, which the caller may know where x over- or underflows on its way.
    """
    return _with_slopes(_tails(*_fixed(a, x))[0], a, x, log_x, 1.0)


def igammac(a: tf.Tensor, x: tf.Tensor, log_x: tf.Tensor | None = None) -> tf.Tensor:
    """Return Q(a, x) = 1 − P(a, x), as :func:`igamma` does."""
    return _with_slopes(_tails(*_fixed(a, x))[1], a, x, log_x, -1.0)


def log_igamma(a: tf.Tensor, x: tf.Tensor, log_x: tf.Tensor | None = None) -> tf.Tensor:
    """Return log P(a, x) of x > 0 in the dtype of ``x``, differentiable once; it does not underflow."""
    return _log_with_slopes(a, x, log_x, lower=True)


def log_igammac(a: tf.Tensor, x: tf.Tensor, log_x: tf.Tensor | None = None) -> tf.Tensor:
    """Return log Q(a, x) of x > 0 in the dtype of ``x``, differentiable once; it does not underflow."""
    return _log_with_slopes(a, x, log_x, lower=False)


def log_gamma_tails(a: tf.Tensor, y: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
    """Return log P, log Q and the log density of y = log(x/a), all at y, without derivatives."""
    mu = tf.math.expm1(y)
    near = is_near(mu)
    away = tf.where(near, near_excess(tf.where(near, mu, tf.zeros_like(mu))), mu - y)
    log_density = 0.5 * tf.math.log(a) - LOG_SQRT_TWO_PI - binet(a) - a * away
    return *_log_tails(a + tf.zeros_like(y), a * tf.exp(y), tf.math.log(a) + y, mu), log_density


def gamma_slope(a: tf.Tensor, x: tf.Tensor) -> tf.Tensor:
    """Return ∂x/∂a at fixed P(a, x), in the dtype of ``x``, without derivatives."""
    a = a + tf.zeros_like(x)
    large = a >= temme.LEAST_SHAPE
    one = tf.ones_like(x)
    usual = tf.raw_ops.RandomGammaGrad(alpha=tf.where(large, one, a), sample=tf.where(large, one, x))

    def mixed() -> tf.Tensor:
        at = temme.expanded(*_large(large, wide(a), wide(x)))
        return tf.where(large, tf.cast(temme.elasticity(at) * wide(x) / at.a, x.dtype), usual)

    return tf.cond(tf.reduce_any(large), mixed, lambda: usual)


@piece
def elasticity(a: tf.Tensor, x: tf.Tensor, log_x: tf.Tensor) -> tf.Tensor:
    """Return ∂ log x/∂ log a at fixed P(a, x) in float64, where x itself may underflow; without derivatives."""
    leading = log_x < LEADING
    inside = tf.where(leading, tf.ones_like(x), x)
    usual = a * gamma_slope(tf.where(leading, tf.ones_like(x), a), inside) / inside
    return tf.where(leading, tf.math.digamma(a + 1.0) - log_x, usual)


def _fixed(a: tf.Tensor, x: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    shape, value = wide(tf.stop_gradient(a)), wide(tf.stop_gradient(x))
    return shape + tf.zeros_like(value), value + tf.zeros_like(shape)


def _large(large: tf.Tensor, a: tf.Tensor, x: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Return arguments at which the expansion holds where it is not wanted."""
    spare = 2.0 * temme.LEAST_SHAPE * tf.ones_like(x)
    return tf.where(large, a, spare), tf.where(large, x, spare)


@piece
def _tails(a: tf.Tensor, x: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Return P and Q in float64."""
    large = a >= temme.LEAST_SHAPE
    usual = _small_tails(large, a, x)

    def mixed() -> tuple[tf.Tensor, tf.Tensor]:
        expanded = temme.tails(temme.expanded(*_large(large, a, x)))
        return tf.where(large, expanded[0], usual[0]), tf.where(large, expanded[1], usual[1])

    both: tuple[tf.Tensor, tf.Tensor] = tf.cond(tf.reduce_any(large), mixed, lambda: usual)
    return both


def _small_tails(large: tf.Tensor, a: tf.Tensor, x: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Return P and Q by TensorFlow, and anything where the shape is ``large``."""
    one = tf.ones_like(x)
    a, x = tf.where(large, one, a), tf.where(large, one, x)
    return tf.math.igamma(a, x), tf.math.igammac(a, x)


@piece
def _log_tails(a: tf.Tensor, x: tf.Tensor, log_x: tf.Tensor, mu: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Return log P and log Q in float64; ``mu`` is x/a − 1."""
    large = a >= temme.LEAST_SHAPE
    lower, upper = _small_tails(large, a, x)
    no_lower, no_upper = lower < UNDERFLOW, upper < UNDERFLOW
    some = 0.1 * tf.ones_like(x)
    usual = (
        log_of_smaller(tf.where(no_lower, some, lower), upper),
        log_of_smaller(tf.where(no_upper, some, upper), lower),
    )

    def special() -> tuple[tf.Tensor, tf.Tensor]:
        low = _log_series(a, tf.where(no_lower, x, tf.zeros_like(x)), log_x)
        high = _log_far(a, tf.where(no_upper, x, 1e3 * tf.ones_like(x)))
        # At small shapes P is a number where x, and so TensorFlow's P, underflows.
        rest = tf.where(no_lower, tf.math.log1p(-tf.exp(low)), usual[1])
        found = tf.where(no_lower, low, usual[0]), tf.where(no_upper, high, rest)
        at = temme.expanded(*_large(large, a, x), tf.where(large, mu, tf.zeros_like(mu)))
        tail = temme.log_tail(at)
        rest = tf.math.log1p(-tf.exp(tail))
        logs = (tail, rest), (rest, tail)
        return tuple(tf.where(large, tf.where(at.eta < 0.0, *pair), part)
                     for pair, part in zip(logs, found, strict=True))  # fmt: skip

    any_special = tf.reduce_any(large | no_lower | no_upper)
    both: tuple[tf.Tensor, tf.Tensor] = tf.cond(any_special, special, lambda: usual)
    return both


def _log_series(a: tf.Tensor, x: tf.Tensor, log_x: tf.Tensor) -> tf.Tensor:
    """Return log P(a, x) for x < a/2 by Σ xⁿ/((a + 1)…(a + n))."""
    n = tf.range(1.0, TERMS, dtype=x.dtype)
    terms = tf.math.cumprod(x[..., tf.newaxis] / (a[..., tf.newaxis] + n), axis=-1)
    return a * log_x - x - tf.math.lgamma(a + 1.0) + tf.math.log1p(tf.reduce_sum(terms, -1))


def _log_far(a: tf.Tensor, x: tf.Tensor) -> tf.Tensor:
    """Return log Q(a, x) for x far above a by Σ (a − 1)…(a − n)/xⁿ."""
    n = tf.range(1.0, TERMS, dtype=x.dtype)
    terms = tf.math.cumprod((a[..., tf.newaxis] - n) / x[..., tf.newaxis], axis=-1)
    return (a - 1.0) * tf.math.log(x) - x - tf.math.lgamma(a) + tf.math.log1p(tf.reduce_sum(terms, -1))


def _log_density(a: tf.Tensor, x: tf.Tensor) -> tf.Tensor:
    """Return the log density of log x in float64, differentiable in both."""
    a, x = wide(a), wide(x)
    return 0.5 * tf.math.log(a) - LOG_SQRT_TWO_PI - binet(a) - a * excess(x, a)


def _with_slopes(plain: tf.Tensor, a: tf.Tensor, x: tf.Tensor, log_x: tf.Tensor | None, sign: float) -> tf.Tensor:
    log_x = tf.math.log(x) if log_x is None else log_x

    def slopes() -> list[tf.Tensor]:
        density = tf.exp(_log_density(a, x)) + tf.zeros_like(plain)
        shape, value = _fixed(a, x)
        by_a = -tf.stop_gradient(density) * elasticity(shape, value, tf.math.log(value)) / shape
        return [tf.cast(sign * part, x.dtype) for part in (density, by_a)]

    return attach(tf.cast(plain, x.dtype), [log_x, a], slopes, smooth=1)


def _log_with_slopes(a: tf.Tensor, x: tf.Tensor, log_x: tf.Tensor | None, lower: bool) -> tf.Tensor:
    log_x = tf.math.log(x) if log_x is None else log_x
    shape, value = _fixed(a, x)
    log_value = wide(tf.stop_gradient(log_x)) + tf.zeros_like(value)
    low, high = _log_tails(shape, value, log_value, (value - shape) / shape)
    plain, sign = (low, 1.0) if lower else (high, -1.0)

    def slopes() -> list[tf.Tensor]:
        hazard = tf.exp(_log_density(shape, value) - plain)
        by_a = -hazard * elasticity(shape, value, log_value) / shape
        return [tf.cast(sign * part, x.dtype) for part in (hazard, by_a)]

    return attach(tf.cast(plain, x.dtype), [log_x, a], slopes)


def chi2_cdf(squared: tf.Tensor, degrees: tf.Tensor) -> tf.Tensor:
    """Return the χ² distribution function at ``squared`` ≥ 0 for ``degrees`` of freedom."""
    return igamma(0.5 * degrees, 0.5 * squared)


def chi2_sf(squared: tf.Tensor, degrees: tf.Tensor) -> tf.Tensor:
    """Return the χ² survival function at ``squared`` ≥ 0 for ``degrees`` of freedom, accurate far out."""
    return igammac(0.5 * degrees, 0.5 * squared)
