"""The still layers of the latent map: the cloud of images, the names of the classes, the prior's rings."""

from __future__ import annotations

from collections.abc import Generator, Mapping

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPen, QRegion

from explorer.theme.theme import Theme
from explorer.views.common.layers import Frame, StillLayer, draw_haloed
from explorer.views.latent_map.cells import Cells, Coordinates, Shown
from explorer.views.latent_map.density import Pyramid, best_level, in_view, picture_of
from explorer.views.latent_map.names import apart
from models.core.arrays import Matrix

DOT = 3.8
DOT_ALPHA = 160
# Up to the first number of dots in view all are drawn, above the second a picture of their density; between, both.
DOTS, DENSE = 25_000, 50_000
# Dots are drawn in so many blocks, or more of this size.
BLOCKS, BLOCK = 8, 1_250
# A picture of another view stands in for a finer one unless it is magnified more than this.
MAGNIFIED = 2.0
NAME_GAP = 17.0
RING_ALPHA = 190
NOWHERE = Cells(np.zeros((0, 2)), np.zeros(0, np.int64), (-1,))


class CloudLayer(StillLayer):
    """The images' posterior means as dots coloured by class, or as their density where many are in view."""

    def __init__(self, theme: Theme) -> None:
        super().__init__(theme)
        self.cells, self.pyramid = NOWHERE, Pyramid([])
        self._labels = np.zeros(0, np.int64)
        self._names: dict[int, str] = {}
        self.hidden: frozenset[int] = frozenset()

    @property
    def xy(self) -> Coordinates:
        """Coordinates [n, 2] of the images."""
        return self.cells.xy

    @property
    def labels(self) -> NDArray[np.int64]:
        """Their classes [n], −1 without one."""
        return self._labels

    def series(self) -> dict[str, Matrix]:
        """Return the images' places by class."""
        names = self._names or {-1: "images"}
        chosen = {name: np.asarray(self.xy[self._labels == label], np.float64) for label, name in names.items()}
        return {f"class {name}" if self._names else name: places for name, places in chosen.items()}

    def set_points(self, cells: Cells, labels: NDArray[np.int64], names: dict[int, str]) -> None:
        """Show images; labels [n] are −1 without a class; ``names`` are the classes'."""
        self.cells, self._labels, self._names, self.pyramid = cells, labels, names, Pyramid([])
        self.refresh()

    def set_pyramid(self, pyramid: Pyramid) -> None:
        """Take pictures of all points of the classes shown."""
        self.pyramid = pyramid
        self.update()

    def set_hidden(self, hidden: frozenset[int]) -> None:
        """Hide the images of some classes."""
        self.hidden = hidden
        self.refresh()

    @property
    def drawn(self) -> list[int]:
        """The labels that are drawn."""
        return [label for label in self._names or {-1: ""} if label not in self.hidden]

    @property
    def shown(self) -> Shown:
        """Which codes of points are drawn."""
        return self.cells.shown(self.drawn)

    def palette_of(self, names: Mapping[int, str]) -> dict[int, QColor]:
        """Return the colours of the classes with these names, save the hidden ones."""
        return {label: self.theme.class_color(label) for label in names or {-1: ""} if label not in self.hidden}

    def _density(self, frame: Frame) -> float:
        """Return how much of the density is drawn: 0 where few points are in view, 1 where many are.

        Of hidden classes, as many are taken to be in view as of all points.
        """
        count = self.cells.count(*in_view(frame, DOT)) * self.cells.share(self.shown)
        return float(np.clip((count - DOTS) / (DENSE - DOTS), 0.0, 1.0))

    def paint_pixels(self, painter: QPainter, frame: Frame) -> None:
        """Draw a picture of the whole map if it is fine enough; else it stands in beside what of the view is known."""
        if not self.pyramid.pictures:
            super().paint_pixels(painter, frame)
            return
        whole = self._density(frame) == 1.0
        if whole and self.pyramid.suits(self.cells, frame):
            self.rest()
            self.pyramid.draw(painter, frame, self.cells)
            return
        known = self.known(frame, MAGNIFIED)
        painter.save()
        painter.setClipRegion(QRegion(QRectF(0.0, 0.0, *frame.size).toRect()) - QRegion(known.toRect()))
        self.pyramid.draw(painter, frame, self.cells)
        painter.restore()
        super().paint_pixels(painter, frame)

    def render_still(self, painter: QPainter, frame: Frame) -> Generator[None, None, None]:
        """Paint dots or density, or both."""
        density = self._density(frame)
        palette = {label: self.theme.class_color(label) for label in self.drawn}
        if density > 0.0:
            level = best_level(self.cells, frame)
            window = self.cells.window(level, *in_view(frame))
            picture = yield from picture_of(self.cells, level, window, palette)
            painter.setOpacity(density)
            picture.draw(painter, frame, self.cells)
            painter.setOpacity(1.0)
        if density < 1.0:
            yield
            numbers = self.cells.inside(*in_view(frame, DOT), self.shown)
            pixels = frame.to_pixels(self.xy[numbers])
            seen = ((pixels > -DOT) & (pixels < np.array(frame.size) + DOT)).all(axis=1)
            labels = np.asarray(self._labels[numbers[seen]])
            yield from _draw_dots(painter, pixels[seen], labels, palette, round(DOT_ALPHA * (1.0 - density)))


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

    @property
    def drawn(self) -> list[int]:
        """The class."""
        return [] if self.label is None else [self.label]


class NameLayer(StillLayer):
    """The names of the classes, each where its class is: colour is not the only cue."""

    def __init__(self, theme: Theme) -> None:
        super().__init__(theme)
        self._places: dict[int, Matrix] = {}
        self._names: dict[int, str] = {}
        self._hidden: frozenset[int] = frozenset()
        self.setZValue(6)

    def set_places(self, places: dict[int, Matrix], names: dict[int, str]) -> None:
        """Name the classes, each at the best of its ``places`` [k, 2] that is free."""
        self._names, self._places = names, places
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
    painter: QPainter, pixels: Matrix, labels: NDArray[np.int64], palette: dict[int, QColor], alpha: int
) -> Generator[None, None, None]:
    # In interleaved blocks, so that no class always lies on top of another.
    blocks = max(BLOCKS, len(pixels) // BLOCK)
    for start in range(blocks):
        yield
        classes, block = labels[start::blocks], pixels[start::blocks]
        for label, color in palette.items():
            color.setAlpha(alpha)
            painter.setPen(QPen(color, DOT, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap))
            chosen = block[classes == label]
            if len(chosen):
                painter.drawPoints(pg.functions.arrayToQPolygonF(chosen[:, 0], chosen[:, 1]))
