"""Other people's models in the real window: what was understood is shown, answered, remembered, opened and saved."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFileDialog, QInputDialog

from explorer.views.common.choices import Choice
from explorer.views.importing.dialog import ImportDialog
from models.vae.foreign import Reader
from models.vae.model import VAE
from models.vae.model_file import open_model
from tests.fixtures import make_onnx, make_saved_model
from tests.fixtures.onnx_writer import field
from tests.support.desk import PATIENCE_MS, Desk


@pytest.fixture
def whole(tmp_path: Path) -> Path:
    """Return a file that no other test has answered questions about: its text of documentation is its own."""
    path = tmp_path / "whole.onnx"
    path.write_bytes(make_onnx.whole() + field(6, tmp_path.name))
    return path


def _dialog(desk: Desk) -> ImportDialog:
    """Return the dialog that asks, once it is there."""
    found: list[ImportDialog] = []

    def asked() -> bool:
        found[:] = [dialog for dialog in desk.window.findChildren(ImportDialog) if dialog.isVisible()]
        return bool(found)

    desk.qtbot.waitUntil(asked, timeout=PATIENCE_MS)
    return found[0]


def _answer(desk: Desk, dialog: ImportDialog, name: str, text: str) -> None:
    """Choose an answer with the keys, and wait until the pictures have followed."""
    box = dialog.form.fields[name]
    assert isinstance(box, Choice)
    down = box.findData(text) - box.currentIndex()
    box.setFocus()
    for _ in range(abs(down)):
        desk.qtbot.keyClick(box, Qt.Key.Key_Down if down > 0 else Qt.Key.Key_Up)
    desk.qtbot.waitUntil(lambda: not desk.state.importing.behind, timeout=PATIENCE_MS)
    desk.settle()


def _open(desk: Desk, dialog: ImportDialog) -> None:
    with desk.qtbot.waitSignal(desk.state.model.model_changed, timeout=PATIENCE_MS):
        desk.qtbot.mouseClick(dialog.open_model, Qt.MouseButton.LeftButton)
    desk.settle()


def _name(desk: Desk) -> str:
    model = desk.state.model.model
    assert model is not None
    return model.name


def test_a_person_is_asked_once_and_what_was_answered_counts(desk: Desk, whole: Path) -> None:
    desk.drop(whole)
    dialog, before = _dialog(desk), desk.state.model.model
    assert dialog.windowTitle() == "What was understood of whole.onnx"
    assert "28 × 28" in dialog.sheet.without.text()
    first = dialog.sheet.samples[0].image
    _answer(desk, dialog, "activation", "tanh")
    assert dialog.sheet.samples[0].image != first
    assert "output tanh" in dialog.facts.text()
    assert desk.state.model.model is before
    _open(desk, dialog)
    opened = Reader().open(whole, {"activation": "tanh"})
    vae = VAE(opened.architecture, opened.parameters)
    np.testing.assert_allclose(desk.state.answers.picture, vae.decode(desk.point.z[None].astype("f"))[0], atol=1e-4)
    assert desk.window.windowTitle().startswith("whole")
    assert desk.state.model.recent[0] == str(whole)

    desk.reopen()
    with desk.qtbot.waitSignal(desk.state.model.model_changed, timeout=PATIENCE_MS):
        desk.drop(whole)
    desk.settle()
    assert "output tanh" in desk.state.model.model.understood["decoder"]
    assert not [dialog for dialog in desk.window.findChildren(ImportDialog) if dialog.isVisible()]

    desk.window.menus.model.understood.trigger()
    dialog = _dialog(desk)
    assert dialog.form.fields["activation"].currentData() == "tanh"
    desk.qtbot.mouseClick(dialog.guess, Qt.MouseButton.LeftButton)
    desk.settle()
    assert dialog.form.fields["activation"].currentData() == "sigmoid"
    _open(desk, dialog)
    assert "output sigmoid" in desk.state.model.model.understood["decoder"]


def test_what_cannot_be_is_said_and_cancel_opens_nothing(desk: Desk, whole: Path) -> None:
    before = desk.state.model.model
    desk.drop(whole)
    dialog = _dialog(desk)
    _answer(desk, dialog, "layout", "NHWC")
    assert "which is no picture" in dialog.fault.text()
    assert dialog.fault.isVisible()
    assert not dialog.open_model.isEnabled()
    _answer(desk, dialog, "layout", "NCHW")
    assert dialog.open_model.isEnabled()
    whole.rename(whole.with_suffix(".gone"))
    _answer(desk, dialog, "layout", "NHWC")
    assert "whole.onnx: no such file" in dialog.fault.text()
    whole.with_suffix(".gone").rename(whole)
    desk.qtbot.keyClick(dialog, Qt.Key.Key_Escape)
    desk.settle()
    assert desk.state.model.model is before
    assert desk.state.importing.found is None
    desk.drop(whole)
    _dialog(desk).reject()


def test_a_program_is_loaded_only_when_it_is_trusted(desk: Desk, tmp_path: Path) -> None:
    path = make_saved_model.saved_model(tmp_path)
    (path / "assets" / "name.txt").write_text(tmp_path.name)
    desk.drop(path)
    dialog = _dialog(desk)
    assert "which is a program" in dialog.fault.text()
    assert (dialog.trust.isVisible(), dialog.open_model.isEnabled()) == (True, False)
    assert dialog.sheet.origin.image is None
    desk.qtbot.mouseClick(dialog.trust, Qt.MouseButton.LeftButton)
    desk.qtbot.waitUntil(dialog.open_model.isEnabled, timeout=PATIENCE_MS)
    assert (dialog.trust.isVisible(), dialog.fault.isVisible(), dialog.guess.isEnabled()) == (False, False, False)
    assert "6 × 6 × 1" in dialog.facts.text()
    _open(desk, dialog)
    z = desk.point.z.astype("f")
    made = 1.0 / (1.0 + np.exp(-(z @ make_saved_model.kernel())))
    np.testing.assert_allclose(desk.state.answers.picture.ravel(), made, atol=1e-4)


def test_it_shows_what_a_model_makes_of_data_that_are_opened_meanwhile(desk: Desk, whole: Path, tmp_path: Path) -> None:
    images = np.random.default_rng(0).integers(0, 256, (30, 12, 12, 1), np.uint8)
    np.savez(tmp_path / "data.npz", images=images)
    desk.drop(whole)
    dialog = _dialog(desk)
    desk.drop_data(tmp_path / "data.npz")
    desk.qtbot.waitUntil(lambda: dialog.sheet.reconstructions[3].image is not None, timeout=PATIENCE_MS)
    assert not dialog.sheet.without.isVisible()
    dialog.reject()


def test_it_is_saved_as_a_file_that_opens_without_questions(
    desk: Desk, whole: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "mine.safetensors"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(target), ""))
    desk.drop(whole)
    dialog = _dialog(desk)
    with desk.qtbot.waitSignal(desk.state.model.model_changed, timeout=PATIENCE_MS):
        desk.qtbot.mouseClick(dialog.save, Qt.MouseButton.LeftButton)
    desk.qtbot.waitUntil(lambda: desk.state.model.model.path == str(target), timeout=PATIENCE_MS)
    assert open_model(target).info.understood["format"] == "an ONNX model (opset 17)"
    desk.settle()


def test_a_class_is_chosen_and_the_point_stays(desk: Desk, tmp_path: Path) -> None:
    (tmp_path / "digits.onnx").write_bytes(make_onnx.conditional()[0])
    desk.drop(tmp_path / "digits.onnx")
    _open(desk, _dialog(desk))
    box = desk.window.decoded.classes
    assert (box.isVisible(), box.count(), box.currentText()) == (True, make_onnx.CLASSES, "class 0")
    assert desk.point.source.kind == "prior"
    desk.latent.set_component("z", 1, 0.8)
    desk.settle()
    point, before = desk.point, np.array(desk.state.answers.picture)
    box.setFocus()
    with desk.qtbot.waitSignal(desk.state.model.model_changed, timeout=PATIENCE_MS):
        desk.qtbot.keyClick(box, Qt.Key.Key_Down)
    desk.settle()
    assert box.currentText() == "class 1"
    assert np.array_equal(desk.point.z, point.z)
    opened = Reader().open(tmp_path / "digits.onnx", label=1)
    made = VAE(opened.architecture, opened.parameters).decode(point.z[None].astype("f"))[0]
    np.testing.assert_allclose(desk.state.answers.picture, made, atol=1e-4)
    assert np.abs(before - made).max() > 0.05


def test_a_decoder_alone_is_explored_with_the_codes_of_a_file(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    codes = np.random.default_rng(0).normal(0, 1, (30, make_onnx.LATENT)).astype(np.float32)
    np.savez(tmp_path / "codes.npz", z=codes)
    (tmp_path / "half.onnx").write_bytes(make_onnx.decoder()[0])
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (str(tmp_path / "codes.npz"), ""))
    desk.drop(tmp_path / "half.onnx")
    dialog = _dialog(desk)
    desk.qtbot.mouseClick(dialog.codes, Qt.MouseButton.LeftButton)
    assert dialog.codes.text() == "codes.npz"
    with desk.qtbot.waitSignal(desk.state.model.embedding_changed, timeout=PATIENCE_MS):
        desk.qtbot.mouseClick(dialog.open_model, Qt.MouseButton.LeftButton)
    desk.qtbot.waitUntil(lambda: desk.state.model.embedded, timeout=PATIENCE_MS)
    desk.settle()
    np.testing.assert_array_equal(desk.embedding.mu, codes)
    assert desk.state.model.misfit == ""
    assert desk.point.source.text == "image 0"
    np.testing.assert_array_equal(desk.point.mu, codes[0].astype(np.float64))


@pytest.mark.slow  # a trainer is started
def test_an_imported_model_is_trained_further(
    desk: Desk, whole: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    images = np.random.default_rng(0).integers(0, 256, (40, 12, 12, 1), np.uint8)
    np.savez(tmp_path / "noise.npz", images=images)
    desk.drop(whole)
    _open(desk, _dialog(desk))
    assert not desk.window.menus.model.train_further.isEnabled()
    with desk.qtbot.waitSignal(desk.state.model.embedding_changed, timeout=PATIENCE_MS):
        desk.drop_data(tmp_path / "noise.npz")
    assert desk.window.menus.model.train_further.isEnabled()
    monkeypatch.setattr(QInputDialog, "getInt", lambda *_: (2, True))
    with desk.qtbot.waitSignal(desk.state.run.finished, timeout=PATIENCE_MS):
        desk.window.menus.model.train_further.trigger()
    model = desk.state.model
    desk.qtbot.waitUntil(lambda: model.model is not None and model.model.epoch == 2, timeout=PATIENCE_MS)
    assert model.model is not None
    assert (model.model.name, model.model.dataset, model.model.understood["σ"]) == ("whole", "noise", "std/Exp, σ")
    assert f"--start {whole}" in model.model.recipe
    desk.settle()
    desk.state.unsaved.set_models(())
