"""Functions of two variables as Chebyshev series in one and polynomials in the other, made once from exact values.

At a parameter the series collapses to the coefficients of a polynomial, which is evaluated draw by draw.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import tensorflow as tf
from numpy.polynomial import chebyshev


def nodes(terms: int) -> np.ndarray:
    """Return the points of [−1, 1] where a series of ``terms`` is interpolated."""
    return np.asarray(chebyshev.chebpts1(terms))


def interpolated(values: np.ndarray) -> np.ndarray:
    """Return coefficients [..., k, m] of the powers of t times the Chebyshev polynomials of v.

    Parameters
    ----------
    values : array [..., k, m]
        At the :func:`nodes` t [k] and v [m].
    """
    rows, columns = values.shape[-2:]
    powers = np.stack([np.pad(chebyshev.cheb2poly(row), (0, rows - 1 - order))
                       for order, row in enumerate(np.eye(rows))], axis=1)  # fmt: skip
    return np.asarray(powers @ _series_of(rows) @ values @ _series_of(columns).T)


def collapsed(table: np.ndarray, v: tf.Tensor) -> tf.Tensor:
    """Return the coefficients [..., k, *batch] of the powers of t at ``v`` [*batch], float64, from [..., k, m]."""
    basis = [tf.ones_like(v), v]
    for _ in range(table.shape[-1] - 2):
        basis.append(2.0 * v * basis[-1] - basis[-2])
    return tf.tensordot(tf.constant(table), tf.stack(basis), 1)


def polynomial(coefficients: Sequence[tf.Tensor], t: tf.Tensor) -> tf.Tensor:
    """Return Σ coefficients[k]·tᵏ by Horner's rule."""
    value = coefficients[-1]
    for coefficient in reversed(coefficients[:-1]):
        value = value * t + coefficient
    return value


def pays(draws: int | None, parameters: tf.Tensor) -> bool:
    """Return whether there are so many draws that a polynomial for each parameter costs little beside them."""
    count = parameters.shape.num_elements()
    return draws is not None and count is not None and draws >= DRAWS_THAT_PAY * count


def _series_of(terms: int) -> np.ndarray:
    return np.linalg.inv(chebyshev.chebvander(nodes(terms), terms - 1))


DRAWS_THAT_PAY = 16
