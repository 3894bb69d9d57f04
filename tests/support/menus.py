"""Context menus as they are opened and chosen from, and the wheel."""

from __future__ import annotations

from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QContextMenuEvent, QWheelEvent
from PySide6.QtWidgets import QApplication, QMenu, QWidget

NOTCH = 120


def context_menu(widget: QWidget, at: QPoint) -> QMenu:
    """Ask for the context menu at a place of a widget, as Qt does after a right click, and return it."""
    event = QContextMenuEvent(QContextMenuEvent.Reason.Mouse, at, widget.mapToGlobal(at))
    QApplication.sendEvent(widget, event)
    menu = QApplication.activePopupWidget()
    assert isinstance(menu, QMenu)
    return menu


def entries(menu: QMenu) -> list[str]:
    """Return the texts of a menu, without the marks of mnemonics."""
    return [action.text().replace("&", "") for action in menu.actions() if not action.isSeparator()]


def choose(menu: QMenu, text: str) -> None:
    """Choose an entry by its text, and close the menu."""
    action = next(action for action in menu.actions() if action.text().replace("&", "") == text)
    action.trigger()
    menu.close()


def turn_wheel(widget: QWidget, keys: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier, notches: int = 1) -> None:
    """Turn the wheel over the middle of a widget."""
    centre = QPointF(widget.rect().center())
    turn, phase = QPoint(0, notches * NOTCH), Qt.ScrollPhase.NoScrollPhase
    at = QPointF(widget.mapToGlobal(centre.toPoint()))
    event = QWheelEvent(centre, at, QPoint(), turn, Qt.MouseButton.NoButton, keys, phase, False)
    QApplication.sendEvent(widget, event)
