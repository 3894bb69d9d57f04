"""Special functions that TensorFlow lacks or loses digits in."""

from __future__ import annotations

import math
from collections.abc import Callable

import tensorflow as tf
from tensorflow.python.ops.control_flow_util import GraphOrParentsInXlaContext

from models.numerics.chebyshev import polynomial
from models.numerics.normal_quantile import score_of_level
from models.numerics.quadrature import legendre

SQRT_HALF = math.sqrt(0.5)
LOG_SQRT_TWO_PI = 0.5 * math.log(2.0 * math.pi)
EULER_GAMMA = 0.57721566490153286
# The generator that TensorFlow takes on a CPU anyway, but not inside XLA, where its own choice is 30 times slower.
GENERATOR = "philox"
TANGENT = [0.333331568548, 0.133387994085, 0.0534112807005, 0.0244301354525, 0.00311992232697, 0.00938540185543]
SCORE_MIDDLE = [
    1.50140941, 0.246640727, -0.00417768164, -0.00125372503, 0.00021858087, -4.39150654e-06,
    -3.5233877e-06, 3.43273939e-07, 2.81022636e-08,
]  # fmt: skip
SCORE_TAIL = [
    2.83297703, 1.00167735, 0.00943519284, -0.00766613957, 0.00576680125, -0.00352607825,
    0.00126972615, -5.64592525e-05, -0.000123809727, 3.02156903e-05,
]  # fmt: skip

# Of (exp(x) − 1)/x for |x| < 0.1 and of log(1 + x)/x for |x| < 0.02, with one term more for the derivative.
EXPREL = [1.0 / math.factorial(n + 1) for n in range(12)]
LOG1PREL = [(-1.0) ** n / (n + 1) for n in range(12)]


def ndtr(x: tf.Tensor) -> tf.Tensor:
    """Return Φ(x), the standard normal distribution function, with full relative accuracy in the lower tail."""
    return 0.5 * tf.math.erfc(-SQRT_HALF * x)


def log_ndtr(x: tf.Tensor) -> tf.Tensor:
    """Return log Φ(x) for every finite x, with finite gradients.

    Above 0 it is log1p(−Φ(−x)); below, the logarithm of Φ until erfc nears underflow; beyond that the asymptotic
    series of Mills' ratio, Φ(x) ~ φ(x)/|x| · (1 − x⁻² + 3x⁻⁴ − 15x⁻⁶ + 105x⁻⁸ − 945x⁻¹⁰) (Abramowitz & Stegun 26.2.12).
    """
    far = tf.constant(-10.0 if x.dtype == tf.float32 else -20.0, x.dtype)
    zero = tf.zeros_like(x)
    upper = tf.math.log1p(-ndtr(-tf.maximum(x, zero)))
    middle = tf.math.log(ndtr(tf.clip_by_value(x, far, zero)))
    # Each branch sees an argument that is harmless to it: the gradient of an unused branch must not be NaN.
    tail = tf.minimum(x, far)
    inverse = 1.0 / (tail * tail)
    series = 1.0 - inverse * (1.0 - inverse * (3.0 - inverse * (15.0 - inverse * (105.0 - inverse * 945.0))))
    lower = -0.5 * tail * tail - tf.math.log(-tail) - LOG_SQRT_TWO_PI + tf.math.log(series)
    return tf.where(x > zero, upper, tf.where(x > far, middle, lower))


def log_of_smaller(part: tf.Tensor, rest: tf.Tensor) -> tf.Tensor:
    """Return log(part) of two probabilities that add up to 1, each accurate where it is the smaller; −inf at 0."""
    half = tf.constant(0.5, part.dtype)
    small = part < half
    log_small = safe_log(tf.where(small, part, half))
    return tf.where(small, log_small, tf.math.log1p(-tf.where(small, half, rest)))


def safe_log(x: tf.Tensor) -> tf.Tensor:
    """Return log(x) of x ≥ 0, −inf at 0 with gradient 0 there."""
    zero = tf.equal(x, 0.0)
    return tf.where(zero, tf.constant(-math.inf, x.dtype), tf.math.log(tf.where(zero, tf.ones_like(x), x)))


