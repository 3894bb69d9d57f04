"""Places for the names of grips: beside their grip, off the curves, the lines and each other."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PySide6.QtCore import QPointF

from explorer.views.common.layers import Frame
from models.core.arrays import Matrix, Vector

HEIGHT = 13.0
# A name over another one, or outside of the plot, is worse than one over any number of points of a curve.
OVERLAP, OUTSIDE = 1e4, 1e6
# So far a box may stick out at the top and at the bottom: letters are lower than their line.
ABOVE, BELOW = -3.0, 2.0
# Left, top, right and bottom in pixels.
Box = tuple[float, float, float, float]


@dataclass(frozen=True)
class Label:
    """A text, how wide it is, and the places of its lower left corner to choose from, the best first."""

    text: str
    width: float
    color: str
    choices: tuple[tuple[float, float], ...]

    def box(self, choice: tuple[float, float]) -> Box:
        """Return the box of the text at a place."""
        x, y = choice
        return x, y - HEIGHT, x + self.width, y + 2.0


def beside(
    place: QPointF, width: float, size: tuple[float, float], left: bool = False
) -> tuple[tuple[float, float], ...]:
    """Return places around a dot in a plot of a size, first above it on one side, at last above or below it inside."""
    x, y, right, other = place.x(), place.y(), 8.0, -width - 8.0
    sides = (other, right) if left else (right, other)
    near = [(x + side, y + down) for down in (-6.0, 16.0) for side in sides]
    far = [(x + side, y + down) for down in (-20.0, 30.0, 5.0, 44.0) for side in sides]
    middle = min(max(x - width / 2, 1.0), max(size[0] - width - 1.0, 1.0))
    return (*near, *far, *((middle, y + down) for down in (-12.0, 22.0, -26.0, 36.0)))


def along_upright(x: float, height: float, width: float) -> tuple[tuple[float, float], ...]:
    """Return places along an upright line, from its top."""
    downs = (12.0, 28.0, 44.0, height - 4.0)
    return tuple((x + side, down) for down in downs for side in (4.0, -width - 4.0))


def along_level(y: float, size: tuple[float, float], width: float) -> tuple[tuple[float, float], ...]:
    """Return places along a level line, from its right end."""
    lefts = [size[0] * share - width - 4.0 for share in (1.0, 0.9, 0.75)] + [4.0, 20.0]
    return tuple((left, y + down) for left in lefts for down in (13.0, -4.0))


class Places:
    """Chooses places for labels one after the other; each keeps its choice while that is free, so that none jumps."""

    def __init__(self) -> None:
        self._last: dict[tuple[str, int], int] = {}

    def choose(self, labels: list[Label], frame: Frame, taken: list[Box], curves: Matrix) -> list[QPointF]:
        """Return the lower left corner of every label, clear of ``taken`` and of points [n, 2] of curves, in pixels."""
        taken, places = list(taken), []
        for number, label in enumerate(labels):
            key, boxes = (label.text, number), [label.box(choice) for choice in label.choices]
            chosen = self._last.get(key, 0)
            free = chosen < len(boxes) and _is_free(boxes[chosen], taken, frame.size)
            if not free or (len(curves) and _costs(boxes[chosen : chosen + 1], taken, curves, frame.size)[0] > 0.0):
                chosen = int(np.argmin(_costs(boxes, taken, curves, frame.size)))
            self._last[key] = chosen
            taken.append(boxes[chosen])
            places.append(_inside(label, chosen, frame))
        return places


def _is_free(box: Box, taken: list[Box], size: tuple[float, float]) -> bool:
    """Return whether a box lies in the plot and meets none of the others; for a few, this is the quickest."""
    left, top, right, bottom = box
    if left < 0.0 or top < ABOVE or right > size[0] or bottom > size[1] + BELOW:
        return False
    return not any(left < r and x < right and top < b and t < bottom for x, t, r, b in taken)


def _inside(label: Label, chosen: int, frame: Frame) -> QPointF:
    """Return the place chosen, kept within the plot if no choice lies there."""
    x, y = label.choices[chosen]
    width, height = frame.size
    return QPointF(min(max(x, 1.0), max(width - label.width - 1.0, 1.0)), min(max(y, HEIGHT - 2.0), height - 2.0))


def _costs(boxes: list[Box], taken: list[Box], curves: Matrix, size: tuple[float, float]) -> Vector:
    """Return how bad each of some boxes is: 0 is free."""
    left, top, right, bottom = np.array(boxes).T
    outside = (left < 0.0) | (top < ABOVE) | (right > size[0]) | (bottom > size[1] + BELOW)
    costs = OUTSIDE * outside.astype(float)
    if taken:
        x, t, r, b = np.array(taken).T
        meet = (left[:, None] < r) & (x < right[:, None]) & (top[:, None] < b) & (t < bottom[:, None])
        costs += OVERLAP * meet.sum(axis=1)
    if len(curves):
        x, y = curves.T
        under = (left[:, None] <= x) & (x <= right[:, None]) & (top[:, None] <= y) & (y <= bottom[:, None])
        costs += under.sum(axis=1)
    return np.asarray(costs)
