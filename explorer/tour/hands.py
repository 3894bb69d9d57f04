"""The hands of the tour: real mouse events on the real widgets, at the pace of a quick mouse."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QEvent, QPointF, Qt
from PySide6.QtGui import QMouseEvent
from PySide6.QtWidgets import QApplication, QWidget

from explorer.tour.meters import DragMeter
from models.core.families import Family

if TYPE_CHECKING:
    from explorer.app.main_window import MainWindow
    from explorer.views.distribution.plot import DistributionPlot

TICKS_PER_MOVE = 2
LEFT, NONE = Qt.MouseButton.LeftButton, Qt.MouseButton.NoButton
Step = Callable[[], bool]


class Hands:
    """Presses, moves and releases; every generator yields a step per move."""

    def __init__(self, window: MainWindow, drags: DragMeter) -> None:
        self.window, self.drags = window, drags

    def drag(self, widget: QWidget, path: list[QPointF]) -> Iterator[Step]:
        """Drag along ``path``, in coordinates of the widget.

        On the workbench a value at its bound stays as it is: no paint follows such a move, and it is not counted.
        """
        self._send(widget, QEvent.Type.MouseButtonPress, path[0], LEFT, LEFT)
        for place in path[1:]:
            before = self._on_workbench()
            self._send(widget, QEvent.Type.MouseMove, place, NONE, LEFT)
            if before is None or before != self._on_workbench():
                self.drags.moved(self.window.state.latency.stamp)
            yield _pause()
        self._send(widget, QEvent.Type.MouseButtonRelease, path[-1], LEFT, NONE)

    def _on_workbench(self) -> tuple[Family, str, float] | None:
        """Return what the workbench shows, or None while it is not shown."""
        state = self.window.state
        bench = state.workbench
        return (bench.family, bench.anchor, bench.value) if state.distribution.on_workbench else None

    def _send(
        self, widget: QWidget, kind: QEvent.Type, place: QPointF, button: Qt.MouseButton, held: Qt.MouseButton
    ) -> None:
        everywhere = QPointF(widget.mapToGlobal(place.toPoint()))
        event = QMouseEvent(kind, place, everywhere, button, held, Qt.KeyboardModifier.NoModifier)
        QApplication.sendEvent(widget, event)

    def drag_point(self, moves: int) -> Iterator[Step]:
        """Drag the current point around the map on a rosette, back to where it began."""
        plot = self.window.map.plot
        frame = plot.frame()
        marker = plot.points.markers[-1]
        start = QPointF(*frame.to_pixels(marker.xy)) + plot.getViewBox().sceneBoundingRect().topLeft()
        turn = np.linspace(0.0, 2.0 * np.pi, moves + 1)
        reach = 0.22 * min(frame.size)
        x = reach * np.sin(turn) * np.cos(3 * turn)
        y = reach * np.sin(turn) * np.sin(3 * turn)
        yield from self.drag(plot.viewport(), [start + QPointF(a, b) for a, b in zip(x, y, strict=True)])

    def move_sliders(self, moves: int) -> Iterator[Step]:
        """Drag the two uppermost sliders to and fro."""
        rows = self.window.dimensions.list
        for dim in rows.rows.dims[:2]:
            value = float(self.window.state.latent.point.z[dim])
            values = value + 1.5 * np.sin(np.linspace(0.0, 2.0 * np.pi, moves))
            path = [QPointF(rows.handle_position(dim, v)) for v in values]
            yield from self.drag(rows.viewport(), path)

    def drag_grips(self, moves: int) -> Iterator[Step]:
        """Drag μ and σ on the density, u on the distribution function and ε on the path."""
        curves = self.window.distribution.curves
        for plot, grip in ((curves.pdf, "loc"), (curves.pdf, "scale"), (curves.cdf, "u"), (curves.noise, "eps")):
            yield from self._drag_grip(plot, grip, moves)

    def drag_workbench(self, moves: int) -> Iterator[Step]:
        """Drag the first parameter of the family on the workbench, u and ε."""
        curves, distribution = self.window.distribution.curves, self.window.state.distribution
        for plot, grip in ((curves.pdf, distribution.parameters[0].name), (curves.cdf, "u"), (curves.noise, "eps")):
            yield from self._drag_grip(plot, grip, moves)

    def _drag_grip(self, plot: DistributionPlot, grip: str, moves: int) -> Iterator[Step]:
        handle = next(handle for handle in plot.layer.handles if handle.grip == grip)
        start = plot.pixel_of(handle)
        if handle.shape == "h":
            start.setX(plot.width() * 0.6)
        elif handle.shape == "v":
            start.setY(plot.height() * 0.4)
        reach = 0.12 * (plot.height() if grip == "u" else plot.width())
        swing = reach * np.sin(np.linspace(0.0, 2.0 * np.pi, moves + 1))
        vertical = grip == "u"
        path = [start + (QPointF(0.0, d) if vertical else QPointF(d, 0.0)) for d in swing]
        yield from self.drag(plot.viewport(), path)


def _pause() -> Step:
    left = iter(range(TICKS_PER_MOVE - 1))
    return lambda: next(left, None) is None
