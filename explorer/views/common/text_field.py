"""Lines of text that are typed: the base of all fields."""

from __future__ import annotations

from PySide6.QtCore import QEvent
from PySide6.QtGui import QKeyEvent, QKeySequence, QMouseEvent
from PySide6.QtWidgets import QLineEdit, QWidget

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
        undo = event.matches(Key.Undo) and not self.isUndoAvailable()
        return undo or (event.matches(Key.Redo) and not self.isRedoAvailable())


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
