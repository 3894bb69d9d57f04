"""Layers over a plot: they paint in pixels of the plot area, still ones once per view."""

from __future__ import annotations

from collections import deque
from collections.abc import Generator
from dataclasses import dataclass

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, Qt, QTimer
from PySide6.QtGui import QImage, QPainter
from PySide6.QtWidgets import QStyleOptionGraphicsItem, QWidget

from explorer.theme.theme import Theme
from explorer.views.common.painting import answering, guarded
from models.core.arrays import Matrix

HALO = tuple(QPointF(1.5 * np.cos(turn), 1.5 * np.sin(turn)) for turn in np.arange(8) * np.pi / 4.0)


@dataclass(frozen=True)
class Frame:
    """The affine map from plane coordinates to pixels of the plot area."""

    left: float
    top: float
    x_scale: float
    y_scale: float
    size: tuple[float, float]

    def to_pixels(self, xy: NDArray[np.floating]) -> Matrix:
        """Map coordinates [..., 2] to pixels [..., 2], y downwards."""
        pixels = np.empty(np.shape(xy))
        pixels[..., 0] = (xy[..., 0] - self.left) * self.x_scale
        pixels[..., 1] = (self.top - xy[..., 1]) * self.y_scale
        return pixels

    def point(self, x: float, y: float) -> QPointF:
        """Map one place to pixels."""
        return QPointF((x - self.left) * self.x_scale, (self.top - y) * self.y_scale)

    def place_of(self, other: Frame) -> QRectF:
        """Return where the plot area of another frame lies in this one's pixels."""
        (left, top), (right, bottom) = self.to_pixels(other.corners())
        return QRectF(QPointF(left, top), QPointF(right, bottom))

    def corners(self) -> Matrix:
        """Return the coordinates of the upper left and the lower right corner [2, 2]."""
        width, height = self.size
        right, bottom = self.left + width / self.x_scale, self.top - height / self.y_scale
        return np.array([[self.left, self.top], [right, bottom]])

    def vectors_to_pixels(self, xy: Matrix) -> Matrix:
        """Map differences [..., 2] to pixels."""
        return np.asarray(xy * np.array([self.x_scale, -self.y_scale]))


