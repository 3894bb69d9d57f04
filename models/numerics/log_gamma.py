"""Differences of log-gamma functions where the functions themselves cancel, all in float64 and differentiable.

log Γ(a) = (a − ½) log a − a + ½ log 2π + β(a), where Binet's function β falls as 1/(12a): sums in which the leading
terms cancel are written with β, by hand, and keep their digits at any shape. Errors against mpmath with 40 digits are
in tests/models/numerics/exact.json.
"""

from __future__ import annotations

import math
from fractions import Fraction
from functools import cache

import numpy as np
import tensorflow as tf

from models.core.arrays import Floats64
from models.numerics.chebyshev import polynomial
from models.numerics.special import LOG_SQRT_TWO_PI, safe_log, wide

# Stirling's coefficients B₂ₖ/(2k(2k − 1)) of a^(1 − 2k), and the a from which on they give all digits.
STIRLING = [Fraction(1, 12), Fraction(-1, 360), Fraction(1, 1260), Fraction(-1, 1680), Fraction(1, 1188),
            Fraction(-691, 360360), Fraction(1, 156), Fraction(-3617, 122400), Fraction(43867, 244188)]  # fmt: skip
BINET = [float(part) for part in STIRLING]
FROM_SERIES = 10.0
# Where x − log(1 + x) is taken from its series, whose terms in r = x/(2 + x), |r| ≤ 1/9, are counted by dtype.
NEAR = (-0.2, 0.25)
ARTANH_TERMS = {tf.float32: 4, tf.float64: 9}
# The logarithms of the nodes of Malmstén's integral, which holds the scales 1e-9 to 1e9; the integrand is analytic in
# a strip of half width π/2 around them, so that the trapezoidal rule of this step leaves 1e-16.
MALMSTEN = np.arange(-66.0, 4.25, 0.25)


def excess(x: tf.Tensor, y: tf.Tensor, difference: tf.Tensor | None = None) -> tf.Tensor:
    """Return x/y − 1 − log(x/y) ≥ 0 of positive ``x`` and ``y``, to full relative accuracy where they are close.

    Near 1 it is Σ 2r²ᵏ⁺¹/(2k + 1) in r = (x − y)/(x + y), whose first term is taken together with x/y − 1. The caller
    may know the ``difference`` x − y better than to the digits of x.
    """
    delta = (x - y if difference is None else difference) / y
    near = is_near(delta)
    inner = tf.where(near, delta, tf.zeros_like(delta))
    ratio = tf.where(near, tf.ones_like(delta), x / y)
    return tf.where(near, near_excess(inner), delta - safe_log(ratio))


def is_near(delta: tf.Tensor) -> tf.Tensor:
    """Return where :func:`near_excess` holds."""
    return (delta > NEAR[0]) & (delta < NEAR[1])


def near_excess(delta: tf.Tensor) -> tf.Tensor:
    """Return δ − log(1 + δ) for small δ, to full relative accuracy."""
    r = delta / (2.0 + delta)
    square = r * r
    terms = [1.0 / (2.0 * k + 3.0) for k in range(ARTANH_TERMS[delta.dtype])]
    series = polynomial([tf.constant(term, delta.dtype) for term in terms], square)
    return r * (delta - 2.0 * square * series)


def binet(a: tf.Tensor) -> tf.Tensor:
    """Return β(a) = log Γ(a) − (a − ½) log a + a − ½ log 2π for a > 0 in float64."""
    large, far, near = _parted(a)
    inverse = 1.0 / far
    series = inverse * polynomial([tf.constant(part, tf.float64) for part in BINET], inverse * inverse)
    usual = tf.math.lgamma(near) - (near - 0.5) * tf.math.log(near) + near - LOG_SQRT_TWO_PI
    return tf.where(large, series, usual)


