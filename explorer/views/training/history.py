"""Numbers of a run over its epochs: training raw and smoothed, test, and the same of another run."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QHBoxLayout, QWidget

from explorer.state import AppState
from explorer.state.training.history import CurveHistory
from explorer.theme.theme import Theme
from explorer.views.common.axes import Plot, prepare_plot, style_plot
from models.core.arrays import Vector
from models.core.history import EpochRecord

CURVE_POINTS = 600
MOST_DOTS = 60
PARTS = 40
RAW_ALPHA = 90
PLOTS = (("elbo", "ELBO", "nats"), ("reconstruction", "reconstruction", "nats"), ("kl", "KL", "nats"),
         ("gradient_norm", "gradient norm", ""))  # fmt: skip


class CurvePlot(Plot):
    """A plot over epochs; the first steep moments are left out of the range, not of the data."""

    def __init__(self, theme: Theme, name: str, unit: str) -> None:
        super().__init__()
        self.theme, self._name, self._unit = theme, name, unit
        prepare_plot(self, f"{name} over the epochs")
        self.disableAutoRange()
        self.setMinimumSize(140, 100)
        names = "training", "training, smoothed", "test", "test of the other run"
        self.raw, self.smooth, self.test, self.other = (pg.PlotCurveItem(name=name) for name in names)
        self._dots = pg.ScatterPlotItem(size=5, pen=None, name="test, each epoch")
        self.shown = pg.InfiniteLine(angle=90)
        self.shown.setVisible(False)
        for item in (self.other, self.raw, self.smooth, self.test, self._dots, self.shown):
            self.addItem(item, ignoreBounds=True)

    def restyle(self) -> None:
        """Take the colours and fonts of the scheme."""
        colors = self.theme.colors
        unit = f" ({self._unit})" if self._unit else ""
        style_plot(self, self.theme, {"bottom": "epoch", "left": f"{self._name}{unit}"})
        self.getAxis("left").setWidth(52)
        faint = QColor(colors.accent)
        faint.setAlpha(RAW_ALPHA)
        self.raw.setPen(pg.mkPen(faint, width=1.0))
        self.smooth.setPen(pg.mkPen(colors.accent, width=1.6))
        self.test.setPen(pg.mkPen(colors.second, width=1.6))
        self.other.setPen(pg.mkPen(colors.third, width=1.4, style=Qt.PenStyle.DashLine))
        self.shown.setPen(pg.mkPen(colors.text, width=1.0))
        self._dots.setBrush(colors.second)
        self._show_numbers()

    def _show_numbers(self) -> None:
        known = any(curve.getData()[0] is not None and len(curve.getData()[0]) > 1 for curve in (self.raw, self.test))
        for side in ("bottom", "left"):
            self.getAxis(side).setStyle(showValues=known, tickLength=-4 if known else 0)

    def show_series(self, train: CurveHistory, test: CurveHistory, other: CurveHistory) -> None:
        """Show the curves, thinned to what a screen can tell apart."""
        x, y = np.array(train.epochs), np.array(train.values)
        step = max(1, len(x) // CURVE_POINTS)
        self.raw.setData(x[::step], y[::step])
        self.smooth.setData(x[::step], smoothed(y)[::step])
        test_x, test_y = np.array(test.epochs), np.array(test.values)
        coarse = max(1, len(test_x) // CURVE_POINTS)
        self.test.setData(test_x[::coarse], test_y[::coarse])
        # A few epochs are seen as dots, of many only the line: dots are dear.
        self._dots.setData(*((test_x, test_y) if len(test_x) <= MOST_DOTS else ([], [])))
        self.other.setData(np.array(other.epochs), np.array(other.values))
        self._show_numbers()
        self._set_range(x, y, np.concatenate([test_y, np.array(other.values)]), max(other.epochs, default=0.0))

    def _set_range(self, x: Vector, y: Vector, rest: Vector, farthest: float) -> None:
        late = y[len(y) // 20 :] if len(y) > 40 else y
        values = np.concatenate([late, rest])
        values = values[np.isfinite(values)]
        if len(values) > 1:
            low, high = np.percentile(values, [1, 99])
            margin = 0.08 * max(high - low, 1e-3)
            self.setYRange(low - margin, high + margin, padding=0)
            self.setXRange(0.0, max(float(x[-1]) if len(x) else 0.0, farthest, 1.0), padding=0.02)

    def mark(self, epoch: int | None) -> None:
        """Mark the epoch of the model that is shown, or none."""
        self.shown.setVisible(epoch is not None)
        if epoch is not None:
            self.shown.setValue(epoch)


class TrainingCurves(QWidget):
    """The plots side by side."""

    def __init__(self, state: AppState, theme: Theme) -> None:
        super().__init__()
        self.state = state
        self.plots = {key: CurvePlot(theme, name, unit) for key, name, unit in PLOTS}
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        for plot in self.plots.values():
            row.addWidget(plot)

    def restyle(self) -> None:
        """Take the colours and fonts of the scheme."""
        for plot in self.plots.values():
            plot.restyle()

    def refresh(self) -> None:
        """Show the newest numbers."""
        run, compared, shown = self.state.run, self.state.review.compared, self.state.review.shown
        other = () if compared is None else compared.records
        for key, plot in self.plots.items():
            norms = key == "gradient_norm"
            test = CurveHistory() if norms else run.test[key]
            plot.show_series(run.train[key], test, series_of(other, key))
            plot.mark(None if shown is None else shown.epoch)


def series_of(records: Sequence[EpochRecord], key: str) -> CurveHistory:
    """Return one number over the epochs: a term of the test images, or one of the epoch itself."""
    series = CurveHistory()
    for record in records:
        owner = record if hasattr(record, key) else record.test
        series.add(float(record.epoch), float(getattr(owner, key)))
    return series


def smoothed(values: Vector) -> Vector:
    """Return the mean of ``values`` around each, weighted by a triangle: it follows without lagging behind."""
    reach = min(len(values) // PARTS + 1, len(values))
    if reach < 2:
        return values
    kernel = np.concatenate([np.arange(1, reach + 1), np.arange(reach - 1, 0, -1)]).astype(float)
    weights = np.convolve(np.ones_like(values), kernel, "full")[reach - 1 : reach - 1 + len(values)]
    sums = np.convolve(values, kernel, "full")[reach - 1 : reach - 1 + len(values)]
    return sums / weights
