"""Special functions that TensorFlow lacks or loses digits in."""

from __future__ import annotations

import math

import tensorflow as tf

SQRT_HALF = math.sqrt(0.5)
LOG_SQRT_TWO_PI = 0.5 * math.log(2.0 * math.pi)


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


def chi2_cdf(squared: tf.Tensor, degrees: tf.Tensor) -> tf.Tensor:
    """Return the χ² distribution function at ``squared`` ≥ 0 for ``degrees`` of freedom."""
    return tf.math.igamma(0.5 * degrees, 0.5 * squared)
