"""Lab ▸ Gradient estimators: histograms, running means and variances of single-sample gradients, live."""

from __future__ import annotations

from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QVBoxLayout

from explorer.state import AppState
from explorer.state.lab import PRESETS
from explorer.theme.theme import Theme
from explorer.views.common.pane import Pane, caption
from explorer.views.lab.form import LabForm
from explorer.views.lab.plots import LabPlots
from explorer.views.lab.table import LabTable

TWO_LINES = 34
INTRODUCTION = (
    "How noisy is one sample of ∇E[f(z)]? Every estimator below is unbiased unless marked: compare their spread. "
    "Press Run, or begin with one of the presets above."
)
MOVING = (
    "The ends of q's support move with this parameter. The path carries the samples along; the score function weighs "
    "those that are there, does not see what comes in and goes out at the ends, and is biased."
)


class LabPane(Pane):
    """The pane: presets, settings, plots, table, and what there is to see."""

    def __init__(self, state: AppState, theme: Theme) -> None:
        super().__init__("Lab", show_title=False)
        self.state = state
        self.form, self.plots, self.table = LabForm(state), LabPlots(state, theme), LabTable(state, theme)
        self.presets = [QPushButton(preset.name) for preset in PRESETS]
        self.run, self.restart = QPushButton("Run"), QPushButton("Restart")
        self._text = QLabel()
        self._build()
        self._connect()
        self._settings_changed()

    def _build(self) -> None:
        self.header.addWidget(caption("gradient estimators"))
        for button, preset in zip(self.presets, PRESETS, strict=True):
            button.setToolTip(preset.text)
            self.header.addWidget(button)
        self.header.addStretch(1)
        self.run.setObjectName("primary")
        self.run.setFixedWidth(96)
        self.header.addWidget(self.run)
        self.header.addWidget(self.restart)
        self._text.setObjectName("caption")
        self._text.setWordWrap(True)
        self._text.setMinimumHeight(TWO_LINES)
        right = QVBoxLayout()
        right.setSpacing(4)
        upper = QHBoxLayout()
        upper.setSpacing(8)
        upper.addWidget(self.plots, 4)
        upper.addWidget(self.table, 3)
        right.addLayout(upper, 1)
        right.addWidget(self._text)
        row = QHBoxLayout()
        row.setSpacing(12)
        row.addWidget(self.form)
        row.addLayout(right, 1)
        self.body.setContentsMargins(12, 6, 12, 8)
        self.body.addLayout(row, 1)

    def _connect(self) -> None:
        lab = self.state.lab
        for button in self.presets:
            button.clicked.connect(self._choose_preset)
        self.run.clicked.connect(self._toggle)
        self.restart.clicked.connect(lab.restart)
        lab.settings_changed.connect(self._settings_changed)
        lab.running_changed.connect(self._show)
        lab.tallied.connect(self._show)

    def set_shown(self, shown: bool) -> None:
        """Pause while another tab is in front: what nobody sees costs nothing."""
        super().set_shown(shown)
        if not shown and self.state.lab.running:
            self.state.lab.set_running(False)
        self._show()

    def _remark(self) -> str:
        """Return what there is to know about what is estimated."""
        lab = self.state.lab
        if lab.preset:
            return lab.preset.text
        return MOVING if lab.parameter in lab.settings.family.facts.moving else INTRODUCTION

    def _choose_preset(self) -> None:
        sender = self.sender()
        if isinstance(sender, QPushButton):
            self.state.lab.choose(PRESETS[self.presets.index(sender)])

    def _toggle(self) -> None:
        self.state.lab.set_running(not self.state.lab.drawing)

    def _settings_changed(self) -> None:
        self.form.show_settings()

    def _show(self) -> None:
        lab = self.state.lab
        self.run.setText("Pause" if lab.drawing else "Draw more" if lab.complete else "Run")
        self._text.setText(lab.message or self._remark())
        if self.shown:
            self.plots.show_tallies()
            self.table.show_tallies()
