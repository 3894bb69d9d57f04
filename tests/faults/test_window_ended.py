"""The system ends the window: by a signal that asks, or by one that does not. The session is there in each case."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
from PySide6.QtWidgets import QApplication

from explorer.app import session
from explorer.app.session_file import SAVE_AFTER_MS, session_path
from explorer.state import AppState
from resources import model_path
from tests.support.endings import still_running
from tests.support.places import ROOT

# Open the window, change something, and say so when the event loop runs; with a dialog in front if asked for.
SCRIPT = """
import sys
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QMessageBox
from explorer.app import startup

class Told(startup.App):
    def show(self):
        super().show()
        self.state.display.set_seed(99)
        if "dialog" in sys.argv:
            QTimer.singleShot(0, self.ask)
        QTimer.singleShot(50, self.tell)

    def ask(self):
        QMessageBox.question(self.window, "A question", "that nobody answers")

    def tell(self):
        print("open", self.window.banner.text.text(), flush=True)

if __name__ == "__main__":
    startup.App = Told
    sys.exit(startup.run_app(()))
"""
SLOW = pytest.mark.slow


def _seed() -> object:
    try:
        return json.loads(session_path().read_text()).get("seed")
    except (OSError, ValueError):
        return None


def _wait_until_saved() -> None:
    end = time.monotonic() + 20.0 + SAVE_AFTER_MS / 1000.0
    while _seed() != 99 and time.monotonic() < end:
        time.sleep(0.1)


@pytest.mark.parametrize(
    ("number", "code", "arguments"),
    [
        (signal.SIGTERM, 143, ["dialog"]), pytest.param(signal.SIGHUP, 129, [], marks=SLOW),
        pytest.param(signal.SIGINT, 130, [], marks=SLOW), (signal.SIGKILL, -9, []),
    ],
)  # fmt: skip
def test_the_session_outlives_the_window(
    number: signal.Signals, code: int, arguments: list[str], qapp: QApplication, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    (tmp_path / "window.py").write_text(SCRIPT)
    opened = {"model": str(model_path("mnist-vae-2")), "data": "sprites:50"}
    session.save(session_path(), session.capture(AppState()) | opened)
    command = [sys.executable, str(tmp_path / "window.py"), *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as window:
        assert window.stdout is not None
        assert window.stdout.readline().startswith("open")
        workers = psutil.Process(window.pid).children()
        if number == signal.SIGKILL:
            _wait_until_saved()
        window.send_signal(number)
        assert window.wait(timeout=20.0) == code
    assert _seed() == 99
    # It may end before anything has been opened.
    assert opened.items() <= json.loads(session_path().read_text()).items()
    assert still_running(workers, 10.0) == []


def test_the_window_opens_where_nothing_can_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("XDG_DATA_HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME"):
        monkeypatch.setenv(name, "/proc/nowhere")
    monkeypatch.setenv("HOME", "/proc/nowhere")
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    (tmp_path / "window.py").write_text(SCRIPT)
    pipe = subprocess.PIPE
    command = [sys.executable, str(tmp_path / "window.py")]
    with subprocess.Popen(command, stdout=pipe, stderr=pipe, text=True) as window:
        assert window.stdout is not None
        assert window.stderr is not None
        told = window.stdout.readline()
        window.send_signal(signal.SIGTERM)
        assert window.wait(timeout=20.0) == 143
        assert "the session could not be saved" in window.stderr.read()
    assert "The cache /proc/nowhere/latentscape cannot be written" in told
    assert "The logs cannot be written to /proc/nowhere/latentscape/log" in told
    assert not list(tmp_path.glob("latentscape-*"))
