"""The look of all plots: quiet axes with names, the scheme's colours, no buttons or menus of their own."""

from __future__ import annotations

import pyqtgraph as pg
from PySide6.QtCore import Qt
from PySide6.QtGui import QFontMetrics
from PySide6.QtWidgets import QGraphicsSceneResizeEvent

from explorer.theme.theme import Theme
from explorer.views.common.numbers import without_minus_zero
from explorer.views.common.painting import guard_plots
from explorer.views.common.plot_menu import PlotMenu

# Numbers and name fit in this; an axis that sized itself would move the plot whenever a name has an index.
BOTTOM_HEIGHT = 36
# Half of a number of an axis, which is centred on its tick.
TOP_MARGIN, RIGHT_MARGIN = 7, 9
TICK_GAP = 6
# Where a name that is too long for its axis ends, in turn: "PC 2 · 6% of variance", "reconstruction (nats)".
SHORTENED_AT = (" of ", " (", " · ")


class Axis(pg.AxisItem):
    """An axis whose name keeps to its own length, and whose zero has no sign."""

    def labelString(self) -> str:
        """Return the name as HTML, shortened to the length of the axis."""
        whole = str(getattr(self, "labelText", ""))
        return str(super().labelString()).replace(whole, self._shortened(whole))

    def _shortened(self, text: str) -> str:
        length = self.size().height() if self.orientation == "left" else self.size().width()
        if length <= 0.0:
            return text
        metrics, room = QFontMetrics(self.label.font()), int(length) - 8
        names = (text, *(text.rpartition(mark)[0] for mark in SHORTENED_AT))
        fitting = (name for name in names if name and metrics.horizontalAdvance(name) <= room)
        return next(fitting, metrics.elidedText(text, Qt.TextElideMode.ElideRight, room))

    def resizeEvent(self, event: QGraphicsSceneResizeEvent | None = None) -> None:
        """Shorten the name anew and centre it, whole within the axis."""
        if self.label is not None:
            self.label.setHtml(self.labelString())
        super().resizeEvent(event)
        if self.label is not None and self.orientation == "bottom":
            margin = self.label.document().documentMargin()
            self.label.setY(self.size().height() - self.label.boundingRect().height() + margin)

    def _updateLabel(self) -> None:
        super()._updateLabel()
        self.resizeEvent()

    def tickSpacing(self, minVal: float, maxVal: float, size: float) -> list[tuple[float, float]]:
        """Return the distances of ticks: as far apart as the numbers below them are wide."""
        levels: list[tuple[float, float]] = super().tickSpacing(minVal, maxVal, size)
        if self.orientation != "bottom" or maxVal <= minVal:
            return levels
        spacing, offset = levels[0]
        metrics = QFontMetrics(self.style["tickFont"] or self.font())
        widest = max(map(metrics.horizontalAdvance, self.tickStrings([minVal, maxVal], self.scale, spacing)))
        while spacing * size < (widest + TICK_GAP) * (maxVal - minVal) and spacing < maxVal - minVal:
            spacing *= 2.0
        return [(spacing, offset), *levels[1:]]

    def tickStrings(self, values: list[float], scale: float, spacing: float) -> list[str]:
        """Return the numbers at the ticks."""
        return [without_minus_zero(text) for text in super().tickStrings(values, scale, spacing)]


class Plot(pg.PlotWidget):
    """A plot with our axes, and without the menus of pyqtgraph's: to make those takes half as long as all else."""

    def __init__(self) -> None:
        guard_plots()
        super().__init__(enableMenu=False, axisItems={side: Axis(side) for side in ("bottom", "left")})


def prepare_plot(plot: Plot, name: str, title: str = "") -> PlotMenu:
    """Take away what a pane offers itself, give a name, and return the context menu.

    ``title`` is what the plot is called in files, the name if it is empty.
    """
    # A style sheet takes that away, and with each frame all that lies below the plot would be painted too.
    plot.viewport().setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
    plot.hideButtons()
    plot.setAccessibleName(name)
    plot.getPlotItem().layout.setContentsMargins(1, TOP_MARGIN, RIGHT_MARGIN, 1)
    return PlotMenu(plot, title or name)


def style_plot(plot: Plot, theme: Theme, names: dict[str, str], all_ticks: bool = False) -> None:
    """Give a plot the colours and fonts of the scheme; ``names`` are those of its sides, units included."""
    colors = theme.colors
    plot.setBackground(colors.plot)
    for side in ("bottom", "left"):
        axis = plot.getAxis(side)
        axis.enableAutoSIPrefix(False)
        # Switching the prefixes off scales the numbers once more by the range of that moment.
        axis.autoSIPrefixScale = 1.0
        axis.setPen(pg.mkPen(colors.border))
        axis.setTextPen(pg.mkPen(colors.muted))
        axis.setStyle(tickFont=theme.font(11), tickLength=-4, maxTickLevel=2 if all_ticks else 0)
        axis.label.setFont(theme.font(12))
        if side in names:
            plot.setLabel(side, names[side])
    plot.getAxis("bottom").setHeight(BOTTOM_HEIGHT)
