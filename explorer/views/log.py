"""The Log pane: notifications of this session and what the workers wrote."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from PySide6.QtCore import QTimer

from explorer.state import AppState
from explorer.views.common.pane import Pane
from explorer.views.common.text_field import ReadOnlyText

READ_EVERY_MS = 1000
READ_BYTES = 64_000
LINES_KEPT = 5000


class LogPane(Pane):
    """A read-only text that follows the log files while it is shown."""

    def __init__(self, state: AppState) -> None:
        super().__init__("Log", show_title=False)
        self.state = state
        self.text = ReadOnlyText()
        self.text.setMaximumBlockCount(LINES_KEPT)
        self.text.setAccessibleName("Log")
        self.text.setPlaceholderText("Messages from the app and its workers appear here.")
        self.body.addWidget(self.text)
        self._read: dict[str, int] = {}
        self._timer = QTimer(self)
        self._timer.setInterval(READ_EVERY_MS)
        self._timer.timeout.connect(self._follow)
        state.notices.noticed.connect(self._note)
        state.notices.logged.connect(self._note)
        state.workers.crashed.connect(self._note)

    def set_shown(self, shown: bool) -> None:
        """Follow the files while in front."""
        super().set_shown(shown)
        if shown:
            self._follow()
            self._timer.start()
        else:
            self._timer.stop()

    def _note(self, level: str, text: str) -> None:
        self.text.appendPlainText(f"{datetime.now():%H:%M:%S}  {level}: {text}")

    def _follow(self) -> None:
        lines = [f"{role}  {line}" for role, log in self.state.workers.logs.items() for line in self._new_lines(*log)]
        if lines:
            self.text.appendPlainText("\n".join(lines))

    def _new_lines(self, path: str, begin: int) -> list[str]:
        try:
            size = Path(path).stat().st_size
            start = min(self._read.get(path, begin), size)
            with Path(path).open("rb") as file:
                file.seek(start)
                data = file.read(READ_BYTES)
        except OSError:
            return []
        whole = data[: data.rfind(b"\n") + 1]
        self._read[path] = start + len(whole)
        return whole.decode(errors="replace").splitlines()
