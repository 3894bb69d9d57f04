"""Samplers by rejection, whole arrays at a time: gamma (Marsaglia & Tsang 2000), von Mises (Best & Fisher 1979).

XLA knows no arrays of unknown size, so that what was rejected cannot be drawn again on its own. There, gamma variables
come from their quantile as a series in float32, where many are drawn of each concentration.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import tensorflow as tf

from models.numerics.chebyshev import pays
from models.numerics.gamma_series import LEAST_CONCENTRATION, log_ratio_of_score
from models.numerics.implicit import attach
from models.numerics.incomplete_gamma import gamma_slope
from models.numerics.special import inside_vectorized_map, inside_xla, open_uniform, standard_normal

Attempt = Callable[[tf.Tensor, tf.Tensor, list[tf.Tensor]], tuple[tf.Tensor, tf.Tensor]]
SMALLEST = {tf.float32: 1.2e-38, tf.float64: 1e-300}


def standard_gamma(concentration: tf.Tensor, shape: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
    """Draw gamma variables of rate 1 in ``shape``, never 0, with the implicit derivative in the concentration."""
    small = _small(concentration, shape)
    raised, slope = _raised_gamma(_lifted(concentration, small), shape, seed)
    boosted = raised * tf.exp(_log_boost(concentration, small, shape, seed))
    value = tf.maximum(boosted, tf.constant(SMALLEST[raised.dtype], raised.dtype))
    fixed = tf.stop_gradient(value)

    def slopes() -> list[tf.Tensor]:
        return [tf.cond(tf.reduce_any(small), lambda: gamma_slope(tf.stop_gradient(concentration), fixed), slope)]

    return attach(value, [concentration], slopes)


def log_standard_gamma(concentration: tf.Tensor, shape: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
    """Draw logarithms of gamma variables, which do not underflow at small concentrations.

    Where they are small the path runs through two draws: log G(α) = log G(α + 1) + log(U)/α.
    """
    small = _small(concentration, shape)
    lifted = _lifted(concentration, small)
    raised, slope = _raised_gamma(lifted, shape, seed)
    return tf.math.log(attach(raised, [lifted], lambda: [slope()])) + _log_boost(concentration, small, shape, seed)


def _by_series(concentration: tf.Tensor, shape: tf.Tensor) -> bool:
    """Return whether gamma variables come from their quantile as a series."""
    size = tf.get_static_value(shape)
    draws = None if size is None else math.prod(size)
    return bool(concentration.dtype == tf.float32) and pays(draws, concentration) and inside_xla()


def _small(concentration: tf.Tensor, shape: tf.Tensor) -> tf.Tensor:
    """Return where a concentration is raised by 1 before the draw."""
    return concentration < (LEAST_CONCENTRATION if _by_series(concentration, shape) else 1.0)


def _lifted(concentration: tf.Tensor, small: tf.Tensor) -> tf.Tensor:
    return tf.where(small, concentration + 1.0, concentration)


def _raised_gamma(
    concentration: tf.Tensor, shape: tf.Tensor, seed: tf.Tensor
) -> tuple[tf.Tensor, Callable[[], tf.Tensor]]:
    """Draw gamma variables of concentrations that are not small, and return a function for their derivative in it."""
    concentration = tf.stop_gradient(concentration)
    if _by_series(concentration, shape):
        log_ratio, elasticity = log_ratio_of_score(concentration, standard_normal(shape, seed, concentration.dtype))
        ratio = tf.exp(log_ratio)
        return concentration * ratio, lambda: ratio * elasticity
    raised = _large_gamma(concentration, shape, seed)
    return raised, lambda: gamma_slope(concentration, raised)


def _log_boost(concentration: tf.Tensor, small: tf.Tensor, shape: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
    """Return log(U)/α where α is small, else 0; nothing is drawn where no α is."""

    def drawn() -> tf.Tensor:
        uniform = open_uniform(shape, seed + tf.constant([0, 7], seed.dtype), concentration.dtype)
        safe = tf.where(small, concentration, tf.ones_like(concentration))
        return tf.where(small, tf.math.log(uniform) / safe, tf.zeros_like(uniform))

    return tf.cond(tf.reduce_any(small), drawn, lambda: tf.zeros(shape, concentration.dtype))


def _large_gamma(concentration: tf.Tensor, shape: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
    """Draw gamma variables of concentration ≥ 1: d(1 + cX)³, accepted by a squeeze; 95 in 100 at the first attempt."""
    third = tf.stop_gradient(concentration) - 1.0 / 3.0

    def attempt(stream: tf.Tensor, size: tf.Tensor, given: list[tf.Tensor]) -> tuple[tf.Tensor, tf.Tensor]:
        d, c = given
        x = standard_normal(size, stream, d.dtype)
        uniform = open_uniform(size, stream + tf.constant([0, 1], seed.dtype), d.dtype)
        root = 1.0 + c * x
        cube = root * root * root
        positive = cube > 0.0
        log_cube = tf.math.log(tf.where(positive, cube, tf.ones_like(cube)))
        return d * cube, positive & (tf.math.log(uniform) < 0.5 * x * x + d * (1.0 - cube + log_cube))

    return _accepted(attempt, shape, seed, [third, tf.math.rsqrt(9.0 * third)])


def von_mises(concentration: tf.Tensor, shape: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
    """Draw angles in (−π, π) with density ∝ exp(concentration·cos z), from a wrapped Cauchy envelope; no derivative."""
    kappa = tf.cast(tf.stop_gradient(concentration), tf.float64)
    tau = 1.0 + tf.sqrt(1.0 + 4.0 * kappa * kappa)
    # (τ − √2τ)/2κ in a form that does not cancel at small or large κ.
    rho = 2.0 * kappa / (tau + tf.sqrt(2.0 * tau))
    excess = tf.cast(tf.square(1.0 - rho) / (2.0 * rho), concentration.dtype)

    def attempt(stream: tf.Tensor, size: tf.Tensor, given: list[tf.Tensor]) -> tuple[tf.Tensor, tf.Tensor]:
        kappa, excess = given
        angle = math.pi * (2.0 * open_uniform(size, stream, excess.dtype) - 1.0)
        uniform = open_uniform(size, stream + tf.constant([0, 1], seed.dtype), excess.dtype)
        # With r = 1 + excess and f = (1 + r·cos)/(r + cos) the differences 1 − f and r − f are formed without loss.
        sine = tf.sin(0.5 * angle)
        versine = excess * sine * sine / (excess + 2.0 - 2.0 * sine * sine)
        proposal = kappa * (excess + 2.0 * versine)
        accepted = tf.math.log(proposal / uniform) + 1.0 - proposal >= 0.0
        return 2.0 * tf.sign(angle) * tf.asin(tf.minimum(tf.sqrt(versine), 1.0)), accepted

    return _accepted(attempt, shape, seed, [tf.cast(kappa, concentration.dtype), excess])


def _accepted(attempt: Attempt, shape: tf.Tensor, seed: tf.Tensor, given: list[tf.Tensor]) -> tf.Tensor:
    """Draw every entry until it is accepted; those rejected at first are gathered and drawn again on their own.

    XLA and tf.vectorized_map know no arrays of unknown size: there, whole arrays are drawn again, so that a seed gives
    other values.
    """
    if inside_xla() or inside_vectorized_map():
        return _repeated(attempt, shape, seed, given)
    first, done = attempt(seed + tf.constant([0, 9], seed.dtype), shape, given)
    places = tf.cast(tf.where(tf.reshape(~done, [-1])), tf.int32)
    rows = [tf.gather(tf.reshape(tf.broadcast_to(part, shape), [-1]), places[:, 0]) for part in given]
    rest = _repeated(attempt, tf.shape(places)[:1], seed, rows)
    whole = tf.tensor_scatter_nd_update(tf.reshape(first, [-1]), places, rest)
    return tf.stop_gradient(tf.reshape(whole, shape))


def _repeated(attempt: Attempt, shape: tf.Tensor, seed: tf.Tensor, given: list[tf.Tensor]) -> tf.Tensor:
    """Repeat ``attempt`` on the whole array until every entry is accepted."""

    def step(count: tf.Tensor, value: tf.Tensor, done: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
        drawn, accepted = attempt(seed + tf.stack([tf.zeros_like(count), 11 + 2 * count]), shape, given)
        return count + 1, tf.where(accepted & ~done, drawn, value), done | accepted

    start = (tf.zeros([], seed.dtype), tf.ones(shape, given[0].dtype), tf.zeros(shape, tf.bool))
    loop = tf.while_loop(lambda *state: ~tf.reduce_all(state[-1]), step, start)
    return tf.stop_gradient(loop[1])
