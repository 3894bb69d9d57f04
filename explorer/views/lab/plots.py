"""Histograms of single-sample gradients and their running means against the true gradient."""

from __future__ import annotations

import math

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QHBoxLayout, QWidget

from explorer.state import AppState
from explorer.state.tally import Tally
from explorer.theme.theme import Theme
from explorer.views.common.axes import Plot, prepare_plot, style_plot
from explorer.views.common.histogram import steps

BINS = 80
MIDDLE = (1.0, 99.0)
MOST_CURVES = 5
BAND = 2.0
BAND_ALPHA = 40
SPREAD = 12.0
# Running means are drawn so far out: the wide ones leave the plot, or the narrow ones could not be told apart.
RUNNING_SPREAD = 15.0


def estimator_color(theme: Theme, estimator: str) -> str:
    """Return the colour of an estimator: the same in plots and table, for every integrand and preset."""
    colors = theme.colors
    violet, grey = colors.classes[4], colors.muted
    return {
        "pathwise": colors.accent,
        "score function": colors.second, "REINFORCE": colors.second,
        "score, mean baseline": colors.third, "REINFORCE, mean baseline": colors.third,
        "score, best baseline": colors.warning,
        "sticking the landing": violet,
        "Concrete": colors.error,
    }.get(estimator, grey)  # fmt: skip


class LabPlots(QWidget):
    """Two plots side by side; one curve per estimator."""

    def __init__(self, state: AppState, theme: Theme) -> None:
        super().__init__()
        self.state, self.theme = state, theme
        self.histogram, self.running = Plot(), Plot()
        self._bars, self._means, self._bands = [], [], []
        self._colored = [""] * MOST_CURVES
        self._truths = [pg.InfiniteLine(angle=90), pg.InfiniteLine(angle=0)]
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(8)
        for plot, name in ((self.histogram, "Histogram of gradients"), (self.running, "Running mean")):
            prepare_plot(plot, name)
            plot.setMouseEnabled(False, False)
            plot.disableAutoRange()
            # Empty plots, too, show their uppermost number whole.
            plot.setRange(xRange=(0.0, 1.0), yRange=(0.0, 1.0), padding=0.05)
            plot.setMinimumSize(150, 110)
            row.addWidget(plot)
        for _ in range(MOST_CURVES):
            self._bars.append(self.histogram.plot())
            band = pg.PlotCurveItem(fillLevel="enclosed")
            self.running.addItem(band, ignoreBounds=True)
            self._bands.append(band)
            self._means.append(self.running.plot())
        for plot, line in zip((self.histogram, self.running), self._truths, strict=True):
            plot.addItem(line, ignoreBounds=True)
        self.theme.changed.connect(self.restyle)
        self.restyle()

    def restyle(self) -> None:
        """Take the colours of the scheme."""
        style_plot(self.histogram, self.theme, {"bottom": "gradient of one sample", "left": "density"})
        style_plot(self.running, self.theme, {"bottom": "samples", "left": f"mean ± {BAND:.0f} SE"})
        for line in self._truths:
            line.setPen(pg.mkPen(self.theme.colors.text, width=1.2, style=Qt.PenStyle.DashLine))
        self._colored = [""] * MOST_CURVES
        self.show_tallies()

    def _color(self, row: int, estimator: str) -> None:
        """Draw the curves of this row in the colour of its estimator."""
        if self._colored[row] == estimator:
            return
        self._colored[row] = estimator
        color = QColor(estimator_color(self.theme, estimator))
        self._bars[row].setPen(pg.mkPen(color, width=1.4))
        self._means[row].setPen(pg.mkPen(color, width=1.6))
        color.setAlpha(BAND_ALPHA)
        self._bands[row].setPen(None)
        self._bands[row].setBrush(color)

    def show_tallies(self) -> None:
        """Show the newest numbers."""
        tallies = self.state.lab.shown
        truth = self.state.lab.truth.get(self.state.lab.parameter)
        for line in self._truths:
            line.setVisible(truth is not None)
            if truth is not None:
                line.setValue(truth)
        edges = self._edges()
        for row in range(MOST_CURVES):
            if row < len(tallies) and edges is not None:
                self._color(row, tallies[row].estimator)
                counts = np.histogram(tallies[row].newest, edges)[0]
                self._bars[row].setData(*steps(edges, counts / (len(tallies[row].newest) * np.diff(edges))))
                self._name(row, tallies[row].estimator)
                self._show_mean(row, tallies[row])
            else:
                for curve in (self._bars[row], self._means[row], self._bands[row]):
                    curve.setData([], [])
        self._set_ranges(edges, truth)

    def _name(self, row: int, estimator: str) -> None:
        """Name the curves of an estimator, for tables of the plots."""
        for curve, name in ((self._bars[row], ""), (self._means[row], ""), (self._bands[row], ", band")):
            curve.opts["name"] = f"{estimator}{name}"

    def _edges(self) -> np.ndarray | None:
        """Return bins over the middle of all: single gradients of the score function may be huge."""
        ends = [np.percentile(tally.newest, MIDDLE) for tally in self.state.lab.shown]
        if not ends:
            return None
        low, high = min(float(end[0]) for end in ends), max(float(end[1]) for end in ends)
        # The narrow ones must be seen beside those that are a hundred times wider.
        reach = SPREAD * min(math.sqrt(tally.sample_variance) for tally in self.state.lab.shown)
        centre = self.state.lab.truth.get(self.state.lab.parameter, 0.5 * (low + high))
        if reach > 0.0:
            low, high = max(low, centre - reach), min(high, centre + reach)
        room = max(0.05 * (high - low), 1e-3 * max(abs(low), abs(high)), 1e-9)
        return np.linspace(low - room, high + room, BINS + 1)

    def _show_mean(self, row: int, tally: Tally) -> None:
        counts, means = np.asarray(tally.counts, float), np.asarray(tally.means)
        self._means[row].setData(counts, means)
        errors = BAND * np.sqrt(tally.sample_variance / counts)
        x = np.concatenate([counts, counts[::-1]])
        self._bands[row].setData(x, np.concatenate([means + errors, (means - errors)[::-1]]))

    def _set_ranges(self, edges: np.ndarray | None, truth: float | None) -> None:
        tallies = self.state.lab.shown
        if edges is None:
            return
        self.histogram.setXRange(float(edges[0]), float(edges[-1]), padding=0.0)
        tops = [float(np.nanmax(curve.getData()[1])) for curve in self._bars[: len(tallies)]]
        self.histogram.setYRange(0.0, 1.08 * sorted(tops)[max(0, len(tops) - 2)] + 1e-12, padding=0.0)
        centre = truth if truth is not None else tallies[0].mean
        reaches = [3.0 * tally.error + (0.0 if tally.biased else abs(tally.mean - centre)) for tally in tallies]
        reach = min(max(reaches), RUNNING_SPREAD * max(min(reaches), 0.01 * max(reaches)))
        # Where a biased one goes is what there is to see.
        bias = max((abs(tally.mean - centre) for tally in tallies if tally.biased), default=0.0)
        reach = max(reach, 1.2 * bias) + 1e-9
        self.running.setYRange(centre - reach, centre + reach, padding=0.0)
        self.running.setXRange(0.0, float(tallies[0].count), padding=0.0)
