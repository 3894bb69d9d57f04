"""Factors: what the latent dimensions know about the factors of the data, or about their classes."""

from __future__ import annotations

import math

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QStackedWidget, QVBoxLayout, QWidget

from explorer.state import AppState
from explorer.theme.theme import Theme
from explorer.views.common.color_bar import ColorBar
from explorer.views.common.pane import Pane, caption
from explorer.views.factors.heat_map import FactorMap
from explorer.views.factors.plot import FactorPlot
from models.core.sprite_names import SpritesName

GAP_TIP = (
    "The mutual information gap of a factor is the difference between the two dimensions that know most about it, "
    "relative to its entropy: 1 if one dimension knows all of it and the others nothing (Chen et al. 2018). It misses "
    "whether that dimension knows other factors as well. Modularity shows this: it is 1 if each dimension "
    "knows only one factor (Ridgeway & Mozer 2018). It misses whether several dimensions share a factor, and how "
    "much they know."
)


class FactorsPane(Pane):
    """The pane: a heat map, the chosen cell beside it, and what to do when there is nothing to show."""

    def __init__(self, state: AppState, theme: Theme) -> None:
        super().__init__("Factors", show_title=False)
        self.state, self.theme = state, theme
        self.map, self.plot = FactorMap(state, theme), FactorPlot(state, theme)
        self.summary, self.told = QLabel(), caption()
        self.scale = ColorBar(theme, lambda colors: (colors.field, colors.accent))
        self.empty, self.open_sprites = QLabel(), QPushButton("Open sprites")
        self._pages = QStackedWidget()
        self._build()
        self._connect()
        self.shown = False
        self._restyle()

    def _build(self) -> None:
        self.header.addWidget(caption("mutual information between factors and dimensions"))
        self.header.addStretch(1)
        self.summary.setToolTip(GAP_TIP)
        self.header.addWidget(self.summary)
        self.open_sprites.setToolTip("Open generated images whose factors are known: shape, scale, orientation, x, y")
        left = QVBoxLayout()
        left.setSpacing(2)
        left.addWidget(self.map, 1)
        left.addWidget(self.scale)
        right = QVBoxLayout()
        right.setSpacing(2)
        right.addWidget(self.plot, 1)
        right.addWidget(self.told)
        full = QWidget()
        row = QHBoxLayout(full)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(16)
        row.addLayout(left, 3)
        row.addLayout(right, 2)
        self._pages.addWidget(full)
        self._pages.addWidget(self._empty_page())
        self.body.setContentsMargins(12, 6, 12, 8)
        self.body.addWidget(self._pages, 1)

    def _empty_page(self) -> QWidget:
        page = QWidget()
        column = QVBoxLayout(page)
        self.empty.setObjectName("caption")
        column.addStretch(1)
        for widget in (self.empty, self.open_sprites):
            column.addWidget(widget, 0, Qt.AlignmentFlag.AlignHCenter)
        column.addStretch(1)
        return page

    def _connect(self) -> None:
        state = self.state
        self.theme.changed.connect(self._restyle)
        self.open_sprites.clicked.connect(self._ask_sprites)
        for signal in (state.factors.changed, state.factors.factor_changed, state.display.dimension_changed):
            signal.connect(self._show)

    def set_shown(self, shown: bool) -> None:
        """Have it measured while the pane is shown."""
        super().set_shown(shown)
        self.state.factors.set_wanted(shown)
        self._show()

    def _ask_sprites(self) -> None:
        self.state.model.request_data(str(SpritesName()))

    def _restyle(self) -> None:
        self.plot.restyle()
        self._show()

    def _show(self) -> None:
        if not self.shown:
            return
        result, message = self.state.factors.result, self.state.factors.message
        self._pages.setCurrentIndex(1 if result is None else 0)
        self.summary.setText("")
        if result is None:
            data = self.state.model.data
            self.empty.setText(message)
            self.open_sprites.setVisible(data is None or data.info.factors_path is None)
            return
        if math.isfinite(result.gap):
            modular = f"   ·   modularity {result.modularity:.3f}" if math.isfinite(result.modularity) else ""
            self.summary.setText(f"MIG {result.gap:.3f}{modular}   ·   {result.count:,} images")
        self.scale.show_scale("share of the factor's entropy", "0", f"{self.map.top:.2f}")
        dim = self.state.display.dimension
        self.told.setText(self.map.told(self.state.factors.factor, dim) if dim in self.map.dims else "")
        self.map.show_result()
        self.plot.show_result()
