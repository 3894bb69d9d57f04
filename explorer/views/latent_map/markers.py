"""The moving layer of the latent map: the named points with thumbnails, and the current posterior to scale."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QImage, QPainter, QPen, QPolygonF

from explorer.theme.theme import Theme
from explorer.views.common.layers import Frame, Layer
from models.core.arrays import Matrix

HANDLE_RADIUS = 9.0
THUMB = 44.0
THUMB_GAP = 8.0


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

    def series(self) -> dict[str, Matrix]:
        """Return the places of the points."""
        return {f"point {marker.name}": np.atleast_2d(marker.xy) for marker in self.markers}

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
        """Return the point whose handle is nearest to ``pixel`` and within reach, else the topmost picture under it."""
        best, nearest = None, HANDLE_RADIUS + 4.0
        for marker in reversed(self.markers):
            x, y = frame.to_pixels(marker.xy)
            distance = float(np.hypot(pixel.x() - x, pixel.y() - y))
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
        painter.setFont(self.theme.font(11, 600))
        side = 2 * HANDLE_RADIUS
        box = QRectF(centre.x() - HANDLE_RADIUS, centre.y() - HANDLE_RADIUS, side, side)
        painter.drawText(box, Qt.AlignmentFlag.AlignCenter, marker.name)
