"""The subject of the Distribution pane: a dimension of the model, or any family on the workbench."""

from __future__ import annotations

from PySide6.QtCore import QStringListModel
from PySide6.QtWidgets import QCheckBox, QHBoxLayout, QPushButton, QWidget

from explorer.state import AppState
from explorer.views.common.choices import Choice
from explorer.views.common.pane import Segments
from models.core.families import FAMILY_PARAMETERS, STANDARD_NORMAL
from models.core.geometry import dimension_name


class Subject(QWidget):
    """The choice of model or workbench, with what belongs to either, and the scale of the plots."""

    def __init__(self, state: AppState) -> None:
        super().__init__()
        self.state = state
        self.mode = Segments(
            "Distribution of", {"model": "model", "workbench": "workbench"},
            {"model": "The prior, posterior and aggregate of a latent dimension",
             "workbench": "Any family with any parameters; no model is needed"},
        )  # fmt: skip
        self.dimension, self.family = Choice(), Choice()
        self.pin, self.unpin = QPushButton("Pin as p"), QPushButton("p = N(0, 1)")
        self.zoom, self.log = QCheckBox("zoom to q"), QCheckBox("log")
        self._texts = QStringListModel(self)
        self._build()
        self._connect()
        self._mode_changed()

    def _build(self) -> None:
        self.mode.set_choice(self.state.distribution.mode)
        self.dimension.setAccessibleName("Dimension shown")
        self.dimension.setMaxVisibleItems(20)
        self.dimension.setModel(self._texts)
        self.dimension.setMinimumContentsLength(13)
        self.family.setAccessibleName("Family on the workbench")
        self.family.setMaxVisibleItems(len(FAMILY_PARAMETERS))
        self.family.addItems(list(FAMILY_PARAMETERS))
        self.family.setCurrentText(self.state.workbench.family.name)
        self.pin.setToolTip("Use the current family as the reference p, to compare others with it")
        self.unpin.setToolTip("Compare with the standard normal distribution again")
        self.zoom.setChecked(self.state.display.zoomed)
        self.zoom.setToolTip("Draw the curves around the posterior, μ ± 5σ")
        self.log.setToolTip("Plot pdf and cdf on a logarithmic scale to see the tails")
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(6)
        for widget in (self.mode, self.dimension, self.family, self.pin, self.unpin, self.zoom, self.log):
            row.addWidget(widget)

    def _connect(self) -> None:
        state = self.state
        self.mode.group.idClicked.connect(self._choose_mode)
        self.dimension.activated.connect(state.display.set_dimension)
        self.family.textActivated.connect(state.workbench.choose)
        self.pin.clicked.connect(state.workbench.pin)
        self.unpin.clicked.connect(state.workbench.unpin)
        state.workbench.changed.connect(self._show_unpin)
        self.zoom.toggled.connect(state.display.set_zoomed)
        self.log.toggled.connect(state.display.set_logarithmic)
        state.distribution.mode_changed.connect(self._mode_changed)
        state.workbench.family_changed.connect(self._family_changed)
        state.display.dimension_changed.connect(self._dimension_changed)
        state.model.model_changed.connect(self._fill)
        state.model.embedding_changed.connect(self._fill)

    def _choose_mode(self, number: int) -> None:
        self.state.distribution.set_mode("workbench" if self.mode.key_of(number) == "workbench" else "model")

    def _mode_changed(self) -> None:
        bench = self.state.distribution.on_workbench
        self.mode.set_choice(self.state.distribution.mode)
        self.dimension.setVisible(not bench)
        self.zoom.setVisible(not bench)
        self.family.setVisible(bench)
        self.pin.setVisible(bench)
        self._show_unpin()

    def _show_unpin(self) -> None:
        """Offer the usual reference when another one is pinned."""
        pinned = self.state.workbench.reference != STANDARD_NORMAL
        self.unpin.setVisible(self.state.distribution.on_workbench and pinned)

    def _family_changed(self) -> None:
        self.family.setCurrentText(self.state.workbench.family.name)

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

    def _dimension_changed(self) -> None:
        self.dimension.setCurrentIndex(self.state.display.dimension)
