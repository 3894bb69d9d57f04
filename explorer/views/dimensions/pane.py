"""All latent dimensions as sliders, the most informative first; only visible rows are ever painted."""

from __future__ import annotations

from PySide6.QtWidgets import QCheckBox, QPushButton, QSizePolicy

from explorer.state import AppState
from explorer.state.display import SliderScale
from explorer.theme.theme import Theme
from explorer.views.common.choices import Choice
from explorer.views.common.pane import Pane, caption
from explorer.views.dimensions.list import DimensionList

SCALES: dict[SliderScale, str] = {"z": "z", "posterior": "u of q", "prior": "u of p"}


class DimensionsPane(Pane):
    """The pane: filter, randomize, reset, and the rows."""

    def __init__(self, state: AppState, theme: Theme) -> None:
        super().__init__("Dimensions")
        self.state = state
        self.list = DimensionList(state, theme)
        self.active, self.scale = QCheckBox("active only"), Choice()
        self.randomize, self.reset = QPushButton("Randomize"), QPushButton("Reset")
        self._columns = caption("")
        self._build()
        self._connect(theme)

    def _build(self) -> None:
        self.active.setToolTip("Hide collapsed dimensions: those whose mean hardly varies, Var(μ) ≤ 0.01")
        self.randomize.setToolTip("Draw all unlocked dimensions from the prior, with the next seed (Ctrl+R)")
        self.reset.setToolTip("Return all unlocked dimensions to μ (Ctrl+0)")
        self.header.addStretch(1)
        self.scale.addItems(list(SCALES.values()))
        self.scale.setAccessibleName("Sliders move")
        self.scale.setFixedWidth(76)
        self.scale.setToolTip(
            "Sliders move z, or the probability u to its left under the posterior or the prior: equal steps are then "
            "equally probable"
        )
        for widget in (self.active, self.scale, self.randomize, self.reset):
            self.header.addWidget(widget)
        # In a narrow window the rows are worth more than the last words.
        self._columns.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.body.addWidget(self._columns)
        self.body.addWidget(self.list, 1)
        self.body.setContentsMargins(12, 0, 4, 8)

    def _connect(self, theme: Theme) -> None:
        state, rows = self.state, self.list
        self.active.toggled.connect(state.display.set_active_only)
        self.scale.activated.connect(self._choose_scale)
        state.display.slider_scale_changed.connect(rows.viewport().update)
        state.answers.probabilities_changed.connect(rows.viewport().update)
        self.randomize.clicked.connect(self.draw)
        self.reset.clicked.connect(self.reset_all)
        state.display.active_only_changed.connect(self._refill)
        state.display.dimension_changed.connect(rows.viewport().update)
        state.model.embedding_changed.connect(self._refill)
        state.model.model_changed.connect(self._refill)
        state.latent.moved.connect(self._point_moved)
        state.latent.posterior_changed.connect(rows.show_point)
        state.latent.current_changed.connect(rows.show_point)
        state.latent.points_changed.connect(rows.show_point)
        state.latent.locks_changed.connect(rows.viewport().update)
        theme.changed.connect(rows.restyle)

    def _point_moved(self) -> None:
        """Show a slider that is dragged at once, and after a drag elsewhere the picture first."""
        if self.list.dragging:
            self.list.show_point()
        else:
            self.state.pace.later(self.list.show_point)

    def _refill(self) -> None:
        self.active.setChecked(self.state.display.active_only)
        self.list.refill()
        embedding = self.state.model.embedding
        order = "" if embedding is None else f", {int(embedding.summary.active.sum())} active · by KL in nats"
        self._columns.setText(f"{self.state.latent.latent_dim} dimensions{order}")
        self._columns.setToolTip(self._columns.text())

    def _choose_scale(self, row: int) -> None:
        self.state.display.set_slider_scale(list(SCALES)[row])

    def draw(self) -> None:
        """Draw all unlocked dimensions from the prior with the next seed."""
        state = self.state
        state.display.set_seed(state.display.seed + 1)
        state.latency.input()
        with state.latent.step("Randomize"):
            state.latent.set_z(state.display.prior_noise(state.latent.latent_dim, state.model.prior_family))

    def reset_all(self) -> None:
        """Return all unlocked dimensions to the posterior mean."""
        with self.state.latent.step("Reset all"):
            self.state.latent.set_z(self.state.latent.point.mu)
