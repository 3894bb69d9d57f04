"""The still layers of the latent map: the cloud of images, the names of the classes, the prior's rings."""

from __future__ import annotations

from collections.abc import Generator

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QColor, QImage, QPainter, QPen

from explorer.theme.theme import Theme
from explorer.views.common.layers import Frame, StillLayer, draw_haloed
from explorer.views.latent_map.names import apart, class_places
from models.core.arrays import Matrix

SCATTER_LIMIT = 20_000
DOT = 3.8
DOT_ALPHA = 160
BLOCKS = 8
BIN = 2
NAME_GAP = 17.0
RING_ALPHA = 190


class CloudLayer(StillLayer):
    """The images' posterior means as dots coloured by class; a density image above 20 000 of them."""

    def __init__(self, theme: Theme) -> None:
        super().__init__(theme)
        self._xy: Matrix = np.zeros((0, 2))
        self._labels = np.zeros(0, np.int64)
        self._names: dict[int, str] = {}
        self.hidden: frozenset[int] = frozenset()

    @property
    def xy(self) -> Matrix:
        """Coordinates [n, 2] of the images."""
        return self._xy

    @property
    def labels(self) -> NDArray[np.int64]:
        """Their classes [n], −1 without one."""
        return self._labels

    def series(self) -> dict[str, Matrix]:
        """Return the images' places by class."""
        names = self._names or {-1: "images"}
        chosen = {name: self._xy[self._labels == label] for label, name in names.items()}
        return {f"class {name}" if self._names else name: places for name, places in chosen.items()}

    def set_points(self, xy: Matrix, labels: NDArray[np.int64], names: dict[int, str]) -> None:
        """Show images at ``xy`` [n, 2]; labels [n] are −1 without a class; ``names`` are the classes'."""
        self._xy, self._labels, self._names = xy, labels, names
        self.refresh()

    def set_hidden(self, hidden: frozenset[int]) -> None:
        """Hide the images of some classes."""
        self.hidden = hidden
        self.refresh()

    def render_still(self, painter: QPainter, frame: Frame) -> Generator[None, None, None]:
        """Paint dots or density."""
        yield from self._paint(painter, frame, [label for label in self._names or {-1: ""} if label not in self.hidden])

    def _paint(self, painter: QPainter, frame: Frame, classes: list[int]) -> Generator[None, None, None]:
        palette = {label: self.theme.class_color(label) for label in classes}
        pixels, labels = frame.to_pixels(self._xy), self._labels
        seen = ((pixels > -DOT) & (pixels < np.array(frame.size) + DOT)).all(axis=1)
        if len(classes) < len(self._names):
            seen &= np.isin(labels, classes)
        pixels, labels = pixels[seen], labels[seen]
        if len(pixels) > SCATTER_LIMIT:
            painter.drawImage(QPointF(0, 0), density_image(pixels, labels, frame.size, palette))
        else:
            yield from _draw_dots(painter, pixels, labels, palette)


class FrontLayer(CloudLayer):
    """The images of one class once more, over all others."""

    def __init__(self, theme: Theme) -> None:
        super().__init__(theme)
        self.label: int | None = None
        self.setZValue(2)
        self.hide()

    def series(self) -> dict[str, Matrix]:
        """Return nothing: they are the cloud's."""
        return {}

    def set_label(self, label: int | None) -> None:
        """Choose the class, None for none; what is hidden costs nothing."""
        if label != self.label:
            self.label = label
            self.setVisible(label is not None)
            self.refresh()

    def render_still(self, painter: QPainter, frame: Frame) -> Generator[None, None, None]:
        """Paint the class."""
        yield from self._paint(painter, frame, [] if self.label is None else [self.label])


