"""Plots with grips: every grip is one value of the distribution, drawn over the curves and dragged with the mouse."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QPointF, QRectF, Qt, QTimer, Signal
from PySide6.QtGui import QColor, QMouseEvent, QPainter, QPen, QWheelEvent

from explorer.theme.theme import Theme
from explorer.views.common.axes import Plot, prepare_plot, style_plot
from explorer.views.common.layers import Frame, Layer
from explorer.views.distribution.labels import Box, Label, Places, along_level, along_upright, beside
from models.core.arrays import Matrix

REACH = 8.0
DOT = 5.0
HEAD = 5.0
ARROW_GAP = 16.0
MARGIN = 100.0
# A dot this far from the edge is an arrow that has room; what sticks out by less is at the edge.
EDGE, SLACK = 12.0, 2.0
REST_MS = 80
NO_POINTS: Matrix = np.zeros((0, 2))


@dataclass(frozen=True)
class Handle:
    """A grip as drawn: an upright line "v", a level line "h" or a dot ".", at a place in plot coordinates.

    ``grip`` is z, eps, u or a parameter, which moves along x by ``slope`` times its own change; ``text`` stands at the
    ``left`` of a dot, or at its right. ``told`` says its values along x and y, for where it lies beyond the axes.
    """

    grip: str
    shape: Literal["v", "h", "."]
    x: float
    y: float
    color: str
    text: str = ""
    slope: float = 1.0
    left: bool = False
    told: tuple[str, str] = ("", "")


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
        self.curves: list[pg.PlotCurveItem] = []
        self.placed: list[tuple[Label, QPointF]] = []
        self._places = Places()
        self._font = theme.font(11, 600)
        self._rest = QTimer(self)
        self._rest.setSingleShot(True)
        self._rest.setInterval(REST_MS)
        self._rest.timeout.connect(self.update)
        self.setZValue(20)

    def set_handles(self, handles: list[Handle]) -> None:
        """Show these grips, the first on top."""
        self.handles = handles
        self._rest.start()
        self.update()

    def set_arrows(self, arrows: list[Arrow]) -> None:
        """Show arrows below the grips."""
        self.arrows = arrows
        self.update()

    def place_of(self, frame: Frame, handle: Handle) -> QPointF:
        """Return where a grip is drawn: a dot beyond the axes at the nearest place inside of them."""
        place, (width, height) = frame.point(handle.x, handle.y), frame.size
        if handle.shape != "." or not _beyond(place, frame):
            return place
        return QPointF(min(max(place.x(), EDGE), width - EDGE), min(max(place.y(), EDGE), height - EDGE))

    def paint_pixels(self, painter: QPainter, frame: Frame) -> None:
        """Draw what is below first."""
        painter.setFont(self._font)
        metrics, (width, height) = painter.fontMetrics(), frame.size
        labels, taken = self._draw_arrows(painter, frame), list[Box]()
        for handle in reversed(self.handles):
            place, color = self.place_of(frame, handle), handle.color
            wide, choices = float(metrics.horizontalAdvance(handle.text)), tuple[tuple[float, float], ...]()
            painter.setPen(QPen(QColor(color), 1.0))
            if handle.shape == "v" and 0.0 <= place.x() <= width:
                painter.drawLine(QPointF(place.x(), 0), QPointF(place.x(), height))
                taken.append((place.x() - 1.0, 0.0, place.x() + 1.0, height))
                choices = along_upright(place.x(), height, wide)
            elif handle.shape == "h" and 0.0 <= place.y() <= height:
                painter.drawLine(QPointF(0, place.y()), QPointF(width, place.y()))
                taken.append((0.0, place.y() - 1.0, width, place.y() + 1.0))
                choices = along_level(place.y(), frame.size, wide)
            elif handle.shape == ".":
                text = self._draw_dot(painter, frame, handle, place)
                taken.append((place.x() - DOT, place.y() - DOT, place.x() + DOT, place.y() + DOT))
                wide = float(metrics.horizontalAdvance(text))
                left = handle.left or place.x() > width - 60.0
                labels.append(Label(text, wide, color, beside(place, wide, frame.size, left)))
            if choices:
                labels.append(Label(handle.text, wide, color, choices))
        self._draw_labels(painter, frame, [label for label in labels if label.text], taken)

    def _draw_labels(self, painter: QPainter, frame: Frame, labels: list[Label], taken: list[Box]) -> None:
        # The curves are looked at once the hand rests: that takes as long as all the rest of the names.
        curves = NO_POINTS if self._rest.isActive() else self._curve_points(frame)
        places = self._places.choose(labels, frame, taken, curves)
        self.placed = list(zip(labels, places, strict=True))
        for label, place in self.placed:
            painter.setPen(QColor(label.color))
            painter.drawText(place, label.text)

    def _curve_points(self, frame: Frame) -> Matrix:
        """Return the points [n, 2] of the curves in pixels."""
        drawn = [curve for curve in self.curves if curve.xData is not None and len(curve.xData)]
        points = [np.stack([curve.xData, curve.yData], axis=-1) for curve in drawn]
        return frame.to_pixels(np.concatenate(points)) if points else NO_POINTS

    def _draw_arrows(self, painter: QPainter, frame: Frame) -> list[Label]:
        """Draw them side by side, each as far from the last one as its name is wide; return the names at their tips."""
        metrics, shift, labels = painter.fontMetrics(), ARROW_GAP, list[Label]()
        crowded = any(frame.point(arrow.x, arrow.y).x() > frame.size[0] - MARGIN for arrow in self.arrows)
        for arrow in self.arrows:
            foot = frame.point(arrow.x, arrow.y) + QPointF(-shift if crowded else shift, 0.0)
            tip = self._draw_arrow(painter, frame, arrow, foot)
            wide = float(metrics.horizontalAdvance(arrow.text))
            beyond = (-4.0, -18.0) if tip.y() <= foot.y() else (13.0, 27.0)
            choices = tuple(
                (tip.x() + side, tip.y() + down) for down in beyond for side in (-wide / 2, 5.0, -wide - 5.0)
            )
            labels.append(Label(arrow.text, wide, arrow.color, choices))
            shift += max(ARROW_GAP, wide + 6.0)
        return labels

    def _draw_arrow(self, painter: QPainter, frame: Frame, arrow: Arrow, foot: QPointF) -> QPointF:
        color = QColor(arrow.color)
        tip = foot + QPointF(0.0, frame.point(arrow.x, arrow.y + arrow.by).y() - frame.point(arrow.x, arrow.y).y())
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(color, 1.6))
        painter.drawLine(foot, tip)
        if abs(tip.y() - foot.y()) >= HEAD:
            painter.setBrush(color)
            painter.drawPolygon(_head(tip, QPointF(0.0, 1.0 if tip.y() > foot.y() else -1.0)))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        return tip

    def _draw_dot(self, painter: QPainter, frame: Frame, handle: Handle, place: QPointF) -> str:
        """Draw a dot, or an arrow to one beyond the axes; return its text, with the value if it is that far."""
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(QColor(self.theme.colors.plot), 1.5))
        painter.setBrush(QColor(handle.color))
        true = frame.point(handle.x, handle.y)
        if _beyond(true, frame):
            gap = true - place
            sideways = abs(gap.x()) >= abs(gap.y())
            along = QPointF(np.sign(gap.x()), 0.0) if sideways else QPointF(0.0, np.sign(gap.y()))
            painter.drawPolygon(_head(place + along * HEAD, along, 2.0 * HEAD))
            text = handle.told[0 if sideways else 1]
        else:
            painter.drawEllipse(place, DOT, DOT)
            text = handle.text
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        return text


def _beyond(place: QPointF, frame: Frame) -> bool:
    """Return whether a place lies outside of the plot, by more than its line is thick."""
    width, height = frame.size
    return not QRectF(-SLACK, -SLACK, width + 2 * SLACK, height + 2 * SLACK).contains(place)


def _head(tip: QPointF, along: QPointF, length: float = HEAD) -> list[QPointF]:
    """Return the corners of an arrow's head."""
    across = QPointF(-along.y(), along.x())
    foot, side = tip - along * length, across * (0.7 * length)
    return [tip, foot + side, foot - side]


class DistributionPlot(Plot):
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
        self.curves = self.layer.curves
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

    @property
    def dragging(self) -> bool:
        """Whether a grip is held."""
        return self._held is not None

    def hold_painting(self) -> None:
        """Keep what is on screen until :meth:`go_on_painting`."""
        self.viewport().setUpdatesEnabled(False)

    def go_on_painting(self) -> None:
        """Paint what has changed meanwhile."""
        self.viewport().setUpdatesEnabled(True)

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
        place = self.layer.place_of(self.layer.frame(), handle)
        return QPointF(place + self.getViewBox().sceneBoundingRect().topLeft())

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
