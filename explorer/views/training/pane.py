"""The Training pane: settings and dials on the left, what a run does on the right, its epochs below."""

from __future__ import annotations

from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import QHBoxLayout, QStackedWidget, QVBoxLayout

from explorer.state import AppState
from explorer.state.training.run import RunStatus
from explorer.theme.theme import Theme
from explorer.views.common.pane import Pane, Segments, caption
from explorer.views.training.controls import RunControls
from explorer.views.training.dimensions import DimensionHistory
from explorer.views.training.form import TrainingForm
from explorer.views.training.histograms import Histograms
from explorer.views.training.history import TrainingCurves
from explorer.views.training.review import ReviewBar
from explorer.views.training.step import StepView
from explorer.views.training.strip import ReconstructionStrip

DRAW_EVERY_MS = 100
LEAST_VIEW = (320, 104)
TIPS = {
    "curves": "ELBO and its parts, training raw and smoothed, test",
    "dimensions": "What each dimension carries over the epochs, and how many units are active",
    "histograms": "Where posterior means and scales lie",
    "step": "One training step, shown for one image",
}


class TrainingPane(Pane):
    """Everything of a run; only the view that is in front is drawn."""

    def __init__(self, state: AppState, theme: Theme) -> None:
        super().__init__("Training", show_title=False)
        self.state, self.theme = state, theme
        self.form = TrainingForm(state)
        self.controls = RunControls(state, self.form)
        self.controls.setParent(self)
        self.curves, self.step_view = TrainingCurves(state, theme), StepView(state, theme)
        self.views: dict[str, TrainingCurves | DimensionHistory | Histograms | StepView] = {
            "curves": self.curves, "dimensions": DimensionHistory(state, theme),
            "histograms": Histograms(state, theme), "step": self.step_view,
        }  # fmt: skip
        self.choice = Segments("Training seen as", {key: key for key in self.views}, TIPS)
        self.review, self.strip = ReviewBar(state), ReconstructionStrip(state, theme)
        self._stack, self._legend = QStackedWidget(), caption()
        self._turn = QTimer(self)
        self._turn.setSingleShot(True)
        self._turn.setInterval(DRAW_EVERY_MS)
        self._build()
        self._connect()

    def _build(self) -> None:
        self.controls.place(self.header)
        for view in self.views.values():
            self._stack.addWidget(view)
        # Whichever view is in front, and whatever it shows: the pane asks for the same room.
        self._stack.setMinimumSize(*LEAST_VIEW)
        self.choice.set_choice("curves")
        chosen = QVBoxLayout()
        chosen.setSpacing(2)
        chosen.addWidget(self.choice, 0, Qt.AlignmentFlag.AlignLeft)
        self._legend.setToolTip("Training: thin as measured, thick smoothed. Test: after each epoch.")
        chosen.addWidget(self._legend)
        chosen.addStretch(1)
        above = QHBoxLayout()
        above.addLayout(chosen, 1)
        above.addWidget(self.strip)
        right = QVBoxLayout()
        right.setSpacing(6)
        right.addWidget(self.controls.bar)
        right.addLayout(above)
        right.addWidget(self._stack, 1)
        right.addWidget(self.review)
        row = QHBoxLayout()
        row.setSpacing(12)
        row.addWidget(self.form)
        row.addLayout(right, 1)
        self.body.addLayout(row, 1)

    def _connect(self) -> None:
        run, review = self.state.run, self.state.review
        self.choice.group.idClicked.connect(self._choose)
        run.progressed.connect(self._show_soon)
        run.curves_changed.connect(self._show_soon)
        run.step_shown.connect(self._show_step)
        run.status_changed.connect(self._status_changed)
        review.shown_changed.connect(self._show_soon)
        review.compared_changed.connect(self._show_soon)
        self._turn.timeout.connect(self._show_now)
        run.finished.connect(self._show_now)
        self.theme.changed.connect(self._restyle)
        self._restyle()

    def _choose(self, number: int) -> None:
        self._stack.setCurrentIndex(number)
        for widget in (self._legend, self.strip):
            widget.setVisible(self.choice.key_of(number) == "curves")
        self._show_now()

    def _show_step(self) -> None:
        self._bring("step")

    def _status_changed(self) -> None:
        """Leave the view of single steps when a run starts that does not wait for them."""
        run = self.state.run
        if run.status is RunStatus.STARTING and not run.stepping and self._stack.currentWidget() is self.step_view:
            self._bring("curves")

    def _bring(self, key: str) -> None:
        self.choice.set_choice(key)
        self._choose(list(self.views).index(key))

    def _show_soon(self) -> None:
        """Draw at most ten times a second: small data has hundreds of epochs in one."""
        if not self._turn.isActive():
            self._turn.start()

    def _show_now(self) -> None:
        if self.shown:
            list(self.views.values())[self._stack.currentIndex()].refresh()

    def set_shown(self, shown: bool) -> None:
        """Catch up with what happened while another tab was in front."""
        super().set_shown(shown)
        self._show_now()

    def _restyle(self) -> None:
        colors = self.theme.colors
        for view in self.views.values():
            view.restyle()
        self._legend.setText(
            f"<span style='color:{colors.accent}'>━</span> training &nbsp; "
            f"<span style='color:{colors.second}'>●━</span> test &nbsp; "
            f"<span style='color:{colors.third}'>╍</span> other run, test"
        )