def edge_power(exponent: tf.Tensor, value: tf.Tensor) -> tf.Tensor:
    """Return exponent·log(value) of value ≥ 0, 0 where the exponent is 0 and ±∞ at 0 otherwise."""
    return edge_product(exponent, safe_log(value))


def edge_product(exponent: tf.Tensor, log_value: tf.Tensor) -> tf.Tensor:
    """Return exponent·log_value with 0·(±∞) = 0; at ±∞ without derivatives, which would be infinite."""
    infinite = tf.math.is_inf(log_value)
    usual = exponent * tf.where(infinite, tf.zeros_like(log_value), log_value)
    end = tf.stop_gradient(tf.where(tf.equal(exponent, 0.0), tf.zeros_like(usual), exponent * log_value))
    return tf.where(infinite, end, usual)


def log_ratio(x: tf.Tensor, y: tf.Tensor, dtype: tf.DType | None = None) -> tf.Tensor:
    """Return log(x/y) of positive ``x`` and ``y``, from their difference: beside 1 the quotient has few digits of it.

    In ``dtype``, to all its digits, where ``x`` and ``y`` are known to more; otherwise in theirs.
    """

    @tf.custom_gradient
    def of(x: tf.Tensor, y: tf.Tensor) -> tuple[tf.Tensor, Callable[[tf.Tensor], tuple[tf.Tensor, tf.Tensor]]]:
        less = x < y
        distance = tf.where(less, y - x, x - y) / tf.where(less, x, y)
        size = tf.math.log1p(tf.cast(distance, dtype or x.dtype))
        # That of the quotient would be squares of what may be tiny.
        return tf.where(less, -size, size), lambda upstream: (
            tf.cast(upstream, x.dtype) / x,
            -tf.cast(upstream, y.dtype) / y,
        )

    return of(x + tf.zeros_like(y), y + tf.zeros_like(x))


def positive_power(base: tf.Tensor, exponent: tf.Tensor) -> tf.Tensor:
    """Return base^exponent of base ≥ 0 and exponent > 0, with gradients that are finite at base 0."""
    zero = tf.equal(base, 0.0)
    inside = tf.where(zero, tf.ones_like(base), base)
    # An exponential of a logarithm is three times as fast as a power, and loses a digit of float32 at most.
    power = tf.exp(exponent * tf.math.log(inside)) if base.dtype == tf.float32 else tf.pow(inside, exponent)
    return tf.where(zero, tf.zeros_like(base), power)


def expit(x: tf.Tensor) -> tf.Tensor:
    """Return 1/(1 + exp(−x)) with full relative accuracy in the lower tail."""
    decay = tf.exp(minus_abs(x))
    return tf.where(x < 0.0, decay, tf.ones_like(x)) / (1.0 + decay)


def lower_side(u: tf.Tensor) -> tf.Tensor:
    """Return −1 for u ≤ ½ and 1 above: the sign of a symmetric quantile, whose size is one of min(u, 1 − u).

    At ½, where the derivative of that minimum is the one in u, so is the sign; sign(u − ½) would make it 0.
    """
    return tf.where(u <= 0.5, -tf.ones_like(u), tf.ones_like(u))


def minus_abs(x: tf.Tensor) -> tf.Tensor:
    """Return −|x| with derivative −1 at 0, that of the branch x ≥ 0; the derivative of abs there would be 0."""
    return tf.where(x < 0.0, x, -x)


def log1mexp(x: tf.Tensor) -> tf.Tensor:
    """Return log(1 − exp(x)) of x ≤ 0 (Mächler 2012, Accurately computing log(1 − exp(−|a|)))."""
    near = x > -math.log(2.0)
    inner = tf.where(near, x, -tf.ones_like(x))
    outer = tf.where(near, -tf.ones_like(x), x)
    return tf.where(near, safe_log(-tf.math.expm1(inner)), tf.math.log1p(-tf.exp(outer)))


