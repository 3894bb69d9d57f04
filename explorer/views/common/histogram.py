"""Outlines and ceilings of histograms."""

from __future__ import annotations

import numpy as np

from models.core.arrays import Vector


def steps(edges: Vector, heights: Vector) -> tuple[Vector, Vector]:
    """Return the outline of a histogram: edges [n + 1] and heights [n] as a polyline that starts and ends at 0."""
    return np.repeat(edges, 2), np.concatenate([[0.0], np.repeat(heights, 2), [0.0]])


def nice_ceiling(value: float) -> float:
    """Return the smallest round number not below ``value`` > 0, so that an axis rests while one drags."""
    scale = 10.0 ** np.floor(np.log10(max(value, 1e-9)))
    return float(next(scale * step for step in (1.0, 1.5, 2.0, 3.0, 5.0, 7.5, 10.0) if scale * step >= value))
