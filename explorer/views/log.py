"""The Log pane: what happened in this session in sentences, and folded below it what the workers' libraries wrote."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import QToolButton

from explorer.state import AppState
from explorer.views.common.pane import Pane, caption
from explorer.views.common.text_field import ReadOnlyText
from models.core.devices import has_graphics_card
from models.core.reading import open_file
from models.protocol.training import Finished

READ_EVERY_MS = 1000
READ_BYTES = 64_000
LINES_KEPT = 5000
# TensorFlow says these of every machine; they change nothing that a person sees.
SMALL_TALK = ("All log messages before absl::InitializeLog()", "oneDNN custom operations are on")
# And these, as errors, of every machine without a graphics card.
ABOUT_NO_CARD = ("cuInit", "Could not find cuda drivers", "cudart_stub")
ENDINGS = {
    "complete": "ended after epoch {epoch}", "early": "ended early after epoch {epoch}",
    "stopped": "was stopped after epoch {epoch}", "discarded": "was discarded",
}  # fmt: skip


class LogPane(Pane):
    """Sentences of this program on top; the files of the workers are followed while the pane is shown."""

    def __init__(self, state: AppState) -> None:
        super().__init__("Log", show_title=False)
        self.state = state
        self.text, self.output, self.fold = ReadOnlyText(), ReadOnlyText(), QToolButton()
        self._lines = 0
        self._read: dict[str, int] = {}
        self._greeted: set[int] = set()
        self._timer = QTimer(self)
        self._timer.setInterval(READ_EVERY_MS)
        self._build()
        self._connect()

    def _build(self) -> None:
        for box, name in ((self.text, "Log"), (self.output, "Output of the workers")):
            box.setMaximumBlockCount(LINES_KEPT)
            box.setAccessibleName(name)
        self.text.setPlaceholderText("What happens in this session is told here.")
        self.output.hide()
        self.fold.setCheckable(True)
        self.fold.setArrowType(Qt.ArrowType.RightArrow)
        self.fold.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.fold.setToolTip("What TensorFlow and the other libraries of the workers wrote, for reports of faults")
        self.header.addWidget(caption("this session, the newest last"))
        self.header.addStretch(1)
        self.body.setContentsMargins(12, 8, 12, 8)
        self.body.addWidget(self.text, 3)
        self.body.addWidget(self.fold)
        self.body.addWidget(self.output, 2)
        self._count()

    def _connect(self) -> None:
        state = self.state
        self.fold.toggled.connect(self._unfold)
        self._timer.timeout.connect(self._follow)
        state.notices.noticed.connect(self._note)
        state.notices.logged.connect(self._note)
        state.workers.crashed.connect(self._crashed)
        state.workers.trouble_changed.connect(self._troubled)
        state.workers.status_changed.connect(self._greet)
        state.model.data_changed.connect(self._data_opened)
        state.run.finished.connect(self._run_ended)

    def set_shown(self, shown: bool) -> None:
        """Follow the files while in front."""
        super().set_shown(shown)
        if shown:
            self._follow()
            self._timer.start()
        else:
            self._timer.stop()

    def _unfold(self, unfolded: bool) -> None:
        self.fold.setArrowType(Qt.ArrowType.DownArrow if unfolded else Qt.ArrowType.RightArrow)
        self.output.setVisible(unfolded)

    def _count(self) -> None:
        self.fold.setText(f"Output of the workers: {self._lines:,} line{'' if self._lines == 1 else 's'}")

    # ------------------------------------------------------------------------------------------------ sentences

    def _note(self, level: str, text: str) -> None:
        self.text.appendPlainText(f"{datetime.now():%H:%M:%S}  {level}: {text}")

    def _crashed(self, role: str, text: str, again: bool) -> None:
        self._note("warning" if again else "error", text)

    def _troubled(self, role: str) -> None:
        text = self.state.workers.trouble.get(role, "")
        self._note("warning" if text else role, text or "gets on again, or has ended.")

    def _greet(self) -> None:
        """Tell once of each worker that it is ready, and on what it computes."""
        for role, hello in self.state.workers.hello.items():
            if hello.pid not in self._greeted:
                self._greeted.add(hello.pid)
                device = "the graphics card" if hello.device == "GPU" else "the processor"
                seconds = f"{hello.import_seconds:.1f} s"
                self._note(role, f"ready after {seconds}, with TensorFlow {hello.tensorflow} on {device}.")

    def _data_opened(self) -> None:
        data = self.state.model.data
        if data is not None:
            size = " × ".join(map(str, data.info.image_shape))
            self._note("data", f"opened {data.info.name}, {data.info.count:,} images of {size}.")

    def _run_ended(self, finished: Finished | None) -> None:
        ending = "failed" if finished is None else ENDINGS[finished.reason].format(epoch=finished.epoch)
        if self.state.run.name:
            self._note("training", f"{self.state.run.name} {ending}.")

    # --------------------------------------------------------------------------------------------------- output

    def _follow(self) -> None:
        lines = [f"{role}  {line}" for role, log in self.state.workers.logs.items() for line in self._new_lines(*log)]
        if lines:
            self._lines += len(lines)
            self.output.appendPlainText("\n".join(lines))
            self._count()

    def _new_lines(self, path: str, begin: int) -> list[str]:
        try:
            size = Path(path).stat().st_size
            start = self._read.get(path, begin)
            # A log that has grown large is emptied, and goes on from its beginning.
            start = start if start <= size else 0
            with open_file(path) as file:
                file.seek(start)
                data = file.read(READ_BYTES)
        except OSError:
            return []
        whole = data[: data.rfind(b"\n") + 1]
        self._read[path] = start + len(whole)
        return worth_reading(whole.decode(errors="replace").splitlines(), has_graphics_card())


def worth_reading(lines: list[str], card: bool) -> list[str]:
    """Return the lines without small talk; without a graphics ``card``, also without complaints that there is none."""
    dull = SMALL_TALK if card else (*SMALL_TALK, *ABOUT_NO_CARD)
    return [line for line in lines if not any(part in line for part in dull)]