def log_of_base(x: tf.Tensor) -> tf.Tensor:
    """Return log(1 − exp(−x)) of x > 0; for samplers: with one logarithm, corrected as Kahan does for log(1 + x)."""

    @tf.custom_gradient
    def of(x: tf.Tensor) -> tuple[tf.Tensor, Callable[[tf.Tensor], tf.Tensor]]:
        rest, base = tf.exp(-x), -tf.math.expm1(-x)
        rounded = 1.0 - base
        none = tf.equal(rounded, 0.0)
        ratio = rest / tf.where(none, tf.ones_like(rounded), rounded)
        value = tf.where(none, -rest, tf.math.log(base) * ratio)
        return value, lambda upstream: upstream / tf.math.expm1(x)

    return of(x)


def exprel(x: tf.Tensor) -> tf.Tensor:
    """Return (exp(x) − 1)/x, 1 at 0, with the digits of its derivatives there."""
    near = tf.abs(x) < 0.1
    series = _power_series(EXPREL, tf.where(near, x, tf.zeros_like(x)))
    safe = tf.where(near, tf.ones_like(x), x)
    return tf.where(near, series, tf.math.expm1(safe) / safe)


def log1prel(x: tf.Tensor) -> tf.Tensor:
    """Return log(1 + x)/x, 1 at 0, with the digits of its derivatives there."""
    near = tf.abs(x) < 0.02
    series = _power_series(LOG1PREL, tf.where(near, x, tf.zeros_like(x)))
    safe = tf.where(near, tf.ones_like(x), x)
    return tf.where(near, series, tf.math.log1p(safe) / safe)


