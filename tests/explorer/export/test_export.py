"""Exports from the window's dialog: what is written, what remains after cancelling, and the way back from a picture."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication, QDialog, QMessageBox

from explorer.export.pictures import Latent, png_of, read_latent
from explorer.export.series import Series
from explorer.views.export_dialog import ExportDialog
from models.protocol.decoding import SampleTile
from tests.support.desk import PATIENCE_MS, Desk
from tests.support.oracle import NumpyVAE

COUNT = 16


@pytest.fixture
def dialog(desk: Desk, tmp_path: Path) -> Iterator[ExportDialog]:
    """Return the dialog as the window opens it, with a folder of the test."""
    desk.window.map.select(42)
    desk.latent.set_component("z", 3, 1.7)
    desk.window.menus.model.export.trigger()
    dialog = desk.window.findChild(ExportDialog)
    dialog.folder.setText(str(tmp_path / "out"))
    desk.settle()
    yield dialog
    desk.state.export.cancel()
    desk.qtbot.waitUntil(lambda: not desk.state.export.running)
    QDialog.reject(dialog)


def _choose(dialog: ExportDialog, source: str) -> None:
    row = dialog.source.findData(source)
    dialog.source.setCurrentIndex(row)
    dialog.source.activated.emit(row)


def _export(desk: Desk, dialog: ExportDialog) -> str:
    with desk.qtbot.waitSignal(desk.state.export.finished, timeout=PATIENCE_MS) as finished:
        dialog.export.click()
    return str(finished.args[0])


def _answered(desk: Desk, dialog: ExportDialog, button: str) -> str:
    """Export into a folder that holds an export, press ``button``, and return the question."""
    asked = list[str]()

    def answer() -> None:
        box = QApplication.activeModalWidget()
        assert isinstance(box, QMessageBox)
        asked.append(box.text())
        next(choice for choice in box.buttons() if choice.text().replace("&", "") == button).click()

    QTimer.singleShot(0, answer)
    dialog.export.click()
    desk.qtbot.waitUntil(lambda: not desk.state.export.running, timeout=PATIENCE_MS)
    return asked[0]


def _files(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def _expected(desk: Desk, source: str) -> np.ndarray:
    noise = np.random.Generator(np.random.PCG64(7)).standard_normal((COUNT, 50), dtype=np.float32)
    centre, spread = {
        "prior": (0.0, 1.0), "around": (desk.point.z, 0.5), "posterior": (desk.point.mu, desk.point.sigma),
    }[source]  # fmt: skip
    return np.asarray(centre + spread * noise)


@pytest.mark.parametrize("source", ["prior", "around", "posterior"])
def test_pictures_tables_and_sheet_agree(
    desk: Desk, dialog: ExportDialog, tmp_path: Path, oracle: NumpyVAE, source: str
) -> None:
    _choose(dialog, source)
    out = tmp_path / "out"
    assert _export(desk, dialog) == f"16 samples written to {out}."
    names = [f"samples/sample-{number:04d}.png" for number in range(1, COUNT + 1)]
    assert _files(out) == ["latents.csv", "latents.npz", "samples.png", *names]
    stored = np.load(out / "latents.npz")
    np.testing.assert_allclose(stored["z"], _expected(desk, source), atol=1e-5)
    np.testing.assert_allclose(stored["mu"] + stored["sigma"] * stored["eps"], stored["z"], atol=1e-5)
    pictures, images = oracle.decode(stored["z"]), []
    for row, name in enumerate(names):
        latent = read_latent(out / name)
        assert latent is not None
        assert (latent.seed, latent.index, latent.model) == (7, row, "mnist-vae-50")
        for key in ("z", "mu", "sigma", "eps"):
            assert np.float32(getattr(latent, key)).tobytes() == stored[key][row].tobytes()
        with Image.open(out / name) as picture:
            images.append(np.asarray(picture))
        assert np.abs(images[-1][::4, ::4] - 255 * pictures[row, ..., 0]).max() <= 1
    with Image.open(out / "samples.png") as sheet:
        np.testing.assert_array_equal(np.asarray(sheet)[:112, 114 : 114 + 112], images[1])
    with (out / "latents.csv").open() as file:
        rows = list(csv.DictReader(file))
    table = np.array([[float(row[f"z_{dim}"]) for dim in range(50)] for row in rows], np.float32)
    assert table.tobytes() == stored["z"].tobytes()


def test_the_name_of_the_image_that_samples_come_from_is_kept(tmp_path: Path) -> None:
    values = np.full((2, 3), 0.5, np.float32)
    series = Series(tmp_path, values[0], values[0], 7, "model", "feed", image="cats/Mia ü.png")
    series.add(SampleTile(0, 0, 2, values, values, np.zeros((2, 4, 4, 1), np.float32)))
    series.finish()
    latent = read_latent(tmp_path / "samples" / "sample-0002.png")
    with np.load(tmp_path / "latents.npz") as table, (tmp_path / "latents.csv").open(encoding="utf-8") as file:
        told = [latent.image if latent else "", str(table["image"]), *(row["image"] for row in csv.DictReader(file))]
    with Image.open(tmp_path / "samples.png") as sheet:
        told.append(sheet.text["Title"])
    assert told == ["cats/Mia ü.png"] * 5


def test_the_preview_shows_what_would_be_exported(desk: Desk, dialog: ExportDialog, oracle: NumpyVAE) -> None:
    _choose(dialog, "around")
    desk.settle()
    expected = oracle.decode(_expected(desk, "around"))
    np.testing.assert_allclose(desk.state.export.preview, expected, atol=1e-4)
    dialog.seed.setValue(8)
    desk.settle()
    assert np.abs(desk.state.export.preview - expected).max() > 0.1


def test_only_what_is_ticked_is_written(desk: Desk, dialog: ExportDialog, tmp_path: Path) -> None:
    dialog.pictures.setChecked(False)
    dialog.tables.setChecked(False)
    assert _export(desk, dialog) == f"Contact sheet of 16 samples written to {tmp_path / 'out'}."
    assert _files(tmp_path / "out") == ["samples.png"]


def test_an_export_of_nothing_or_to_nowhere_is_not_offered(dialog: ExportDialog) -> None:
    boxes = (dialog.pictures, dialog.sheet, dialog.tables)
    for box in boxes:
        assert dialog.export.isEnabled()
        box.click()
    assert not dialog.export.isEnabled()
    assert dialog.text.text() == "Choose at least one kind of files to write."
    boxes[0].click()
    assert dialog.export.isEnabled()
    assert dialog.text.text() == ""
    dialog.folder.setText(" ")
    assert not dialog.export.isEnabled()
    assert dialog.text.text() == "Choose a folder."
    dialog.folder.setText("~nobody-is-called-so/x")
    assert dialog.export.isEnabled()
    assert dialog.settings().folder == Path("~nobody-is-called-so/x")


def test_cancel_keeps_what_is_written_and_says_so(desk: Desk, dialog: ExportDialog, tmp_path: Path) -> None:
    dialog.count.setValue(10_000)
    dialog.export.click()
    with desk.qtbot.waitSignal(desk.state.export.progressed, timeout=PATIENCE_MS):
        pass
    with desk.qtbot.waitSignal(desk.state.export.finished, timeout=PATIENCE_MS):
        dialog.cancel.click()
    written = len(_files(tmp_path / "out"))
    assert 0 < written < 10_000
    assert dialog.text.text() == f"Stopped: {written} samples written to {tmp_path / 'out'}."
    assert all(name.startswith("samples/sample-") for name in _files(tmp_path / "out"))
    for name in _files(tmp_path / "out"):
        assert read_latent(tmp_path / "out" / name) is not None
    assert dialog.export.isEnabled()
    assert dialog.isVisible()
    dialog.count.setValue(3)
    question = f"{written:,} {'files' if written > 1 else 'file'} of an earlier export exist in {tmp_path / 'out'}."
    assert _answered(desk, dialog, "Replace") == question
    assert dialog.text.text() == f"3 samples written to {tmp_path / 'out'}."
    assert len(_files(tmp_path / "out")) == 6


def test_an_export_replaces_nothing_without_a_word(desk: Desk, dialog: ExportDialog, tmp_path: Path) -> None:
    dialog.count.setValue(2)
    _export(desk, dialog)
    (tmp_path / "out" / "mine.txt").write_text("mine")
    before = {name: (tmp_path / "out" / name).read_bytes() for name in _files(tmp_path / "out")}
    dialog.seed.setValue(8)
    _answered(desk, dialog, "Cancel")
    assert not (tmp_path / "out 2").exists()
    assert _answered(desk, dialog, "Keep both") == f"5 files of an earlier export exist in {tmp_path / 'out'}."
    assert dialog.folder.text() == str(tmp_path / "out 2")
    assert dialog.text.text() == f"2 samples written to {tmp_path / 'out 2'}."
    assert {name: (tmp_path / "out" / name).read_bytes() for name in _files(tmp_path / "out")} == before
    assert _files(tmp_path / "out 2") == sorted({*before} - {"mine.txt"})
    dialog.folder.setText(str(tmp_path / "out"))
    dialog.count.setValue(1)
    _answered(desk, dialog, "Replace")
    kept = ["latents.csv", "latents.npz", "mine.txt", "samples.png", "samples/sample-0001.png"]
    assert _files(tmp_path / "out") == kept
    latent = read_latent(tmp_path / "out" / "samples" / "sample-0001.png")
    assert latent is not None
    assert latent.seed == 8


def test_a_folder_that_cannot_be_made_is_named(desk: Desk, dialog: ExportDialog, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    dialog.folder.setText(str(tmp_path / "file" / "deeper"))
    text = _export(desk, dialog)
    assert str(tmp_path / "file" / "deeper") in text
    assert "cannot be written" in text
    assert dialog.text.text() == text
    assert dialog.export.isEnabled()


# ------------------------------------------------------------------------------------------------------- the way back


def test_an_exported_picture_dropped_is_its_point_again(desk: Desk, dialog: ExportDialog, tmp_path: Path) -> None:
    _choose(dialog, "posterior")
    _export(desk, dialog)
    stored = np.load(tmp_path / "out" / "latents.npz")
    desk.drop(tmp_path / "out" / "samples" / "sample-0003.png")
    for key in ("z", "mu", "sigma"):
        assert getattr(desk.point, key).tobytes() == stored[key][2].astype(np.float64).tobytes()
    assert "Returned to the point saved in sample-0003.png" in desk.window.banner.text.text()
    assert desk.state.undo.undo_text() == "Open sample-0003.png"
    desk.state.undo.undo()
    assert desk.point.source.index == 42
    desk.settle()


def _latent(dims: int, model_hash: str) -> Latent:
    numbers = tuple(np.linspace(-1.0, 1.0, dims).tolist())
    return Latent(numbers, (1.0,) * dims, (0.0,) * dims, numbers, 3, 0, "elsewhere", model_hash)


def test_a_picture_of_another_model_is_shown_with_a_warning(desk: Desk, tmp_path: Path) -> None:
    (tmp_path / "other.png").write_bytes(png_of(np.zeros((28, 28, 1), np.float32), _latent(50, "feed")))
    desk.drop(tmp_path / "other.png")
    assert desk.point.z.tolist() == list(_latent(50, "").z)
    assert "other.png was made with another model (elsewhere)" in desk.window.banner.text.text()
    desk.settle()


def test_a_picture_of_another_latent_space_is_refused(desk: Desk, tmp_path: Path) -> None:
    before = desk.latent.snapshot()
    (tmp_path / "flat.png").write_bytes(png_of(np.zeros((28, 28, 1), np.float32), _latent(2, "feed")))
    desk.drop(tmp_path / "flat.png")
    assert "flat.png holds a point with 2 dimensions" in desk.window.banner.text.text()
    assert desk.latent.snapshot() == before
