"""The preview of data before they are opened, with the real decoder: what it says, and that the images follow."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import QObject, QPoint, QUrl, Signal, Slot
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QDialog

from explorer.views.common.originals import has_original
from explorer.views.latent_map.hover_card import HoverCard
from explorer.views.open_data.dialog import PreviewDialog
from models.core.data_options import DataOptions
from tests.support.desk import PATIENCE_MS, Desk


@pytest.fixture
def album(tmp_path: Path) -> Path:
    """Return a folder with pictures of two sizes in two classes, a damaged one among them."""
    for number in range(24):
        part = tmp_path / "album" / ("dark" if number < 12 else "light")
        part.mkdir(parents=True, exist_ok=True)
        Image.new("L", (28, 28 if number % 6 else 56), 10 * number).save(part / f"{number}.png")
    (tmp_path / "album" / "dark" / "cut.png").write_bytes(b"no picture")
    return tmp_path / "album"


@pytest.fixture
def shown(desk: Desk, album: Path) -> Iterator[PreviewDialog]:
    """Return the dialog as the window opens it, with its first preview; the data of the window stay as they were."""
    dialog = opened(desk, album)
    yield dialog
    QDialog.reject(dialog)


def opened(desk: Desk, path: Path) -> PreviewDialog:
    with desk.qtbot.waitSignal(desk.state.preview.changed, timeout=PATIENCE_MS):
        desk.window.menus.file.preview(str(path))
    dialogs = [dialog for dialog in desk.window.findChildren(PreviewDialog) if dialog.path == str(path)]
    return dialogs[-1]


def changed(desk: Desk, dialog: PreviewDialog, box: str, value: str) -> None:
    """Choose a value in a box as a person does, and wait for the images that follow."""
    field = getattr(dialog.form, box)
    row = field.findData(value)
    with desk.qtbot.waitSignal(desk.state.preview.changed, timeout=PATIENCE_MS):
        field.setCurrentIndex(row)
        field.activated.emit(row)


def test_the_data_are_shown_by_class_before_they_are_used(desk: Desk, shown: PreviewDialog) -> None:
    before = desk.state.model.data
    assert shown.facts.text().splitlines() == [
        "24 images in grey, of 28 × 28 pixels", "22 train, 2 test", "2 classes: dark, light"
    ]  # fmt: skip
    assert [group.title for group in shown.sheet.groups] == ["dark · 12 images", "light · 12 images"]
    assert [len(group.images) for group in shown.sheet.groups] == [8, 8]
    told = shown.conversions.toPlainText()
    assert "4 pictures of another size cropped and scaled to 28 × 28 pixels" in told
    assert "1 picture left out: dark/cut.png" in told
    assert desk.state.model.data is before


def test_every_guess_can_be_changed_and_the_images_follow(desk: Desk, shown: PreviewDialog) -> None:
    changed(desk, shown, "fit", "pad")
    assert "scaled and padded" in shown.conversions.toPlainText()
    with desk.qtbot.waitSignal(desk.state.preview.changed, timeout=PATIENCE_MS):
        shown.form.invert.click()
    assert shown.sheet.groups[0].images[0].pixelColor(3, 3).red() == 255
    with desk.qtbot.waitSignal(desk.state.preview.changed, timeout=PATIENCE_MS):
        desk.qtbot.keyClicks(shown.form.size_box, "14x7")
    assert shown.facts.text().startswith("24 images in grey, 14 pixels high and 7 wide")
    assert "options: --size 14x7 --fit pad --invert" in shown.facts.text()
    changed(desk, shown, "labels", "none")
    assert "no classes" in shown.facts.text()
    shown.form.size_box.setText("huge")
    shown.form.changed.emit()
    assert shown.text.text() == "Size: 'huge' is not HEIGHTxWIDTH in pixels, such as 28x28."
    assert not shown.open_data.isEnabled()


def test_a_few_of_very_many_are_shown_at_once(desk: Desk, tmp_path: Path) -> None:
    Image.new("L", (8, 8), 200).save(tmp_path / "picture.png")
    content = (tmp_path / "picture.png").read_bytes()
    for number in range(2_000):
        part = tmp_path / "many" / f"class {number % 2}"
        part.mkdir(parents=True, exist_ok=True)
        (part / f"{number}.png").write_bytes(content)
    dialog = opened(desk, tmp_path / "many")
    assert dialog.facts.text() == "2,000 files; some are shown while all are being read"
    assert sum(len(group.images) for group in dialog.sheet.groups) > 10
    assert not dialog.open_data.isEnabled()
    with desk.qtbot.waitSignal(desk.state.preview.changed, timeout=PATIENCE_MS):
        pass
    assert dialog.facts.text().startswith("2,000 images in grey, of 8 × 8 pixels")
    assert dialog.open_data.isEnabled()
    dialog.cancel.click()


def test_what_cannot_be_read_so_is_said_and_can_be_changed_back(desk: Desk, shown: PreviewDialog) -> None:
    with desk.qtbot.waitSignal(desk.state.preview.failed, timeout=PATIENCE_MS):
        shown.form.strict.click()
    assert "dark/cut.png: this is not a picture" in shown.text.text()
    assert not shown.open_data.isEnabled()
    with desk.qtbot.waitSignal(desk.state.preview.changed, timeout=PATIENCE_MS):
        shown.form.strict.click()
    assert shown.open_data.isEnabled()


def test_the_arrays_of_a_file_can_be_chosen_from(desk: Desk, tmp_path: Path) -> None:
    images = np.zeros((20, 6, 6), np.uint8)
    np.savez(tmp_path / "set.npz", x_train=images, y_train=np.arange(20) % 3, x_test=images[:8], kind=np.arange(20) % 2)
    dialog = opened(desk, tmp_path / "set.npz")
    assert [dialog.form.key.itemData(row) for row in range(dialog.form.key.count())] == ["", "x_train", "x_test"]
    assert dialog.form.labels.findData("kind") > 0
    changed(desk, dialog, "labels", "kind")
    assert "2 classes: 0, 1" in dialog.facts.text()
    changed(desk, dialog, "labels", "")
    changed(desk, dialog, "key", "x_test")
    assert dialog.facts.text().startswith("8 images")
    dialog.cancel.click()


def test_the_data_open_as_they_were_shown_and_are_remembered_so(desk: Desk, album: Path) -> None:
    dialog = opened(desk, album)
    changed(desk, dialog, "fit", "stretch")
    with desk.qtbot.waitSignal(desk.state.model.data_changed, timeout=PATIENCE_MS):
        dialog.open_data.click()
    data, options = desk.state.model.data, DataOptions(fit="stretch")
    assert data is not None
    assert (data.info.options, data.info.count) == (options, 24)
    assert desk.state.catalogue.options_of(str(album)) == options
    desk.qtbot.waitUntil(lambda: not desk.window.findChildren(PreviewDialog))
    index = next(index for index in range(24) if data.name_of(index) == "light/13.png")
    assert data.about(index) == ["light/13.png"]
    assert data.original_of(index) == album / "light" / "13.png"


def test_what_is_dropped_replaces_nothing_before_it_was_seen(desk: Desk, album: Path, tmp_path: Path) -> None:
    before = desk.state.model.data
    np.save(tmp_path / "codes.npy", np.zeros((30, desk.latent.latent_dim), np.float32))
    said = {
        album: "24 images in grey, of 28 × 28 pixels",
        tmp_path / "codes.npy": "30 images in grey, of 28 × 28 pixels",
    }
    for path, facts in said.items():
        with desk.qtbot.waitSignal(desk.state.preview.changed, timeout=PATIENCE_MS):
            desk.drop(path)
        dialog = desk.window.findChildren(PreviewDialog)[-1]
        assert dialog.facts.text().splitlines()[0] == facts
        assert desk.state.model.data is before
        dialog.cancel.click()
    # Images that the model makes of the codes.
    assert "these are codes" in dialog.conversions.toPlainText()


def test_a_double_click_opens_the_picture_that_an_image_was_read_from(desk: Desk, album: Path) -> None:
    with desk.qtbot.waitSignal(desk.state.model.embedding_changed, timeout=PATIENCE_MS):
        desk.state.preview.open(str(album), DataOptions())
    desk.settle()
    with opened_files() as opened:
        desk.window.map.select(5)
        desk.window.decoded.input.activated.emit()
        name = desk.state.model.data.name_of(5) if desk.state.model.data else ""
        assert opened == [str(album / name)]
        latent = desk.window.decoded._latent()
        assert latent is not None
        assert latent.image == name
        assert name in desk.window.decoded._about.toolTip()
        desk.window.map.plot.reset_asked.emit(desk.point.name)
        assert len(opened) == 2
        # A point that was moved away returns to its image, as it always did.
        desk.latent.set_component("z", 0, 3.0)
        desk.window.map.plot.reset_asked.emit(desk.point.name)
        assert (len(opened), desk.point.untouched) == (2, True)
        desk.window.map._hover(5, QPoint(40, 40))
        card = desk.window.map.findChild(HoverCard)
        assert name in card._text.text()


def test_a_double_click_opens_a_picture_in_an_archive(desk: Desk, album: Path, tmp_path: Path) -> None:
    path = Path(shutil.make_archive(str(tmp_path / "set"), "zip", album))
    with desk.qtbot.waitSignal(desk.state.model.embedding_changed, timeout=PATIENCE_MS):
        desk.state.preview.open(str(path), DataOptions())
    desk.settle()
    with opened_files() as opened:
        desk.window.map.select(5)
        assert has_original(desk.state, desk.point)
        desk.window.decoded.input.activated.emit()
        desk.qtbot.waitUntil(lambda: opened != [], timeout=PATIENCE_MS)
        name = desk.state.model.data.name_of(5) if desk.state.model.data else ""
        assert Path(opened[0]).read_bytes() == (album / name).read_bytes()
        path.unlink()
        desk.window.decoded.input.activated.emit()
        desk.settle()
        assert desk.state.model.data is not None
        assert desk.state.model.data.packed_of(5) is None


class Files(QObject):
    """Stands for the programs that open files."""

    asked = Signal(str)

    @Slot(QUrl)
    def open(self, url: QUrl) -> None:
        self.asked.emit(url.toLocalFile())


@contextmanager
def opened_files() -> Iterator[list[str]]:
    """Note the files that Qt is asked to open, instead of opening them."""
    opened, files = list[str](), Files()
    files.asked.connect(opened.append)
    QDesktopServices.setUrlHandler("file", files, "open")
    try:
        yield opened
    finally:
        QDesktopServices.unsetUrlHandler("file")