def binet_slope(a: tf.Tensor) -> tf.Tensor:
    """Return β′(a) = ψ(a) − log a + 1/(2a) < 0 for a > 0 in float64."""
    large, far, near = _parted(a)
    square = 1.0 / (far * far)
    terms = [tf.constant((1.0 - 2.0 * k) * part, tf.float64) for k, part in enumerate(BINET, start=1)]
    usual = tf.math.digamma(near) - tf.math.log(near) + 0.5 / near
    return tf.where(large, square * polynomial(terms, square), usual)


def _parted(a: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
    """Return where the series holds, and arguments that are harmless to it and to the other formula."""
    large = a > FROM_SERIES
    return large, tf.where(large, a, FROM_SERIES * tf.ones_like(a)), tf.where(large, tf.ones_like(a), a)


def digamma_gap(a: tf.Tensor) -> tf.Tensor:
    """Return log a − ψ(a) > 0 in float64."""
    return 0.5 / a - binet_slope(a)


def log_beta(a: tf.Tensor, b: tf.Tensor) -> tf.Tensor:
    """Return log B(a, b) in the dtype of ``a``; the terms of its three log-gammas that cancel are left out."""
    small, large = tf.minimum(wide(a), wide(b)), tf.maximum(wide(a), wide(b))
    total = small + large
    powers = (small - 0.5) * tf.math.log(small / total) - (large - 0.5) * tf.math.log1p(small / large)
    rests = binet(small) + binet(large) - binet(total)
    return tf.cast(powers - 0.5 * tf.math.log(total) + LOG_SQRT_TWO_PI + rests, a.dtype)


def log_gamma_bregman(a: tf.Tensor, b: tf.Tensor) -> tf.Tensor:
    """Return what is left of log Γ(b) − log Γ(a) − (b − a) ψ(a) ≥ 0 beside b·(x − 1 − log x), x = a/b, in float64."""
    curved = binet(b) - binet(a) - (b - a) * binet_slope(a)
    return 0.5 * excess(b, a) + curved


def log_power_moments(h: tf.Tensor, b: tf.Tensor | None = None) -> tuple[tf.Tensor, tf.Tensor]:
    """Return log E[U^h] and log E[U^2h] − 2 log E[U^h] ≥ 0 of U = 1 − V^(1/b), V uniform; in float64.

    By Malmstén's integral log[Γ(1 + b)Γ(1 + h)/Γ(1 + b + h)] = −∫ (1 − e^−bt)(1 − e^−ht)/(t(eᵗ − 1)) dt over t > 0
    (Whittaker & Watson 12.31), in which nothing cancels. Without ``b`` U is unit exponential, and the first is
    log Γ(1 + h).
    """
    t = tf.exp(tf.constant(MALMSTEN))
    weight = tf.constant((MALMSTEN[1] - MALMSTEN[0]) * _malmsten_weights())
    falling = -tf.math.expm1(-h[..., tf.newaxis] * t)
    if b is None:
        return tf.math.lgamma(1.0 + h), tf.reduce_sum(weight * falling * falling, -1)
    other = weight * -tf.math.expm1(-b[..., tf.newaxis] * t)
    return -tf.reduce_sum(other * falling, -1), tf.reduce_sum(other * falling * falling, -1)


@cache
def _malmsten_weights() -> Floats64:
    """Return 1/(eᵗ − 1), which is the weight in the logarithm of t."""
    return np.asarray(1.0 / np.expm1(np.exp(MALMSTEN)))


def log_exponential_cdf(log_noise: tf.Tensor) -> tf.Tensor:
    """Return log(1 − exp(−ε)) of the logarithm of ε, which it is itself where ε underflows."""
    tiny, huge = log_noise < -30.0, log_noise > 7.0
    noise = tf.exp(tf.where(tiny | huge, tf.zeros_like(log_noise), log_noise))
    small = noise < math.log(2.0)
    inner, outer = tf.where(small, noise, tf.ones_like(noise)), tf.where(small, tf.ones_like(noise), noise)
    usual = tf.where(small, tf.math.log(-tf.math.expm1(-inner)), tf.math.log1p(-tf.exp(-outer)))
    return tf.where(tiny, log_noise, tf.where(huge, tf.zeros_like(usual), usual))
