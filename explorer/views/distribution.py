"""The triad of one dimension: z, ε and u = F(z), with μ and σ; every one can be dragged or typed."""

from __future__ import annotations

from PySide6.QtCore import QStringListModel, Qt
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDoubleSpinBox,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QWidget,
)

from explorer.state import AppState
from explorer.state.latent import SMALLEST_SIGMA
from explorer.state.view import BANK_SIZE
from explorer.theme import Theme
from explorer.views.pane import Pane, Segments, caption, real_box, whole_box
from explorer.views.triad_curves import TriadCurves
from models.geometry import dimension_name

SMALLEST_U = 1e-12
FIELDS = {"z": "z", "eps": "ε", "u": "u = F(z)", "mu": "μ", "sigma": "σ"}
TIPS = {
    "z": "The latent value", "eps": "The noise behind it: ε = (z − μ)/σ",
    "u": "The posterior's distribution function at z", "mu": "Mean of q(z|x)",
    "sigma": "Standard deviation of q(z|x)",
}  # fmt: skip


class Readouts(QWidget):
    """The numbers of the triad, typed as well as read."""

    def __init__(self, state: AppState) -> None:
        super().__init__()
        self.state = state
        self.fields: dict[str, QDoubleSpinBox] = {}
        self.kl, self.total = QLabel("–"), QLabel("–")
        grid = QGridLayout(self)
        grid.setContentsMargins(4, 0, 0, 0)
        grid.setHorizontalSpacing(8)
        grid.setVerticalSpacing(4)
        for row, (key, text) in enumerate(FIELDS.items()):
            field = self._field(key)
            grid.addWidget(caption(text), row, 0)
            grid.addWidget(field, row, 1)
        grid.addWidget(caption("KL(q‖p)"), 5, 0)
        grid.addWidget(self.kl, 5, 1)
        grid.addWidget(caption("Σ all dims"), 6, 0)
        grid.addWidget(self.total, 6, 1)
        self.hold = Segments(
            "Hold", {"eps": "hold ε", "z": "hold z"},
            {"eps": "Moving μ or σ carries z and the whole bank along: the reparameterization trick",
             "z": "Moving μ or σ leaves z; its noise ε is computed anew"},
        )  # fmt: skip
        self.hold.set_choice(state.latent.hold)
        grid.addWidget(self.hold, 7, 0, 1, 2)
        grid.setRowStretch(8, 1)
        self.hold.group.idClicked.connect(self._set_hold)

    def _field(self, key: str) -> QDoubleSpinBox:
        low, high = {"u": (SMALLEST_U, 1 - SMALLEST_U), "sigma": (SMALLEST_SIGMA, 1e6)}.get(key, (-1e6, 1e6))
        field = real_box(0.0, low, high, 6 if key == "u" else 4, 0.01 if key == "u" else 0.1)
        field.setKeyboardTracking(False)
        field.setToolTip(TIPS[key])
        field.setAccessibleName(TIPS[key])
        field.setAlignment(Qt.AlignmentFlag.AlignRight)
        field.setFixedWidth(92)
        field.setProperty("grip", key)
        field.valueChanged.connect(self._typed)
        self.fields[key] = field
        return field

    def _set_hold(self, number: int) -> None:
        self.state.latent.set_hold("z" if self.hold.key_of(number) == "z" else "eps")

    def _typed(self, value: float) -> None:
        field = self.sender()
        if isinstance(field, QDoubleSpinBox):
            key, latent, dim = field.property("grip"), self.state.latent, self.state.view.dimension
            latent.begin(f"Set {FIELDS[key][0]} of {dimension_name(dim)}")
            if key == "u":
                self.state.view.quantile_requested.emit(value)
            else:
                latent.set_component(key, dim, value)
            latent.end()

    def show_values(self) -> None:
        """Show the numbers of the current point in the chosen dimension."""
        triad, drawn = self.state.results.triad, self.state.results.draws
        if triad is None:
            return
        for key, field in self.fields.items():
            value = triad.curves.z_cdf if key == "u" else float(getattr(triad, key))
            if not field.hasFocus() or field.value() != value:
                field.blockSignals(True)
                field.setValue(value)
                field.blockSignals(False)
        self.kl.setText(f"{triad.curves.kl:.4f} nats")
        if drawn is not None:
            self.total.setText(f"{float(drawn.kl.sum()):.2f} nats")


