"""One term of the objective over the epochs, training and test."""

from __future__ import annotations

import numpy as np
import pyqtgraph as pg

from explorer.state.run import Series
from explorer.theme import Theme
from explorer.views.axes import prepare_plot, style_plot

CURVE_POINTS = 600
MOST_DOTS = 60


class TermPlot(pg.PlotWidget):
    """A plot of nats over epochs; the first steep moments are left out of the range, not of the data."""

    def __init__(self, theme: Theme, name: str) -> None:
        super().__init__()
        self.theme, self._name = theme, name
        prepare_plot(self, f"{name} over the epochs")
        self.disableAutoRange()
        self.setMinimumSize(140, 100)
        self._train, self._test = pg.PlotCurveItem(), pg.PlotCurveItem()
        self._dots = pg.ScatterPlotItem(size=5, pen=None)
        for item in (self._train, self._test, self._dots):
            self.addItem(item, ignoreBounds=True)

    def restyle(self) -> None:
        """Take the colours and fonts of the scheme."""
        colors = self.theme.colors
        style_plot(self, self.theme, {"bottom": "epoch", "left": f"{self._name} (nats)"})
        self.getAxis("left").setWidth(52)
        self._train.setPen(pg.mkPen(colors.accent, width=1.2))
        self._test.setPen(pg.mkPen(colors.second, width=1.6))
        self._dots.setBrush(colors.second)
        self._show_numbers()

    def _show_numbers(self) -> None:
        known = self._train.getData()[0] is not None and len(self._train.getData()[0]) > 1
        for side in ("bottom", "left"):
            self.getAxis(side).setStyle(showValues=known, tickLength=-4 if known else 0)

    def show_series(self, train: Series, test: Series) -> None:
        """Show both curves, thinned to what a screen can tell apart."""
        x, y = np.array(train.epochs), np.array(train.values)
        step = max(1, len(x) // CURVE_POINTS)
        self._train.setData(x[::step], y[::step])
        test_x, test_y = np.array(test.epochs), np.array(test.values)
        coarse = max(1, len(test_x) // CURVE_POINTS)
        self._test.setData(test_x[::coarse], test_y[::coarse])
        # A few epochs are seen as dots, of many only the line: dots are dear.
        self._dots.setData(*((test_x, test_y) if len(test_x) <= MOST_DOTS else ([], [])))
        self._show_numbers()
        values = np.concatenate([y, test_y])
        values = values[np.isfinite(values)]
        if len(values) > 1:
            late = y[len(y) // 20 :] if len(y) > 40 else values
            low, high = np.percentile(np.concatenate([late, test_y]), [1, 99])
            margin = 0.08 * max(high - low, 1e-3)
            self.setYRange(low - margin, high + margin, padding=0)
            self.setXRange(0.0, max(float(x[-1]) if len(x) else 0.0, 1.0), padding=0.02)
