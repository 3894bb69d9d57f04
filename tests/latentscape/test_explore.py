"""The whole way: a script of a person, in a folder with ``models`` of its own, and the window that it opens."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest
from PIL import Image

from latentscape.own_path import ROOT
from tests.support.endings import still_running
from tests.support.folders import put_own_code

PATIENCE = 120.0
# One side ends within 2 s of the other; a machine with much other work takes longer.
END_SECONDS = 15.0
SCRIPT = """
import sys
sys.path.append({root!r})
import numpy as np
import latentscape

def decode(z):
    return np.full((len(z), 8, 8), 0.5) + 0.1 * z[:, :1, None]

view = latentscape.explore(decode, latent_dim=2, title="flat")
view.z = [1.0, -0.5]
view.snapshot("window.png")
assert view.z.tolist() == [1.0, -0.5], view.z
print(view._process.pid, flush=True)
try:
    print(view.wait(), view.closed, flush=True)
except KeyboardInterrupt:
    print("interrupted", view.closed, flush=True)
"""


@contextmanager
def _script(folder: Path) -> Iterator[tuple[subprocess.Popen[str], psutil.Process]]:
    """Run the script in ``folder`` until it waits, and yield its process and that of its window."""
    folder.mkdir(exist_ok=True)
    (folder / "models.py").write_text("raise RuntimeError('models of the person was imported')")
    (folder / "script.py").write_text(SCRIPT.format(root=str(ROOT)))
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    # As in a terminal: what a shell script starts in the background ignores Ctrl-C.
    heard = (
        "import os, signal, sys; signal.signal(signal.SIGINT, signal.SIG_DFL); os.execv(sys.executable, sys.argv[1:])"
    )
    command = [sys.executable, "-c", heard, sys.executable, "script.py"]
    with subprocess.Popen(command, cwd=folder, env=environment, stdout=subprocess.PIPE, text=True) as script:
        assert script.stdout is not None
        try:
            window = psutil.Process(int(script.stdout.readline()))
            processes = [window, *window.children(recursive=True)]
            yield script, window
            assert still_running(processes, PATIENCE) == []
        finally:
            # A failure does not wait for a script that waits.
            script.kill()


def test_ctrl_c_ends_a_script_that_waits_and_its_window(tmp_path: Path) -> None:
    with _script(tmp_path) as (script, window):
        assert script.stdout is not None
        with Image.open(tmp_path / "window.png") as picture:
            assert min(picture.size) > 500
        began = time.monotonic()
        script.send_signal(signal.SIGINT)
        assert script.stdout.readline() == "interrupted True\n"
        window.wait(PATIENCE)
        assert time.monotonic() - began < END_SECONDS


@pytest.mark.slow  # another window
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_a_window_ends_with_its_script(tmp_path: Path, number: int) -> None:
    with _script(tmp_path) as (script, window):
        began = time.monotonic()
        script.send_signal(number)
        window.wait(PATIENCE)
        assert time.monotonic() - began < END_SECONDS


@pytest.mark.slow  # another window
def test_a_script_goes_on_when_its_window_is_closed(tmp_path: Path) -> None:
    with _script(tmp_path) as (script, window):
        assert script.stdout is not None
        window.terminate()
        assert script.stdout.readline() == "True True\n"


def test_a_window_that_cannot_open_is_an_error_that_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import latentscape

    put_own_code(tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("QT_QPA_PLATFORM", "crystal-ball")
    with pytest.raises(RuntimeError, match="Qt has no platform 'crystal-ball'"):
        latentscape.explore(lambda z: 0.0 * z[:, :, None] + 0.5, latent_dim=2)
