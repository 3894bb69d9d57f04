"""Curves through key points in closed form, and even steps along any curve. NumPy and SciPy only.

A curve maps places t [m] from 0 to 1 to points [m, d].
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy.interpolate import CubicSpline

from models.core.arrays import Floats64

Curve = Callable[[Floats64], Floats64]
# Sums of a few sines: enough to be lively, few enough to be smooth.
HARMONICS = 3
# Two directions closer to each other than this, or to opposite ones, have no great circle in common.
LEAST_SINE = 1e-9


def polyline(points: Floats64) -> Curve:
    """Return the straight segments through ``points`` [k, d], which stand at equal distances of t."""
    nodes = np.linspace(0.0, 1.0, len(points))

    def at(places: Floats64) -> Floats64:
        return np.stack([np.interp(places, nodes, column) for column in points.T], axis=1)

    return at


def slerp(points: Floats64) -> Curve:
    """Return arcs through ``points`` [k, d]: the direction turns evenly (Shoemake 1985), the norm goes evenly.

    Between points of the same norm the norm stays. From the centre, or to it, the way is straight; opposite points are
    joined through the axis that is farthest from them.
    """
    legs = len(points) - 1

    def at(places: Floats64) -> Floats64:
        leg = np.minimum((places * legs).astype(int), legs - 1)
        share = (places * legs - leg)[:, np.newaxis]
        result = np.empty((len(places), points.shape[1]))
        for index in range(legs):
            chosen = leg == index
            result[chosen] = _arc(points[index], points[index + 1], share[chosen])
        return result

    return at


def _arc(start: Floats64, end: Floats64, share: Floats64) -> Floats64:
    """Return the points [m, d] at each ``share`` [m, 1] of the arc between two points."""
    norms = np.linalg.norm(start), np.linalg.norm(end)
    if min(norms) == 0.0:
        return _straight(start, end, share)
    one, other = start / norms[0], end / norms[1]
    across = other - (one @ other) * one
    angle = float(np.arctan2(np.linalg.norm(across), one @ other))
    if np.linalg.norm(across) < LEAST_SINE:
        if angle < 1.0 or len(one) == 1:
            return _straight(start, end, share)
        across = np.eye(len(one))[np.argmin(np.abs(one))]
        across = across - (one @ across) * one
    across = across / np.linalg.norm(across)
    direction = np.cos(angle * share) * one + np.sin(angle * share) * across
    arc: Floats64 = ((1.0 - share) * norms[0] + share * norms[1]) * direction
    return arc


def _straight(start: Floats64, end: Floats64, share: Floats64) -> Floats64:
    between: Floats64 = (1.0 - share) * start + share * end
    return between


def closed_spline(points: Floats64) -> Curve:
    """Return the smooth loop through ``points`` [k, d]: a periodic cubic spline, with centripetal parameters.

    These are the roots of the distances, so that no loop or cusp comes in between (Yuksel et al. 2011).
    """
    around = np.concatenate([points, points[:1]])
    distances = np.linalg.norm(np.diff(around, axis=0), axis=1)
    kept = np.concatenate([[True], distances > 0.0])
    nodes = np.concatenate([[0.0], np.cumsum(np.sqrt(distances[distances > 0.0]))])
    if len(nodes) < 3:
        return polyline(around)
    spline = CubicSpline(nodes / nodes[-1], np.concatenate([around[kept][:-1], around[:1]]), bc_type="periodic")

    def at(places: Floats64) -> Floats64:
        return np.asarray(spline(places), np.float64)

    return at


def noise_loop(centre: Floats64, radius: float, seed: int) -> Curve:
    """Return a random loop around ``centre`` [d]: at every place a draw of N(centre, radius²), decided by ``seed``."""
    draws = np.random.Generator(np.random.PCG64(seed)).standard_normal((2, HARMONICS, len(centre)))
    sines, cosines = draws * radius / np.sqrt(HARMONICS)

    def at(places: Floats64) -> Floats64:
        turns = 2.0 * np.pi * np.outer(places, np.arange(1, HARMONICS + 1))
        return np.asarray(centre + np.sin(turns) @ sines + np.cos(turns) @ cosines)

    return at


def even_places(places: Floats64, steps: Floats64, count: int, returns: bool) -> Floats64:
    """Return ``count`` places at equal distances along a curve.

    ``steps`` [m − 1] are the distances between the curve's points at ``places`` [m]. Of a curve that ``returns`` the
    end is left out, since it is the start again.
    """
    along = np.concatenate([[0.0], np.cumsum(steps)])
    if along[-1] <= 0.0:
        return np.linspace(0.0, 1.0, count, endpoint=not returns)
    wanted = np.linspace(0.0, along[-1], count, endpoint=not returns)
    return np.asarray(np.interp(wanted, along, places))