class Layer(pg.GraphicsObject):
    """A layer that covers the whole plot area and paints in its pixels."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.theme = theme

    @answering(QRectF)
    def boundingRect(self) -> QRectF:
        """Cover what is visible."""
        return QRectF(self.viewRect())

    def viewRangeChanged(self) -> None:
        """Follow zoom and pan."""
        self.prepareGeometryChange()
        self.update()

    def frame(self) -> Frame:
        """Return the current map from coordinates to pixels."""
        box = self.getViewBox()
        area, size = box.viewRect(), box.rect()
        return Frame(
            area.left(), area.bottom(), size.width() / area.width(), size.height() / area.height(),
            (size.width(), size.height()),
        )  # fmt: skip

    @guarded
    def paint(self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None) -> None:
        """Paint in pixels of the plot area."""
        painter.resetTransform()
        painter.translate(self.getViewBox().sceneBoundingRect().topLeft())
        frame = self.frame()
        if widget is None:
            # A picture of the plot is made, not a frame of the window.
            painter.setClipRect(QRectF(0.0, 0.0, *frame.size))
            self.paint_whole(painter, frame)
        else:
            self.paint_pixels(painter, frame)

    def paint_pixels(self, painter: QPainter, frame: Frame) -> None:
        """Paint; ``frame`` maps coordinates to pixels."""
        raise NotImplementedError

    def paint_whole(self, painter: QPainter, frame: Frame) -> None:
        """Paint all at once, into a picture of the plot."""
        self.paint_pixels(painter, frame)

    def series(self) -> dict[str, Matrix]:
        """Return the numbers behind the layer: places [n, 2] by name."""
        return {}


class StillLayer(Layer):
    """A layer that is painted once per view, between two frames, and blitted from then on."""

    def __init__(self, theme: Theme) -> None:
        super().__init__(theme)
        self._key: tuple[Frame, float, int] | None = None
        self._wanted: tuple[Frame, float, int] | None = None
        self._image = QImage()
        self._work: Generator[None, None, None] | None = None
        self._version = 0
        self._turn = QTimer(self)
        self._turn.setSingleShot(True)
        self._turn.setInterval(0)
        self._turn.timeout.connect(self._advance)

    @property
    def resting(self) -> bool:
        """Whether all has been painted."""
        return self._work is None and self._wanted is None and not self._turn.isActive()

    def refresh(self) -> None:
        """Paint again, for new data or colours; what is being painted of the old is dropped."""
        self._version += 1
        self.rest()
        self.update()

    def rest(self) -> None:
        """Paint no more until something else is wanted."""
        self._drop_work()
        self._wanted = None

    def known(self, frame: Frame, magnified: float) -> QRectF:
        """Return where in a view the picture of another one stands in.

        It is dropped if it would be ``magnified`` more, or shows other data.
        """
        key = self._key
        if key is not None and (key[2] != self._version or frame.x_scale > magnified * key[0].x_scale):
            self._key = None
        return QRectF() if self._key is None else frame.place_of(self._key[0])

    def paint_pixels(self, painter: QPainter, frame: Frame) -> None:
        """Blit the picture; one of another view stands in, stretched, until this one's is ready."""
        key = (frame, painter.device().devicePixelRatioF(), self._version)
        if self._key is not None:
            painter.drawImage(frame.place_of(self._key[0]), self._image)
        if key not in (self._key, self._wanted):
            # What is being painted is finished first: while a person pans, even that is nearer to the view.
            self._wanted = key
            self._turn.start()

    def paint_whole(self, painter: QPainter, frame: Frame) -> None:
        """Paint all slices at once, sharp at any size."""
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        deque(self.render_still(painter, frame), maxlen=0)

    def _advance(self) -> None:
        """Paint a slice, and the next one after whatever else waits: no slice holds up the event loop."""
        if self._work is None and self._wanted is not None:
            self._work = self._render(self._wanted)
        if self._work is not None and next(self._work, "done") == "done":
            self._work = None
            self._wanted = None if self._wanted == self._key else self._wanted
        if not (self._work is None and self._wanted is None):
            self._turn.start()

    def _drop_work(self) -> None:
        work, self._work = self._work, None
        if work is not None:
            work.close()

    def _render(self, key: tuple[Frame, float, int]) -> Generator[None, None, None]:
        frame, ratio, _ = key
        width, height = (max(1, round(edge * ratio)) for edge in frame.size)
        image = QImage(width, height, QImage.Format.Format_ARGB32_Premultiplied)
        image.fill(Qt.GlobalColor.transparent)
        image.setDevicePixelRatio(ratio)
        painter = QPainter(image)
        try:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            yield from self.render_still(painter, frame)
        finally:
            painter.end()
        self._key, self._image = key, image
        self.update()

    def render_still(self, painter: QPainter, frame: Frame) -> Generator[None, None, None]:
        """Paint the layer into its picture, yielding between slices of a few milliseconds."""
        raise NotImplementedError


def draw_haloed(
    painter: QPainter, place: QPointF, text: str, theme: Theme, pixels: int, weight: int = 600, color: str = ""
) -> None:
    """Draw a text that stays legible over dots: outlined in the colour of the ground."""
    painter.save()
    painter.setFont(theme.font(pixels, weight))
    # The glyphs drawn eight times take a sixth of the time of stroking their outlines, and look the same.
    painter.setPen(theme.colors.plot)
    for around in HALO:
        painter.drawText(place + around, text)
    painter.setPen(color or theme.colors.text)
    painter.drawText(place, text)
    painter.restore()
