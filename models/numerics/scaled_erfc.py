"""The scaled complementary error function erfcx(t) = exp(t²) erfc(t) for t ≥ 0 and its decrease over an interval.

Both are means of positive integrands, erfcx(t) = 2/√π ∫ exp(−s² − 2ts) ds over s > 0 and −erfcx′(t) the same with a
factor 2s, so that nothing cancels. They are taken from Chebyshev series in (t − k)/(t + k), which hold the half line
(Shepherd & Laframboise 1981, Chebyshev approximation of (1 + 2x) exp(x²) erfc(x) in 0 ≤ x < ∞) to 15 digits. Nothing
here has derivatives of its own.
"""

from __future__ import annotations

import math
from functools import cache

import numpy as np
import tensorflow as tf
from numpy.polynomial import chebyshev

from models.core.arrays import Floats64
from models.numerics.chebyshev import nodes
from models.numerics.quadrature import legendre

MIDDLE, TERMS = 3.75, 36
# Logarithms of s: the trapezoidal rule in them leaves 1e-16.
SPREAD = np.arange(-42.0, 2.125, 0.125)
STEPS = 16


def erfcx(t: tf.Tensor) -> tf.Tensor:
    """Return exp(t²) erfc(t) of t ≥ 0 in float64."""
    return _series(t, 0) / (1.0 + 2.0 * t)


def erfcx_fall(t: tf.Tensor, width: tf.Tensor) -> tf.Tensor:
    """Return erfcx(t) − erfcx(t + width) ≥ 0 of t, width ≥ 0 in float64, to full relative accuracy."""
    narrow = width < 0.5 * (1.0 + t)
    within, weights = (tf.constant(part) for part in legendre(STEPS))
    half = 0.5 * tf.where(narrow, width, tf.zeros_like(width))
    at = t[..., tf.newaxis] + half[..., tf.newaxis] * (1.0 + within)
    near = half * tf.reduce_sum(weights * _series(at, 1) / (1.0 + 2.0 * at * at), -1)
    end = t + tf.where(narrow, tf.ones_like(width), width)
    return tf.where(narrow, near, erfcx(t) - tf.where(tf.math.is_inf(end), tf.zeros_like(end), erfcx(end)))


def _series(t: tf.Tensor, row: int) -> tf.Tensor:
    """Return (1 + 2t) erfcx(t), or −(1 + 2t²) erfcx′(t)."""
    angle = tf.acos((t - MIDDLE) / (t + MIDDLE))
    orders = tf.range(TERMS, dtype=tf.float64)
    return tf.reduce_sum(tf.cos(angle[..., tf.newaxis] * orders) * tf.constant(_table()[row]), -1)


@cache
def _table() -> Floats64:
    """Return the coefficients [2, terms] of both series."""
    x = nodes(TERMS)
    t = MIDDLE * (1.0 + x) / (1.0 - x)
    s = np.exp(SPREAD)
    weight = (SPREAD[1] - SPREAD[0]) * 2.0 / math.sqrt(math.pi) * s * np.exp(-s * s - 2.0 * t[:, np.newaxis] * s)
    values = np.stack([(1.0 + 2.0 * t) * weight.sum(1), (1.0 + 2.0 * t * t) * (2.0 * s * weight).sum(1)])
    return np.asarray(np.linalg.solve(chebyshev.chebvander(x, TERMS - 1), values.T).T)
