"""The points of the map in the order of a grid: which are in view, which is nearest, how many are in a cell."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from models.core.arrays import Matrix

# Every point has a cell of 16 bits along each axis; a level of fewer bits has larger cells.
BITS = 16
# Points in a cell of the grid by which they are looked up, on average, and the bits that its axes may have.
PER_CELL, GRID_BITS = 8, (3, 10)
# Points that are counted at once: a few tenths of a millisecond.
PIECE = 1 << 17
# Of more points than this, a sample says how far they extend.
SAMPLE = 50_000

Coordinates = NDArray[np.floating]
Positions = slice | NDArray[np.int64]
# Columns from, columns to (exclusive), rows from, rows to of the cells of a level.
Window = tuple[int, int, int, int]
Shown = NDArray[np.bool_]
Kind = TypeVar("Kind", np.uint8, np.uint16, np.int32)


class Cells:
    """Points in the plane with their classes, laid down once.

    Attributes
    ----------
    xy : array [n, 2]
        Their coordinates.
    classes : tuple of int
        The labels that are drawn; points with another label have the code ``len(classes)``.
    origin, unit : array [2], float
        The lower left corner, and the side of a cell of 16 bits, in coordinates.
    extent : array [2, 2]
        Where all but the outermost two in a thousand lie, from and to.
    """

    def __init__(self, xy: Coordinates, labels: NDArray[np.int64], classes: Sequence[int]) -> None:
        self.xy, self.classes = xy, tuple(sorted(classes))
        low, high = (xy.min(axis=0), xy.max(axis=0)) if len(xy) else (np.zeros(2), np.ones(2))
        self.origin = np.asarray(low, np.float64)
        self.unit = (float((high - low).max()) or 1.0) / ((1 << BITS) - 1)
        self.grid_bits = int(np.clip(np.log2(max(len(xy), 1) / PER_CELL) / 2, *GRID_BITS))
        self._lay(labels)
        sample = xy[:: max(1, len(xy) // SAMPLE)]
        self.extent: Matrix = np.percentile(sample, [0.2, 99.8], axis=0) if len(xy) else np.zeros((2, 2))

    def __len__(self) -> int:
        return len(self.xy)

    def _lay(self, labels: NDArray[np.int64]) -> None:
        """Sort the points by the cells of the grid, row by row, and by their number within a cell."""
        shift = BITS - self.grid_bits
        x, y = (self._places(axis) for axis in (0, 1))
        # Of 16 bits, NumPy sorts by their digits.
        order = np.argsort(x >> shift, kind="stable").astype(np.int32)
        order = _taken(order, np.argsort(_taken(y >> shift, order), kind="stable"))
        self.order, self.x, self.y = order, _taken(x, order), _taken(y, order)
        self.codes = _taken(self._coded(labels), order)
        of_cell = np.zeros(1 << 2 * self.grid_bits, np.int64)
        self._of_code = np.zeros(len(self.classes) + 1, np.int64)
        for part in _pieces(np.array([0]), np.array([len(order)])):
            cell = ((self.y[part] >> shift).astype(np.int32) << self.grid_bits) | (self.x[part] >> shift)
            of_cell += np.bincount(cell, minlength=len(of_cell))
            self._of_code += np.bincount(self.codes[part], minlength=len(self._of_code))
        self.starts = np.concatenate([[0], np.cumsum(of_cell)]).astype(np.int32)

    def _places(self, axis: int) -> NDArray[np.uint16]:
        places = np.empty(len(self.xy), np.uint16)
        for start in range(0, len(places), PIECE):
            part = slice(start, start + PIECE)
            cells = (self.xy[part, axis] - self.origin[axis]) / self.unit
            places[part] = np.clip(cells, 0, (1 << BITS) - 1)
        return places

    def _coded(self, labels: NDArray[np.int64]) -> NDArray[np.uint8]:
        known, codes = np.array(self.classes, np.int64), np.empty(len(labels), np.uint8)
        for start in range(0, len(codes), PIECE):
            part = np.asarray(labels[start : start + PIECE])
            found = np.minimum(np.searchsorted(known, part), max(len(known) - 1, 0))
            same = known[found] == part if len(known) else np.zeros(len(part), bool)
            codes[start : start + PIECE] = np.where(same, found, len(known))
        return codes

    def shown(self, labels: Collection[int]) -> Shown:
        """Return which codes stand for these labels."""
        return np.array([label in labels for label in self.classes] + [False])

    def share(self, shown: Shown) -> float:
        """Return the share of the points that is shown."""
        return float(self._of_code[shown].sum()) / max(len(self), 1)

    # --------------------------------------------------------------------------------------------------- look-up

    def _spans(self, low: Matrix, high: Matrix) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return from where to where the points lie of every row of the grid that a box touches."""
        corners = (np.stack([low, high]) - self.origin) / (self.unit * (1 << (BITS - self.grid_bits)))
        (left, bottom), (right, top) = np.clip(corners, 0, (1 << self.grid_bits) - 1).astype(np.int64)
        rows = np.arange(bottom, top + 1) << self.grid_bits
        return self._slots(rows + left, rows + right)

    def count(self, low: Matrix, high: Matrix) -> int:
        """Return how many points lie in the cells of the grid that a box touches: those in the box, or some more."""
        begin, end = self._spans(low, high)
        return int((end - begin).sum())

    def inside(self, low: Matrix, high: Matrix, shown: Shown) -> NDArray[np.int32]:
        """Return the numbers of the shown points in those cells, ascending."""
        found = _joined(*self._spans(low, high))
        numbers = self.order[found]
        return np.sort(numbers if shown[:-1].all() else numbers[shown[self.codes[found]]])

    def nearest(self, place: Matrix, scale: Matrix, reach: float, shown: Shown) -> int | None:
        """Return the number of the shown point nearest to ``place`` [2], None if none is within ``reach`` pixels.

        ``scale`` [2] is how many pixels a unit has along each axis. Boxes around the place grow until the nearest
        point in one cannot be farther than one outside.
        """
        radius = min(reach, max(1.0, self.unit * (1 << (BITS - self.grid_bits)) * float(scale.min())))
        while len(self):
            found = _joined(*self._spans(place - radius / scale, place + radius / scale))
            numbers = self.order[found][shown[self.codes[found]]]
            distances = np.sqrt((((self.xy[numbers] - place) * scale) ** 2).sum(axis=1))
            distance = float(distances.min(initial=np.inf))
            if distance <= radius:
                return int(numbers[distances.argmin()])
            if radius >= reach:
                return None
            radius = min(reach, 2.0 * radius, distance)
        return None

    # --------------------------------------------------------------------------------------------------- counts

    def window(self, level: int, low: Matrix, high: Matrix) -> Window:
        """Return the cells of a level that a box touches; none of them if it lies beside all points."""
        size, side = self.unit * (1 << (BITS - level)), 1 << level
        (left, bottom), (right, top) = np.clip((np.stack([low, high]) - self.origin) / size, -1, side).astype(int)
        return max(left, 0), min(right + 1, side), max(bottom, 0), min(top + 1, side)

    def bands(self, level: int, window: Window, most: int) -> Iterator[tuple[int, int, NDArray[np.int64]]]:
        """Yield the rows of a window a few at a time: the first, the one after the last, and counts [rows, columns, k].

        The last axis are the classes. As many rows come together as have about ``most`` counts or :data:`PIECE`
        points.
        """
        left, right, bottom, top = window
        # A row of the grid may be several rows of the level, or the other way round.
        coarse = max(0, level - self.grid_bits)
        merged, kinds = max(0, self.grid_bits - level), len(self.classes) + 1
        rows = np.arange(bottom >> coarse, ((top - 1) >> coarse) + 1)
        columns = (left >> coarse << merged, (((right - 1) >> coarse) + 1 << merged) - 1)
        start = 0
        while start < len(rows):
            stop, points = start, 0
            height = max(1, most // ((right - left) * kinds << coarse))
            while stop < len(rows) and stop - start < height and (stop == start or points < PIECE):
                points += self._between(int(rows[stop]), int(rows[stop]) + 1, merged, columns)
                stop += 1
            first, last = int(rows[start]), int(rows[stop - 1]) + 1
            low, high = max(first << coarse, bottom), min(last << coarse, top)
            begin, end = self._rows(first, last, merged, columns)
            yield low, high, self._counted(level, (left, right, low, high), begin, end)
            start = stop

    def _rows(
        self, first: int, last: int, merged: int, columns: tuple[int, int]
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        rows = np.arange(first << merged, last << merged) << self.grid_bits
        return self._slots(rows + columns[0], rows + columns[1])

    def _slots(self, first: NDArray[np.int64], last: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return from where to where the points lie of the cells of the grid ``first`` to ``last``, both included."""
        return self.starts[first].astype(np.int64), self.starts[last + 1].astype(np.int64)

    def _between(self, first: int, last: int, merged: int, columns: tuple[int, int]) -> int:
        begin, end = self._rows(first, last, merged, columns)
        return int((end - begin).sum())

    def _counted(
        self, level: int, window: Window, begin: NDArray[np.int64], end: NDArray[np.int64]
    ) -> NDArray[np.int64]:
        left, right, bottom, top = window
        shift, kinds, width = BITS - level, len(self.classes) + 1, right - left
        counts = np.zeros((top - bottom) * width * kinds, np.int64)
        for found in _pieces(begin, end):
            x = (self.x[found] >> shift).astype(np.int32) - left
            y = (self.y[found] >> shift).astype(np.int32) - bottom
            keys = (y * width + x) * kinds + self.codes[found]
            keys = keys[(x >= 0) & (x < width) & (y >= 0) & (y < top - bottom)]
            counts += np.bincount(keys, minlength=len(counts))
        return counts.reshape(top - bottom, width, kinds)


def _taken(array: NDArray[Kind], order: NDArray[np.integer]) -> NDArray[Kind]:
    """Return ``array[order]``, made in pieces: NumPy lets no other thread go on meanwhile."""
    taken = np.empty(len(order), array.dtype)
    for start in range(0, len(order), PIECE):
        part = slice(start, start + PIECE)
        taken[part] = array[order[part]]
    return taken


def _joined(begin: NDArray[np.int64], end: NDArray[np.int64]) -> Positions:
    """Return the positions from each ``begin`` to its ``end``, in one go."""
    if len(begin) == 0 or (end[:-1] == begin[1:]).all():
        return slice(int(begin[0]), int(end[-1])) if len(begin) else slice(0, 0)
    lengths = end - begin
    offsets = begin - np.concatenate([[0], np.cumsum(lengths)[:-1]])
    return np.asarray(np.repeat(offsets, lengths) + np.arange(int(lengths.sum())))


def _pieces(begin: NDArray[np.int64], end: NDArray[np.int64]) -> Iterator[Positions]:
    """Yield the positions from each ``begin`` to its ``end``, at most :data:`PIECE` at a time."""
    found = _joined(begin, end)
    first, last = (found.start, found.stop) if isinstance(found, slice) else (0, len(found))
    for start in range(first, last, PIECE):
        part = slice(start, min(start + PIECE, last))
        yield part if isinstance(found, slice) else found[part]
