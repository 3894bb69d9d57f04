"""A worker's life cycle as seen by the window, and replies that come too late."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import psutil
import pytest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from explorer.client.launcher import launch
from explorer.client.worker import WorkerClient
from explorer.state.export import ExportSettings
from explorer.state.notices import NoticeState
from explorer.state.workers import Status, WorkersState
from latentscape.own_path import SAFE_PATH
from models.core.families import Family
from models.protocol.distribution import Locate, Located
from models.protocol.lifecycle import PROTOCOL_VERSION, Failed
from models.protocol.messages import Reply
from models.protocol.opening import OpenModel
from models.workers.process import THREADS_OF_ALGEBRA
from resources import model_path
from tests.support.desk import PATIENCE_MS, Desk, opened_app
from tests.support.workers import fork_workers, spawn_workers

HALF = Locate(7, Family("Normal", {"loc": 3.0, "scale": 1.0}), "u", 0.5)


class Listener:
    """A client and everything it received."""

    def __init__(self, qtbot: QtBot) -> None:
        self.qtbot, self.state, self.replies = qtbot, WorkersState(), list[Reply]()
        self.notices = NoticeState()
        self.client = WorkerClient("decoder", self.state, self.notices)
        self.client.received.connect(self.replies.append)

    def wait(self, status: Status) -> None:
        """Wait for a status of the worker."""
        self.qtbot.waitUntil(lambda: self.state.status["decoder"] is status, timeout=PATIENCE_MS)


@pytest.fixture
def worker(qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> Iterator[Listener]:
    fork_workers(monkeypatch)
    listener = Listener(qtbot)
    yield listener
    listener.client.close()


def test_a_worker_starts_says_hello_answers_and_ends(worker: Listener, qtbot: QtBot) -> None:
    worker.client.start()
    assert worker.state.status["decoder"] is Status.STARTING
    assert worker.client.send(HALF)
    worker.wait(Status.READY)
    hello = worker.state.hello["decoder"]
    assert (hello.protocol, hello.role, hello.pid) == (PROTOCOL_VERSION, "decoder", worker.client.pid)
    qtbot.waitUntil(lambda: bool(worker.replies), timeout=PATIENCE_MS)
    assert worker.replies == [Located(7, pytest.approx(3.0))]
    worker.client.close()
    assert worker.state.status["decoder"] is Status.STOPPED
    assert not psutil.pid_exists(hello.pid)
    assert not worker.client.send(HALF)


def test_a_failure_is_an_answer_and_the_worker_goes_on(worker: Listener, qtbot: QtBot) -> None:
    worker.client.start()
    worker.client.send(OpenModel(1, "nowhere.safetensors"))
    worker.client.send(HALF)
    qtbot.waitUntil(lambda: len(worker.replies) == 2, timeout=PATIENCE_MS)
    failed, answered = worker.replies
    assert isinstance(failed, Failed)
    assert (failed.id, "nowhere.safetensors" in failed.message) == (1, True)
    assert isinstance(answered, Located)


def test_answers_of_a_worker_that_was_closed_are_ignored(worker: Listener, qtbot: QtBot) -> None:
    worker.client.start()
    worker.wait(Status.READY)
    worker.client.send(HALF)
    worker.client.close()  # it answers before it ends: the answer now waits in the event queue
    worker.client.start()
    worker.wait(Status.READY)
    worker.client.send(Locate(8, HALF.family, "u", 0.5))
    qtbot.waitUntil(lambda: bool(worker.replies), timeout=PATIENCE_MS)
    assert [getattr(reply, "id", None) for reply in worker.replies] == [8]


def test_the_output_of_a_worker_goes_to_its_log(worker: Listener, qtbot: QtBot) -> None:
    worker.client.start()
    worker.wait(Status.READY)
    psutil.Process(worker.client.pid).send_signal(6)
    with qtbot.waitSignal(worker.client.crashed, timeout=PATIENCE_MS) as crash:
        pass
    assert crash.args == ["killed by SIGABRT", True]
    assert "Fatal Python error: Aborted" in Path(worker.state.logs["decoder"][0]).read_text()


# --------------------------------------------------------------------------------------- with the window, a cold cache


@pytest.fixture
def cold(qapp: QApplication, qtbot: QtBot) -> Iterator[Desk]:
    """Return a window whose images have never been encoded."""
    with opened_app(qapp) as app:
        desk = Desk(app, qtbot)
        yield desk
        vars(desk).clear()


def test_another_model_may_come_while_the_images_are_being_encoded(cold: Desk, qtbot: QtBot) -> None:
    requests = cold.app.decoder.requests
    qtbot.waitUntil(lambda: requests.under_way("embedding") is not None, timeout=PATIENCE_MS)
    cold.state.model.request_model(str(model_path("mnist-vae-2")))
    qtbot.waitUntil(lambda: cold.latent.latent_dim == 2, timeout=PATIENCE_MS)
    qtbot.waitUntil(lambda: cold.state.model.embedding is not None, timeout=PATIENCE_MS)
    assert cold.embedding.latent_dim == 2
    cold.settle()


def test_another_model_waits_for_the_end_of_an_export(cold: Desk, qtbot: QtBot, tmp_path: Path) -> None:
    cold.wait_ready()
    settings = ExportSettings(tmp_path / "samples", count=500, sheet=False, tables=False)
    with qtbot.waitSignal(cold.state.export.finished, timeout=PATIENCE_MS) as finished:
        cold.state.export.start(settings)
        cold.state.model.request_model(str(model_path("mnist-vae-2")))
        assert cold.latent.latent_dim == 50
    assert finished.args[0].startswith("500 samples written")
    assert len(list(settings.folder.rglob("*.png"))) == 500
    qtbot.waitUntil(lambda: cold.latent.latent_dim == 2, timeout=PATIENCE_MS)


def test_a_model_of_another_size_starts_with_a_point_of_its_own(cold: Desk, qtbot: QtBot) -> None:
    cold.wait_ready()
    with cold.latent.step("move"):
        cold.latent.set_component("z", 3, 1.0)
    cold.state.model.request_model(str(model_path("mnist-vae-2")))
    qtbot.waitUntil(lambda: cold.latent.latent_dim == 2, timeout=PATIENCE_MS)
    cold.settle()
    assert not cold.state.undo.can_undo()
    assert cold.state.display.axes == (0, 1)
    assert cold.window.windowTitle() == "mnist-vae-2[*] — Latentscape"
    np.testing.assert_array_equal(cold.window.map.plot.cloud.xy, cold.embedding.mu)


def test_a_worker_starts_with_one_thread_of_algebra_and_without_the_current_folder(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("OPENBLAS_NUM_THREADS", raising=False)
    monkeypatch.setenv("MKL_NUM_THREADS", "3")
    monkeypatch.delenv("VECLIB_MAXIMUM_THREADS", raising=False)
    spawn_workers(monkeypatch)
    worker = launch("decoder")
    try:
        process = psutil.Process(worker.process.pid)
        # Until it runs a program of its own, it shows the environment this process began with.
        while not any("spawn" in part for part in process.cmdline()):
            time.sleep(0.01)
        environment = process.environ()
    finally:
        worker.process.kill()
        worker.process.join()
        worker.connection.close()
    # What the user has set is kept.
    assert [environment[name] for name in THREADS_OF_ALGEBRA] == ["1", "3", "1"]
    assert environment[SAFE_PATH] == "1"
