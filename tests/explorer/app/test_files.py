"""Valid files dropped on the window: pictures, data sets and models; and saving models."""

from __future__ import annotations

import gzip
import struct
from pathlib import Path
from zipfile import ZipFile

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import QProcess, QUrl
from PySide6.QtWidgets import QFileDialog, QMessageBox

from explorer.app.files import open_path
from resources import model_path
from tests.support.desk import PATIENCE_MS, Desk
from tests.support.folders import put_own_code
from tests.support.oracle import NumpyVAE

COUNT = 30


def _images(desk: Desk) -> np.ndarray:
    return np.array(desk.data.images[:COUNT])


def test_a_picture_of_ones_own_is_encoded(desk: Desk, oracle: NumpyVAE, tmp_path: Path) -> None:
    image = _images(desk)[7]
    Image.fromarray(image[..., 0]).save(tmp_path / "mine.png")
    desk.drop(tmp_path / "mine.png")
    desk.settle()
    mu, sigma = oracle.encode(image[None])
    np.testing.assert_allclose(desk.point.mu, mu[0], atol=1e-4)
    np.testing.assert_allclose(desk.point.sigma, sigma[0], atol=1e-4)
    assert desk.point.untouched
    assert desk.point.source.kind == "picture"
    np.testing.assert_array_equal(desk.point.source.image, image)
    assert desk.state.undo.count() == 1
    np.testing.assert_allclose(desk.state.answers.picture, oracle.decode(mu)[0], atol=1e-4)


@pytest.mark.parametrize("suffix", [".jpg", ".bmp", ".webp"])
def test_a_large_coloured_picture_is_fitted(desk: Desk, tmp_path: Path, suffix: str) -> None:
    ramp = np.linspace(0, 255, 200, dtype=np.uint8)
    Image.fromarray(np.stack([np.tile(ramp, (100, 1))] * 3, axis=-1)).save(tmp_path / f"wide{suffix}")
    desk.drop(tmp_path / f"wide{suffix}")
    desk.settle()
    image = desk.point.source.image
    assert image is not None
    assert image.shape == (28, 28, 1)
    assert np.diff(image[14, :, 0].astype(int)).min() >= -2  # a ramp still, from left to right
    assert image[14, -1, 0] > image[14, 0, 0] + 80


def _npz(desk: Desk, folder: Path) -> Path:
    np.savez(folder / "few.npz", images=_images(desk)[..., 0], labels=np.arange(COUNT) % 3)
    return folder / "few.npz"


def _npy(desk: Desk, folder: Path) -> Path:
    np.save(folder / "few.npy", _images(desk))
    return folder / "few.npy"


def _idx(desk: Desk, folder: Path) -> Path:
    content = struct.pack(">IIII", 0x803, COUNT, 28, 28) + _images(desk).tobytes()
    path = folder / "few-images-idx3-ubyte.gz"
    path.write_bytes(gzip.compress(content))
    return path


@pytest.mark.parametrize("make", [_npz, _npy, _idx], ids=["npz", "npy", "idx.gz"])
def test_data_dropped_is_shown_and_encoded(desk: Desk, oracle: NumpyVAE, tmp_path: Path, make: object) -> None:
    images, path = _images(desk), make(desk, tmp_path)  # type: ignore[operator]
    with desk.qtbot.waitSignal(desk.state.model.embedding_changed, timeout=PATIENCE_MS):
        desk.drop_data(path)
    desk.settle()
    np.testing.assert_array_equal(desk.data.images, images)
    assert desk.data.info.path == str(path)
    np.testing.assert_allclose(desk.embedding.mu, oracle.encode(images)[0], atol=1e-4)
    assert len(desk.window.map.plot.cloud.xy) == COUNT
    assert (desk.data.labels is not None) == (path.suffix == ".npz")
    assert desk.window.training.form.data_path() == str(path)


def test_a_folder_of_folders_is_a_data_set_with_classes(desk: Desk, tmp_path: Path) -> None:
    for number, image in enumerate(_images(desk)):
        folder = tmp_path / "pets" / ("cats" if number % 2 else "dogs")
        folder.mkdir(parents=True, exist_ok=True)
        Image.fromarray(image[..., 0]).save(folder / f"{number}.png")
    with desk.qtbot.waitSignal(desk.state.model.embedding_changed, timeout=PATIENCE_MS):
        desk.drop_data(tmp_path / "pets")
    desk.settle()
    assert desk.data.info.label_names == ("cats", "dogs")
    assert desk.data.labels is not None
    assert sorted(np.bincount(desk.data.labels)) == [15, 15]


def test_a_point_of_other_data_keeps_its_picture(desk: Desk, tmp_path: Path) -> None:
    desk.window.map.select(42)
    image, mu = np.array(desk.data.images[42]), desk.point.mu.copy()
    with desk.qtbot.waitSignal(desk.state.model.embedding_changed, timeout=PATIENCE_MS):
        desk.drop_data(_npy(desk, tmp_path))
    desk.settle()
    assert desk.point.source.data != desk.data.info.digest
    assert "class" not in desk.window.decoded._about.text()
    np.testing.assert_array_equal(desk.point.source.image, image)
    np.testing.assert_allclose(desk.point.mu, mu, atol=1e-5)


