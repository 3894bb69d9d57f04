"""The path on the data: the shortest path in the graph of nearest neighbours of the posterior means (Dijkstra 1959)."""

from __future__ import annotations

from collections.abc import Generator

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import block_array, csr_array
from scipy.sparse.csgraph import dijkstra

from models.core.arrays import Floats32, Floats64
from models.core.errors import UserError

# All pairs are compared: of more images every second, third … is taken.
MOST_NODES = 20_000
# One slice keeps a thread busy for some 4 ms.
PAIRS_PER_SLICE = 1 << 19
# An edge without a length would be none.
LEAST_LENGTH = 1e-12


def building_graph(means: Floats32, neighbours: int) -> Generator[float, None, csr_array]:
    """Return the graph [n, n] of distances from ``means`` [n, d] to their nearest, yielding the share that is done."""
    count = min(neighbours, len(means) - 1)
    rows = max(1, PAIRS_PER_SLICE // len(means))
    found = []
    for start in range(0, len(means), rows):
        found.append(_edges(means[start : start + rows], means, count, start))
        yield min(1.0, (start + rows) / len(means))
    directed = _graph(
        np.concatenate([near for near, _ in found]), np.concatenate([far for _, far in found]), len(means)
    )
    # A step may lead back as well.
    return csr_array(directed.maximum(directed.T))


def _edges(points: Floats32, means: Floats32, count: int, itself: int = -1) -> tuple[NDArray[np.int64], Floats64]:
    """Return the ``count`` nearest of ``means`` of each of ``points`` [m, d], and the distances to them, [m, count].

    Row i is the mean ``itself + i``, unless that is negative.
    """
    nearest = nearest_of(points, means, count, itself)
    lengths = np.linalg.norm(points[:, np.newaxis].astype(np.float64) - means[nearest], axis=2)
    return nearest, np.maximum(lengths, LEAST_LENGTH)


def _graph(nearest: NDArray[np.int64], lengths: Floats64, nodes: int) -> csr_array:
    """Return the edges from row i to its ``nearest`` [m, k] as a sparse matrix [m, nodes]."""
    rows = np.arange(0, nearest.size + 1, nearest.shape[1])
    return csr_array((lengths.ravel(), nearest.ravel(), rows), shape=(len(nearest), nodes))


def nearest_of(points: Floats32, means: Floats32, count: int, itself: int = -1) -> NDArray[np.int64]:
    """Return the indices [m, count] of the nearest ``means`` [n, d] of each of ``points`` [m, d], in no order."""
    squares = np.einsum("nd,nd->n", means, means) - 2.0 * points @ means.T
    if itself >= 0:
        squares[np.arange(len(points)), itself + np.arange(len(points))] = np.inf
    result: NDArray[np.int64] = np.argpartition(squares, count - 1, axis=1)[:, :count]
    return result


def thinned(count: int) -> NDArray[np.int64]:
    """Return which of ``count`` images are compared: all, or evenly taken ones."""
    return np.arange(0, count, -(-count // MOST_NODES))


def way_on_data(graph: csr_array, means: Floats32, keys: Floats64, neighbours: int) -> list[NDArray[np.int64]]:
    """Return for each leg between two of ``keys`` [k, d] the rows of ``means`` that the shortest path goes through.

    Each key is joined to its nearest means. :class:`UserError` if no path leads from one key to the next.
    """
    joined = _graph(*_edges(keys.astype(np.float32), means, min(neighbours, len(means))), len(means))
    whole = csr_array(block_array([[graph, joined.T], [joined, None]]))
    legs = []
    for leg in range(len(keys) - 1):
        start, end = len(means) + leg, len(means) + leg + 1
        distances, before = dijkstra(whole, directed=False, indices=start, return_predecessors=True)
        if not np.isfinite(distances[end]):
            raise UserError(
                "the path on the data",
                f"no steps to one of the {neighbours} nearest images lead from key point {leg + 1} to {leg + 2}",
                "allow more neighbours",
            )
        legs.append(_traced_back(before, start, end, len(means)))
    return legs


def _traced_back(before: NDArray[np.int32], start: int, end: int, count: int) -> NDArray[np.int64]:
    """Return the means on the path that ends at ``end``, in the order of walking."""
    path, node = [], int(before[end])
    while node != start:
        path.append(node)
        node = int(before[node])
    # Another key may lie on the way.
    return np.array([node for node in reversed(path) if node < count], np.int64)
