"""The trainer is killed or stopped: the run continues from its checkpoint, and the window hardly notices."""

from __future__ import annotations

import os
import signal
from dataclasses import replace
from pathlib import Path

import numpy as np
import psutil
import pytest

from explorer.client import watch
from explorer.client.worker import RESTARTS
from explorer.controllers import training
from explorer.state.training.run import RunStatus
from explorer.state.workers import Status
from models.core.settings import TrainSettings
from tests.support.desk import PATIENCE_MS, Desk
from tests.support.oracle import NumpyVAE

SETTINGS = TrainSettings(hidden=(32,), latent_dim=8, epochs=100, seed=3)
LONG_MS = 90_000


@pytest.fixture
def data(broken: Desk, tmp_path: Path) -> str:
    """Return a data set small enough to train on in seconds."""
    np.save(tmp_path / "few.npy", np.array(broken.data.images[:300]))
    return str(tmp_path / "few.npy")


def _kill(desk: Desk) -> None:
    pid = desk.app.trainer.client.pid
    assert pid is not None
    os.kill(pid, signal.SIGKILL)


def test_a_run_goes_on_from_its_checkpoint_and_ends(broken: Desk, data: str) -> None:
    desk, run = broken, broken.state.run
    run.start(data, SETTINGS)
    desk.qtbot.waitUntil(lambda: run.kept and desk.latent.latent_dim == SETTINGS.latent_dim, timeout=LONG_MS)
    with desk.latent.step("move"):
        desk.latent.set_component("z", 3, 1.25)
    with desk.qtbot.waitSignal(desk.state.workers.crashed, timeout=PATIENCE_MS):
        _kill(desk)
    assert run.status is RunStatus.STARTING
    assert desk.window.banner.text.text() == (
        "The trainer stopped: killed by SIGKILL. It is restarting and goes on from the newest checkpoint."
    )
    assert desk.point.z[3] == 1.25
    assert desk.state.undo.undo_text() == "move"
    desk.qtbot.waitUntil(lambda: run.status is RunStatus.RUNNING, timeout=LONG_MS)
    assert run.started is not None
    assert run.started.first_epoch >= 1
    with desk.qtbot.waitSignal(run.finished, timeout=LONG_MS) as finished:
        pass
    assert (finished.args[0].reason, finished.args[0].epoch) == ("complete", SETTINGS.epochs)
    epochs = run.test["elbo"].epochs
    assert epochs == sorted(set(epochs))
    assert epochs[-1] == SETTINGS.epochs
    desk.settle()
    oracle = NumpyVAE(Path(finished.args[0].path))
    np.testing.assert_allclose(desk.state.answers.picture, oracle.decode(desk.point.z[None])[0], atol=1e-4)


def test_a_run_without_a_checkpoint_starts_anew(broken: Desk, data: str) -> None:
    desk, run = broken, broken.state.run
    desk.app.trainer.ensure_started()
    desk.qtbot.waitUntil(lambda: desk.state.workers.status["trainer"] is Status.READY, timeout=LONG_MS)
    run.start(data, TrainSettings(hidden=(32,), latent_dim=8, epochs=2))
    with desk.qtbot.waitSignal(desk.state.workers.crashed, timeout=PATIENCE_MS):
        _kill(desk)
    assert desk.window.banner.text.text().endswith("It is restarting and starts over: nothing had been saved.")
    with desk.qtbot.waitSignal(run.finished, timeout=LONG_MS) as finished:
        pass
    assert finished.args[0] is not None
    assert (finished.args[0].reason, finished.args[0].epoch) == ("complete", 2)


def test_dragging_goes_on_while_the_trainer_is_killed(broken: Desk, data: str) -> None:
    desk, run = broken, broken.state.run
    with desk.qtbot.waitSignal(run.progressed, timeout=LONG_MS):
        run.start(data, TrainSettings(hidden=(32,), latent_dim=8, epochs=100_000))
    desk.settle()
    with desk.qtbot.waitSignal(desk.state.workers.crashed, timeout=PATIENCE_MS):
        _kill(desk)
        before = desk.point.z.copy()
        desk.drag(desk.window.map.plot.viewport(), [desk.marker("A"), desk.on_map(np.array([1.0, -1.0]))])
    assert desk.point.z.tobytes() != before.tobytes()
    desk.qtbot.waitUntil(lambda: run.status is RunStatus.RUNNING, timeout=LONG_MS)
    with desk.qtbot.waitSignal(run.finished, timeout=LONG_MS):
        run.control("discard")


