"""Lines of text that are typed: the base of all fields."""

from __future__ import annotations

from PySide6.QtCore import QEvent
from PySide6.QtGui import QKeyEvent, QKeySequence, QMouseEvent
from PySide6.QtWidgets import QLineEdit, QPlainTextEdit, QWidget

Key = QKeySequence.StandardKey


class TextField(QLineEdit):
    """A line whose own undo ends where its typing ends: from there on, the keys undo what was done in the window."""

    def event(self, event: QEvent) -> bool:
        """Leave the keys for undo and redo to the window while there is nothing typed to be undone."""
        if event.type() == QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent) and self._is_spent(event):
            event.ignore()
            return False
        return super().event(event)

    def _is_spent(self, event: QKeyEvent) -> bool:
        return undoes(event) and not self.isUndoAvailable()


class ReadOnlyText(QPlainTextEdit):
    """A text that is read: the keys for undo and redo are the window's."""

    def __init__(self) -> None:
        super().__init__()
        self.setReadOnly(True)

    def event(self, event: QEvent) -> bool:
        """Leave undo and redo to the window, which nothing typed here could want."""
        if event.type() == QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent) and undoes(event):
            event.ignore()
            return False
        return super().event(event)


def undoes(event: QKeyEvent) -> bool:
    """Return whether a key undoes or redoes."""
    return event.matches(Key.Undo) or event.matches(Key.Redo)


class NumberLine(TextField):
    """The line of a number: a double click selects all of it, not the digits on one side of its mark."""

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Select the whole number."""
        self.selectAll()


def mark_wrong(widget: QWidget, wrong: bool) -> None:
    """Draw the border of a field in the colour of errors, or as usual."""
    if bool(widget.property("wrong")) != wrong:
        widget.setProperty("wrong", wrong)
        widget.style().unpolish(widget)
        widget.style().polish(widget)
