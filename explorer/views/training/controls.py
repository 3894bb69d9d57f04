"""Start, pause, step, stop, keep or discard a run, and what it is doing."""

from __future__ import annotations

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QLabel, QProgressBar, QPushButton, QWidget

from explorer.state import AppState
from explorer.state.training.run import RunStatus
from explorer.views.common.header import Header
from explorer.views.common.pane import caption
from explorer.views.common.question import discard_after_question
from explorer.views.common.words import duration
from explorer.views.training.form import TrainingForm
from models.protocol.training import Finished

ENDINGS = {
    "complete": "Done: {model}.",
    "early": "Stopped early at epoch {epoch}: the test loss stopped falling; {model}.",
    "stopped": "Stopped at epoch {epoch}: {model}.",
    "discarded": "Discarded: the previous model is open again.",
}
EVALUATING = "Trained; estimating −log p(x) of the test images: {share:.0%} · Stop and keep skips it"
PREPARING = "Preparing: loading data, compiling the training step …"


class RunControls(QObject):
    """The buttons of a run and the line beside them; a pane puts them into its header."""

    def __init__(self, state: AppState, form: TrainingForm) -> None:
        super().__init__()
        self.state, self._form = state, form
        self.start, self.further = QPushButton("Start"), QPushButton("Train further …")
        self.pause, self.step = QPushButton("Pause"), QPushButton("Step")
        self.stop, self.discard = QPushButton("Stop and keep"), QPushButton("Discard")
        self.save = QPushButton("Save as …")
        self.bar, self.text = QProgressBar(), QLabel()
        self.loss = caption()
        self._ended: Finished | None = None
        self._dress()
        self._connect()
        self._status_changed()

    def _dress(self) -> None:
        self.start.setObjectName("primary")
        self.step.setToolTip("Make one step and see what reaches μ and σ; starts a run if there is none")
        self.further.setToolTip("Train the model that is shown for more epochs, from where it stands")
        self.save.setToolTip("Save the model that is shown as a .safetensors file (Ctrl+S)")
        self.discard.setToolTip("End the run, move it to the trash and return to the previous model")
        self.text.setText("Train a model on the open data, or choose other data.")
        self.bar.setTextVisible(False)
        self.bar.setRange(0, 1000)
        self.bar.setFixedHeight(4)

    def _connect(self) -> None:
        run = self.state.run
        self.start.clicked.connect(self._start)
        self.pause.clicked.connect(self._pause)
        self.step.clicked.connect(self._step)
        self.stop.clicked.connect(self._stop)
        self.discard.clicked.connect(self._discard)
        run.status_changed.connect(self._status_changed)
        run.progressed.connect(self._show_progress)
        run.finished.connect(self._finished)
        self.state.model.model_changed.connect(self._model_changed)
        self.state.unsaved.changed.connect(self._model_changed)
        self.state.further.changed.connect(self._model_changed)
        for changed in (self.state.review.shown_changed, self.state.unsaved.changed):
            changed.connect(self._follow_ending)

    def place(self, header: Header) -> None:
        """Put buttons and texts into a row."""
        for button in (self.start, self.further, self.pause, self.step, self.stop, self.discard, self.save):
            header.addWidget(button)
        header.addSpacing(8)
        header.addWidget(self.text, 1)
        header.addWidget(self.loss)

    def _start(self) -> None:
        self._begin(stepping=False)

    def _begin(self, stepping: bool) -> None:
        path = self._form.data_path()
        if path is not None and not self._form.trouble():
            self.state.run.start(path, self._form.settings(), self._form.seeds.value(), stepping)

    def _pause(self) -> None:
        paused = self.state.run.status is RunStatus.PAUSED
        self.state.run.control("resume" if paused else "pause")

    def _step(self) -> None:
        if self.state.run.active:
            self.state.run.control("step")
        else:
            self._begin(stepping=True)

    def _stop(self) -> None:
        self.state.run.control("stop")

    def _discard(self) -> None:
        run = self.state.run
        discard_after_question(self.discard.window(), f"the training of {run.name}", run.worked, self._discard_now)

    def _discard_now(self) -> None:
        # It may have come to its end while the person was asked.
        if self.state.run.active:
            self.state.run.control("discard")

    def _status_changed(self) -> None:
        run = self.state.run
        status, active = run.status, run.active
        under_way = status in (RunStatus.RUNNING, RunStatus.PAUSED)
        self._form.set_running(active)
        self.pause.setText("Resume" if status is RunStatus.PAUSED else "Pause")
        self._allow({
            self.start: not active, self.pause: under_way, self.step: under_way or not active, self.stop: under_way,
            self.discard: active,
        })  # fmt: skip
        self._model_changed()
        if run.started is not None:
            self.loss.setText(f"maximizing the {run.started.loss}")
        match status:
            case RunStatus.STARTING:
                self._ended = None
                self.loss.setText("")
                self.text.setText(PREPARING)
                self.bar.setRange(0, 0)
            case RunStatus.PAUSED:
                self.text.setText("Paused")
                self.bar.setRange(0, 1000)
            case RunStatus.STOPPING:
                self.text.setText("Stopping …")
            case _:
                self.bar.setRange(0, 1000)

    def _allow(self, allowed: dict[QPushButton, bool]) -> None:
        """Enable these buttons and disable the others; what had the focus hands it to one that does no harm."""
        left = self.text.hasFocus() or any(button.hasFocus() and not on for button, on in allowed.items())
        for button, on in allowed.items():
            if on:
                button.setEnabled(True)
        if left:
            harmless: list[QWidget] = [button for button in (self.start, self.pause) if allowed[button]]
            (harmless or [self.text])[0].setFocus()
        for button, on in allowed.items():
            button.setEnabled(on)

    def _model_changed(self) -> None:
        """Let a model of a run be saved, be it the last or an earlier one; let the last one be trained further."""
        model = self.state.model.model
        self.further.setVisible(self.state.further.possible and not self.state.run.active)
        self.save.setEnabled(model is not None and self.state.unsaved.is_draft(model.path))

    def _show_progress(self) -> None:
        run = self.state.run
        now = run.progress
        if now is None or not run.active:
            return
        if run.evaluated is not None and run.status is RunStatus.RUNNING:
            self.bar.setValue(round(1000 * run.evaluated))
            self.text.setText(EVALUATING.format(share=run.evaluated))
            return
        self.bar.setValue(round(1000 * now.epoch / now.epochs))
        waiting = f" · {len(run.queued)} more to come" if run.queued else ""
        if run.status is RunStatus.PAUSED:
            self.text.setText(f"Paused after step {now.step:,}, epoch {now.epoch:.2f}")
        elif run.status is RunStatus.RUNNING:
            self.text.setText(
                f"epoch {now.epoch:.1f} of {now.epochs} · {now.images_per_second / 1000:.1f} k images/s · "
                f"{duration(now.remaining)} left{waiting}"
            )

    def _finished(self, finished: Finished | None) -> None:
        if finished is None:
            run = self.state.run
            waited = f"; {run.dropped} that waited will not start" if run.dropped else ""
            self.text.setText(f"The run ended with an error; {run.left}{waited}.")
        else:
            self._ended = finished
            self._tell_ending()
        self.bar.setRange(0, 1000)
        self.bar.setValue(0)

    def _follow_ending(self) -> None:
        """Say so when the model of the last run is left or saved; the epochs of an earlier run are none of it."""
        if self.state.review.newest is not None:
            self._tell_ending()

    def _tell_ending(self) -> None:
        """Say how the last run ended, and where its model is now: it may have been left, or saved, since."""
        ended, review = self._ended, self.state.review
        if ended is None or self.state.run.active:
            return
        model = "the trained model is shown" if review.following else "its model is in the model box"
        kept = review.newest is None or not self.state.unsaved.is_draft(review.newest)
        model += "" if kept else "; save it to keep it"
        self.text.setText(ENDINGS[ended.reason].format(epoch=ended.epoch, model=model))
