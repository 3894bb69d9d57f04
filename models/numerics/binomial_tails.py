"""Tails of binomial and negative binomial sums from their nearest term, in float64: both keep 12 digits down to 1e-300.

A term is written around its mode (Loader 2000, Fast and accurate computation of binomial probabilities), a tail is a
term times the continued fraction of the incomplete beta function (DLMF 8.17.22), which converges on the side of the
smaller tail.
"""

from __future__ import annotations

from functools import lru_cache

import tensorflow as tf

from models.numerics.log_gamma import binet, excess
from models.numerics.pieces import piece
from models.numerics.special import LOG_SQRT_TWO_PI

MOST_STEPS = 4000
# A factor so close to 1 is rounding.
CLOSE = 4e-15
SMALLEST = 1e-290


def log_term(k: tf.Tensor, m: tf.Tensor, logits: tf.Tensor) -> tf.Tensor:
    """Return log[Γ(k + m + 1)/(Γ(k + 1) Γ(m + 1)) pᵏ qᵐ] of k, m ≥ 0 with p = 1 − q by its logit, differentiable."""
    log_p, log_q = -tf.math.softplus(-logits), -tf.math.softplus(logits)
    none, every = tf.equal(k, 0.0), tf.equal(m, 0.0)
    inner_k, inner_m = tf.where(none, tf.ones_like(k + m), k), tf.where(every, tf.ones_like(k + m), m)
    n = inner_k + inner_m
    away = inner_k * excess(n * tf.sigmoid(logits), inner_k) + inner_m * excess(n * tf.sigmoid(-logits), inner_m)
    root = 0.5 * (tf.math.log(n) - tf.math.log(inner_k) - tf.math.log(inner_m)) - LOG_SQRT_TWO_PI
    inside = root + binet(n) - binet(inner_k) - binet(inner_m) - away
    return tf.where(none, m * log_q, tf.where(every, k * log_p, inside))


def tail_over_term(a: tf.Tensor, b: tf.Tensor, x: tf.Tensor) -> tf.Tensor:
    """Return I_x(a, b)·a·B(a, b)/(xᵃ (1 − x)ᵇ) by the modified Lentz rule, without derivatives.

    Up to a thousand steps of it are made in a graph, where each takes a tenth of the time.
    """
    one = tf.ones_like(a + b + x)
    given = a * one, b * one, x * one
    found = _compiled(one.shape.rank)(*given) if tf.executing_eagerly() else _fraction(*given)
    return tf.stop_gradient(found)


@lru_cache(maxsize=8)
def _compiled(rank: int) -> tf.types.experimental.PolymorphicFunction:
    return tf.function(_fraction, input_signature=[tf.TensorSpec([None] * rank, tf.float64)] * 3, autograph=False)


@piece
def _fraction(a: tf.Tensor, b: tf.Tensor, x: tf.Tensor) -> tf.Tensor:
    one = tf.ones_like(x)

    def kept(value: tf.Tensor) -> tf.Tensor:
        return tf.where(tf.abs(value) < SMALLEST, SMALLEST * one, value)

    def step(m: tf.Tensor, c: tf.Tensor, d: tf.Tensor, h: tf.Tensor, _: tf.Tensor) -> tuple[tf.Tensor, ...]:
        even = m * (b - m) * x / ((a + 2.0 * m - 1.0) * (a + 2.0 * m))
        d, c = 1.0 / kept(1.0 + even * d), kept(1.0 + even / c)
        h = h * d * c
        odd = -(a + m) * (a + b + m) * x / ((a + 2.0 * m) * (a + 2.0 * m + 1.0))
        d, c = 1.0 / kept(1.0 + odd * d), kept(1.0 + odd / c)
        return m + 1.0, c, d, h * d * c, tf.reduce_any(tf.abs(d * c - 1.0) > CLOSE)

    def going(m: tf.Tensor, *state: tf.Tensor) -> tf.Tensor:
        return state[-1] & (m < MOST_STEPS)

    first = 1.0 / kept(1.0 - (a + b) * x / (a + 1.0))
    loop = (tf.constant(1.0, tf.float64), one, first, first, tf.constant(True))
    fraction: tf.Tensor = tf.while_loop(going, step, loop)[3]
    return fraction
