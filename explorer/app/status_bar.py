"""The status bar: what the workers do, how quick a drag is, what is open."""

from __future__ import annotations

from PySide6.QtGui import QContextMenuEvent
from PySide6.QtWidgets import QLabel, QStatusBar

from explorer.state import AppState
from explorer.state.workers import Status
from explorer.views.common.menus import offer_label

WORDS = {
    Status.STOPPED: "off", Status.STARTING: "starting …", Status.READY: "ready", Status.BUSY: "training",
    Status.CRASHED: "stopped",
}  # fmt: skip
UPDATE_EVERY = 12


class StatusBar(QStatusBar):
    """Quiet labels with a tooltip each."""

    def __init__(self, state: AppState) -> None:
        super().__init__()
        self.state = state
        self.setSizeGripEnabled(False)
        self.workers, self.latency, self.model, self.data, self.seed = (QLabel() for _ in range(5))
        for label in (self.workers, self.latency, self.model, self.data, self.seed):
            label.setObjectName("caption")
            label.setContentsMargins(8, 0, 8, 2)
            self.addWidget(label)
        self.latency.setToolTip("Time from a mouse event to the end of the paint that shows its picture")
        self._frames = 0
        state.workers.status_changed.connect(self._show_workers)
        state.run.status_changed.connect(self._show_workers)
        state.latency.shown.connect(self._frame)
        state.model.model_changed.connect(self._show_model)
        state.model.embedding_changed.connect(self._show_model)
        state.model.data_changed.connect(self._show_model)
        state.display.seed_changed.connect(self._show_seed)
        self._show_workers()
        self._show_seed()

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        """Offer to copy the text under the mouse."""
        offer_label(self, event)

    def _show_workers(self) -> None:
        workers = self.state.workers
        text = f"decoder {WORDS[workers.status['decoder']]}"
        hello = workers.hello.get("decoder")
        if hello is not None:
            text += f" · TF {hello.tensorflow} {hello.device}"
        if workers.status["trainer"] is not Status.STOPPED:
            text += f" · trainer {WORDS[workers.status['trainer']]}"
        self.workers.setText(text)

    def _frame(self, stamp: float, now: float) -> None:
        self._frames += 1
        figures = self.state.latency.quantiles()
        if figures is not None and self._frames % UPDATE_EVERY == 1:
            self.latency.setText(f"drag→pixels {figures[0]:.1f} ms (p99 {figures[1]:.1f})")

    def _show_model(self) -> None:
        model, data, embedding = self.state.model.model, self.state.model.data, self.state.model.embedding
        if model is not None:
            active = "" if embedding is None else f", {int(embedding.summary.active.sum())} active"
            self.model.setText(f"{model.latent_dim} dims{active}")
        if data is not None:
            height, width, channels = data.info.image_shape
            shape = f"{height} × {width}" + ("" if channels == 1 else f" × {channels}")
            fits = "" if self.state.model.compatible else " (does not fit the model)"
            self.data.setText(f"{data.info.name}: {data.info.count:,} images of {shape}{fits}")

    def _show_seed(self) -> None:
        self.seed.setText(f"seed {self.state.display.seed}")
