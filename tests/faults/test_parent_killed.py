"""The window's process dies: its workers exit on their own, even during training."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from resources import dataset_path
from tests.support.endings import still_running
from tests.support.places import ROOT

LONGEST_SECONDS = 2.0
# Open the window, train if asked to, print the process ids of the workers once all of them work, and keep running.
SCRIPT = """
import json, sys
from explorer.app.startup import App, make_qt
from models.core.settings import TrainSettings

def tell(*_):
    pids = [client.pid for client in (app.decoder.client, app.trainer.client) if client.pid]
    print(json.dumps(pids), flush=True)

def begin():
    if sys.argv[1] == "idle":
        tell()
    elif not app.state.run.active:
        app.state.run.start(sys.argv[2], TrainSettings(epochs=1000))

if __name__ == "__main__":
    qt = make_qt()
    app = App(qt, keep_session=False)
    app.show()
    app.state.model.embedding_changed.connect(begin)
    app.state.run.progressed.connect(tell)
    qt.exec()
"""


@pytest.mark.parametrize("work", [pytest.param("idle", marks=pytest.mark.slow), "training"])
def test_workers_end_with_the_window(
    work: str, tmp_path: Path, warm_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LATENTSCAPE_CACHE", str(warm_cache))
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    (tmp_path / "window.py").write_text(SCRIPT)
    command = [sys.executable, str(tmp_path / "window.py"), work, str(dataset_path("mnist_10k"))]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as window:
        assert window.stdout is not None
        workers = [psutil.Process(pid) for pid in json.loads(window.stdout.readline())]
        window.kill()
    assert len(workers) >= (2 if work == "training" else 1)
    alive = still_running(workers, LONGEST_SECONDS)
    for worker in alive:
        worker.kill()
    assert not alive
