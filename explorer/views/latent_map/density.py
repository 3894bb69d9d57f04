"""Pictures of how many points lie where: of a part of the map, and of all of it at several levels."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QRectF
from PySide6.QtGui import QColor, QImage, QPainter

from explorer.views.common.layers import Frame
from explorer.views.latent_map.cells import BITS, Cells, Window

# The side of a cell on the screen, in pixels, at which all cells of a level look best.
CELL = 2.0
# The levels of pictures of the whole map: the coarsest, the finest, and how many cells a point may have.
LEVELS, CELLS_PER_POINT = (6, 12), 5
# Counts at a time: a millisecond or two.
COUNTS = 1 << 18
FAINTEST, ROOM = 70, 185
CODES = 255

Palette = Mapping[int, QColor]


@dataclass(frozen=True)
class Picture:
    """A picture of the cells of a level in a window; the image is a view of the ``pixels`` [h, w, 4]."""

    level: int
    window: Window
    pixels: NDArray[np.uint8]
    image: QImage

    def draw(self, painter: QPainter, frame: Frame, cells: Cells) -> None:
        """Draw what is in view of it."""
        low, high = in_view(frame)
        left, right, bottom, top = cells.window(self.level, low, high)
        left, bottom = max(left, self.window[0]), max(bottom, self.window[2])
        right, top = min(right, self.window[1]), min(top, self.window[3])
        if right > left and top > bottom:
            size = cells.unit * (1 << (BITS - self.level))
            corner = cells.origin + size * np.array([left, top])
            place = frame.point(float(corner[0]), float(corner[1]))
            wide, high_ = size * (right - left) * frame.x_scale, size * (top - bottom) * frame.y_scale
            source = QRectF(left - self.window[0], self.window[3] - top, right - left, top - bottom)
            painter.drawImage(QRectF(place.x(), place.y(), wide, high_), self.image, source)


def in_view(frame: Frame, margin: float = 0.0) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the lower left and the upper right corner [2] of what is in view, with ``margin`` pixels around it."""
    (left, top), (right, bottom) = frame.corners()
    around = margin / np.array([frame.x_scale, frame.y_scale])
    return np.array([left, bottom]) - around, np.array([right, top]) + around


def best_level(cells: Cells, frame: Frame) -> int:
    """Return the level whose cells are nearest to :data:`CELL` pixels."""
    return int(np.clip(round(BITS - np.log2(CELL / (cells.unit * frame.x_scale))), LEVELS[0], BITS))


def picture_of(cells: Cells, level: int, window: Window, palette: Palette) -> Generator[None, None, Picture]:
    """Return the picture of some cells, yielding after every few rows.

    The colour is the mean of the classes of the ``palette``, the opacity the logarithm of how many of their points are
    there.
    """
    left, right, bottom, top = window
    pixels = np.zeros((max(top - bottom, 0), max(right - left, 0), 4), np.uint8)
    if pixels.size:
        yield from _fill(cells, level, window, palette, pixels)
    height, width = pixels.shape[:2]
    image = QImage(pixels.data, width, height, 4 * width, QImage.Format.Format_ARGB32_Premultiplied)
    return Picture(level, window, pixels, image)


def _fill(
    cells: Cells, level: int, window: Window, palette: Palette, pixels: NDArray[np.uint8]
) -> Generator[None, None, None]:
    """Fill ``pixels`` [h, w, 4], the uppermost row first, in the order blue, green, red, opacity."""
    mixing, most = _mixing(cells, palette), 0.0
    tones = CODES / np.log1p(max(len(cells), 1))
    bands = []
    for low, high, counts in cells.bands(level, window, COUNTS):
        rows = slice(window[3] - high, window[3] - low)
        sums = counts[::-1].astype(np.float32) @ mixing
        totals = sums[..., 3]
        most = max(most, float(totals.max()))
        pixels[rows, :, :3] = sums[..., :3] / np.maximum(totals, 1.0)[..., None]
        pixels[rows, :, 3] = np.rint(tones * np.log1p(totals))
        bands.append(rows)
        yield
    strengths = _strengths(tones, most)
    for rows in bands:
        alpha = strengths[pixels[rows, :, 3]]
        pixels[rows, :, :3] = (pixels[rows, :, :3] * alpha[..., None].astype(np.uint16) + 127) // 255
        pixels[rows, :, 3] = alpha
        yield


def _mixing(cells: Cells, palette: Palette) -> NDArray[np.float32]:
    """Return what a point adds to blue, green, red and count [k + 1, 4], by its code."""
    mixing = np.zeros((len(cells.classes) + 1, 4), np.float32)
    for code, label in enumerate(cells.classes):
        if label in palette:
            color = palette[label]
            mixing[code] = color.blue(), color.green(), color.red(), 1.0
    return mixing


def _strengths(tones: float, most: float) -> NDArray[np.uint8]:
    """Return the opacity by the code of a logarithm of a count, of which the largest is that of ``most`` points."""
    codes = np.arange(CODES + 1)
    strengths = FAINTEST + ROOM * np.minimum(codes / (tones * np.log1p(max(most, 1.0))), 1.0)
    return np.where(codes > 0, np.rint(strengths), 0).astype(np.uint8)


def levels_of(count: int) -> range:
    """Return the levels of which there are pictures of the whole map of ``count`` points."""
    coarsest, finest = LEVELS
    bits = int(np.log2(max(CELLS_PER_POINT * count, 1)) / 2)
    return range(coarsest, min(max(bits, coarsest), finest) + 1)


class Pyramid:
    """Pictures of the whole map, the coarsest first: one of them is near to any view that shows many points."""

    def __init__(self, pictures: list[Picture]) -> None:
        self.pictures = pictures

    def suits(self, cells: Cells, frame: Frame) -> bool:
        """Return whether there is a picture whose cells are as small as they should be in a view."""
        return best_level(cells, frame) <= self.pictures[-1].level

    def draw(self, painter: QPainter, frame: Frame, cells: Cells) -> None:
        """Draw the picture that is nearest to the scale of a view."""
        level = min(best_level(cells, frame), self.pictures[-1].level)
        self.pictures[level - self.pictures[0].level].draw(painter, frame, cells)


def pyramid_of(cells: Cells, palette: Palette) -> Generator[None, None, Pyramid]:
    """Return the pictures of all levels of the map, yielding after every few rows."""
    pictures = []
    for level in levels_of(len(cells)):
        side = 1 << level
        pictures.append((yield from picture_of(cells, level, (0, side, 0, side), palette)))
    return Pyramid(pictures)
