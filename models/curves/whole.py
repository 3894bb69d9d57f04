"""The curves of families of whole numbers: masses as stems, steps of the distribution function, a staircase as path."""

from __future__ import annotations

import numpy as np

from models.core.arrays import Floats64, Vector

# Of more numbers, evenly spaced ones are drawn.
MOST_STEMS = 1000


def numbers_in(low: float, high: float) -> Vector:
    """Return the whole numbers from ``low`` to ``high``, or evenly spaced ones of them."""
    first, last = np.ceil(low), np.floor(high)
    return np.arange(first, last + 1.0, max(np.ceil((last - first + 1.0) / MOST_STEMS), 1.0))


def with_stems(x: Vector, span: tuple[float, float]) -> Vector:
    """Return the points ``x`` with every whole number of the range three times: the foot, tip and foot of a stem."""
    whole = numbers_in(*span)
    return np.sort(np.concatenate([np.setdiff1d(x, whole), np.repeat(whole, 3)]))


def as_stems(x: Vector, mass: Floats64, cdf: Floats64) -> tuple[Floats64, Floats64]:
    """Return masses and distribution function at points of :func:`with_stems` as polylines: at feet 0 and F before."""
    feet = np.flatnonzero(x[:-2] == x[2:])
    stems, steps = mass.copy(), cdf.copy()
    stems[feet] = stems[feet + 2] = 0.0
    steps[feet] = np.where(feet > 0, cdf[feet - 1], np.maximum(cdf[feet] - mass[feet], 0.0))
    return stems, steps


def staircase(numbers: Vector, ends: Vector, reach: tuple[float, float]) -> tuple[Vector, Vector]:
    """Return the path from noise within ``reach`` to ``numbers`` [n] as a polyline; its steps end at ``ends`` [n]."""
    low, high = reach
    eps = np.concatenate([[low], np.repeat(np.clip(ends[:-1], low, high), 2), [high]])
    return eps, np.repeat(numbers, 2)
