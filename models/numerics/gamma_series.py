"""Gamma variables as polynomials of a normal score, for the samplers inside XLA: no rejection, no solver per value.

With s = α^(−½), the quantile at the score ε is α·exp(s·ψ(ε, s)), where ψ is smooth down to s = 0 and is ε there. ψ is
interpolated once, in float64, by Chebyshev series in ε and s on four pieces: either sign of ε, s below and above 1. At
a concentration the series in s collapse to polynomials in ε, which are evaluated value by value.
"""

from __future__ import annotations

import math
from functools import cache

import numpy as np
import tensorflow as tf
from numpy.polynomial.chebyshev import chebder

from models.numerics import chebyshev
from models.numerics.quadrature import decaying
from models.numerics.special import wide

LEAST_CONCENTRATION = 0.25
REACH = 6.4  # beyond the largest score that a draw of 32 bits makes
TERMS = 20
NEWTON_STEPS = 25


def log_ratio_of_score(concentration: tf.Tensor, eps: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Return log(z/α) of the standard gamma value z with normal score ``eps``, and its elasticity ∂ log z/∂ log α.

    Parameters
    ----------
    concentration : tensor
        α ≥ ``LEAST_CONCENTRATION``, of a shape that broadcasts with ``eps``.
    eps : tensor
        Float32, of magnitude ≤ ``REACH``.
    """
    s = tf.math.rsqrt(wide(tf.stop_gradient(concentration)))
    lower = eps < 0.0
    t = tf.abs(eps) * (2.0 / REACH) - 1.0
    psi, rest = (_of_half(part, lower, t) for part in tf.unstack(_coefficients(s, eps.dtype)))
    return tf.cast(s, eps.dtype) * psi, 1.0 + rest


def _of_half(coefficients: tf.Tensor, lower: tf.Tensor, t: tf.Tensor) -> tf.Tensor:
    """Evaluate the polynomials [2, TERMS, *batch] of the lower and the upper half at ``t``."""
    below, above = (tf.unstack(half) for half in tf.unstack(coefficients))
    return chebyshev.polynomial([tf.where(lower, *pair) for pair in zip(below, above, strict=True)], t)


def _coefficients(s: tf.Tensor, dtype: tf.DType) -> tf.Tensor:
    """Return ψ and ∂ log z/∂ log α − 1 = −½s·∂(sψ)/∂s as powers of t: [2 functions, 2 halves, TERMS, *batch]."""
    steep = s > 1.0
    v = 2.0 * s - tf.where(steep, 3.0 * tf.ones_like(s), tf.ones_like(s))
    flat, steeper = (chebyshev.collapsed(part, v) for part in _table())
    psi, slope = tf.unstack(tf.where(steep, steeper, flat))
    return tf.cast(tf.stack([psi, -0.5 * s * (psi + s * slope)]), dtype)


@cache
def _table() -> tuple[np.ndarray, np.ndarray]:
    """Return for s in [0, 1] and [1, 2] ψ and ∂ψ/∂s, [2 functions, 2 halves, TERMS powers of t, TERMS series in s]."""
    unit = 0.5 * (chebyshev.nodes(TERMS) + 1.0)
    pieces = []
    for offset in (0.0, 1.0):
        psi = chebyshev.interpolated(np.stack([_exact(REACH * unit, offset + unit, side) for side in (-1.0, 1.0)]))
        slope = 2.0 * np.pad(chebder(psi, axis=2), ((0, 0), (0, 0), (0, 1)))
        pieces.append(np.stack([psi, slope]))
    return pieces[0], pieces[1]


def _exact(score: np.ndarray, s: np.ndarray, side: float) -> np.ndarray:
    """Return ψ [k, m] at the scores ``side``·``score`` [k] and s [m], by Newton's method on the logarithm of the tail.

    The density of ψ is that of a normal variable at s = 0 and log-concave always, so that Newton's method converges;
    it is integrated over the tail relative to its value at ψ.
    """
    log_tail = np.log([0.5 * math.erfc(value / math.sqrt(2.0)) for value in score])[:, np.newaxis]
    alpha = s**-2.0
    constant = alpha * np.log(alpha) - alpha - [math.lgamma(value) for value in alpha] + np.log(s)

    def log_density(psi: np.ndarray, s: np.ndarray) -> np.ndarray:
        bounded = np.minimum(s * psi, 700.0)
        return np.asarray((bounded - np.expm1(bounded)) / (s * s))

    steps, weights = decaying()
    psi: np.ndarray = side * score[:, np.newaxis] + 0.0 * s
    for _ in range(NEWTON_STEPS):
        here = log_density(psi, s)
        beyond = log_density(psi[..., np.newaxis] + side * steps, s[:, np.newaxis])
        mass = np.exp(beyond - here[..., np.newaxis]) @ weights
        psi = psi + side * mass * (np.log(mass) + here + constant - log_tail)
    return psi
