"""One training step in detail, for teaching: x → μ, σ → z = μ + σ·ε → reconstruction → loss → what reaches μ and σ."""

from __future__ import annotations

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QGridLayout, QLabel, QVBoxLayout, QWidget

from explorer.state import AppState
from explorer.theme.theme import Theme
from explorer.views.common.axes import Plot, prepare_plot, style_plot
from explorer.views.common.pane import caption
from explorer.views.common.pictures import Picture
from models.core.arrays import Vector
from models.core.geometry import dimension_name
from models.protocol.training import StepShown

EMPTY = "Press Step: one batch goes through the model, and its first image is shown here."
MOST_DIMENSIONS = 7
BAR_WIDTH = 0.36
PICTURE_WIDTH = 92
FILL_ALPHA = 200
PARTS = ("through z", "from the KL")
LEAST_PICTURE = 28


class StepView(QWidget):
    """The first image of the batch, and what the step did with it."""

    def __init__(self, state: AppState, theme: Theme) -> None:
        super().__init__()
        self.state, self.theme = state, theme
        self.seen = Picture(theme, "x", smallest=LEAST_PICTURE)
        self.reconstruction = Picture(theme, "mean of p(x|z)", smallest=LEAST_PICTURE)
        self.plots = tuple(Plot() for _ in range(4))
        self.noise, self.path, self.by_mu, self.by_sigma = self.plots
        self.stems = pg.BarGraphItem(x=[], height=[], width=BAR_WIDTH, name="ε")
        self.spread = pg.ErrorBarItem(beam=0.25)
        self.centre, self.drawn = pg.ScatterPlotItem(name="μ"), pg.ScatterPlotItem(name="z")
        self.bars = {
            (plot, part): pg.BarGraphItem(x=[], height=[], width=BAR_WIDTH, name=PARTS[part])
            for plot in ("mu", "sigma")
            for part in (0, 1)
        }
        self.terms: QLabel = caption()
        self.hint: QLabel = caption(EMPTY)
        self._build()

    def _build(self) -> None:
        names = (
            "noise ε by dimension",
            "z = μ + σ·ε by dimension",
            "gradient that reaches μ",
            "gradient that reaches σ",
        )
        for plot, name in zip(self.plots, names, strict=True):
            prepare_plot(plot, name)
            plot.setMouseEnabled(False, False)
        self.noise.addItem(self.stems)
        for item in (self.spread, self.centre, self.drawn):
            self.path.addItem(item)
        for (parameter, _), item in self.bars.items():
            (self.by_mu if parameter == "mu" else self.by_sigma).addItem(item)
        self.terms.setTextFormat(Qt.TextFormat.RichText)
        self.terms.setWordWrap(True)
        self.hint.setAlignment(Qt.AlignmentFlag.AlignCenter)
        pictures = QVBoxLayout()
        pictures.addWidget(self.seen)
        pictures.addWidget(self.reconstruction)
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.addWidget(self.hint, 0, 0, 1, 5)
        grid.addLayout(pictures, 1, 0)
        for column, plot in enumerate(self.plots, start=1):
            grid.addWidget(plot, 1, column)
            grid.setColumnStretch(column, 3)
        grid.setColumnStretch(0, 1)
        grid.setColumnMinimumWidth(0, PICTURE_WIDTH)
        grid.addWidget(self.terms, 2, 0, 1, 5)
        grid.setRowStretch(1, 1)

    def restyle(self) -> None:
        """Take the colours and fonts of the scheme."""
        colors = self.theme.colors
        for plot, name in zip(self.plots, ("ε", "z", "∂loss/∂μ (nats)", "∂loss/∂σ (nats)"), strict=True):
            style_plot(plot, self.theme, {"bottom": "dimension, by KL", "left": name})
        self.spread.setData(pen=pg.mkPen(colors.accent, width=1.6))
        self.centre.setData(pen=pg.mkPen(colors.accent), brush=pg.mkBrush(colors.plot), size=8)
        self.stems.setOpts(brush=pg.mkBrush(colors.muted), pen=None)
        self.drawn.setData(pen=None, brush=pg.mkBrush(colors.second), size=8)
        for (_, part), item in self.bars.items():
            fill = QColor(colors.third if part else colors.second)
            fill.setAlpha(FILL_ALPHA)
            item.setOpts(brush=fill, pen=None)
        self.refresh()

    def refresh(self) -> None:
        """Show the step that has been made last."""
        step = self.state.run.step
        self.hint.setVisible(step is None)
        shown: tuple[QWidget, ...] = (self.seen, self.reconstruction, *self.plots, self.terms)
        for widget in shown:
            widget.setVisible(step is not None)
        if step is not None:
            self._show(step)

    def _show(self, step: StepShown) -> None:
        self.seen.set_image(step.x)
        self.reconstruction.set_image(step.reconstruction)
        order = np.argsort(-step.kl, kind="stable")[:MOST_DIMENSIONS]
        places = np.arange(len(order), dtype=float)
        mu, sigma, z = (np.asarray(values[order], float) for values in (step.mu, step.sigma, step.z))
        self.spread.setData(x=places, y=mu, height=2.0 * sigma)
        self.centre.setData(places, mu)
        self.drawn.setData(places, z)
        self.stems.setOpts(x=places, height=np.asarray(step.eps[order], float), width=BAR_WIDTH)
        for name, whole, by_kl in (
            ("mu", step.by_mu, step.by_mu_from_kl), ("sigma", step.by_sigma, step.by_sigma_from_kl)
        ):  # fmt: skip
            self._show_bars(name, places, np.asarray(whole[order], float), np.asarray(by_kl[order], float))
        names = [(float(place), dimension_name(int(dim))) for place, dim in zip(places, order, strict=True)]
        for plot in self.plots:
            plot.getAxis("bottom").setTicks([names])
            plot.setXRange(-0.6, len(order) - 0.4, padding=0.0)
            plot.enableAutoRange(axis="y")
        self.terms.setText(self._words(step))

    def _show_bars(self, name: str, places: Vector, whole: Vector, by_kl: Vector) -> None:
        known = np.isfinite(by_kl)
        parts = (np.where(known, whole - by_kl, whole), np.where(known, by_kl, 0.0))
        for part, heights in enumerate(parts):
            offset = (part - 0.5) * BAR_WIDTH
            self.bars[name, part].setOpts(x=places + offset, height=heights, width=BAR_WIDTH)

    def _words(self, step: StepShown) -> str:
        colors = self.theme.colors
        return (
            f"step {step.step} · {_sum_of(step)}"
            f" &nbsp; <span style='color:{colors.accent}'>○</span> μ ± σ"
            f" <span style='color:{colors.second}'>●</span> z = μ + σ·ε"
            f" &nbsp; gradient <span style='color:{colors.second}'>■</span> through z, from the reconstruction"
            f" <span style='color:{colors.third}'>■</span> from the KL"
        )


def _sum_of(step: StepShown) -> str:
    """Return how the loss is made of its terms; an importance-weighted bound is no sum of them."""
    terms = step.terms
    if not np.isfinite(step.by_mu_from_kl).all():
        return f"loss {terms.loss:.1f} nats; −log p(x|z) {terms.reconstruction:.1f}, KL {terms.kl:.2f}"
    weighted = terms.loss - terms.reconstruction
    plain = abs(weighted - terms.kl) < 0.005
    kl = f"KL {terms.kl:.2f}" if plain else f"{weighted:.2f} (of KL {terms.kl:.2f}, β {step.beta:.3g})"
    return f"−log p(x|z) {terms.reconstruction:.1f} + {kl} = loss {terms.loss:.1f} nats"
