"""Show what each latent dimension carries over the epochs: a heat map of its KL, and the number of active units."""

from __future__ import annotations

import numpy as np
import pyqtgraph as pg
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from explorer.state import AppState
from explorer.theme.theme import Theme
from explorer.views.common.axes import Plot, prepare_plot, style_plot
from explorer.views.common.color_bar import ColorBar, rgb
from models.core.arrays import Matrix
from models.core.geometry import dimension_name

MOST_COLUMNS = 600
LEVELS = 256


class DimensionHistory(QWidget):
    """KL of each dimension over the epochs, the dimension that carries most on top; active units beside it."""

    def __init__(self, state: AppState, theme: Theme) -> None:
        super().__init__()
        self.state, self.theme = state, theme
        self.map, self.units = Plot(), Plot()
        self.image, self._line = pg.ImageItem(), pg.PlotCurveItem(name="active units")
        self.marks = [pg.InfiniteLine(angle=90), pg.InfiniteLine(angle=90)]
        self.scale = ColorBar(theme, lambda colors: (colors.plot, colors.accent, colors.text))
        self._build()

    def _build(self) -> None:
        prepare_plot(self.map, "KL of each dimension over the epochs")
        prepare_plot(self.units, "active units over the epochs")
        for plot, item, mark in zip((self.map, self.units), (self.image, self._line), self.marks, strict=True):
            plot.setMouseEnabled(False, False)
            plot.addItem(item)
            plot.addItem(mark, ignoreBounds=True)
            mark.setVisible(False)
        self.map.invertY(True)
        left = QVBoxLayout()
        left.setSpacing(2)
        left.addWidget(self.map, 1)
        left.addWidget(self.scale)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.addLayout(left, 3)
        row.addWidget(self.units, 2)

    def restyle(self) -> None:
        """Take the colours and fonts of the scheme."""
        colors = self.theme.colors
        style_plot(self.map, self.theme, {"bottom": "epoch", "left": "dimension, by KL"})
        style_plot(self.units, self.theme, {"bottom": "epoch", "left": "active units"})
        for plot in (self.map, self.units):
            plot.getAxis("left").setWidth(52)
        shades = [rgb(self.scale.color_at(share)) for share in np.linspace(0.0, 1.0, LEVELS)]
        self.image.setLookupTable((255.0 * np.array(shades)).round().astype(np.uint8))
        self._line.setPen(pg.mkPen(colors.second, width=1.6))
        for mark in self.marks:
            mark.setPen(pg.mkPen(colors.text, width=1.0))

    def refresh(self) -> None:
        """Show the newest numbers."""
        records = self.state.run.records
        if not records:
            self.image.clear()
            self._line.setData([], [])
            self.scale.show_scale("", "", "")
            return
        step = max(1, len(records) // MOST_COLUMNS)
        # The last epoch is among those drawn: the dimensions are in its order.
        table = kl_table([record.kl_per_dim for record in records[::-1][::step][::-1]])
        epochs, width = records[-1].epoch, step * table.shape[1]
        top = max(float(table.max()), 1e-3)
        self.image.setImage(table, levels=(0.0, top), autoLevels=False)
        self.image.setRect(epochs + 0.5 - width, 0.0, float(width), float(len(table)))
        self.map.setRange(xRange=(0.5, epochs + 0.5), yRange=(0.0, len(table)), padding=0.0)
        order = np.argsort(-np.array(records[-1].kl_per_dim), kind="stable")
        names = [(row + 0.5, dimension_name(int(order[row]))) for row in range(0, len(order), max(1, len(order) // 8))]
        self.map.getAxis("left").setTicks([names])
        self.scale.show_scale("KL on the test images", "0", f"{top:.2f} nats")
        x, y = [record.epoch for record in records], [record.active_units for record in records]
        self._line.setData(np.array(x, float), np.array(y, float))
        self.units.setRange(xRange=(0.5, epochs + 0.5), yRange=(0.0, len(table)), padding=0.02)
        self._mark()

    def _mark(self) -> None:
        shown = self.state.review.shown
        for mark in self.marks:
            mark.setVisible(shown is not None)
            if shown is not None:
                mark.setValue(shown.epoch)


def kl_table(rows: list[tuple[float, ...]]) -> Matrix:
    """Return the KL [dimensions, epochs], dimensions in the order of the last epoch, most first."""
    table: Matrix = np.array(rows, np.float64).T
    return table[np.argsort(-table[:, -1], kind="stable")]