def test_a_trainer_that_fails_too_often_ends_its_run(broken: Desk, data: str) -> None:
    desk, run = broken, broken.state.run
    run.start(data, SETTINGS)
    for _ in range(RESTARTS):
        with desk.qtbot.waitSignal(desk.state.workers.crashed, timeout=PATIENCE_MS):
            _kill(desk)
        assert run.active
    with desk.qtbot.waitSignals([desk.state.workers.crashed, run.finished], timeout=PATIENCE_MS):
        _kill(desk)
    assert not run.active
    assert desk.state.workers.status["trainer"] is Status.CRASHED
    assert "It failed too often" in desk.window.banner.text.text()
    assert desk.window.training.controls.start.isEnabled()


def test_a_stopped_trainer_is_noticed_and_its_run_goes_on_after_a_restart(
    broken: Desk, data: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watch, "SILENT_SECONDS", 3.0)
    desk, run, banner = broken, broken.state.run, broken.window.banner
    run.start(data, TrainSettings(hidden=(32,), latent_dim=8, epochs=100_000))
    desk.qtbot.waitUntil(lambda: run.kept, timeout=LONG_MS)
    desk.settle()
    pid = desk.app.trainer.client.pid
    assert pid is not None
    with desk.qtbot.waitSignal(desk.state.workers.trouble_changed, timeout=PATIENCE_MS):
        os.kill(pid, signal.SIGSTOP)
    assert banner.text.text().startswith("The trainer gives no sign of life")
    assert banner.text.text().endswith("if you restart it, the training goes on from the newest checkpoint.")
    assert "trainer not responding" in desk.window.status.workers.text()
    # It is said until it is dismissed, beside which the status bar goes on saying it.
    banner.close_button.click()
    assert (banner.isHidden(), "trainer not responding" in desk.window.status.workers.text()) == (True, True)
    desk.state.workers.restart("trainer")
    desk.qtbot.waitUntil(lambda: run.status is RunStatus.RUNNING, timeout=LONG_MS)
    assert run.started is not None
    assert run.started.first_epoch >= 1
    with desk.qtbot.waitSignal(run.finished, timeout=LONG_MS):
        run.control("discard")


def test_a_trainer_that_has_grown_is_replaced_once_it_has_nothing_to_do(
    broken: Desk, data: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk, run, client, crashes = broken, broken.state.run, broken.app.trainer.client, list[object]()
    desk.state.workers.crashed.connect(lambda *told: crashes.append(told))
    monkeypatch.setattr(training, "MOST_IDLE", 1)
    run.start(data, replace(SETTINGS, epochs=100_000))
    # A pause is answered with the progress so far.
    desk.qtbot.waitUntil(lambda: run.kept, timeout=LONG_MS)
    pid = client.pid
    run.control("pause")
    desk.qtbot.waitUntil(lambda: run.status is RunStatus.PAUSED, timeout=LONG_MS)
    desk.app.trainer._renew_if_grown()
    assert client.pid == pid
    with desk.qtbot.waitSignal(run.finished, timeout=LONG_MS):
        run.control("stop")
    desk.qtbot.waitUntil(lambda: client.idle_memory > 2**20, timeout=LONG_MS)
    desk.app.trainer._renew_if_grown()
    fresh = client.pid
    assert fresh != pid
    # What is asked for meanwhile waits for the fresh one.
    desk.state.runs.list_again()
    with desk.qtbot.waitSignal(desk.state.runs.changed, timeout=LONG_MS):
        pass
    assert pid is not None
    desk.qtbot.waitUntil(lambda: not psutil.pid_exists(pid), timeout=PATIENCE_MS)
    monkeypatch.setattr(training, "MOST_IDLE", 2**40)
    with desk.qtbot.waitSignal(run.finished, timeout=LONG_MS) as finished:
        run.start(data, replace(SETTINGS, epochs=1))
    assert finished.args[0].reason == "complete"
    desk.qtbot.waitUntil(lambda: client.idle_memory > 0, timeout=LONG_MS)
    desk.app.trainer._renew_if_grown()
    assert (client.pid, crashes) == (fresh, [])
