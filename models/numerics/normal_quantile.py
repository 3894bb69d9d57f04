"""The inverse of the normal distribution function by rational functions, the same inside XLA and outside.

Wichura 1988, Algorithm AS 241 (PPND16): 16 digits for levels from 1e-316 to ½, of Φ⁻¹(½ + q) relative to q near 0.
XLA's own inverse, and TensorFlow's inverse error function, lose digits where the level, or q, is small.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import tensorflow as tf

from models.numerics.chebyshev import polynomial

MIDDLE = 0.425
MIDDLE_SHIFT, NEAR_SHIFT, FAR_SHIFT = 0.180625, 1.6, 5.0
RATIONAL_MIDDLE = (
    [3.3871328727963666080e0, 1.3314166789178437745e2, 1.9715909503065514427e3, 1.3731693765509461125e4,
     4.5921953931549871457e4, 6.7265770927008700853e4, 3.3430575583588128105e4, 2.5090809287301226727e3],
    [1.0, 4.2313330701600911252e1, 6.8718700749205790830e2, 5.3941960214247511077e3,
     2.1213794301586595867e4, 3.9307895800092710610e4, 2.8729085735721942674e4, 5.2264952788528545610e3],
)  # fmt: skip
RATIONAL_NEAR = (
    [1.42343711074968357734e0, 4.63033784615654529590e0, 5.76949722146069140550e0, 3.64784832476320460504e0,
     1.27045825245236838258e0, 2.41780725177450611770e-1, 2.27238449892691845833e-2, 7.74545014278341407640e-4],
    [1.0, 2.05319162663775882187e0, 1.67638483018380384940e0, 6.89767334985100004550e-1,
     1.48103976427480074590e-1, 1.51986665636164571966e-2, 5.47593808499534494600e-4, 1.05075007164441684324e-9],
)  # fmt: skip
RATIONAL_FAR = (
    [6.65790464350110377720e0, 5.46378491116411436990e0, 1.78482653991729133580e0, 2.96560571828504891230e-1,
     2.65321895265761230930e-2, 1.24266094738807843860e-3, 2.71155556874348757815e-5, 2.01033439929228813265e-7],
    [1.0, 5.99832206555887937690e-1, 1.36929880922735805310e-1, 1.48753612908506148525e-2,
     7.86869131145613259100e-4, 1.84631831751005468180e-5, 1.42151175831644588870e-7, 2.04426310338993978564e-15],
)  # fmt: skip
Gradient = Callable[[tf.Tensor], tf.Tensor]


def score_beside_half(q: tf.Tensor) -> tf.Tensor:
    """Return Φ⁻¹(½ + q) for |q| ≤ 0.425, to full accuracy relative to q."""

    @tf.custom_gradient
    def score(q: tf.Tensor) -> tuple[tf.Tensor, Gradient]:
        return _with_slope(q * _ratio(RATIONAL_MIDDLE, MIDDLE_SHIFT - q * q))

    return score(q)


def score_of_level(level: tf.Tensor) -> tf.Tensor:
    """Return Φ⁻¹(level) for 0 < level < 1, to full relative accuracy in the lower tail."""

    @tf.custom_gradient
    def score(level: tf.Tensor) -> tuple[tf.Tensor, Gradient]:
        q = level - 0.5
        middle = tf.abs(q) <= MIDDLE
        inner = tf.where(middle, q, tf.zeros_like(q))
        beyond = tf.where(middle, tf.constant(0.01, level.dtype), tf.minimum(level, 1.0 - level))
        r = tf.sqrt(-tf.math.log(beyond))
        near = r <= FAR_SHIFT
        tail = tf.where(near, _ratio(RATIONAL_NEAR, tf.where(near, r, NEAR_SHIFT * tf.ones_like(r)) - NEAR_SHIFT),
                        _ratio(RATIONAL_FAR, tf.where(near, FAR_SHIFT * tf.ones_like(r), r) - FAR_SHIFT))  # fmt: skip
        outer = tf.where(q < 0.0, -tail, tail)
        return _with_slope(tf.where(middle, inner * _ratio(RATIONAL_MIDDLE, MIDDLE_SHIFT - inner * inner), outer))

    return score(level)


def _with_slope(score: tf.Tensor) -> tuple[tf.Tensor, Gradient]:
    """Return a score and its derivative in the level, 1/φ(score)."""
    return score, lambda upstream: upstream * (math.sqrt(2.0 * math.pi) * tf.exp(0.5 * score * score))


def _ratio(coefficients: tuple[list[float], list[float]], t: tf.Tensor) -> tf.Tensor:
    above, below = ([tf.constant(part, t.dtype) for part in row] for row in coefficients)
    return polynomial(above, t) / polynomial(below, t)
