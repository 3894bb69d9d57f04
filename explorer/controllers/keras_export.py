"""Export models for Keras: ``latentscape export`` in a process of its own, so that nothing waits for it."""

from __future__ import annotations

import json
from pathlib import Path

from PySide6.QtCore import QObject, QProcess

from explorer.state import AppState
from latentscape.own_path import command
from models.core.files import keras_files, remove_unfinished

GOODBYE_MS = 2000


class KerasExportController(QObject):
    """Runs one export at a time; a notification says how it ended."""

    def __init__(self, state: AppState, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.state = state
        self._process, self._out = QProcess(self), Path()
        self._process.finished.connect(self._ended)
        self._process.errorOccurred.connect(self._failed)
        state.export.keras_requested.connect(self.start)

    def start(self, model: str, out: Path) -> None:
        """Write the model file ``model`` as ``.keras`` files: ``out``, and beside it encoder and decoder."""
        if self._process.state() is not QProcess.ProcessState.NotRunning:
            self.state.notices.notice("warning", "An export for Keras is already under way. Please wait.")
            return
        self._out = out
        self.state.notices.notice("info", f"Writing {out.name}; this takes a few seconds.")
        program, *arguments = command("export", model, "--out", str(out), "--overwrite", "--json")
        self._process.start(program, arguments)

    def close(self) -> None:
        """End the export under way, and take back what it has not finished."""
        if self._process.state() is not QProcess.ProcessState.NotRunning:
            self._process.blockSignals(True)
            self._process.terminate()
            if not self._process.waitForFinished(GOODBYE_MS):
                self._process.kill()
                self._process.waitForFinished(GOODBYE_MS)
            for file in keras_files(self._out).values():
                remove_unfinished(file)

    def _ended(self, code: int, status: QProcess.ExitStatus) -> None:
        if status is QProcess.ExitStatus.CrashExit:
            self.state.notices.notice("error", "The export for Keras was terminated from outside.", "export")
        elif code != 0:
            self.state.notices.notice("error", _last_line(bytes(self._process.readAllStandardError().data())), "export")
        else:
            files = json.loads(bytes(self._process.readAllStandardOutput().data()))["files"].values()
            names = ", ".join(Path(file).name for file in files)
            self.state.notices.succeed("export")
            self.state.notices.notice("info", f"Wrote {names}.")

    def _failed(self, error: QProcess.ProcessError) -> None:
        if error is QProcess.ProcessError.FailedToStart:
            self.state.notices.notice(
                "error", f"The export could not be started: {self._process.errorString()}", "export"
            )


def _last_line(output: bytes) -> str:
    lines = output.decode(errors="replace").strip().splitlines() or ["the export failed"]
    return lines[-1].removeprefix("latentscape: ")
