"""The path derivative of von Mises variables in the concentration as a polynomial, for many float32 draws of each.

∂z/∂κ at fixed F is sin z·P(r)/(1 + κ), where r = sin²(z/2) relative to its largest value: 1, or 10/κ, beyond which
lies less than 1e-8 of the distribution. P is interpolated in κ up to 10 and in 1/κ beyond.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import numpy as np
import tensorflow as tf

from models.numerics import chebyshev
from models.numerics.special import wide

TERMS, ORDERS = 18, 24
SPLIT = 10.0
Slope = Callable[[tf.Tensor, tf.Tensor], tf.Tensor]


def slope_by_series(exact: Slope, angle: tf.Tensor, kappa: tf.Tensor) -> tf.Tensor:
    """Return ∂z/∂κ at the ``angle`` z − loc.

    Parameters
    ----------
    exact : callable
        The derivative at an angle and a κ in float64; the same function always.
    angle, kappa : tensor
        They broadcast with each other.
    """
    concentration = wide(kappa)
    steep = concentration > SPLIT
    inverse = tf.minimum(SPLIT / concentration, 1.0)
    v = tf.where(steep, 2.0 * inverse - 1.0, tf.minimum(2.0 / SPLIT * concentration, 2.0) - 1.0)
    flat, steeper = (chebyshev.collapsed(part, v) for part in _table(exact))
    coefficients = tf.cast(tf.where(steep, steeper, flat) / (1.0 + concentration), angle.dtype)
    sine = tf.sin(0.5 * angle)
    r = tf.minimum(sine * sine / tf.cast(inverse, angle.dtype), 1.0)
    return tf.sin(angle) * chebyshev.polynomial(tf.unstack(coefficients), 2.0 * r - 1.0)


@cache
def _table(exact: Slope) -> tuple[np.ndarray, np.ndarray]:
    """Return P as powers of 2r − 1 and series [TERMS, ORDERS] in κ, and in 1/κ beyond the split."""
    v = 0.5 * (chebyshev.nodes(ORDERS) + 1.0)
    r = 0.5 * (chebyshev.nodes(TERMS)[:, np.newaxis] + 1.0)
    pieces = []
    with tf.init_scope():
        for kappa, largest in ((SPLIT * v, 1.0), (SPLIT / v, v)):
            angle = 2.0 * np.arcsin(np.sqrt(r * largest))
            slope = exact(tf.constant(angle + 0.0 * kappa), tf.constant(kappa)).numpy()
            pieces.append(chebyshev.interpolated((1.0 + kappa) * slope / np.sin(angle)))
    return pieces[0], pieces[1]
