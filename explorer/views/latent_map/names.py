"""Places for the names of the classes: only where the class itself is, and never over each other."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from models.core.arrays import Matrix

CELLS = 36
# The densest cells of a class that its name may stand in, the best first.
CHOICES = 12
# A cell with less than this fraction of the score of the best one says nothing of the class.
WORTH = 0.2


def class_places(xy: Matrix, labels: NDArray[np.int64], classes: Sequence[int]) -> dict[int, Matrix]:
    """Return for every class the places [k, 2] that are most its own, the best first: where it is dense and alone.

    The plane is cut into cells; one scores by how many of its points are of the class, times the fraction they are of
    all points there. A place is the mean of the class' points in a cell.
    """
    if not len(xy):
        return {}
    low, high = np.percentile(xy, [0.5, 99.5], axis=0)
    cells = np.clip(((xy - low) / np.maximum(high - low, 1e-12) * CELLS).astype(int), 0, CELLS - 1)
    flat = cells[:, 0] * CELLS + cells[:, 1]
    everybody = _smooth(np.bincount(flat, minlength=CELLS**2))
    return {label: _best(xy[labels == label], flat[labels == label], everybody) for label in classes}


def _smooth(counts: NDArray[np.int64]) -> Matrix:
    """Return counts on the grid, each with half of its neighbours'."""
    grid = np.pad(counts.reshape(CELLS, CELLS).astype(float), 1)
    sides = grid[:-2, 1:-1] + grid[2:, 1:-1] + grid[1:-1, :-2] + grid[1:-1, 2:]
    return np.asarray((grid[1:-1, 1:-1] + 0.5 * sides).ravel())


def _best(own: Matrix, flat: NDArray[np.int64], everybody: Matrix) -> Matrix:
    counts = np.bincount(flat, minlength=CELLS**2)
    smooth = _smooth(counts)
    score = np.where(counts > 0, smooth**2 / np.maximum(everybody, 1e-12), 0.0)
    chosen = np.argsort(-score, kind="stable")[:CHOICES]
    chosen = chosen[score[chosen] > WORTH * score.max(initial=0.0)]
    return np.array([own[flat == cell].mean(axis=0) for cell in chosen]).reshape(-1, 2)


def apart(choices: dict[int, Matrix], gap: float) -> dict[int, Matrix]:
    """Return one of its places [2] for every class, in pixels, none nearer to another than ``gap``.

    The classes choose in turn; one for which no place is left goes without.
    """
    taken: dict[int, Matrix] = {}
    for label, places in choices.items():
        for place in places:
            if all(np.hypot(*(place - other)) >= gap for other in taken.values()):
                taken[label] = place
                break
    return taken
