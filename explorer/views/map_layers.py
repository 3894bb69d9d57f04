"""The layers of the latent map: the cloud of images, the prior's rings, and the points with their ellipses.

All paint in pixels of the plot, so that a drag repaints two cached pictures and a few strokes.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, Qt, QTimer
from PySide6.QtGui import QColor, QFont, QImage, QPainter, QPainterPath, QPen, QPolygonF
from PySide6.QtWidgets import QStyleOptionGraphicsItem, QWidget

from explorer.theme import Theme
from models.geometry import Matrix

SCATTER_LIMIT = 20_000
DOT = 4.5
BLOCKS = 8
HANDLE_RADIUS = 9.0
THUMB = 44.0
THUMB_GAP = 8.0


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

    def paint(self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None) -> None:
        """Paint in pixels of the plot area."""
        painter.resetTransform()
        painter.translate(self.getViewBox().sceneBoundingRect().topLeft())
        self.paint_pixels(painter, self.frame())

    def paint_pixels(self, painter: QPainter, frame: Frame) -> None:
        """Paint; ``frame`` maps coordinates to pixels."""
        raise NotImplementedError


class CloudLayer(Layer):
    """The images' posterior means as dots coloured by class, painted once per view and then blitted.

    Above 20 000 images a density image takes the place of the dots.
    """

    def __init__(self, theme: Theme) -> None:
        super().__init__(theme)
        self._xy: Matrix = np.zeros((0, 2))
        self._labels = np.zeros(0, np.int64)
        self._classes: dict[int, Matrix] = {}
        self._key: tuple[Frame, float, int] | None = None
        self._wanted: tuple[Frame, float, int] | None = None
        self._image = QImage()
        self._version = 0

    @property
    def xy(self) -> Matrix:
        """Coordinates [n, 2] of the images."""
        return self._xy

    def set_points(self, xy: Matrix, labels: NDArray[np.int64]) -> None:
        """Show images at ``xy`` [n, 2]; labels [n] are −1 where there is no class."""
        self._xy, self._labels = xy, labels
        self._classes = {int(label): np.median(xy[labels == label], axis=0) for label in np.unique(labels)}
        self.refresh()

    def refresh(self) -> None:
        """Paint anew, for new data or colours."""
        self._version += 1
        self.update()

    def paint_pixels(self, painter: QPainter, frame: Frame) -> None:
        """Blit the cached picture; one of another view stands in, stretched, until this one's is ready."""
        key = (frame, painter.device().devicePixelRatioF(), self._version)
        if self._key is not None:
            painter.drawImage(frame.place_of(self._key[0]), self._image)
        if key not in (self._key, self._wanted):
            self._wanted = key
            QTimer.singleShot(0, self._render_wanted)

    def _render_wanted(self) -> None:
        key, self._wanted = self._wanted, None
        if key is not None:
            self._key, self._image = key, self._render(key[0], key[1])
            self.update()

    def _render(self, frame: Frame, ratio: float) -> QImage:
        width, height = (max(1, round(edge * ratio)) for edge in frame.size)
        pixels = frame.to_pixels(self._xy)
        if len(pixels) > SCATTER_LIMIT:
            image = _density(pixels * ratio, self._labels, (width, height), self._palette())
        else:
            image = QImage(width, height, QImage.Format.Format_ARGB32_Premultiplied)
            image.fill(Qt.GlobalColor.transparent)
            self._draw_dots(image, pixels * ratio, DOT * ratio)
        image.setDevicePixelRatio(ratio)
        self._draw_names(image, frame)
        return image

    def _palette(self) -> dict[int, QColor]:
        return {label: self.theme.class_color(label) for label in self._classes}

    def _draw_names(self, image: QImage, frame: Frame) -> None:
        """Name every class at its median: colour is not the only cue."""
        painter = QPainter(image)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        for label, place in self._classes.items():
            if label >= 0:
                centre = QPointF(*frame.to_pixels(place))
                draw_haloed(painter, centre - QPointF(4, -5), str(label), self.theme, 15, self.theme.colors.text)
        painter.end()

    def _draw_dots(self, image: QImage, pixels: Matrix, size: float) -> None:
        painter = QPainter(image)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        palette = self._palette()
        # In interleaved blocks, so that no class always lies on top of another.
        for start in range(BLOCKS):
            for label, color in palette.items():
                color.setAlpha(150 if self.theme.dark else 165)
                painter.setPen(QPen(color, size, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap))
                chosen = pixels[start::BLOCKS][self._labels[start::BLOCKS] == label]
                if len(chosen):
                    painter.drawPoints(pg.functions.arrayToQPolygonF(chosen[:, 0], chosen[:, 1]))
        painter.end()


def draw_haloed(painter: QPainter, place: QPointF, text: str, theme: Theme, pixels: int, color: str) -> None:
    """Draw a text that stays legible over dots: outlined in the colour of the ground."""
    outline = QPainterPath()
    outline.addText(place, theme.font(pixels, 600), text)
    ground = QColor(theme.colors.plot)
    ground.setAlpha(220)
    painter.strokePath(outline, QPen(ground, 3.5, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap))
    painter.fillPath(outline, QColor(color))


