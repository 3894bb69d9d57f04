"""The Kolmogorov–Smirnov distance of a sample from a distribution, with its p-value."""

from __future__ import annotations

import math

import numpy as np
import tensorflow as tf
from scipy.special import smirnov

from models.protocol import Floats64

# Beyond this n·d² the answer is below 2e-6, and twice the one-sided probability is right to that fraction.
FAR = 7.24
OVERFLOW = 1e140


def ks_distance(probabilities: Floats64) -> float:
    """Return the largest gap between the ECDF of a sorted sample and F; ``probabilities`` [n] are F at the sample."""
    count = len(probabilities)
    steps = np.arange(count + 1) / count
    above, below = steps[1:] - probabilities, probabilities - steps[:-1]
    return float(max(above.max(), below.max()))


def ks_p_value(distance: float, count: int) -> float:
    """Return P(D_n ≥ ``distance``) for ``count`` independent draws from a continuous distribution.

    By the matrix power of Marsaglia, Tsang & Wang (2003), Evaluating Kolmogorov's distribution, to 13 digits of
    1 − p; where that would leave none, twice Smirnov's exact one-sided probability.
    """
    if count * distance * distance > FAR:
        return float(2.0 * smirnov(count, distance))
    return min(1.0, max(0.0, 1.0 - _cdf(distance, count)))


def _cdf(distance: float, count: int) -> float:
    """Return P(D_n < d) = n!/nⁿ · (Hⁿ)_{kk}, k = ⌈nd⌉; the power's exponent is kept apart from its digits."""
    k = math.floor(count * distance) + 1
    power, exponent = _matrix_power(_transition(k, k - count * distance), count)
    value = float(power[k - 1, k - 1])
    for index in range(1, count + 1):
        value *= index / count
        if value < 1.0 / OVERFLOW:
            value, exponent = value * OVERFLOW, exponent - 140
    return value * 10.0**exponent


def _transition(k: int, h: float) -> Floats64:
    """Return the matrix H [2k − 1, 2k − 1] of the paper, h = k − nd."""
    size = 2 * k - 1
    lag = np.subtract.outer(np.arange(size), np.arange(size)) + 1
    matrix: Floats64 = (lag >= 0).astype(np.float64)
    edge = h ** np.arange(1, size + 1)
    matrix[:, 0] -= edge
    matrix[-1, :] -= edge[::-1]
    matrix[-1, 0] += max(2.0 * h - 1.0, 0.0) ** size
    factorials = np.array([math.lgamma(step + 1.0) for step in range(size + 1)])
    matrix *= np.exp(-factorials[np.maximum(lag, 0)])
    return matrix


def _matrix_power(matrix: Floats64, power: int) -> tuple[Floats64, int]:
    """Return digits and decimal exponent of ``matrix`` to the ``power``, by squaring."""
    if power == 1:
        return matrix, 0
    half, exponent = _matrix_power(matrix, power // 2)
    result, exponent = _product(half, half), 2 * exponent
    if power % 2:
        result = _product(matrix, result)
    centre = len(matrix) // 2
    if result[centre, centre] > OVERFLOW:
        result, exponent = result / OVERFLOW, exponent + 140
    return result, exponent


def _product(left: Floats64, right: Floats64) -> Floats64:
    # Not NumPy's product: beside other work its threads wait for each other, 140 ms instead of 1.
    product: Floats64 = tf.linalg.matmul(left, right).numpy()
    return product
