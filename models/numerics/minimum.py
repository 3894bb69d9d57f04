"""The minimum of a smooth function of many numbers, found in steps between which other work can be done."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator

import numpy as np

from models.core.arrays import Floats64

Function = Callable[[Floats64], tuple[float, Floats64]]
MOST_STEPS, PAIRS_KEPT = 400, 12
# What a step must gain of what its slope promises (Armijo), and how often it is halved for that.
LEAST_GAIN, MOST_HALVES = 1e-4, 20
# After so many steps that gain less than this share of the value together, there is nothing more to gain.
STILL, SETTLED = 8, 1e-6


def minimizing(function: Function, start: Floats64, settled: float = SETTLED) -> Generator[float, None, Floats64]:
    """Return where ``function``, which gives value and gradient, is least, yielding the share of the steps done.

    By limited-memory BFGS (Nocedal 1980) with halved steps, from ``start`` [m].
    """
    place = start.copy()
    value, slope = function(place)
    pairs: deque[tuple[Floats64, Floats64]] = deque(maxlen=PAIRS_KEPT)
    values = deque([value], maxlen=STILL + 1)
    for step in range(MOST_STEPS):
        yield step / MOST_STEPS
        direction = _direction(slope, pairs)
        found = yield from _searching(function, place, value, slope, direction, step / MOST_STEPS)
        if found is None:
            break
        moved, value, new_slope = found
        if (moved - place) @ (new_slope - slope) > 0.0:
            pairs.append((moved - place, new_slope - slope))
        place, slope = moved, new_slope
        values.append(value)
        if len(values) > STILL and values[0] - value <= settled * abs(value):
            break
    return place


def _searching(
    function: Function, place: Floats64, value: float, slope: Floats64, direction: Floats64, share: float
) -> Generator[float, None, tuple[Floats64, float, Floats64] | None]:
    """Return the next place with its value and gradient; None if no step along ``direction`` gains anything."""
    promised = float(slope @ direction)
    if promised >= 0.0:
        return None
    length = 1.0
    for _ in range(MOST_HALVES):
        moved = place + length * direction
        new_value, new_slope = function(moved)
        if np.isfinite(new_value) and new_value <= value + LEAST_GAIN * length * promised:
            return moved, new_value, new_slope
        length *= 0.5
        yield share
    return None


def _direction(slope: Floats64, pairs: deque[tuple[Floats64, Floats64]]) -> Floats64:
    """Return minus the gradient times the inverse of the Hessian, as the last moves show it."""
    rest, factors = slope.copy(), []
    for move, change in reversed(pairs):
        factor = (move @ rest) / (move @ change)
        rest -= factor * change
        factors.append(factor)
    if pairs:
        move, change = pairs[-1]
        rest *= (move @ change) / (change @ change)
    else:
        rest /= max(1.0, float(np.linalg.norm(slope)))
    for (move, change), factor in zip(pairs, reversed(factors), strict=True):
        rest += (factor - (change @ rest) / (move @ change)) * move
    return -rest
