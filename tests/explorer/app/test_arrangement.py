"""The panes go back to where they belong, even out of the hand that drags them."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QDockWidget, QLabel, QMainWindow, QWidget
from pytestqt.qtbot import QtBot

from explorer.app.arrangement import UPPER, arrange

LEFT = Qt.MouseButton.LeftButton
FAR = QPoint(300, -260)


class Docked(QMainWindow):
    """A window with eight panes."""

    def __init__(self) -> None:
        super().__init__()
        self.resize(1280, 800)
        self.setDockNestingEnabled(True)
        self.docks = [QDockWidget(str(number), self) for number in range(8)]
        for number, dock in enumerate(self.docks):
            dock.setTitleBarWidget(QLabel(f"Pane {number}"))
            dock.setWidget(QWidget())
        self.arrange()

    def arrange(self) -> None:
        arrange(self, self.docks)


@pytest.fixture
def window(qtbot: QtBot) -> Docked:
    made = Docked()
    qtbot.addWidget(made)
    with qtbot.waitExposed(made):
        made.show()
    return made


def drag_away(widget: QWidget, start: QPoint) -> None:
    """Press and move, and do not let go."""
    QTest.mousePress(widget, LEFT, pos=start)
    for step in (FAR / 4, FAR / 2, FAR):
        QTest.mouseMove(widget, start + step)
        QApplication.processEvents()


def is_arranged(window: Docked) -> bool:
    QApplication.processEvents()
    upper, lower = window.docks[:UPPER], window.docks[UPPER:]
    in_tabs = set(window.tabifiedDockWidgets(lower[0])) == {*lower[1:]}
    in_row = [dock.x() for dock in upper] == sorted(dock.x() for dock in upper)
    inside = all(window.rect().contains(dock.geometry()) for dock in upper)
    return in_tabs and in_row and inside and not any(dock.isFloating() for dock in window.docks)


@pytest.mark.parametrize("which", [0, 2, 3])
def test_a_pane_that_is_being_dragged_is_put_back(window: Docked, which: int) -> None:
    title = window.docks[which].titleBarWidget()
    drag_away(title, QPoint(10, 5))
    window.arrange()
    assert is_arranged(window)