def _density(
    pixels: Matrix, labels: NDArray[np.int64], size: tuple[int, int], palette: dict[int, QColor], bin_size: int = 2
) -> QImage:
    """Bin points into squares of pixels: the colour is the mean of the classes, the opacity log(count)."""
    width, height = size[0] // bin_size + 1, size[1] // bin_size + 1
    cells = np.floor(pixels / bin_size).astype(np.int64)
    inside = (cells >= 0).all(axis=1) & (cells[:, 0] < width) & (cells[:, 1] < height)
    flat = cells[inside, 1] * width + cells[inside, 0]
    counts = np.bincount(flat, minlength=width * height)
    rgba = np.zeros((width * height, 4), np.uint8)
    filled = counts > 0
    for channel in range(3):
        shades = np.zeros(int(labels.max()) + 2)
        for label, color in palette.items():
            shades[label] = (color.red(), color.green(), color.blue())[channel]
        sums = np.bincount(flat, weights=shades[labels[inside]], minlength=width * height)
        rgba[filled, channel] = sums[filled] / counts[filled]
    strength = np.log1p(counts[filled]) / np.log1p(counts.max(initial=1))
    rgba[filled, 3] = 70 + 185 * strength
    image = QImage(rgba.data, width, height, width * 4, QImage.Format.Format_RGBA8888)
    return image.scaled(width * bin_size, height * bin_size).convertToFormat(QImage.Format.Format_ARGB32_Premultiplied)


class RingLayer(Layer):
    """Circles at 1, 2 and 3 standard deviations of the standard normal prior, in the plane shown."""

    def __init__(self, theme: Theme) -> None:
        super().__init__(theme)
        self.centre: Matrix = np.zeros(2)
        self.setZValue(5)

    def set_centre(self, centre: Matrix) -> None:
        """Place the prior's mean at ``centre`` [2]."""
        self.centre = centre
        self.update()

    def paint_pixels(self, painter: QPainter, frame: Frame) -> None:
        """Draw the rings and their names."""
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        color = QColor(self.theme.colors.prior)
        color.setAlpha(190)
        painter.setPen(QPen(color, 1.0, Qt.PenStyle.DashLine))
        centre = QPointF(*frame.to_pixels(self.centre))
        for ring in (1, 2, 3):
            across, down = ring * frame.x_scale, ring * frame.y_scale
            painter.drawEllipse(centre, across, down)
            place = QPointF(centre.x() - 20, centre.y() - down + 4)
            draw_haloed(painter, place, f"prior {ring}σ", self.theme, 11, self.theme.colors.text)
            painter.setPen(QPen(color, 1.0, Qt.PenStyle.DashLine))
            painter.setBrush(Qt.BrushStyle.NoBrush)


@dataclass(frozen=True)
class Marker:
    """A point as drawn: its place, its name, its picture, and outlines of its posterior, in plane coordinates."""

    name: str
    xy: Matrix
    picture: QImage | None
    current: bool
    outlines: tuple[Matrix, ...] = ()


class MarkerLayer(Layer):
    """The named points with thumbnails, and the to-scale ellipses of the current posterior."""

    def __init__(self, theme: Theme) -> None:
        super().__init__(theme)
        self.markers: list[Marker] = []
        self.setZValue(10)

    def set_markers(self, markers: list[Marker]) -> None:
        """Show these points, the last on top."""
        self.markers = markers
        self.update()

    def paint_pixels(self, painter: QPainter, frame: Frame) -> None:
        """Draw ellipses below, handles above."""
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        for marker in self.markers:
            self._draw_outlines(painter, frame, marker)
        for marker in self.markers:
            self._draw_handle(painter, frame, marker)

    def thumbnail_rect(self, frame: Frame, marker: Marker) -> QRectF:
        """Return where the picture of a point stands: beside it, kept inside the plot."""
        x, y = frame.to_pixels(marker.xy)
        left = x + HANDLE_RADIUS + THUMB_GAP
        if left + THUMB > frame.size[0]:
            left = x - HANDLE_RADIUS - THUMB_GAP - THUMB
        top = min(max(y - THUMB / 2, 2.0), frame.size[1] - THUMB - 2.0)
        return QRectF(left, top, THUMB, THUMB)

    def marker_at(self, frame: Frame, pixel: QPointF) -> Marker | None:
        """Return the topmost point whose handle or picture is under ``pixel``."""
        for marker in reversed(self.markers):
            x, y = frame.to_pixels(marker.xy)
            near = np.hypot(pixel.x() - x, pixel.y() - y) <= HANDLE_RADIUS + 4
            if near or (marker.picture is not None and self.thumbnail_rect(frame, marker).contains(pixel)):
                return marker
        return None

    def _draw_outlines(self, painter: QPainter, frame: Frame, marker: Marker) -> None:
        color = QColor(self.theme.colors.accent)
        for number, outline in enumerate(marker.outlines):
            fill = QColor(color)
            fill.setAlpha(46 if number == 0 else 22)
            painter.setBrush(fill)
            painter.setPen(QPen(color, 1.4 if number == 0 else 1.0))
            pixels = frame.to_pixels(outline)
            painter.drawPolygon(QPolygonF([QPointF(x, y) for x, y in pixels]))

    def _draw_handle(self, painter: QPainter, frame: Frame, marker: Marker) -> None:
        colors = self.theme.colors
        centre = QPointF(*frame.to_pixels(marker.xy))
        if marker.picture is not None:
            box = self.thumbnail_rect(frame, marker)
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, False)
            painter.drawImage(box, marker.picture)
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(QColor(colors.accent if marker.current else colors.muted), 1.5))
            painter.drawRoundedRect(box, 2, 2)
        painter.setPen(QPen(QColor(colors.plot), 2.0))
        painter.setBrush(QColor(colors.accent if marker.current else colors.muted))
        painter.drawEllipse(centre, HANDLE_RADIUS, HANDLE_RADIUS)
        painter.setPen(QColor(colors.on_accent if marker.current else colors.plot))
        font = self.theme.font(11)
        font.setWeight(QFont.Weight.DemiBold)
        painter.setFont(font)
        side = 2 * HANDLE_RADIUS
        box = QRectF(centre.x() - HANDLE_RADIUS, centre.y() - HANDLE_RADIUS, side, side)
        painter.drawText(box, Qt.AlignmentFlag.AlignCenter, marker.name)
