"""A short remark beside the thing it is about: why a number is refused, what has been copied."""

from __future__ import annotations

from typing import Literal

from PySide6.QtCore import QPoint, Qt, QTimer
from PySide6.QtGui import QAccessible, QAccessibleAnnouncementEvent
from PySide6.QtWidgets import QLabel, QWidget

SHOWN_MS = 5000
GAP = 4
WIDEST = 360
Level = Literal["info", "error"]


class Bubble(QLabel):
    """The one remark of a window; it disappears by itself, by a click, and when a later one is made."""

    def __init__(self, over: QWidget) -> None:
        super().__init__(over)
        self._over = over
        self.setObjectName("bubble")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setWordWrap(True)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(SHOWN_MS)
        self._timer.timeout.connect(self.hide)

    def tell(self, beside: QWidget, text: str, level: Level) -> None:
        """Show a text below a widget, or above it where there is no room."""
        self.setProperty("level", level)
        self.style().unpolish(self)
        self.style().polish(self)
        self.setText(text)
        self.setFixedWidth(min(WIDEST, self.fontMetrics().horizontalAdvance(text) + 32))
        self.adjustSize()
        self.move(self._place(beside))
        self.show()
        self.raise_()
        self._timer.start()
        QAccessible.updateAccessibility(QAccessibleAnnouncementEvent(self, text))

    def _place(self, beside: QWidget) -> QPoint:
        over = self._over
        corner = beside.mapTo(over, QPoint(0, beside.height() + GAP))
        if corner.y() + self.height() > over.height():
            corner.setY(corner.y() - beside.height() - self.height() - 2 * GAP)
        corner.setX(max(0, min(corner.x(), over.width() - self.width())))
        corner.setY(max(0, corner.y()))
        return corner

    def mousePressEvent(self, event: object) -> None:
        """Disappear."""
        self.hide()

    def hideEvent(self, event: object) -> None:
        """Stop waiting."""
        self._timer.stop()


def say(beside: QWidget, text: str, level: Level = "info") -> None:
    """Say something beside a widget, in its window."""
    window = beside.window()
    bubble = window.findChild(Bubble)
    (bubble if isinstance(bubble, Bubble) else Bubble(window)).tell(beside, text, level)


def hush(beside: QWidget) -> None:
    """Take back what was said in the window of a widget."""
    bubble = beside.window().findChild(Bubble)
    if isinstance(bubble, Bubble):
        bubble.hide()
