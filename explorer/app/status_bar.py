"""The status bar: what the pointer does here; at the right end what is open, how quick a drag is, and the versions."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QContextMenuEvent, QCursor, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QApplication, QLabel, QSizePolicy, QStatusBar, QStylePainter

from explorer.state import AppState
from explorer.state.workers import Status
from explorer.views.common.menus import offer_label
from explorer.views.common.painting import guarded
from models.protocol.lifecycle import Role

WORDS = {
    Status.STOPPED: "off", Status.STARTING: "starting …", Status.READY: "ready", Status.BUSY: "training",
    Status.CRASHED: "stopped",
}  # fmt: skip
IN_TROUBLE = "not responding"
UPDATE_EVERY = 12
# Below these widths of the window the pointer's line needs the room; what is left out stands in tooltips and panes.
WIDTH_FOR_DATA, WIDTH_FOR_MODEL = 1400, 1180


class PointerLine(QLabel):
    """What the pointer does here; a line that is too long ends in an ellipsis, and its tip has all of it."""

    def __init__(self) -> None:
        super().__init__()
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)

    @guarded
    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw as much as there is room for."""
        painter, area = QStylePainter(self), self.contentsRect()
        text = self.fontMetrics().elidedText(self.text(), Qt.TextElideMode.ElideRight, area.width())
        self.style().drawItemText(
            painter, area, Qt.AlignmentFlag.AlignVCenter, self.palette(), True, text, self.foregroundRole()
        )
        painter.end()


class StatusBar(QStatusBar):
    """The pointer's line at the left, quiet labels with a tooltip each at the right."""

    def __init__(self, state: AppState) -> None:
        super().__init__()
        self.state = state
        self.setSizeGripEnabled(False)
        self.pointer = PointerLine()
        self.pointer.setObjectName("caption")
        self.pointer.setContentsMargins(8, 0, 8, 2)
        self.addWidget(self.pointer, 1)
        self.workers, self.latency, self.model, self.data, self.seed = (QLabel() for _ in range(5))
        for label in (self.data, self.model, self.seed, self.latency, self.workers):
            label.setObjectName("caption")
            label.setContentsMargins(6, 0, 6, 2)
            self.addPermanentWidget(label)
        self.latency.setToolTip("Time from a mouse event to the end of the paint that shows its picture")
        self._frames = 0
        state.workers.status_changed.connect(self._show_workers)
        state.workers.trouble_changed.connect(self._show_workers)
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

    def show_pointer(self, tip: str) -> None:
        """Say what the pointer does where it is."""
        self.pointer.setText(tip)
        self.pointer.setToolTip(tip)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Leave out what there is no room for."""
        super().resizeEvent(event)
        self.data.setVisible(self.width() >= WIDTH_FOR_DATA)
        self.model.setVisible(self.width() >= WIDTH_FOR_MODEL)

    def _show_workers(self) -> None:
        workers = self.state.workers
        text = f"decoder {self._word('decoder')}"
        if workers.status["trainer"] is not Status.STOPPED:
            text += f" · trainer {self._word('trainer')}"
        hello = workers.hello.get("decoder")
        if hello is not None:
            text += f" · TF {hello.tensorflow} {hello.device}"
        self.workers.setText(text)
        told = ["The two processes that compute, and the TensorFlow they use", *workers.trouble.values()]
        self.workers.setToolTip("\n".join(told))

    def _word(self, role: Role) -> str:
        workers = self.state.workers
        return IN_TROUBLE if role in workers.trouble else WORDS[workers.status[role]]

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
            things = f"images of {shape}" if data.pictured else "latents"
            self.data.setText(f"{data.info.name}: {data.info.count:,} {things}{fits}")

    def _show_seed(self) -> None:
        self.seed.setText(f"seed {self.state.display.seed}")


def tip_under_pointer() -> str:
    """Return what the innermost widget under the pointer that has a line for it says of the pointer; else nothing."""
    widget = QApplication.widgetAt(QCursor.pos())
    while widget is not None:
        if widget.statusTip():
            return widget.statusTip()
        widget = widget.parentWidget()
    return ""
