"""The decoder is killed or stopped: the window survives, says so, and none of the user's work is lost."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from pathlib import Path

import numpy as np
import psutil
import pytest
from PySide6.QtCore import QPointF

from explorer.app import session
from explorer.client import watch
from explorer.client.worker import RESTARTS
from explorer.state.export import ExportSettings
from explorer.state.workers import Status
from explorer.views.open_data.dialog import PreviewDialog
from models.core.arrays import Floats32
from models.protocol.decoding import Sample
from resources import model_path
from tests.support.desk import LEFT, PATIENCE_MS, Desk
from tests.support.oracle import NumpyVAE


def _kill(desk: Desk) -> int:
    pid = desk.app.decoder.client.pid
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    return pid


def _wait_restarted(desk: Desk, killed: int) -> None:
    def restarted() -> bool:
        return desk.app.decoder.client.pid not in (None, killed) and _status(desk) is Status.READY

    desk.qtbot.waitUntil(restarted, timeout=PATIENCE_MS)


def _status(desk: Desk) -> Status:
    return desk.state.workers.status["decoder"]


def test_killed_in_the_middle_of_a_drag(broken: Desk, oracle: NumpyVAE) -> None:
    desk, viewport = broken, broken.window.map.plot.viewport()
    desk.window.map.select(42)
    desk.window.menus.edit.add_point.trigger()
    desk.latent.set_locked(9, True)
    desk.state.display.set_decode_mode("mean")
    desk.state.display.set_decode_mode("mu")
    desk.settle()
    steps, start = desk.state.undo.count(), desk.marker("B")
    desk.press(viewport, start)
    desk.move(viewport, start + QPointF(10, 5), held=LEFT)
    with desk.qtbot.waitSignal(desk.state.workers.crashed, timeout=PATIENCE_MS):
        killed = _kill(desk)
        for step in range(2, 12):
            desk.move(viewport, start + QPointF(10 * step, 5 * step), held=LEFT)
    banner = desk.window.banner
    assert banner.isVisible()
    assert banner.text.text() == ("The decoder stopped: killed by SIGKILL. It is restarting; nothing is lost.")
    assert banner.restart.isHidden()
    desk.move(viewport, start + QPointF(60, 60), held=LEFT)
    under_mouse = desk.plane_at(start + QPointF(60, 60))
    kept = session.capture(desk.state)
    _wait_restarted(desk, killed)
    desk.qtbot.waitUntil(lambda: desk.state.model.model is not None)
    desk.settle()
    assert session.capture(desk.state) == kept
    np.testing.assert_allclose(desk.plane_at(desk.marker("B")), under_mouse, atol=1e-6)
    np.testing.assert_allclose(desk.state.answers.picture, oracle.decode(desk.point.z[None])[0], atol=1e-4)
    desk.move(viewport, start + QPointF(80, 20), held=LEFT)
    desk.release(viewport, start + QPointF(80, 20))
    desk.settle()
    np.testing.assert_allclose(desk.state.answers.picture, oracle.decode(desk.point.z[None])[0], atol=1e-4)
    assert desk.state.undo.count() == steps + 1
    assert desk.state.undo.undo_text() == "Drag B"


def test_the_model_and_data_of_before_are_opened_again(broken: Desk) -> None:
    desk, two = broken, model_path("mnist-vae-2")
    desk.drop(two)
    desk.settle()
    desk.latent.set_z(np.array([0.5, -0.5]))
    desk.settle()
    with desk.qtbot.waitSignal(desk.state.model.embedding_changed, timeout=PATIENCE_MS):
        killed = _kill(desk)
    _wait_restarted(desk, killed)
    desk.settle()
    assert desk.state.model.model is not None
    assert desk.state.model.model.path == str(two)
    assert desk.point.z.tolist() == [0.5, -0.5]
    picture = NumpyVAE(two).decode(desk.point.z[None])[0]
    np.testing.assert_allclose(desk.state.answers.picture, picture, atol=1e-4)


def _kill_once_asked(desk: Desk, ask: Callable[[], None]) -> None:
    """Kill a decoder that has been asked for something and has had no time to answer."""
    pid = desk.app.decoder.client.pid
    assert pid is not None
    os.kill(pid, signal.SIGSTOP)
    ask()
    _kill(desk)


def test_killed_while_data_are_shown_and_while_they_are_opened(broken: Desk, tmp_path: Path) -> None:
    desk, path = broken, tmp_path / "few.npy"
    np.save(path, np.array(desk.data.images[:20]))
    with desk.qtbot.waitSignal(desk.state.preview.changed, timeout=PATIENCE_MS):
        _kill_once_asked(desk, lambda: desk.drop(path))
    (dialog,) = desk.window.findChildren(PreviewDialog)
    assert dialog.open_data.isEnabled()
    desk.settle()
    # What is shown stays, and can be opened by the next decoder.
    _wait_restarted(desk, _kill(desk))
    assert dialog.open_data.isEnabled()
    with desk.qtbot.waitSignal(desk.state.preview.opened, timeout=PATIENCE_MS):
        _kill_once_asked(desk, dialog.open_data.click)
    desk.settle()
    assert desk.data.info.path == str(path)
    desk.qtbot.waitUntil(lambda: not desk.window.findChildren(PreviewDialog))


@pytest.mark.slow  # three decoders are started
def test_data_that_end_every_decoder_are_given_up(broken: Desk, tmp_path: Path) -> None:
    desk, path = broken, tmp_path / "few.npy"
    np.save(path, np.array(desk.data.images[:20]))
    _kill_once_asked(desk, lambda: desk.drop(path))
    (dialog,) = desk.window.findChildren(PreviewDialog)
    # As soon as the next decoder is there, it is asked and ends, too.
    link = desk.app.decoder.client.started.connect(lambda: _kill(desk))
    with desk.qtbot.waitSignal(desk.state.preview.failed, timeout=PATIENCE_MS):
        pass
    desk.app.decoder.client.started.disconnect(link)
    assert dialog.text.text() == "The decoder stopped: killed by SIGKILL."
    assert (dialog.open_data.isEnabled(), dialog.form.isEnabled()) == (False, True)
    dialog.cancel.click()
    desk.settle()


def test_killed_in_the_middle_of_an_export(broken: Desk, tmp_path: Path) -> None:
    desk, settings = broken, ExportSettings(tmp_path / "out", count=10_000)
    desk.state.export.start(settings)
    with desk.qtbot.waitSignal(desk.state.export.progressed, timeout=PATIENCE_MS):
        pass
    with desk.qtbot.waitSignal(desk.state.export.finished, timeout=PATIENCE_MS) as finished:
        _kill(desk)
    written = len(list(settings.folder.rglob("*.png")))
    assert finished.args[0].endswith(f"Stopped: {written} samples written to {settings.folder}.")
    assert finished.args[0].startswith("The decoder stopped during the export")


def test_killed_while_it_owes_a_quantile(broken: Desk) -> None:
    desk, curves = broken, broken.window.distribution.curves
    start = desk.grip(curves.cdf, "u", "h")[1]
    desk.press(curves.cdf.viewport(), start)
    with desk.qtbot.waitSignal(desk.state.workers.crashed, timeout=PATIENCE_MS):
        killed = _kill(desk)
        desk.move(curves.cdf.viewport(), start + QPointF(0, 10), held=LEFT)
        desk.release(curves.cdf.viewport(), start + QPointF(0, 10))
    _wait_restarted(desk, killed)
    desk.settle()
    before = desk.state.undo.count()
    with desk.latent.step("afterwards"):
        desk.latent.set_component("z", 3, 1.0)
    assert desk.state.undo.count() == before + 1


def test_after_five_restarts_it_stays_off_until_the_button_is_pressed(broken: Desk, oracle: NumpyVAE) -> None:
    desk, banner = broken, broken.window.banner
    for number in range(RESTARTS + 1):
        with desk.qtbot.waitSignal(desk.state.workers.crashed, timeout=PATIENCE_MS):
            _kill(desk)
        assert banner.restart.isVisible() == (number == RESTARTS)
    assert (_status(desk), desk.app.decoder.client.pid) == (Status.CRASHED, None)
    assert banner.text.text().endswith("It stays off until you restart it.")
    kept = desk.point
    desk.latent.set_component("z", 3, 1.5)
    banner.restart.click()
    assert banner.isHidden()
    _wait_restarted(desk, 0)
    desk.qtbot.waitUntil(desk.idle, timeout=PATIENCE_MS)
    assert np.delete(desk.point.z, 3).tobytes() == np.delete(kept.z, 3).tobytes()
    np.testing.assert_allclose(desk.state.answers.picture, oracle.decode(desk.point.z[None])[0], atol=1e-4)
    with desk.qtbot.waitSignal(desk.state.workers.crashed, timeout=PATIENCE_MS):
        _kill(desk)
    assert banner.restart.isHidden()


def _stop(desk: Desk) -> int:
    pid = desk.app.decoder.client.pid
    assert pid is not None
    os.kill(pid, signal.SIGSTOP)
    return pid


def _ask_and_cancel(desk: Desk, pairs: int) -> None:
    """Ask for what fills the pipe soonest, and take it back."""
    zeros: Floats32 = np.zeros(50, np.float32)
    for _ in range(pairs):
        desk.app.decoder.requests.ask("flood", lambda n: Sample(n, "prior", 1, 0, zeros, zeros), lambda _: None)
        desk.app.decoder.requests.cancel("flood")


def test_a_stopped_decoder_is_noticed_goes_on_by_itself_or_is_restarted(
    broken: Desk, oracle: NumpyVAE, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watch, "SILENT_SECONDS", 3.0)
    desk, banner, workers = broken, broken.window.banner, broken.state.workers
    with desk.qtbot.waitSignal(workers.trouble_changed, timeout=PATIENCE_MS):
        pid = _stop(desk)
        # More than fits into the pipe of a process that reads nothing.
        _ask_and_cancel(desk, 2000)
        desk.latent.set_component("z", 3, 1.5)
    assert psutil.Process(pid).status() == psutil.STATUS_STOPPED
    assert (banner.isVisible(), banner.restart.isVisible()) == (True, True)
    assert banner.text.text() == (
        "The decoder gives no sign of life: it is stopped, or the machine has no time for it. "
        "It may go on by itself; if you restart it, nothing is lost."
    )
    assert desk.window.status.workers.text().startswith("decoder not responding")
    with desk.qtbot.waitSignal(workers.trouble_changed, timeout=PATIENCE_MS):
        os.kill(pid, signal.SIGCONT)
    assert banner.isHidden()
    assert desk.window.status.workers.text().startswith("decoder ready")
    desk.settle()
    np.testing.assert_allclose(desk.state.answers.picture, oracle.decode(desk.point.z[None])[0], atol=1e-4)
    with desk.qtbot.waitSignal(workers.trouble_changed, timeout=PATIENCE_MS):
        _stop(desk)
        with desk.latent.step("move"):
            desk.latent.set_component("z", 3, -1.0)
    # What else there is to say does not take the button away.
    desk.state.notices.notice("info", "Something else")
    assert banner.restart.isVisible()
    kept = session.capture(desk.state)
    banner.restart.click()
    assert banner.text.text() == "The decoder stopped: it did not get on. It is restarting; nothing is lost."
    assert (banner.restart.isHidden(), psutil.pid_exists(pid)) == (True, False)
    _wait_restarted(desk, pid)
    desk.qtbot.waitUntil(lambda: desk.state.model.model is not None)
    desk.settle()
    assert session.capture(desk.state) == kept
    assert desk.state.undo.undo_text() == "move"
    np.testing.assert_allclose(desk.state.answers.picture, oracle.decode(desk.point.z[None])[0], atol=1e-4)