def _power_series(coefficients: list[float], x: tf.Tensor) -> tf.Tensor:
    """Return Σ cₙ xⁿ; in float32 the first half of the terms is enough."""
    terms = coefficients[: len(coefficients) // 2 if x.dtype == tf.float32 else None]
    return polynomial([tf.constant(part, x.dtype) for part in terms], x)


def cotangent(share: tf.Tensor) -> tf.Tensor:
    """Return cot(π·share) for 0 ≤ share ≤ ½; in float32 by the polynomial of tan on [0, π/4] (Moshier, Cephes, tanf).

    XLA reduces the arguments of sine and cosine to one period, which takes ten times as long.
    """

    @tf.custom_gradient
    def of_share(share: tf.Tensor) -> tuple[tf.Tensor, Callable[[tf.Tensor], tf.Tensor]]:
        value = _cotangent(share)
        return value, lambda upstream: upstream * (-math.pi * (1.0 + value * value))

    return of_share(share)


def _cotangent(share: tf.Tensor) -> tf.Tensor:
    low = share < 0.25
    angle = math.pi * tf.where(low, share, 0.5 - share)
    if share.dtype == tf.float32:
        square = angle * angle
        tangent = angle + angle * square * polynomial(TANGENT, square)
    else:
        tangent = tf.tan(angle)
    return tf.where(low, 1.0 / tf.where(low, tangent, tf.ones_like(tangent)), tangent)


def wide(x: tf.Tensor) -> tf.Tensor:
    """Return ``x`` in float64."""
    return tf.cast(x, tf.float64)


def open_uniform(shape: tf.Tensor, seed: tf.Tensor, dtype: tf.DType, generator: str = GENERATOR) -> tf.Tensor:
    """Draw uniform numbers of the open interval (0, 1), symmetric about ½: never 0 and never 1."""
    half_step = 2.0**-24 if dtype == tf.float32 else 2.0**-53
    return tf.random.stateless_uniform(shape, seed, dtype=dtype, alg=generator) + tf.constant(half_step, dtype)


def standard_normal(shape: tf.Tensor, seed: tf.Tensor, dtype: tf.DType) -> tf.Tensor:
    """Draw standard normal numbers; in float32 from 32 bits each, a sign and the probability beyond it, up to 6.3."""
    if dtype != tf.float32:
        return tf.random.stateless_normal(shape, seed, dtype=dtype, alg=GENERATOR)
    # As one row: XLA makes loops of the axes, and takes five times as long where the last one is short.
    row = tf.reduce_prod(shape, keepdims=True)
    whole = tf.random.stateless_uniform(row, seed, minval=None, maxval=None, dtype=tf.int32, alg=GENERATOR)
    negative = whole < 0
    beyond = (tf.cast(tf.where(negative, tf.bitwise.invert(whole), whole), dtype) + 0.5) * 2.0**-32
    score = drawn_score(beyond)
    return tf.reshape(tf.where(negative, score, -score), shape)


def log_interval(a: tf.Tensor, b: tf.Tensor, width: tf.Tensor) -> tf.Tensor:
    """Return log(Φ(b) − Φ(a)) for a < b, to full relative accuracy in the tails and for narrow intervals.

    ``width`` is b − a, which the caller may know to more digits than the difference keeps. Both ends are mirrored into
    the lower tail. Where the interval is narrow the difference would cancel: there the density is integrated by a
    Gauss–Legendre rule.
    """
    mirrored = a + b > 0.0
    low, high = tf.where(mirrored, -b, a), tf.where(mirrored, -a, b)
    middle, half = 0.5 * (low + high), 0.5 * width
    narrow = (half < 0.5) & (tf.abs(middle) * half < 5.0)
    below = tf.where(narrow, high - 1.0, low)
    upper = log_ndtr(high)
    apart = upper + log1mexp(tf.minimum(log_ndtr(below) - upper, 0.0))
    middle, half = tf.where(narrow, middle, 0.0 * middle), tf.where(narrow, half, tf.constant(0.25, half.dtype))
    nodes, weights = (tf.constant(part, a.dtype) for part in legendre(16))
    steps = half[..., tf.newaxis] * nodes
    relative = tf.exp(-steps * (middle[..., tf.newaxis] + 0.5 * steps))
    near = safe_log(half * tf.reduce_sum(weights * relative, -1)) - 0.5 * middle * middle - LOG_SQRT_TWO_PI
    return tf.where(narrow, near, apart)


def drawn_score(level: tf.Tensor) -> tf.Tensor:
    """Return Φ⁻¹(level) of a level that 32 random bits make, for the samplers; inside XLA by short polynomials.

    There, in float32, by the polynomials of Giles (2012), Approximating the erfinv function; his second ends at 5.5,
    and is fitted again, up to 6.4. At 0 and 1 the score is finite and larger than that.
    """
    if level.dtype != tf.float32 or not inside_xla():
        return tf.math.ndtri(level)
    w = -tf.math.log(tf.maximum(4.0 * level * (1.0 - level), 1e-37))
    middle, tail = polynomial(SCORE_MIDDLE, w - 2.5), polynomial(SCORE_TAIL, tf.sqrt(tf.maximum(w, 5.0)) - 3.0)
    return tf.where(w < 5.0, middle, tail) * (2.0 * level - 1.0) / SQRT_HALF


def normal_score(level: tf.Tensor) -> tf.Tensor:
    """Return Φ⁻¹(level) for any level, ∓∞ with derivative 0 at 0 and 1, accurate in the lower tail inside XLA too.

    XLA's own function forms 2·level − 1 first.
    """
    edge = (level <= 0.0) | (level >= 1.0)
    inside = tf.where(edge, tf.constant(0.5, level.dtype), level)
    score = score_of_level(inside) if inside_xla() else tf.math.ndtri(inside)
    end = tf.where(level <= 0.0, tf.constant(-math.inf, level.dtype), tf.constant(math.inf, level.dtype))
    return tf.where(edge, end, score)


def score_of(lower: tf.Tensor, upper: tf.Tensor) -> tf.Tensor:
    """Return the normal score with probability ``lower`` below and ``upper`` above it, from the smaller of the two."""
    below = lower < upper
    score = normal_score(tf.where(below, lower, upper))
    return tf.where(below, score, -score)


def inside_xla() -> bool:
    """Return whether the graph being built will be compiled by XLA."""
    return not tf.executing_eagerly() and GraphOrParentsInXlaContext(tf.compat.v1.get_default_graph())


def inside_vectorized_map() -> bool:
    """Return whether the graph being built is the body of tf.vectorized_map, which knows no arrays of unknown size."""
    return "loop_body" in tf.get_current_name_scope()