class DistributionPane(Pane):
    """The pane: choice of the dimension, legend, three plots, readouts."""

    def __init__(self, state: AppState, theme: Theme) -> None:
        super().__init__("Distribution", show_title=False)
        self.state, self.theme = state, theme
        self.curves = TriadCurves(state, theme)
        self.readouts = Readouts(state)
        self.dimension, self._legend = QComboBox(), QLabel()
        self._seed = whole_box(state.view.seed, 0, 2**31 - 1)
        self._texts = QStringListModel(self)
        self.zoom = QCheckBox("zoom to q")
        self._build()
        self._connect()
        self._restyle()

    def _build(self) -> None:
        self.dimension.setAccessibleName("Dimension shown")
        self.dimension.setMaxVisibleItems(20)
        self.dimension.setModel(self._texts)
        self.dimension.setMinimumContentsLength(13)
        self._legend.setTextFormat(Qt.TextFormat.RichText)
        self._seed.setFixedWidth(70)
        self._seed.setAccessibleName("Seed of the noise bank")
        self._resample = QPushButton("Resample")
        self._resample.setToolTip("Draw a new bank of ε, from the next seed")
        self.zoom.setToolTip("Draw the curves around the posterior, μ ± 5σ")
        left: tuple[QWidget, ...] = (caption("dimension"), self.dimension, self.zoom, self._legend)
        for widget in left:
            self.header.addWidget(widget)
        self.header.addStretch(1)
        right: tuple[QWidget, ...] = (caption("seed"), self._seed, self._resample)
        for widget in right:
            self.header.addWidget(widget)
        row = QHBoxLayout()
        row.setSpacing(8)
        for plot, share in zip(self.curves.plots, (5, 5, 4), strict=True):
            row.addWidget(plot, share)
        row.addWidget(self.readouts)
        self.body.addLayout(row, 1)

    def _connect(self) -> None:
        state = self.state
        for plot in self.curves.plots:
            plot.grabbed.connect(self._grab)
            plot.dragged.connect(self._drag)
            plot.released.connect(state.latent.end)
            plot.released.connect(self._show)
        self.dimension.activated.connect(self._choose)
        self.zoom.toggled.connect(state.view.set_zoomed)
        state.view.zoom_changed.connect(self._show)
        self._seed.valueChanged.connect(state.view.set_seed)
        self._resample.clicked.connect(self._next_seed)
        state.view.seed_changed.connect(self._seed_changed)
        state.view.dimension_changed.connect(self._dimension_changed)
        state.model.model_changed.connect(self._fill)
        state.model.embedding_changed.connect(self._fill)
        state.results.curves_changed.connect(self._show)
        state.results.aggregate_changed.connect(self._show)
        state.results.draws_changed.connect(self.readouts.show_values)
        self.theme.changed.connect(self._restyle)

    def set_shown(self, shown: bool) -> None:
        """Catch up with what happened while another tab was in front."""
        super().set_shown(shown)
        self._show()

    def _fill(self) -> None:
        model, embedding = self.state.model.model, self.state.model.embedding
        dims = 0 if model is None else model.latent_dim
        texts = [dimension_name(dim) for dim in range(dims)]
        if embedding is not None and embedding.latent_dim == dims:
            texts = [f"{text}  ·  KL {kl:.2f}" for text, kl in zip(texts, embedding.summary.kl, strict=True)]
        self.dimension.blockSignals(True)
        self._texts.setStringList(texts)
        self.dimension.blockSignals(False)
        self._dimension_changed()

    def _choose(self, row: int) -> None:
        self.state.view.set_dimension(row)

    def _dimension_changed(self) -> None:
        self.dimension.setCurrentIndex(self.state.view.dimension)

    def _seed_changed(self) -> None:
        self._seed.blockSignals(True)
        self._seed.setValue(self.state.view.seed)
        self._seed.blockSignals(False)
        self._show()

    def _next_seed(self) -> None:
        self.state.view.set_seed(self.state.view.seed + 1)

    def _show(self) -> None:
        if self.shown:
            self.curves.show()
            self.readouts.show_values()

    # ------------------------------------------------------------------------------------------------- dragging

    def _grab(self, grip: str) -> None:
        name = FIELDS[grip][0]
        self.state.latent.begin(f"Drag {name} of {dimension_name(self.state.view.dimension)}")

    def _drag(self, grip: str, x: float, y: float, sign: float) -> None:
        state, dim = self.state, self.state.view.dimension
        state.latency.input()
        latent, noise = state.latent, self.sender() is self.curves.noise
        match grip:
            case "u":
                state.view.quantile_requested.emit(min(max(y, SMALLEST_U), 1 - SMALLEST_U))
            case "z":
                latent.set_component("z", dim, y if noise else x)
            case "eps":
                latent.set_component("eps", dim, x)
            case "mu":
                latent.set_component("mu", dim, y if noise else x)
            case "sigma":
                latent.set_component("sigma", dim, max(SMALLEST_SIGMA, sign * (x - latent.point.mu[dim])))

    def _restyle(self) -> None:
        colors = self.theme.colors
        chips = [
            (colors.prior, "┄", "prior p(z)"), (colors.accent, "━", "posterior q(z|x)"),
            (colors.second, "━", "aggregate posterior"), (colors.third, "▮", f"bank of {BANK_SIZE} ε"),
        ]  # fmt: skip
        text = " &nbsp;&nbsp; ".join(
            f"<span style='color:{color}'><b>{mark}</b></span>&nbsp;{name}" for color, mark, name in chips
        )
        self._legend.setText(f"<span style='color:{colors.muted}'>&nbsp; {text}</span>")
        self.curves.restyle()
