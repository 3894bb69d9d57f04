"""The banner covers nothing that can be clicked, and offers to undo as long as its notification is there."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

import pytest
from PySide6.QtCore import QPoint, QRect
from PySide6.QtWidgets import QApplication, QToolBar

from explorer.app.main_window import USUAL, MainWindow
from tests.support.desk import Desk

SHORT = "Saved mnist.safetensors."
TWO_LINES = "Discarded the training of mnist-vae-50 on few.npy. Undo, or find it in Model ▸ Runs … for 30 days."
LONG = (
    "/home/somebody/pictures/a long name of a folder/and a-long-name-2026-11-30.npz: its images have 28 × 28 "
    "pixels, but the model takes 64 × 64; choose a file of images of that size, or train a new model on these. "
)


@pytest.fixture
def window(desk: Desk) -> Iterator[MainWindow]:
    yield desk.window
    desk.window.banner.close_button.click()
    desk.window.resize(*USUAL)
    desk.window.theme.choose("dark")


def _settle() -> None:
    """Let a layout that has become invalid be made again."""
    QApplication.sendPostedEvents()
    QApplication.processEvents()


def _covered(window: MainWindow) -> list[QRect]:
    """Return what lies under the banner: titles of menus, and the toolbar."""
    bar, toolbar = window.menuBar(), window.findChild(QToolBar, "Toolbar")
    titles = [QRect(bar.mapTo(window, QPoint(0, 0)), bar.actionGeometry(title).size()) for title in bar.actions()]
    for rect, title in zip(titles, bar.actions(), strict=True):
        rect.translate(bar.actionGeometry(title).topLeft())
    return [rect for rect in (*titles, toolbar.geometry()) if rect.intersects(window.banner.geometry())]


def test_the_banner_covers_nothing_that_can_be_clicked(window: MainWindow) -> None:
    sizes, texts = ((960, 640), (1280, 800), (1440, 900)), (SHORT, TWO_LINES, LONG, 3 * LONG)
    for scheme, size in product(("light", "dark"), sizes):
        window.theme.choose(scheme)
        window.resize(*size)
        for text in texts:
            window.state.notices.notice("info", text, undo=lambda: None)
            _settle()
            assert window.banner.isVisible()
            assert window.rect().contains(window.banner.geometry())
            assert _covered(window) == []


def test_the_row_of_the_menus_grows_for_a_long_text_only_and_shrinks_again(window: MainWindow) -> None:
    window.resize(960, 640)
    _settle()
    usual = window.menuBar().height()
    for text, grows in ((SHORT, False), (TWO_LINES, False), (3 * LONG, True)):
        window.state.notices.notice("warning", text)
        _settle()
        assert (window.menuBar().height() > usual) == grows
    window.banner.close_button.click()
    _settle()
    assert window.menuBar().height() == usual


def test_what_can_be_undone_is_on_offer_as_long_as_its_notification(window: MainWindow) -> None:
    notices, banner, undone = window.state.notices, window.banner, list[str]()
    notices.notice("info", "Discarded a run.", undo=lambda: undone.append("run"))
    notices.notice("info", "Saved something.")
    assert (banner.text.text(), banner.undo.isHidden()) == ("Discarded a run.", False)
    banner.undo.click()
    assert (undone, notices.undo, banner.isHidden()) == (["run"], None, True)
    notices.notice("info", "Discarded a run.", undo=lambda: undone.append("again"))
    banner.close_button.click()
    assert notices.undo is None
    notices.notice("info", "Saved something.")
    assert (banner.text.text(), banner.undo.isHidden()) == ("Saved something.", True)
    assert undone == ["run"]


def test_a_worker_that_ends_withdraws_the_offer_to_undo(window: MainWindow) -> None:
    notices, banner = window.state.notices, window.banner
    notices.notice("info", "Discarded a run.", undo=lambda: None)
    window.state.workers.crashed.emit("decoder", "The decoder stopped.", False)
    assert (notices.undo, banner.undo.isHidden(), banner.restart.isHidden()) == (None, True, False)
    notices.notice("info", "Discarded another run.", undo=lambda: None)
    assert (notices.undo, banner.text.text()) == (None, "The decoder stopped.")
