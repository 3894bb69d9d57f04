"""Plots with grips: every grip is one value of the distribution, drawn over the curves and dragged with the mouse."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QPointF, Qt, Signal
from PySide6.QtGui import QColor, QMouseEvent, QPainter, QPen, QWheelEvent

from explorer.theme.theme import Theme
from explorer.views.common.axes import prepare_plot, style_plot
from explorer.views.common.layers import Frame, Layer, draw_haloed

REACH = 8.0
DOT = 5.0
HEAD = 5.0
ARROW_GAP = 16.0
MARGIN = 100.0
NOTE = 14.0


@dataclass(frozen=True)
class Handle:
    """A grip as drawn: an upright line "v", a level line "h" or a dot ".", at a place in plot coordinates.

    ``grip`` is z, eps, u or a parameter, which moves along x by ``slope`` times its own change; ``text`` stands at the
    ``left`` of a dot, or at its right.
    """

    grip: str
    shape: Literal["v", "h", "."]
    x: float
    y: float
    color: str
    text: str = ""
    slope: float = 1.0
    left: bool = False


@dataclass(frozen=True)
class Arrow:
    """An arrow along y from a place in plot coordinates, with what is written at its tip."""

    x: float
    y: float
    by: float
    color: str
    text: str


class HandleLayer(Layer):
    """Paints the grips over the curves."""

    def __init__(self, theme: Theme) -> None:
        super().__init__(theme)
        self.handles: list[Handle] = []
        self.arrows: list[Arrow] = []
        self.notes: list[str] = []
        self.setZValue(20)

    def set_handles(self, handles: list[Handle]) -> None:
        """Show these grips, the first on top."""
        self.handles = handles
        self.update()

    def set_arrows(self, arrows: list[Arrow], notes: list[str]) -> None:
        """Show arrows below the grips, and lines of text in the upper left corner."""
        self.arrows, self.notes = arrows, notes
        self.update()

    def paint_pixels(self, painter: QPainter, frame: Frame) -> None:
        """Draw what is below first."""
        painter.setFont(self.theme.font(11, 600))
        width, height = frame.size
        self._draw_arrows(painter, frame)
        self._draw_notes(painter, frame)
        for handle in reversed(self.handles):
            place = frame.point(handle.x, handle.y)
            painter.setPen(QPen(QColor(handle.color), 1.0))
            match handle.shape:
                case "v":
                    painter.drawLine(QPointF(place.x(), 0), QPointF(place.x(), height))
                    label = QPointF(place.x() + 4, 12)
                case "h":
                    painter.drawLine(QPointF(0, place.y()), QPointF(width, place.y()))
                    label = QPointF(width - 14, min(place.y() + 13, height - 3))
                case ".":
                    self._draw_dot(painter, place, QColor(handle.color))
                    label = place + QPointF(-16 if handle.left else 8, -6)
            painter.setPen(QColor(handle.color))
            painter.drawText(QPointF(min(label.x(), width - 12), max(label.y(), 11.0)), handle.text)

    def _crowded(self, frame: Frame) -> bool:
        """Return whether there is no room for the arrows at the right of their place."""
        return any(frame.point(arrow.x, arrow.y).x() > frame.size[0] - MARGIN for arrow in self.arrows)

    def _draw_notes(self, painter: QPainter, frame: Frame) -> None:
        """Write them above the path, or below it where the arrows are above."""
        left, first = 6.0, 13.0
        if self._crowded(frame):
            metrics, (width, height) = painter.fontMetrics(), frame.size
            left = width - 6.0 - max((metrics.horizontalAdvance(note) for note in self.notes), default=0)
            first = height - 6.0 - NOTE * (len(self.notes) - 1)
        for row, note in enumerate(self.notes):
            draw_haloed(painter, QPointF(left, first + NOTE * row), note, self.theme, 11)

    def _draw_arrows(self, painter: QPainter, frame: Frame) -> None:
        """Draw them side by side, each as far from the last one as its name is wide."""
        metrics, shift, crowded = painter.fontMetrics(), ARROW_GAP, self._crowded(frame)
        for arrow in self.arrows:
            self._draw_arrow(painter, frame, arrow, -shift if crowded else shift)
            shift += max(ARROW_GAP, metrics.horizontalAdvance(arrow.text) + 6.0)

    def _draw_arrow(self, painter: QPainter, frame: Frame, arrow: Arrow, shift: float) -> None:
        color, foot = QColor(arrow.color), frame.point(arrow.x, arrow.y) + QPointF(shift, 0.0)
        tip = foot + QPointF(0.0, frame.point(arrow.x, arrow.y + arrow.by).y() - foot.y())
        back = HEAD if tip.y() < foot.y() else -HEAD
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(color, 1.6))
        painter.drawLine(foot, tip)
        if abs(tip.y() - foot.y()) >= HEAD:
            painter.setBrush(color)
            sides = [tip + QPointF(side, back) for side in (-0.7 * HEAD, 0.7 * HEAD)]
            painter.drawPolygon([tip, *sides])
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        beside = min(max(tip.y() + (-4.0 if back > 0 else 12.0), 11.0), frame.size[1] - 3.0)
        draw_haloed(painter, QPointF(foot.x() - 3.0, beside), arrow.text, self.theme, 11)

    def _draw_dot(self, painter: QPainter, place: QPointF, color: QColor) -> None:
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(QColor(self.theme.colors.plot), 1.5))
        painter.setBrush(color)
        painter.drawEllipse(place, DOT, DOT)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)


class DistributionPlot(pg.PlotWidget):
    """A plot with resting axes whose grips can be dragged.

    Signals
    -------
    grabbed(str), released
        A grip was taken hold of, by name; it was let go.
    dragged(str, float, float)
        Its name, and x and y of the mouse in plot coordinates.
    reset_asked(str)
        A grip was double clicked.
    """

    grabbed = Signal(str)
    dragged = Signal(str, float, float)
    released = Signal()
    reset_asked = Signal(str)

    def __init__(self, theme: Theme, name: str, title: str, x_name: str, y_name: str) -> None:
        super().__init__()
        self.theme, self._names = theme, (x_name, y_name)
        self.layer = HandleLayer(theme)
        self.curves: list[pg.PlotCurveItem] = []
        self.addItem(self.layer, ignoreBounds=True)
        self._held: Handle | None = None
        self.setMouseEnabled(False, False)
        self.menu = prepare_plot(self, name, title)
        self.disableAutoRange()
        self.setMouseTracking(True)
        self.setMinimumSize(150, 110)

    def curve(self, name: str, z: float = 0.0) -> pg.PlotCurveItem:
        """Add an empty curve at a height of the stack."""
        item = pg.PlotCurveItem(name=name)
        item.setZValue(z)
        self.addItem(item, ignoreBounds=True)
        self.curves.append(item)
        return item

    def name_axes(self, x_name: str, y_name: str) -> None:
        """Name both axes."""
        if self._names != (x_name, y_name):
            self._names = (x_name, y_name)
            self.setLabel("bottom", x_name)
            self.setLabel("left", y_name)

    def restyle(self) -> None:
        """Take the colours and fonts of the scheme."""
        style_plot(self, self.theme, dict(zip(("bottom", "left"), self._names, strict=True)))
        self.getAxis("left").setWidth(44)

    def pixel_of(self, handle: Handle) -> QPointF:
        """Return where a grip stands in the widget."""
        return QPointF(self.layer.frame().point(handle.x, handle.y) + self.getViewBox().sceneBoundingRect().topLeft())

    def handle_at(self, at: QPointF) -> Handle | None:
        """Return the grip within reach of a place of the widget."""
        best, nearest = None, REACH
        for handle in self.layer.handles:
            gap = at - self.pixel_of(handle)
            distances = {"v": abs(gap.x()), "h": abs(gap.y()), ".": float(np.hypot(gap.x(), gap.y())) - DOT}
            if distances[handle.shape] < nearest:
                best, nearest = handle, distances[handle.shape]
        return best

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Take hold of the nearest grip."""
        handle = self.handle_at(event.position())
        if event.button() == Qt.MouseButton.LeftButton and handle is not None:
            self._held = handle
            self.grabbed.emit(handle.grip)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Drag the grip that is held, or show by the cursor that there is one."""
        if self._held is None:
            handle = self.handle_at(event.position())
            shape = Qt.CursorShape.ArrowCursor
            if handle is not None:
                shape = Qt.CursorShape.SizeVerCursor if handle.shape == "h" else Qt.CursorShape.SizeHorCursor
            self.viewport().setCursor(shape)
            return
        at = self.getViewBox().mapSceneToView(event.position())
        self.dragged.emit(self._held.grip, at.x(), at.y())

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Let go."""
        if self._held is not None and event.button() == Qt.MouseButton.LeftButton:
            self._held = None
            self.released.emit()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Ask for the grip under the mouse to be put back."""
        handle = self.handle_at(event.position())
        if handle is not None and event.button() == Qt.MouseButton.LeftButton:
            self.reset_asked.emit(handle.grip)

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Do nothing: the axes must not run away under a grip."""
