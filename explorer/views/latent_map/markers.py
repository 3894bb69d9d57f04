"""The moving layer of the latent map: the named points with thumbnails, and the current posterior to scale."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from pyqtgraph.functions import arrayToQPolygonF
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QImage, QPainter, QPen

from explorer.theme.theme import Theme
from explorer.views.common.layers import Frame, Layer, draw_haloed
from explorer.views.common.numbers import short
from models.core.arrays import Matrix

HANDLE_RADIUS = 9.0
THUMB = 44.0
THUMB_GAP = 8.0
ARROW = 7.0
# A handle this far from the edge has room for its arrow.
EDGE = HANDLE_RADIUS + ARROW + 2.0


@dataclass(frozen=True)
class Marker:
    """A point as drawn: its place, its name, its picture, and outlines of its posterior, in plane coordinates."""

    name: str
    xy: Matrix
    picture: QImage | None
    current: bool
    outlines: tuple[Matrix, ...] = ()

    def looks_like(self, other: Marker) -> bool:
        """Return whether nothing of it would be drawn otherwise."""
        same = self.name == other.name and self.current == other.current and self.picture is other.picture
        lines = zip(self.outlines, other.outlines, strict=False)
        return same and np.array_equal(self.xy, other.xy) and all(np.array_equal(a, b) for a, b in lines)


class MarkerLayer(Layer):
    """The named points with thumbnails, and the to-scale ellipses of the current posterior."""

    def __init__(self, theme: Theme) -> None:
        super().__init__(theme)
        self.markers: list[Marker] = []
        self.setZValue(10)

    def set_markers(self, markers: list[Marker]) -> None:
        """Show these points, the last on top; only where something changes is the map painted."""
        before, self.markers = self.markers, markers
        frame, corner = self.frame(), self.getViewBox().sceneBoundingRect().topLeft()
        for some, others in ((before, markers), (markers, before)):
            for marker in some:
                if not any(marker.looks_like(other) for other in others):
                    self.update(self.mapRectFromScene(self._area(frame, marker).translated(corner)))

    def series(self) -> dict[str, Matrix]:
        """Return the places of the points."""
        return {f"point {marker.name}": np.atleast_2d(marker.xy) for marker in self.markers}

    def paint_pixels(self, painter: QPainter, frame: Frame) -> None:
        """Draw ellipses below, pictures over them, and all handles on top: no picture hides one."""
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        for marker in self.markers:
            self._draw_outlines(painter, frame, marker)
        for marker in self.markers:
            self._draw_picture(painter, frame, marker)
        for marker in self.markers:
            self._draw_handle(painter, frame, marker)

    def place_of(self, frame: Frame, marker: Marker) -> QPointF:
        """Return where the handle of a point is drawn: at the nearest place inside of the plot."""
        place, (width, height) = QPointF(*frame.to_pixels(marker.xy)), frame.size
        if QRectF(0.0, 0.0, width, height).contains(place):
            return place
        return QPointF(min(max(place.x(), EDGE), width - EDGE), min(max(place.y(), EDGE), height - EDGE))

    def thumbnail_rect(self, frame: Frame, marker: Marker) -> QRectF:
        """Return where the picture of a point stands: at its right, or where else the plot has room beside it."""
        place, (width, height) = self.place_of(frame, marker), frame.size
        x, y, beside = place.x(), place.y(), HANDLE_RADIUS + THUMB_GAP
        along = min(max(y - THUMB / 2, 2.0), height - THUMB - 2.0)
        if x + beside + THUMB <= width:
            return QRectF(x + beside, along, THUMB, THUMB)
        if x - beside - THUMB >= 0.0:
            return QRectF(x - beside - THUMB, along, THUMB, THUMB)
        left = min(max(x - THUMB / 2, 2.0), width - THUMB - 2.0)
        above = y - beside - THUMB
        return QRectF(left, above if above >= 0.0 else y + beside, THUMB, THUMB)

    def _area(self, frame: Frame, marker: Marker) -> QRectF:
        """Return where a point is drawn, in pixels of the plot area."""
        place = self.place_of(frame, marker)
        if place != QPointF(*frame.to_pixels(marker.xy)):
            # What is said of a point outside may be anywhere.
            return QRectF(0.0, 0.0, *frame.size)
        area = QRectF(place.x() - EDGE, place.y() - EDGE, 2.0 * EDGE, 2.0 * EDGE)
        if marker.picture is not None:
            area |= self.thumbnail_rect(frame, marker)
        for outline in marker.outlines:
            pixels = frame.to_pixels(outline)
            area |= QRectF(QPointF(*pixels.min(axis=0)), QPointF(*pixels.max(axis=0)))
        return area.adjusted(-2.0, -2.0, 2.0, 2.0)

    def marker_at(self, frame: Frame, pixel: QPointF) -> Marker | None:
        """Return the point whose handle is nearest to ``pixel`` and within reach, else the topmost picture under it."""
        best, nearest = None, HANDLE_RADIUS + 4.0
        for marker in reversed(self.markers):
            gap = pixel - self.place_of(frame, marker)
            distance = float(np.hypot(gap.x(), gap.y()))
            if distance < nearest:
                best, nearest = marker, distance
        if best is not None:
            return best
        pictured = (marker for marker in reversed(self.markers) if marker.picture is not None)
        return next((marker for marker in pictured if self.thumbnail_rect(frame, marker).contains(pixel)), None)

    def _draw_outlines(self, painter: QPainter, frame: Frame, marker: Marker) -> None:
        color = QColor(self.theme.colors.accent)
        for number, outline in enumerate(marker.outlines):
            fill = QColor(color)
            fill.setAlpha(46 if number == 0 else 22)
            painter.setBrush(fill)
            painter.setPen(QPen(color, 1.4 if number == 0 else 1.0))
            x, y = frame.to_pixels(outline).T
            painter.drawPolygon(arrayToQPolygonF(x, y))

    def _draw_picture(self, painter: QPainter, frame: Frame, marker: Marker) -> None:
        if marker.picture is None:
            return
        colors, box = self.theme.colors, self.thumbnail_rect(frame, marker)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, False)
        painter.drawImage(box, marker.picture)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(QColor(colors.accent if marker.current else colors.muted), 1.5))
        painter.drawRoundedRect(box, 2, 2)

    def _draw_handle(self, painter: QPainter, frame: Frame, marker: Marker) -> None:
        colors, centre = self.theme.colors, self.place_of(frame, marker)
        color = QColor(colors.accent if marker.current else colors.muted)
        beyond = QPointF(*frame.to_pixels(marker.xy)) - centre
        if not beyond.isNull():
            self._draw_arrow(painter, centre, beyond, color)
            self._draw_value(painter, frame, centre, marker)
        painter.setPen(QPen(QColor(colors.plot), 2.0))
        painter.setBrush(color)
        painter.drawEllipse(centre, HANDLE_RADIUS, HANDLE_RADIUS)
        painter.setPen(QColor(colors.on_accent if marker.current else colors.plot))
        painter.setFont(self.theme.font(11, 600))
        side = 2 * HANDLE_RADIUS
        box = QRectF(centre.x() - HANDLE_RADIUS, centre.y() - HANDLE_RADIUS, side, side)
        painter.drawText(box, Qt.AlignmentFlag.AlignCenter, marker.name)

    def _draw_arrow(self, painter: QPainter, centre: QPointF, beyond: QPointF, color: QColor) -> None:
        """Point from the handle of a point outside of the plot to where it is."""
        along = beyond / float(np.hypot(beyond.x(), beyond.y()))
        across = QPointF(-along.y(), along.x())
        base = centre + along * (HANDLE_RADIUS + 1.0)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(color)
        painter.drawPolygon([base + along * ARROW, base + across * 0.8 * ARROW, base - across * 0.8 * ARROW])

    def _draw_value(self, painter: QPainter, frame: Frame, centre: QPointF, marker: Marker) -> None:
        """Say where a point outside of the plot is, at the side of its handle that has room."""
        text, (width, height) = f"({short(float(marker.xy[0]), 3)}, {short(float(marker.xy[1]), 3)})", frame.size
        painter.setFont(self.theme.font(11, 600))
        wide = painter.fontMetrics().horizontalAdvance(text)
        left = min(max(centre.x() - wide / 2, 2.0), width - wide - 2.0)
        below = HANDLE_RADIUS + 16.0
        baseline = centre.y() + below if centre.y() + below < height - 4.0 else centre.y() - below + 8.0
        draw_haloed(painter, QPointF(left, baseline), text, self.theme, 11)
