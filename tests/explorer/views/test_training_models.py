"""Models that trainings in the window leave: saved, chosen, trained further, compared, and named when it closes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QEvent, QTimer
from PySide6.QtWidgets import QApplication, QFileDialog, QInputDialog, QMessageBox, QPushButton

from explorer.app.open_boxes import ModelBox
from explorer.views.common.words import duration
from explorer.views.runs.dialog import RunsDialog
from resources import model_path
from tests.explorer.conftest import LONG_MS
from tests.explorer.views.conftest import LATENT, run_to_end, start_long
from tests.support.desk import Desk
from tests.support.kept_files import read_history


@pytest.fixture
def manager(pane: Desk) -> Iterator[RunsDialog]:
    """The run manager with one run, which has ended and is selected."""
    run_to_end(pane)
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
    kept, asked = Path(run_to_end(pane).path or "").read_bytes(), _ask_for(monkeypatch, tmp_path / "mine.safetensors")
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
    first = Path(run_to_end(pane).path or "")
    form.fields["epochs"].setValue(2)
    second = Path(run_to_end(pane).path or "")
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
    first = Path(run_to_end(pane).path or "")
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
    start_long(pane)
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
    told = pane.window.training.controls.text
    assert "its model is in the model box; save it to keep it" in told.text()
    assert pane.latent.latent_dim == 2
    assert review.newest is not None
    box.setCurrentIndex(next(row for row in range(box.count()) if box.itemText(row).startswith("●")))
    box.activated.emit(box.currentIndex())
    pane.settle()
    assert "the trained model is shown; save it to keep it" in told.text()
    pane.state.unsaved.mark_saved(review.newest)
    assert told.text().endswith("the trained model is shown.")


def test_closing_names_every_model_that_was_not_saved(
    pane: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_to_end(pane)
    pane.window.training.form.fields["epochs"].setValue(2)
    run_to_end(pane)
    words, buttons = _closed(pane, "Cancel")
    assert "2 trained models" in words
    assert "● few-vae-8, epoch 3\n● few-vae-8, epoch 2" in words
    assert buttons == {"Save 2 models …", "Discard 2 models", "Cancel"}
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: ("", ""))
    _closed(pane, "Save 2 models …")
    assert len(pane.state.unsaved.models) == 2
    assert pane.window.isVisible()
    start_long(pane)
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
