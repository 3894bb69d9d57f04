"""Means over a normal variable behind a logistic curve, of any location and scale, in float64.

The trapezoidal rule in the normal score is as good as the curve is flat. Where the scale is 1 or more, each mean is
written as an integral over the line instead, of the slope of the curve times a function of the normal distribution that
is flat there: E[σ(X)ᵏ] = ∫ (σᵏ)′(x) P(X > x) dx and E[log σ′(X)] = −∫ σ′(t) E|X − t| dt.
"""

from __future__ import annotations

import math

import numpy as np
import tensorflow as tf

from models.numerics.quadrature import normal_means
from models.numerics.special import expit, ndtr

NODES = 1025
STEEP = 1.0
# From the peak of an integrand, so far it has fallen to nothing: that of an exponential, and in scales of a normal one.
REACH, SCORES, WIDEST = 45.0, 9.0, 10.0


def logistic_moments(loc: tf.Tensor, scale: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Return mean and variance of 1/(1 + e⁻ˣ), x normal with this mean and standard deviation."""
    steep = scale >= STEEP
    flat_mean, flat_variance = _by_score(loc, tf.where(steep, tf.ones_like(scale), scale))
    # Of the smaller side, so that small values keep their digits.
    turned = loc > 0.0
    side, wide = tf.where(turned, -loc, loc), tf.where(steep, scale, tf.ones_like(scale))
    first, second = (_power(side, wide, order) for order in (1, 2))
    variance = tf.where(steep, second - first * first, flat_variance)
    return tf.where(steep, tf.where(turned, 1.0 - first, first), flat_mean), variance


def mean_log_slope(loc: tf.Tensor, scale: tf.Tensor) -> tf.Tensor:
    """Return the mean of log σ′(x) of the logistic curve σ over such an x."""
    steep = scale >= STEEP
    x, weight = _scores(loc, tf.where(steep, tf.ones_like(scale), scale))
    flat = tf.reduce_sum(weight * _log_slope(x), -1)
    wide = tf.where(steep, scale, tf.ones_like(scale))[..., tf.newaxis]
    t = tf.constant(np.linspace(-REACH, REACH, NODES))
    y = (loc[..., tf.newaxis] - t) / wide
    folded = wide * (math.sqrt(2.0 / math.pi) * tf.exp(-0.5 * y * y) + y * (1.0 - 2.0 * ndtr(-y)))
    step = 2.0 * REACH / (NODES - 1)
    return tf.where(steep, -step * tf.reduce_sum(tf.exp(_log_slope(t)) * folded, -1), flat)


def _by_score(loc: tf.Tensor, scale: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    x, weight = _scores(loc, scale)
    values = expit(x)
    mean = tf.reduce_sum(weight * values, -1)
    return mean, tf.reduce_sum(weight * tf.square(values - mean[..., tf.newaxis]), -1)


def _scores(loc: tf.Tensor, scale: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    nodes, weights = (tf.constant(part) for part in normal_means())
    return loc[..., tf.newaxis] + scale[..., tf.newaxis] * nodes, weights


def _power(loc: tf.Tensor, scale: tf.Tensor, order: int) -> tf.Tensor:
    """Return E[σ(X)^order] for loc ≤ 0 and scale ≥ 1."""
    peak = tf.stop_gradient(tf.minimum(loc + order * scale * scale, 0.0))
    reach = tf.stop_gradient(REACH + SCORES * tf.minimum(scale, WIDEST))
    x = peak[..., tf.newaxis] + reach[..., tf.newaxis] * tf.constant(np.linspace(-1.0, 1.0, NODES))
    above = ndtr((loc[..., tf.newaxis] - x) / scale[..., tf.newaxis])
    slope = order * tf.exp(_log_slope(x)) * expit(x) ** (order - 1)
    return 2.0 * reach / (NODES - 1) * tf.reduce_sum(slope * above, -1)


def _log_slope(x: tf.Tensor) -> tf.Tensor:
    magnitude = tf.abs(x)
    return -magnitude - 2.0 * tf.math.log1p(tf.exp(-magnitude))
