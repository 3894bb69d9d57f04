"""The program is killed during training: the next start offers to resume it, and nothing is lost."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import psutil
import pytest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from explorer.app.startup import App
from explorer.client.folders import runs_folder
from explorer.state.training.run import RunState, RunStatus
from models.core.history import Records, UnfinishedRun
from models.core.settings import TrainSettings
from models.protocol.training import EpochDone, Finished, Train
from models.training.run import TrainingRun
from models.training.storage.checkpoint import checkpoint_folders, read_checkpoint
from resources import dataset_path
from tests.support.desk import Desk, opened_app
from tests.support.endings import still_running
from tests.support.folders import use_folders
from tests.support.places import ROOT

LONG_MS = 150_000
# Enough for the window to be killed between two checkpoints.
EPOCHS = 60
SETTINGS = TrainSettings(hidden=(32,), latent_dim=4, batch_size=64, epochs=EPOCHS, seed=11)
# Open the window, train, print the epoch and the trainer's process id at every checkpoint, and keep running.
SCRIPT = f"""
import sys
from explorer.app.startup import App, make_qt
from models.core.settings import TrainSettings

def begin():
    app.state.model.model_changed.disconnect(begin)
    app.state.model.model_changed.connect(tell)
    app.state.run.start(sys.argv[1], {SETTINGS!r})

def tell():
    print(app.trainer.client.pid, app.state.model.model.path, flush=True)

if __name__ == "__main__":
    qt = make_qt()
    app = App(qt)
    app.show()
    app.state.model.model_changed.connect(begin)
    qt.exec()
"""


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("data")
    with np.load(dataset_path("mnist_10k")) as arrays:
        np.save(folder / "few.npy", arrays["images"][:300])
    return folder / "few.npy"


@pytest.fixture(scope="module")
def whole(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Train without an interruption, and return the model file."""
    folder = tmp_path_factory.mktemp("whole")
    with pytest.MonkeyPatch.context() as patch:
        use_folders(folder, patch)
        return _uninterrupted(data, folder / "run")


def _train_until_killed(script: Path, data: Path, victims: str) -> None:
    """Train in a window of another process, and kill it, or its trainer and then it, after the second checkpoint."""
    with subprocess.Popen([sys.executable, str(script), str(data)], stdout=subprocess.PIPE, text=True) as window:
        assert window.stdout is not None
        window.stdout.readline()
        trainer = psutil.Process(int(window.stdout.readline().split()[0]))
        children = psutil.Process(window.pid).children()
        if victims == "both":
            trainer.send_signal(signal.SIGKILL)
        os.kill(window.pid, signal.SIGKILL)
    assert still_running(children, 10.0) == []


def _uninterrupted(data: Path, folder: Path) -> Path:
    request = Train(1, str(data), str(folder), "few-vae-4", SETTINGS)
    story = [event for event in TrainingRun(request).events() if isinstance(event, EpochDone | Finished)]
    assert isinstance(story[-1], Finished)
    assert story[-1].path is not None
    return Path(story[-1].path)


