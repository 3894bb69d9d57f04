"""Show histograms of the posterior means and scales of the test images after an epoch, over all dimensions."""

from __future__ import annotations

import numpy as np
import pyqtgraph as pg
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QHBoxLayout, QWidget

from explorer.state import AppState
from explorer.theme.theme import Theme
from explorer.views.common.axes import Plot, prepare_plot, style_plot
from models.core.arrays import Vector
from models.core.history import MU_EDGES, SIGMA_EDGES, EpochRecord

FILL_ALPHA = 110
DECADES = (-3, -2, -1, 0, 1)


class Histogram(Plot):
    """Bars of this epoch over an outline of the first."""

    def __init__(self, theme: Theme, name: str, edges: Vector) -> None:
        super().__init__()
        self.theme, self._name, self._edges = theme, name, edges
        prepare_plot(self, f"histogram of {name}")
        self.setMouseEnabled(False, False)
        none = np.zeros(len(edges) - 1)
        self.bars = pg.PlotCurveItem(edges, none, stepMode="center", fillLevel=0.0, name="this epoch")
        self._first = pg.PlotCurveItem(edges, none, stepMode="center", name="first epoch")
        for item in (self.bars, self._first):
            self.addItem(item)

    def restyle(self) -> None:
        """Take the colours and fonts of the scheme."""
        colors = self.theme.colors
        style_plot(self, self.theme, {"bottom": self._name, "left": "share (%)"})
        fill = QColor(colors.accent)
        fill.setAlpha(FILL_ALPHA)
        self.bars.setPen(pg.mkPen(colors.accent, width=1.2))
        self.bars.setBrush(fill)
        self._first.setPen(pg.mkPen(colors.muted, width=1.0))

    def show_counts(self, counts: tuple[int, ...], first: tuple[int, ...]) -> None:
        """Show shares of all values, in percent."""
        for curve, numbers in ((self.bars, counts), (self._first, first)):
            shares = 100.0 * np.array(numbers, float) / max(sum(numbers), 1)
            curve.setData(self._edges, shares)


class Histograms(QWidget):
    """Means and scales side by side."""

    def __init__(self, state: AppState, theme: Theme) -> None:
        super().__init__()
        self.state = state
        self.mu = Histogram(theme, "μ", MU_EDGES)
        self.sigma = Histogram(theme, "σ (logarithmic)", np.log10(SIGMA_EDGES))
        self.sigma.getAxis("bottom").setTicks([[(power, f"{10.0**power:g}") for power in DECADES]])
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self.mu)
        row.addWidget(self.sigma)

    def restyle(self) -> None:
        """Take the colours and fonts of the scheme."""
        self.mu.restyle()
        self.sigma.restyle()

    def refresh(self) -> None:
        """Show the chosen epoch over an outline of the first."""
        record = self._record()
        if record is not None:
            first = self.state.run.records[0]
            self.mu.show_counts(record.mu_counts, first.mu_counts)
            self.sigma.show_counts(record.sigma_counts, first.sigma_counts)

    def _record(self) -> EpochRecord | None:
        records, shown = self.state.run.records, self.state.review.shown
        if shown is not None:
            return next((record for record in records if record.epoch == shown.epoch), None)
        return records[-1] if records else None
