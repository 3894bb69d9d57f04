"""Training from the window with the real trainer: curves, pause, stop, discard, save, and the map that follows."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import scipy.stats
from PySide6.QtCore import QEvent, QTimer
from PySide6.QtWidgets import QApplication, QFileDialog, QInputDialog, QMessageBox, QPushButton, QWidget

from explorer.app.open_boxes import ModelBox
from explorer.state.training.run import RunStatus
from explorer.views.common.question import Question
from explorer.views.common.words import duration
from explorer.views.runs.dialog import RunsDialog
from models.core.history import write_history
from models.core.settings import TrainSettings
from models.protocol.training import Finished
from models.vae.architecture import architecture_of
from resources import model_path
from tests.models.conftest import info_of
from tests.support.desk import PATIENCE_MS, Desk
from tests.support.kept_files import read_history, write_model
from tests.support.oracle import NumpyVAE

IMAGES = 300
LATENT = 8
LONG_MS = 90_000


@pytest.fixture
def pane(small_data: Desk) -> Desk:
    """Set the form to a small model."""
    form = small_data.window.training.form
    form.fields["hidden"].setText("32")
    form.fields["latent_dim"].setValue(LATENT)
    form.fields["epochs"].setValue(3)
    return small_data


def _run(desk: Desk) -> Finished:
    with desk.qtbot.waitSignal(desk.state.run.finished, timeout=LONG_MS) as finished:
        desk.window.training.controls.start.click()
    desk.settle()
    result = finished.args[0]
    assert isinstance(result, Finished)
    return result


def _start_long(desk: Desk) -> None:
    """Start a run that does not end on its own, and wait until it makes progress."""
    desk.window.training.form.fields["epochs"].setValue(100_000)
    with desk.qtbot.waitSignal(desk.state.run.progressed, timeout=LONG_MS):
        desk.window.training.controls.start.click()


def test_a_run_to_its_end_is_shown_and_kept(pane: Desk) -> None:
    finished, run = _run(pane), pane.state.run
    assert (finished.reason, finished.epoch) == ("complete", 3)
    assert run.settings == TrainSettings(hidden=(32,), latent_dim=LATENT, epochs=3)
    assert run.test["elbo"].epochs == [1.0, 2.0, 3.0]
    assert run.test["elbo"].values[-1] > run.test["elbo"].values[0]
    for terms in (run.train, run.test):
        ends = [terms[term].values[-1] for term in ("elbo", "reconstruction", "kl")]
        assert ends[0] == pytest.approx(-(ends[1] + ends[2]), rel=1e-5)
    assert finished.path is not None
    assert pane.state.model.model is not None
    assert pane.state.model.model.path == finished.path
    assert pane.latent.latent_dim == LATENT
    oracle = NumpyVAE(Path(finished.path))
    np.testing.assert_allclose(pane.state.answers.picture, oracle.decode(pane.point.z[None])[0], atol=1e-4)
    assert pane.window.training.controls.save.isEnabled()
    assert "Done" in pane.window.training.controls.text.text()


def test_the_last_evaluation_tells_how_far_it_is(pane: Desk) -> None:
    told: list[tuple[float, str]] = []
    run, controls = pane.state.run, pane.window.training.controls

    def listen() -> None:
        if run.evaluated is not None:
            told.append((run.evaluated, controls.text.text()))

    run.progressed.connect(listen)
    _run(pane)
    assert told
    share, text = told[0]
    assert 0.0 < share <= 1.0
    assert text == f"Trained; estimating −log p(x) of the test images: {share:.0%} · Stop and keep skips it"
    assert run.evaluated is not None
    with pane.qtbot.waitSignal(run.progressed, timeout=LONG_MS):
        pane.window.training.controls.start.click()
    assert run.evaluated is None


def _shows_two(desk: Desk) -> bool:
    """Return whether the map shows the images as encoded by a two-dimensional model."""
    embedding = desk.state.model.embedding
    return embedding is not None and embedding.mu.shape == (IMAGES, 2)


def test_the_map_follows_the_model_while_it_trains(pane: Desk) -> None:
    pane.window.training.form.fields["latent_dim"].setValue(2)
    _start_long(pane)
    clouds: list[np.ndarray] = []
    for _ in range(2):
        pane.qtbot.waitUntil(pane.idle, timeout=PATIENCE_MS)
        with pane.qtbot.waitSignal(
            pane.state.model.embedding_changed, check_params_cb=lambda: _shows_two(pane), timeout=LONG_MS
        ):
            pass
        clouds.append(pane.window.map.plot.cloud.xy.copy())
    assert np.abs(clouds[1] - clouds[0]).max() > 1e-3
    assert pane.state.run.active
    before = pane.point.z.copy()
    pane.drag(pane.window.map.plot.viewport(), [pane.marker("A"), pane.on_map(np.array([0.5, 0.5]))])
    assert pane.point.z.tobytes() != before.tobytes()


def test_pause_stops_the_work_and_resume_goes_on(pane: Desk) -> None:
    _start_long(pane)
    button, run = pane.window.training.controls.pause, pane.state.run
    button.click()
    pane.qtbot.waitUntil(lambda: run.status is RunStatus.PAUSED, timeout=PATIENCE_MS)
    assert button.text() == "Resume"
    assert run.progress is not None
    step = run.progress.step
    with pane.qtbot.assertNotEmitted(run.progressed, wait=300):
        pass
    button.click()
    pane.qtbot.waitUntil(lambda: run.status is RunStatus.RUNNING and run.progress.step > step, timeout=PATIENCE_MS)


def test_stop_keeps_the_model_so_far(pane: Desk) -> None:
    _start_long(pane)
    with pane.qtbot.waitSignal(pane.state.run.finished, timeout=LONG_MS) as finished:
        pane.window.training.controls.stop.click()
    assert finished.args[0].reason == "stopped"
    assert Path(finished.args[0].path).is_file()
    assert [model.path for model in pane.state.unsaved.models] == [finished.args[0].path]


def _answer(over: QWidget, button: str) -> None:
    """Press a button of the question that is asked."""
    (question,) = over.findChildren(Question)
    getattr(question, button).click()
    QApplication.sendPostedEvents(question, QEvent.Type.DeferredDelete)


def test_discard_returns_to_the_model_from_before_and_can_be_undone(pane: Desk) -> None:
    run, discard, banner = pane.state.run, pane.window.training.controls.discard, pane.window.banner
    _start_long(pane)
    pane.qtbot.waitUntil(lambda: pane.latent.latent_dim == LATENT, timeout=LONG_MS)
    shown = pane.state.model.model
    run.worked = 61.0
    discard.click()
    _answer(pane.window, "no")
    assert run.status is RunStatus.RUNNING
    with pane.qtbot.waitSignal(run.finished, timeout=LONG_MS) as finished:
        run.worked = 61.0
        discard.click()
        _answer(pane.window, "yes")
    pane.settle()
    assert (finished.args[0].reason, finished.args[0].path) == ("discarded", None)
    assert pane.state.unsaved.models == ()
    assert pane.state.model.model is not None
    assert pane.state.model.model.path == str(model_path("mnist-vae-50"))
    assert shown is not None
    assert not Path(shown.path).exists()
    assert not banner.undo.isHidden()
    banner.undo.click()
    pane.qtbot.waitUntil(lambda: pane.state.offers.offer is not None, timeout=PATIENCE_MS)
    assert "is back, after epoch" in banner.text.text()
    assert Path(shown.path).parents[1].exists()
    banner.resume.click()
    pane.qtbot.waitUntil(lambda: run.status is RunStatus.RUNNING, timeout=LONG_MS)
    assert run.started is not None
    assert run.started.first_epoch >= finished.args[0].epoch


@pytest.fixture
def manager(pane: Desk) -> Iterator[RunsDialog]:
    """The run manager with one run, which has ended and is selected."""
    _run(pane)
    pane.window.menus.model.runs.trigger()
    (dialog,) = pane.window.findChildren(RunsDialog)
    pane.qtbot.waitUntil(lambda: dialog.runs.rowCount() == 1, timeout=LONG_MS)
    dialog.runs.selectRow(0)
    yield dialog
    pane.settle()
    dialog.close()
    QApplication.sendPostedEvents(dialog, QEvent.Type.DeferredDelete)


def test_a_run_is_compared_and_exported(
    pane: Desk, manager: RunsDialog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    state, records = pane.state, tuple(pane.state.run.records)
    row = [manager.runs.item(0, column).text() for column in range(1, 6)]
    assert row == ["few-vae-8", "few.npy", "3 of 3", duration(records[-1].elapsed), "finished"]
    enabled = [button.isEnabled() for button in (manager.open_run, manager.resume, manager.compare, manager.discard)]
    assert enabled == [True, False, True, True]
    manager.compare.click()
    pane.qtbot.waitUntil(lambda: state.review.compared is not None, timeout=LONG_MS)
    assert state.review.compared is not None
    assert state.review.compared.records == records
    state.review.compare(None)
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(tmp_path / "chosen"), ""))
    model, _, curves = manager.export.menu().actions()
    model.trigger()
    curves.trigger()
    pane.qtbot.waitUntil((tmp_path / "chosen.csv").exists, timeout=LONG_MS)
    assert read_history(tmp_path / "chosen.csv") == records
    assert state.model.model is not None
    assert (tmp_path / "chosen.safetensors").read_bytes() == Path(state.model.model.path).read_bytes()


def test_the_trained_model_is_saved_where_one_wants(
    pane: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept, asked = Path(_run(pane).path or "").read_bytes(), _ask_for(monkeypatch, tmp_path / "mine.safetensors")
    assert pane.window.isWindowModified()
    pane.window.training.controls.save.click()
    pane.settle()
    assert (tmp_path / "mine.safetensors").read_bytes() == kept
    assert asked == [str(Path.home() / "few-vae-8-epoch-3.safetensors")]
    assert pane.state.unsaved.models == ()
    assert pane.state.model.model is not None
    assert pane.state.model.model.path == str(tmp_path / "mine.safetensors")
    assert not pane.window.isWindowModified()


def _ask_for(monkeypatch: pytest.MonkeyPatch, answer: Path) -> list[str]:
    """Answer the question where to save with ``answer``; return what was proposed."""
    asked: list[str] = []

    def ask(_over: object, _title: str, proposed: str, _kinds: str) -> tuple[str, str]:
        asked.append(proposed)
        return str(answer), ""

    monkeypatch.setattr(QFileDialog, "getSaveFileName", ask)
    return asked


def test_an_unsaved_model_stays_in_the_box_and_what_is_shown_is_what_is_saved(
    pane: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    form, box, file = pane.window.training.form, _model_box(pane), pane.window.menus.file
    first = Path(_run(pane).path or "")
    form.fields["epochs"].setValue(2)
    second = Path(_run(pane).path or "")
    dotted = {box.itemData(row): box.itemText(row) for row in range(box.count()) if box.itemText(row).startswith("●")}
    assert dotted == {str(first): "● few-vae-8, epoch 3", str(second): "● few-vae-8, epoch 2"}
    _choose(pane, str(model_path("mnist-vae-2")))
    assert not pane.window.isWindowModified()
    asked = _ask_for(monkeypatch, tmp_path / "v1.2")
    file.save_model.trigger()
    assert asked == []  # it is saved already, and no other model is saved in its place
    _choose(pane, str(first))
    assert pane.window.isWindowModified()
    assert pane.window.windowTitle().startswith("few-vae-8, epoch 3[*]")
    _choose(pane, str(second))
    pane.window.training.review.slider.setValue(0)
    pane.settle()
    assert pane.state.model.model is not None
    shown = pane.state.model.model
    assert (shown.epoch, box.currentText()) == (1, "● few-vae-8, epoch 1")
    file.save_model.trigger()
    assert (asked[0], (tmp_path / "v1.2.safetensors").read_bytes()) == (
        str(Path.home() / "few-vae-8-epoch-1.safetensors"), Path(shown.path).read_bytes(),
    )  # fmt: skip
    assert [model.path for model in pane.state.unsaved.models] == [str(first), str(second)]
    Path(shown.path).write_bytes(second.read_bytes())
    file.save_as.trigger()
    assert (len(asked), pane.window.banner.text.text().count("has changed since it was opened")) == (1, 1)
    pane.window.menus.model.export_keras.trigger()
    assert len(asked) == 1


def test_a_model_is_trained_further_and_the_one_before_stays(
    pane: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    controls, run = pane.window.training.controls, pane.state.run
    first = Path(_run(pane).path or "")
    kept, records = first.read_bytes(), list(run.records)
    _ask_for(monkeypatch, tmp_path / "mine")
    controls.save.click()
    pane.settle()
    assert controls.further.isVisible()  # of a saved copy, too
    asked: list[tuple[object, ...]] = []
    monkeypatch.setattr(QInputDialog, "getInt", lambda *given: (asked.append(given[2:]), (2, True))[1])
    with pane.qtbot.waitSignal(run.finished, timeout=LONG_MS) as finished:
        controls.further.click()
        assert not controls.further.isVisible()
    pane.settle()
    assert asked == [("few-vae-8 has been trained for 3 epochs. Epochs to add:", 3, 1, 99_997)]
    assert (finished.args[0].reason, finished.args[0].epoch) == ("complete", 5)
    assert (run.records[:3], [record.epoch for record in run.records]) == (records, [1, 2, 3, 4, 5])
    assert [snapshot.epoch for snapshot in pane.state.review.snapshots] == [1, 2, 3, 4, 5]
    assert pane.window.training.form.settings().epochs == 5
    assert [model.title for model in pane.state.unsaved.models] == ["few-vae-8, epoch 5"]
    assert first.read_bytes() == kept
    _choose(pane, str(model_path("mnist-vae-2")))
    assert not controls.further.isVisible()
    assert not pane.window.menus.model.train_further.isEnabled()


def _model_box(desk: Desk) -> ModelBox:
    return next(iter(desk.window.findChildren(ModelBox)))


def _choose(desk: Desk, path: str) -> None:
    """Choose a model in the box of the toolbar, and wait until it is open."""
    box = _model_box(desk)
    box.setCurrentIndex(box.findData(path))
    box.activated.emit(box.currentIndex())
    desk.settle()
    assert desk.state.model.model is not None
    assert desk.state.model.model.path == path


def test_a_model_chosen_during_a_run_stays_until_the_run_is_chosen_again(pane: Desk) -> None:
    _start_long(pane)
    review, box = pane.state.review, _model_box(pane)
    pane.qtbot.waitUntil(lambda: box.currentText() == "● few-vae-8, in training", timeout=LONG_MS)
    _choose(pane, str(model_path("mnist-vae-2")))
    newest = review.newest
    pane.qtbot.waitUntil(lambda: review.newest != newest, timeout=LONG_MS)
    pane.settle()
    assert (pane.latent.latent_dim, pane.window.training.review.newest.isEnabled()) == (2, True)
    box.setCurrentIndex(box.findText("● few-vae-8, in training"))
    box.activated.emit(box.currentIndex())
    pane.qtbot.waitUntil(lambda: pane.latent.latent_dim == LATENT, timeout=LONG_MS)
    assert review.following
    _choose(pane, str(model_path("mnist-vae-2")))
    with pane.qtbot.waitSignal(pane.state.run.finished, timeout=LONG_MS):
        pane.window.training.controls.stop.click()
    pane.settle()
    assert "its model is in the model box" in pane.window.training.controls.text.text()
    assert pane.latent.latent_dim == 2


def test_the_curves_of_a_run_are_exported_with_the_names_of_keras(
    pane: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    export = pane.window.menus.model.export_curves
    _run(pane)
    assert export.isEnabled()
    for name, written in (("curves", "curves.csv"), ("curves.json", "curves.json")):
        monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_, name=name: (str(tmp_path / name), ""))
        export.trigger()
        write_history(tmp_path / f"wanted-{written}", pane.state.run.records)
        assert (tmp_path / written).read_bytes() == (tmp_path / f"wanted-{written}").read_bytes()
    (tmp_path / "file").write_text("no folder")
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(tmp_path / "file" / "c.csv"), ""))
    with pane.qtbot.waitSignal(pane.state.notices.noticed) as noticed:
        export.trigger()
    assert noticed.args[0] == "error"
    assert "c.csv" in noticed.args[1]
    pane.state.run.clear()
    assert not export.isEnabled()


def test_a_run_that_cannot_start_says_why(pane: Desk, tmp_path: Path) -> None:
    (tmp_path / "few.npy").unlink()
    pane.window.training.form.seeds.setValue(3)
    with pane.qtbot.waitSignals([pane.state.notices.noticed, pane.state.run.finished], timeout=LONG_MS):
        pane.window.training.controls.start.click()
    assert "few.npy" in pane.window.banner.text.text()
    assert not pane.state.run.active
    assert "2 that waited will not start" in pane.window.training.controls.text.text()
    assert pane.window.training.controls.start.isEnabled()
    pane.window.training.form.seeds.setValue(1)


def test_closing_names_every_model_that_was_not_saved(
    pane: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _run(pane)
    pane.window.training.form.fields["epochs"].setValue(2)
    _run(pane)
    words, buttons = _closed(pane, "Cancel")
    assert "2 trained models" in words
    assert "● few-vae-8, epoch 3\n● few-vae-8, epoch 2" in words
    assert buttons == {"Save 2 models …", "Discard 2 models", "Cancel"}
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: ("", ""))
    _closed(pane, "Save 2 models …")
    assert len(pane.state.unsaved.models) == 2
    assert pane.window.isVisible()
    _start_long(pane)
    assert "A training run is in progress." in _closed(pane, "Cancel")[0]


def _closed(desk: Desk, answer: str) -> tuple[str, set[str]]:
    """Close the window, click a button of the question, and return what it said and offered; it stays open."""
    said: list[tuple[str, set[str]]] = []

    def click() -> None:
        box = QApplication.activeModalWidget()
        assert isinstance(box, QMessageBox)
        buttons = {button.text().replace("&", ""): button for button in box.findChildren(QPushButton)}
        said.append((f"{box.text()} {box.informativeText()}", set(buttons)))
        buttons[answer].click()

    QTimer.singleShot(0, click)
    assert not desk.window.close()
    return said[0]


def test_families_and_objective_are_chosen_and_the_pane_says_what_is_maximized(pane: Desk) -> None:
    training = pane.window.training
    for name, key in (("posterior", "Laplace"), ("prior", "Laplace"), ("objective", "dreg")):
        field = training.form.fields[name]
        field.setCurrentIndex(field.findData(key))
    # An importance-weighted bound has no KL term to weight, and needs several draws.
    assert not training.form.fields["beta"].isEnabled()
    assert training.form.settings().samples == 5
    _run(pane)
    assert "DReG, KL by Monte Carlo, 5 draws" in training.controls.loss.text()
    model = pane.state.model
    assert (model.posterior(0.5, 2.0).name, model.prior.name) == ("Laplace", "Laplace")
    assert pane.curves.numbers.kl_closed
    assert np.isfinite(pane.curves.numbers.kl)
    training.form.fields["objective"].setCurrentIndex(0)
    assert training.form.fields["beta"].isEnabled()


def test_the_noise_of_a_student_t_posterior_is_set_by_the_decoder(pane: Desk, tmp_path: Path) -> None:
    settings = TrainSettings(hidden=(8,), latent_dim=4, posterior="StudentT")
    architecture = architecture_of(settings, (28, 28, 1))
    write_model(tmp_path / "t.safetensors", info_of(architecture, settings), architecture.initial_parameters(seed=1))
    with pane.qtbot.waitSignal(pane.state.model.embedding_changed, timeout=PATIENCE_MS):
        pane.drop(tmp_path / "t.safetensors")
    pane.settle()
    distribution, dim = pane.state.distribution, pane.state.display.dimension
    distribution.set("eps", 1.5)
    pane.settle()
    mu, sigma = pane.point.mu[dim], pane.point.sigma[dim]
    expected = mu + sigma * scipy.stats.t(5).ppf(scipy.stats.norm.cdf(1.5))
    assert pane.point.z[dim] == pytest.approx(expected, rel=1e-6)
    assert pane.curves.place.eps == pytest.approx(1.5, abs=1e-6)