@pytest.mark.timeout(300)
@pytest.mark.parametrize("victims", ["app", pytest.param("both", marks=pytest.mark.slow)])
def test_the_next_start_resumes_to_the_same_bits(
    victims: str, data: Path, whole: Path, tmp_path: Path, qapp: QApplication, qtbot: QtBot, warm_cache: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setenv("LATENTSCAPE_CACHE", str(warm_cache))
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    (tmp_path / "window.py").write_text(SCRIPT)
    _train_until_killed(tmp_path / "window.py", data, victims)
    with opened_app(qapp, keep_session=True, trainer_ahead=True) as app:
        desk, run, offers, banner = Desk(app, qtbot), app.state.run, app.state.offers, app.window.banner
        qtbot.waitUntil(lambda: offers.offer is not None, timeout=LONG_MS)
        assert banner.isVisible()
        assert banner.resume.isVisible()
        assert offers.offer is not None
        reached = offers.offer.run.epoch
        assert 0 < reached < EPOCHS
        assert f"few-vae-4 on few.npy was interrupted after epoch {reached} of {EPOCHS} (" in banner.text.text()
        wanted = offers.offer.run.settings
        assert app.window.training.form.settings() != wanted
        banner.resume.click()
        assert app.window.training.form.settings() == wanted
        assert not banner.isVisible()
        qtbot.waitUntil(lambda: run.status is RunStatus.RUNNING, timeout=LONG_MS)
        assert _curves(run)[:reached] == [(float(epoch), epoch) for epoch in range(1, reached + 1)]
        with qtbot.waitSignal(run.finished, timeout=LONG_MS) as finished:
            pass
        records: Records = tuple(run.records)
        desk.settle()
        vars(desk).clear()
    resumed = Path(finished.args[0].path)
    assert resumed.read_bytes() == whole.read_bytes()
    ours, theirs = read_checkpoint(resumed.parent), read_checkpoint(whole.parent)
    assert records == ours.history == theirs.history
    assert ours.sums == theirs.sums
    for group, arrays in theirs.arrays.items():
        assert {name: array.tobytes() for name, array in arrays.items()} == {
            name: array.tobytes() for name, array in ours.arrays[group].items()
        }


def _curves(run: RunState) -> list[tuple[float, int]]:
    """Return the epochs of the test curve and those of the records."""
    return list(zip(run.test["elbo"].epochs, (record.epoch for record in run.records), strict=True))


def _left_run(data: Path, name: str = "20260101-000000-000000") -> Path:
    """Leave a run as a killed trainer would: the folder of a run abandoned after its first checkpoint."""
    folder = runs_folder() / name
    run = TrainingRun(Train(1, str(data), str(folder), "few-vae-4", SETTINGS)).events()
    while not checkpoint_folders(folder):
        next(run)
    run.close()  # type: ignore[attr-defined]
    return folder


def _look_over(app: App, folder: Path, qtbot: QtBot) -> None:
    """See that a notice does not hide the offer for good, and that discarding the run can be undone."""
    banner = app.window.banner
    offer = banner.text.text()
    app.state.notices.notice("warning", "Something else")
    assert (banner.text.text(), banner.resume.isVisible()) == ("Something else", False)
    banner.close_button.click()
    assert (banner.isVisible(), banner.text.text()) == (True, offer)
    banner.discard.click()
    assert (banner.resume.isVisible(), banner.undo.isVisible()) == (False, True)
    qtbot.waitUntil(lambda: not folder.exists(), timeout=LONG_MS)
    banner.undo.click()
    offers = app.state.offers
    qtbot.waitUntil(
        lambda: offers.offer is not None and offers.offer.run.folder == str(folder) and folder.exists(), timeout=LONG_MS
    )


def test_earlier_runs_are_offered_one_after_the_other_and_can_be_compared_with(
    data: Path, whole: Path, qapp: QApplication, qtbot: QtBot, warm_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LATENTSCAPE_CACHE", str(warm_cache))
    ended = Path(shutil.copytree(whole.parents[1], runs_folder() / "ended")) / whole.parent.name
    oldest, older, newer = (_left_run(data, name) for name in ("oldest", "older", "newer"))
    with opened_app(qapp, trainer_ahead=True) as app:
        run, offers, banner, compare = (
            app.state.run,
            app.state.offers,
            app.window.banner,
            app.window.training.review.compare,
        )
        qtbot.waitUntil(lambda: offers.offer is not None, timeout=LONG_MS)
        assert offers.offer is not None
        assert offers.offer.run.folder == str(newer)
        past = app.state.review.past
        assert [other.records for other in past] == [read_checkpoint(ended).history]
        assert compare.itemText(0) == "no other run"
        assert compare.itemText(1).endswith(f" · seed {SETTINGS.seed}, {EPOCHS} epochs · few-vae-4")
        _look_over(app, newer, qtbot)
        banner.discard.click()
        assert offers.offer.run.folder == str(older)
        # What can be undone stands before the next offer.
        assert (banner.undo.isVisible(), banner.resume.isVisible()) == (True, False)
        banner.close_button.click()
        assert (banner.undo.isVisible(), banner.resume.isVisible()) == (False, True)
        banner.close_button.click()
        assert offers.offer.run.folder == str(oldest)
        banner.resume.click()
        assert offers.offer is None
        qtbot.waitUntil(lambda: run.status is RunStatus.RUNNING, timeout=LONG_MS)
        with qtbot.waitSignal(run.finished, timeout=LONG_MS):
            run.control("stop")
        assert offers.offer is None
        Desk(app, qtbot).settle()
    assert (newer.exists(), older.exists()) == (False, True)


def test_the_next_is_offered_after_one_that_cannot_go_on(
    data: Path, tmp_path: Path, qapp: QApplication, qtbot: QtBot, warm_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LATENTSCAPE_CACHE", str(warm_cache))
    lost = tmp_path / "lost.npy"
    shutil.copy(data, lost)
    older, _ = _left_run(data, "older"), _left_run(lost, "newer")
    lost.unlink()
    with opened_app(qapp, trainer_ahead=True) as app:
        offers, banner = app.state.offers, app.window.banner
        qtbot.waitUntil(lambda: offers.offer is not None, timeout=LONG_MS)
        banner.resume.click()
        qtbot.waitUntil(lambda: offers.offer is not None, timeout=LONG_MS)
        assert offers.offer is not None
        assert offers.offer.run.folder == str(older)
        Desk(app, qtbot).settle()


def test_a_run_that_diverges_offers_half_the_learning_rate(data: Path, desk: Desk) -> None:
    qtbot, run, offers, banner = desk.qtbot, desk.state.run, desk.state.offers, desk.window.banner
    folder = runs_folder() / "20260101-000000-000000"
    gentle = replace(SETTINGS, likelihood="gaussian", beta=1000.0, epochs=2)
    first = TrainingRun(Train(1, str(data), str(folder), "few-vae-4", gentle)).events()
    kept = [event for event in first if isinstance(event, Finished)][-1].path
    with qtbot.waitSignal(run.finished, timeout=LONG_MS):
        longer = replace(gentle, epochs=EPOCHS)
        run.resume(UnfinishedRun(str(folder), "few-vae-4", str(data), 2, 0.0, longer, 1.0))
    assert offers.offer is not None
    assert re.search(
        r"few-vae-4 diverged at step \d+: its loss .* It can go on from epoch 2 with half the learning rate, 0\.5",
        banner.text.text(),
    )
    assert Path(kept or "").exists()
    assert banner.resume.text() == "Go on"
    assert offers.offer.run.learning_rate == 0.5
    banner.resume.click()
    qtbot.waitUntil(lambda: run.status is RunStatus.RUNNING or offers.offer is not None, timeout=LONG_MS)
    if run.active:
        with qtbot.waitSignal(run.finished, timeout=LONG_MS):
            run.control("discard")
    if offers.offer is not None:
        banner.discard.click()
    qtbot.waitUntil(lambda: not folder.exists(), timeout=LONG_MS)
    desk.settle()