def test_data_of_another_shape_says_that_it_does_not_fit(desk: Desk, tmp_path: Path) -> None:
    np.save(tmp_path / "small.npy", np.zeros((5, 8, 8), np.uint8))
    with desk.qtbot.waitSignal(desk.state.model.data_changed, timeout=PATIENCE_MS):
        desk.drop_data(tmp_path / "small.npy")
    desk.settle()
    assert desk.state.model.embedding is None
    assert len(desk.window.map.plot.cloud.xy) == 0
    assert "does not fit the model" in desk.window.statusBar().data.text()
    before = desk.point.z.copy()
    desk.drag(desk.window.map.plot.viewport(), [desk.marker("A"), desk.on_map(np.array([1.0, 1.0]))])
    desk.settle()
    assert desk.point.z.tobytes() != before.tobytes()


@pytest.mark.parametrize("address", ["https://example.org/data.npz", "ftp://example.org/", "data:text/plain,x"])
def test_a_web_address_dropped_opens_no_folder(address: str, desk: Desk) -> None:
    before = desk.data.info.path
    with desk.qtbot.waitSignal(desk.state.notices.noticed) as noticed:
        desk.drop(QUrl(address))
    assert noticed.args == ["error", f"{address}: this is not a file on this computer. Download it first."]
    desk.settle()
    assert desk.data.info.path == before
    open_path(desk.state, "")
    desk.settle()
    assert desk.data.info.path == before


def test_a_model_dropped_is_opened(desk: Desk) -> None:
    desk.drop(model_path("mnist-vae-2"))
    desk.settle()
    assert desk.state.model.model is not None
    assert (desk.state.model.model.name, desk.latent.latent_dim) == ("mnist-vae-2", 2)
    assert desk.window.windowTitle().startswith("mnist-vae-2")
    picture = NumpyVAE(model_path("mnist-vae-2")).decode(desk.point.z[None])[0]
    np.testing.assert_allclose(desk.state.answers.picture, picture, atol=1e-4)


def test_a_model_is_saved_whole_and_remembered(desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    chosen = tmp_path / "kept"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(chosen), ""))
    desk.window.menus.file.save_as.trigger()
    desk.settle()
    saved = tmp_path / "kept.safetensors"
    assert saved.read_bytes() == model_path("mnist-vae-50").read_bytes()
    assert [file.name for file in tmp_path.iterdir() if file.is_file()] == ["kept.safetensors"]
    assert desk.state.model.recent[0] == str(saved)
    assert str(saved) in [action.data() for action in desk.window.menus.file.recent.actions()]


def test_a_model_is_exported_for_keras_from_a_folder_with_models_of_its_own(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_own_code(tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(tmp_path / "plain"), ""))
    assert export_for_keras(desk) == ("info", "Wrote plain.keras, plain-encoder.keras, plain-decoder.keras.")
    for part in ("plain", "plain-encoder", "plain-decoder"):
        assert "model.weights.h5" in ZipFile(tmp_path / f"{part}.keras").namelist()


@pytest.mark.slow  # another process; the reasons of the writer have tests of their own
def test_an_export_for_keras_says_why_it_failed(desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "plain").write_text("a file")
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(tmp_path / "plain" / "m"), ""))
    level, text = export_for_keras(desk)
    assert level == "error"
    assert "a file stands where a folder should be" in text
    assert str(tmp_path / "plain" / "m.keras") in text


def test_a_name_that_becomes_that_of_another_file_is_asked_about(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The dialog of the system has asked about ``kept``, not about ``kept.safetensors``, nor about the other parts."""
    asked = list[str]()

    def refuse(box: QMessageBox) -> int:
        asked.append(box.text())
        return 0

    monkeypatch.setattr(QMessageBox, "exec", refuse)
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(tmp_path / "kept"), ""))
    for name in ("kept.safetensors", "kept.keras", "other-encoder.keras", "other-decoder.keras"):
        (tmp_path / name).write_text("precious")
    menus = desk.window.menus
    menus.file.save_as.trigger()
    menus.model.export_keras.trigger()
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(tmp_path / "other.keras"), ""))
    menus.model.export_keras.trigger()
    assert [text.split(" exist")[0] for text in asked] == [
        "kept.safetensors", "kept.keras", "other-encoder.keras and other-decoder.keras"
    ]  # fmt: skip
    assert {path.read_text() for path in tmp_path.glob("*.*") if path.is_file()} == {"precious"}


def export_for_keras(desk: Desk) -> tuple[str, str]:
    """Export and return the final message; check that a second export is refused meanwhile."""
    desk.window.menus.model.export_keras.trigger()
    with desk.qtbot.waitSignal(desk.state.notices.noticed) as refused:
        desk.window.menus.model.export_keras.trigger()
    assert "under way" in refused.args[1]
    with desk.qtbot.waitSignal(desk.state.notices.noticed, timeout=60_000) as ended:
        pass
    return ended.args[0], ended.args[1]


def test_an_export_for_keras_ends_with_the_window(desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(tmp_path / "plain"), ""))
    process = desk.app.keras_exporter._process
    desk.window.menus.model.export_keras.trigger()
    begun = tmp_path / ".plain-encoder.part.keras"
    desk.qtbot.waitUntil(lambda: begun.exists() or (tmp_path / "plain.keras").exists(), timeout=60_000)
    desk.app.keras_exporter.close()
    process.blockSignals(False)
    assert process.state() is QProcess.ProcessState.NotRunning
    assert list(tmp_path.glob(".plain*")) == []


def test_a_folder_that_cannot_be_written_is_named(desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("no folder")
    chosen = tmp_path / "file" / "model.safetensors"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(chosen), ""))
    with desk.qtbot.waitSignal(desk.state.notices.noticed) as noticed:
        desk.window.menus.file.save_as.trigger()
    assert noticed.args[0] == "error"
    assert str(chosen) in noticed.args[1]
