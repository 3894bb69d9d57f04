"""The process ends with any pane in front, and with the window open or closed: nothing is said on the terminal."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.places import ROOT

# Bring a pane to the front, let the Lab draw, and end: by closing the window, or by the end of the event loop. Python
# destroys what is left in an order that is not known; here it is the one that leaves the panes without their state.
SCRIPT = """
import sys
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication
from shiboken6 import delete
from explorer.app import startup

class Ending(startup.App):
    def show(self):
        super().show()
        Ending.last = self
        self.window.show_pane(sys.argv[1])
        QTimer.singleShot(400, self.end)

    def end(self):
        self.state.lab.set_running(True)
        (self.window.close if sys.argv[2] == "close" else QApplication.exit)()

if __name__ == "__main__":
    startup.App = Ending
    code = startup.run_app(())
    delete(Ending.last.state)
    delete(Ending.last.window)
    sys.exit(code)
"""
PANES = ("Distribution", "Neighbours", "Path", "Lab", "Factors", "Training", "Log", "Latent map")


def _end(folder: Path, pane: str, how: str) -> subprocess.CompletedProcess[str]:
    (folder / "window.py").write_text(SCRIPT)
    command = [sys.executable, str(folder / "window.py"), pane, how]
    return subprocess.run(command, capture_output=True, text=True, timeout=120.0, check=False)


@pytest.mark.parametrize(
    ("pane", "how"),
    [
        ("Lab", "exit"),
        *(pytest.param(pane, how, marks=pytest.mark.slow) for pane in PANES for how in ("close", "exit")),
    ],
)
def test_a_window_that_is_torn_down_says_nothing(
    pane: str, how: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    ended = _end(tmp_path, pane, how)
    said = [line for line in ended.stderr.splitlines() if not line.startswith("This plugin does not support")]
    assert (ended.returncode, said) == (0, [])
