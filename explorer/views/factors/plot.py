"""The posterior means of one dimension against the values of one factor."""

from __future__ import annotations

import numpy as np
import pyqtgraph as pg
from PySide6.QtGui import QColor

from explorer.state import AppState
from explorer.theme.theme import Theme
from explorer.views.common.axes import Plot, prepare_plot, style_plot
from models.core.arrays import Vector
from models.core.factors import Factor
from models.core.geometry import dimension_name

BAND_ALPHA = 60
MOST_TICKS = 9


class FactorPlot(Plot):
    """Mean ± standard deviation of μ of the chosen dimension over the images of each value of the chosen factor."""

    def __init__(self, state: AppState, theme: Theme) -> None:
        super().__init__()
        self.state, self.theme = state, theme
        prepare_plot(self, "Posterior mean of the dimension by value of the factor")
        self.setMouseEnabled(False, False)
        self.disableAutoRange()
        self.setMinimumSize(180, 120)
        self.line = pg.PlotCurveItem(name="line")
        self.dots = pg.ScatterPlotItem(size=6, pen=None, name="mean of μ")
        self.bars = pg.ErrorBarItem(x=np.zeros(1), y=np.zeros(1), top=np.zeros(1), bottom=np.zeros(1), beam=0.0)
        for item in (self.bars, self.line, self.dots):
            self.addItem(item, ignoreBounds=True)

    def restyle(self) -> None:
        """Take the colours of the scheme."""
        colors, faint = self.theme.colors, QColor(self.theme.colors.accent)
        faint.setAlpha(BAND_ALPHA)
        self.line.setPen(pg.mkPen(faint, width=1.4))
        self.dots.setBrush(QColor(colors.accent))
        self.bars.setData(pen=pg.mkPen(colors.second, width=1.6))
        self.show_result()

    def show_result(self) -> None:
        """Show the chosen cell."""
        factor, dim = self.state.factors.chosen, self.state.display.dimension
        known = factor is not None and dim < factor.means.shape[1]
        for item in (self.line, self.dots, self.bars):
            item.setVisible(known)
        if factor is None or not known:
            return
        names = {"bottom": factor.name, "left": f"μ of {dimension_name(dim)}, mean ± SD"}
        style_plot(self, self.theme, names)
        self.getAxis("left").setWidth(52)
        x, y, spread = np.arange(len(factor.values), dtype=float), factor.means[:, dim], factor.deviations[:, dim]
        # Between classes there is nothing.
        self.line.setData(*((x, y) if is_ordered(factor) else (x[:0], y[:0])))
        self.dots.setData(x, y)
        self.bars.setData(x=x, y=y, top=spread, bottom=spread)
        self.getAxis("bottom").setTicks([ticks_of(factor)])
        self._set_range(x, y, spread)

    def _set_range(self, x: Vector, y: Vector, spread: Vector) -> None:
        low, high = float((y - spread).min()), float((y + spread).max())
        # A dimension that says nothing must not look as if it did.
        reach = max(0.55 * (high - low), 0.25)
        self.setXRange(-0.6, float(x[-1]) + 0.6, padding=0.0)
        self.setYRange(0.5 * (low + high) - reach, 0.5 * (low + high) + reach, padding=0.0)


def is_ordered(factor: Factor) -> bool:
    """Return whether the values of a factor are quantities rather than classes."""
    return not factor.value_names and factor.name != "class"


def ticks_of(factor: Factor) -> list[tuple[float, str]]:
    """Return positions and texts of the values, as many as there is room for."""
    texts = factor.value_names or tuple(map(str, factor.values.tolist()))
    every = max(1, -(-len(texts) // MOST_TICKS)) if is_ordered(factor) or len(texts) > 2 * MOST_TICKS else 1
    return [(float(place), texts[place]) for place in range(0, len(texts), every)]