class NameLayer(StillLayer):
    """The names of the classes, each where its class is: colour is not the only cue."""

    def __init__(self, theme: Theme) -> None:
        super().__init__(theme)
        self._places: dict[int, Matrix] = {}
        self._names: dict[int, str] = {}
        self._hidden: frozenset[int] = frozenset()
        self.setZValue(6)

    def set_points(self, xy: Matrix, labels: NDArray[np.int64], names: dict[int, str]) -> None:
        """Name the classes of images at ``xy`` [n, 2]."""
        step = max(1, len(xy) // SCATTER_LIMIT)
        self._names, self._places = names, class_places(xy[::step], labels[::step], tuple(names))
        self.refresh()

    def set_hidden(self, hidden: frozenset[int]) -> None:
        """Name only the classes that are shown."""
        self._hidden = hidden
        self.refresh()

    def placed(self, frame: Frame) -> dict[int, Matrix]:
        """Return where the names stand that find a place, in pixels [2] of the plot area."""
        shown = {label: place for label, place in self._places.items() if label not in self._hidden}
        return apart({label: frame.to_pixels(place) for label, place in shown.items()}, NAME_GAP)

    def render_still(self, painter: QPainter, frame: Frame) -> Generator[None, None, None]:
        """Draw the names."""
        yield
        for label, (x, y) in self.placed(frame).items():
            name = self._names[label]
            draw_haloed(painter, QPointF(x - 4 * len(name), y + 5), name, self.theme, 15)


class RingLayer(StillLayer):
    """Circles at 1, 2 and 3 standard deviations of the prior, in the plane shown."""

    def __init__(self, theme: Theme) -> None:
        super().__init__(theme)
        self.centre: Matrix = np.zeros(2)
        self.deviation = 1.0
        self.setZValue(5)

    def set_prior(self, centre: Matrix, deviation: float) -> None:
        """Place the prior's mean at ``centre`` [2]; it has this standard deviation in every direction."""
        self.centre, self.deviation = centre, deviation
        self.refresh()

    def render_still(self, painter: QPainter, frame: Frame) -> Generator[None, None, None]:
        """Draw the rings, each with a quiet label in a gap at its top."""
        yield
        color = QColor(self.theme.colors.prior)
        color.setAlpha(RING_ALPHA)
        centre = QPointF(*frame.to_pixels(self.centre))
        for ring in (1, 2, 3):
            radius = ring * self.deviation
            across, down = radius * frame.x_scale, radius * frame.y_scale
            painter.setPen(QPen(color, 1.0, Qt.PenStyle.DashLine))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawEllipse(centre, across, down)
            place = QPointF(centre.x() - 6, centre.y() - down + 4)
            draw_haloed(painter, place, f"{ring}σ", self.theme, 10, 400, self.theme.colors.prior)


def _draw_dots(
    painter: QPainter, pixels: Matrix, labels: NDArray[np.int64], palette: dict[int, QColor]
) -> Generator[None, None, None]:
    # In interleaved blocks, so that no class always lies on top of another.
    for start in range(BLOCKS):
        yield
        classes, block = labels[start::BLOCKS], pixels[start::BLOCKS]
        for label, color in palette.items():
            color.setAlpha(DOT_ALPHA)
            painter.setPen(QPen(color, DOT, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap))
            chosen = block[classes == label]
            if len(chosen):
                painter.drawPoints(pg.functions.arrayToQPolygonF(chosen[:, 0], chosen[:, 1]))


def density_image(
    pixels: Matrix, labels: NDArray[np.int64], size: tuple[float, float], palette: dict[int, QColor]
) -> QImage:
    """Bin points into squares of 2 pixels: colour is the mean of the classes, opacity the logarithm of the count."""
    width, height = int(size[0]) // BIN + 1, int(size[1]) // BIN + 1
    cells = np.floor(pixels / BIN).astype(np.int64)
    inside = (cells >= 0).all(axis=1) & (cells[:, 0] < width) & (cells[:, 1] < height)
    flat = cells[inside, 1] * width + cells[inside, 0]
    counts = np.bincount(flat, minlength=width * height)
    filled = counts > 0
    rgba = np.zeros((width * height, 4), np.uint8)
    classes = sorted(palette)
    rows = np.searchsorted(classes, labels[inside])
    shades = np.array([(c.red(), c.green(), c.blue()) for c in map(palette.__getitem__, classes)], np.float64)
    for channel in range(3):
        sums = np.bincount(flat, weights=shades[rows, channel], minlength=width * height)
        rgba[filled, channel] = sums[filled] / counts[filled]
    rgba[filled, 3] = 70 + 185 * np.log1p(counts[filled]) / np.log1p(counts.max(initial=1))
    image = QImage(rgba.data, width, height, width * 4, QImage.Format.Format_RGBA8888)
    return image.scaled(width * BIN, height * BIN)
