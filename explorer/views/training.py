"""The Training pane: choose data and settings, start, watch the curves, pause, stop, keep or discard."""

from __future__ import annotations

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QHBoxLayout, QLabel, QProgressBar, QPushButton, QVBoxLayout

from explorer.state import AppState
from explorer.state.run import RunStatus
from explorer.theme import Theme
from explorer.views.pane import Pane, caption
from explorer.views.training_curves import TermPlot
from explorer.views.training_form import TrainingForm
from models.protocol import Finished

DRAW_EVERY_MS = 100
ENDINGS = {
    "complete": "Done: the trained model is shown; save it to keep it.",
    "early": "Stopped early at epoch {epoch}: the test loss fell no further; save the model to keep it.",
    "stopped": "Stopped at epoch {epoch}; the model so far is shown; save it to keep it.",
    "discarded": "Discarded: the model from before is back.",
}
PLOTS = (("elbo", "ELBO"), ("reconstruction", "reconstruction"), ("kl", "KL"))


class TrainingPane(Pane):
    """Form on the left, curves beside it, status and buttons above them."""

    def __init__(self, state: AppState, theme: Theme) -> None:
        super().__init__("Training", show_title=False)
        self.state, self.theme = state, theme
        self.form = TrainingForm(state)
        self.plots = {term: TermPlot(theme, name) for term, name in PLOTS}
        self.start, self.pause = QPushButton("Start"), QPushButton("Pause")
        self.stop, self.discard = QPushButton("Stop and keep"), QPushButton("Discard")
        self.save = QPushButton("Save as …")
        self._turn = QTimer(self)
        self._turn.setSingleShot(True)
        self._turn.setInterval(DRAW_EVERY_MS)
        self._bar, self._text, self._loss, self._legend = QProgressBar(), QLabel(), caption(), caption()
        self._build()
        self._connect()
        self._status_changed()

    def _build(self) -> None:
        self.start.setObjectName("primary")
        self.save.setToolTip("Save the trained model as a .safetensors file (Ctrl+S)")
        self.discard.setToolTip("End the run, drop its model and return to the one from before")
        for button in (self.start, self.pause, self.stop, self.discard, self.save):
            self.header.addWidget(button)
        self.header.addSpacing(8)
        self.header.addWidget(self._text, 1)
        self._text.setText("Train a model on the open data, or choose other data.")
        self.header.addWidget(self._loss)
        self.header.addSpacing(8)
        self.header.addWidget(self._legend)
        self._bar.setTextVisible(False)
        self._bar.setRange(0, 1000)
        self._bar.setFixedHeight(4)
        plots = QHBoxLayout()
        for plot in self.plots.values():
            plots.addWidget(plot)
        right = QVBoxLayout()
        right.addWidget(self._bar)
        right.addLayout(plots, 1)
        row = QHBoxLayout()
        row.setSpacing(12)
        row.addWidget(self.form)
        row.addLayout(right, 1)
        self.body.addLayout(row, 1)

    def _connect(self) -> None:
        run = self.state.run
        self.start.clicked.connect(self._start)
        self.pause.clicked.connect(self._pause)
        self.stop.clicked.connect(self._stop)
        self.discard.clicked.connect(self._discard)
        run.status_changed.connect(self._status_changed)
        run.progressed.connect(self._show_progress)
        run.curves_changed.connect(self._show_soon)
        self._turn.timeout.connect(self._show_curves)
        run.finished.connect(self._finished)
        self.theme.changed.connect(self._restyle)
        self._restyle()

    def _start(self) -> None:
        path = self.form.data_path()
        if path is not None:
            self.state.run.start(path, self.form.settings())

    def _pause(self) -> None:
        paused = self.state.run.status is RunStatus.PAUSED
        self.state.run.control("resume" if paused else "pause")

    def _stop(self) -> None:
        self.state.run.control("stop")

    def _discard(self) -> None:
        self.state.run.control("discard")

    def _status_changed(self) -> None:
        run = self.state.run
        status, active = run.status, run.active
        under_way = status in (RunStatus.RUNNING, RunStatus.PAUSED)
        self.form.setEnabled(not active)
        self.start.setEnabled(not active)
        self.pause.setEnabled(under_way)
        self.pause.setText("Resume" if status is RunStatus.PAUSED else "Pause")
        self.stop.setEnabled(under_way)
        self.discard.setEnabled(active)
        self.save.setEnabled(not active and run.unsaved is not None)
        match status:
            case RunStatus.RUNNING:
                self._started()
            case RunStatus.STARTING:
                self._loss.setText("")
                self._text.setText("Preparing: loading data, compiling the training step …")
                self._bar.setRange(0, 0)
            case RunStatus.PAUSED:
                self._text.setText("Paused")
            case RunStatus.STOPPING:
                self._text.setText("Stopping …")
            case _:
                self._bar.setRange(0, 1000)

    def _started(self) -> None:
        started = self.state.run.started
        if started is not None:
            self._loss.setText(f"maximizing the {started.loss}")

    def _show_progress(self) -> None:
        run = self.state.run
        now = run.progress
        if now is None or run.status is not RunStatus.RUNNING:
            return
        self._bar.setValue(round(1000 * now.epoch / now.epochs))
        self._text.setText(
            f"epoch {now.epoch:.1f} of {now.epochs} · {now.images_per_second / 1000:.1f} k images/s · "
            f"{_duration(now.remaining)} left"
        )
        self._show_soon()

    def _show_soon(self) -> None:
        """Draw the curves at most ten times a second: small data has hundreds of epochs in one."""
        if not self._turn.isActive():
            self._turn.start()

    def _show_curves(self) -> None:
        if self.shown:
            for term, plot in self.plots.items():
                plot.show_series(self.state.run.train[term], self.state.run.test[term])

    def set_shown(self, shown: bool) -> None:
        """Catch up with what happened while another tab was in front."""
        super().set_shown(shown)
        self._show_curves()

    def _finished(self, finished: Finished | None) -> None:
        if finished is None:
            self._text.setText("The run ended with an error; its checkpoints are kept.")
        else:
            self._text.setText(ENDINGS[finished.reason].format(epoch=finished.epoch))
        self._bar.setRange(0, 1000)
        self._show_curves()

    def _restyle(self) -> None:
        colors = self.theme.colors
        for plot in self.plots.values():
            plot.restyle()
        self._legend.setText(
            f"<span style='color:{colors.accent}'>━</span> training &nbsp; "
            f"<span style='color:{colors.second}'>●━</span> test"
        )


def _duration(seconds: float) -> str:
    whole = round(seconds)
    if whole < 90:
        return f"{whole} s"
    return (
        f"{whole // 60} min {whole % 60:02d} s" if whole < 3600 else f"{whole // 3600} h {whole % 3600 // 60:02d} min"
    )
