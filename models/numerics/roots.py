"""The root of a monotone distribution function and its derivatives in the parameters, for families without inverse.

Everything is in float64, whatever the family's dtype: a quantile is as good as the distribution function.
"""

from __future__ import annotations

from collections.abc import Callable

import tensorflow as tf

from models.numerics.quadrature import decaying
from models.numerics.special import safe_log, wide

Tails = Callable[[tf.Tensor], tuple[tf.Tensor, tf.Tensor, tf.Tensor]]
MOST_STEPS = 120
ROUNDING = 5e-14
# Steps as short as this are in the last stage of Newton's method, each far shorter than the one before.
NEAR = 1e-9


def invert(
    tails: Tails, lower: tf.Tensor, upper: tf.Tensor, start: tf.Tensor, low: tf.Tensor, high: tf.Tensor
) -> tf.Tensor:
    """Return t with F(t) = ``lower``, by Newton's method on the logarithm of the smaller tail, kept in a bracket.

    Parameters
    ----------
    tails : callable
        Of t [...] float64: log F(t), log(1 − F(t)) and log F′(t).
    lower, upper : tensor [...]
        P(T ≤ t) and P(T > t); the smaller is used.
    start, low, high : tensor
        A first guess and a bracket, of shapes that broadcast with ``lower``.
    """
    log_tail = wide(safe_log(tf.minimum(lower, upper)))
    below = lower < upper
    shape = tf.zeros_like(log_tail) + tf.zeros_like(start)
    left, right = low + shape, high + shape
    first = tf.clip_by_value(start + shape, left, right)

    def step(
        count: tf.Tensor, t: tf.Tensor, a: tf.Tensor, b: tf.Tensor, last: tf.Tensor, found: tf.Tensor
    ) -> tuple[tf.Tensor, ...]:
        log_lower, log_upper, log_density = tails(t)
        log_now = tf.where(below, log_lower, log_upper)
        excess = tf.where(below, log_now - log_tail, log_tail - log_now)
        a, b = tf.where(excess < 0.0, t, a), tf.where(excess < 0.0, b, t)
        newton = t - excess * tf.exp(log_now - log_density)
        good = (newton >= a) & (newton <= b)
        following = tf.where(good, newton, 0.5 * (a + b))
        # The distribution functions carry 11 to 15 digits: below that, steps are noise, and no longer get shorter.
        moved = tf.abs(following - t)
        noise = (moved < NEAR * tf.maximum(tf.abs(following), 1.0)) & (moved >= 0.5 * last)
        moving = (moved > 4e-16 * tf.abs(following)) & (tf.abs(excess) > ROUNDING) & ~noise
        return count + 1, tf.where(found, t, following), a, b, moved, found | ~moving

    def going(count: tf.Tensor, *state: tf.Tensor) -> tf.Tensor:
        return ~tf.reduce_all(state[-1]) & (count < MOST_STEPS)

    loop = (tf.constant(0), tf.stop_gradient(first), left, right, right - left, tf.zeros_like(first, tf.bool))
    return tf.stop_gradient(tf.while_loop(going, step, loop)[1])


def tail_slope(log_density: Callable[[tf.Tensor], tf.Tensor], score: Callable[[tf.Tensor], tf.Tensor], t: tf.Tensor,
               side: tf.Tensor) -> tf.Tensor:  # fmt: skip
    """Return ∂t/∂θ = −∂F/∂θ / F′ at fixed F, from the smaller tail of a density that decays exponentially.

    ∂F/∂θ is the integral of score·density over the tail, ∫_{−∞}^t or −∫_t^∞, and both are divided by the density at t
    inside the integral, so that nothing under- or overflows.

    Parameters
    ----------
    log_density, score : callable
        log f(t) and ∂ log f/∂θ on [..., m].
    t : tensor [...]
        Float64.
    side : tensor [...]
        −1 to integrate below t, +1 above.
    """
    column = t[..., tf.newaxis]
    steps, weights = (tf.constant(part) for part in decaying())
    nodes = column + side[..., tf.newaxis] * steps
    ratio = tf.exp(log_density(nodes) - log_density(column))
    return side * tf.reduce_sum(ratio * score(nodes) * weights, axis=-1)
