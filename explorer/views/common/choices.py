"""Boxes and sliders that the wheel does not change in passing."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from PySide6.QtCore import Qt
from PySide6.QtGui import QContextMenuEvent, QWheelEvent
from PySide6.QtWidgets import QComboBox, QSlider

from explorer.views.common.menus import Entry, copy_text, pop_up
from explorer.views.common.number_text import plain_text


class Choice(QComboBox):
    """A box of choices; the wheel turns it only while the keys go to it."""

    def __init__(self) -> None:
        super().__init__()
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Step, or leave the wheel to what scrolls."""
        if self.hasFocus():
            super().wheelEvent(event)
        else:
            event.ignore()


class Slider(QSlider):
    """A level slider; the wheel moves it only while the keys go to it."""

    def __init__(self) -> None:
        super().__init__(Qt.Orientation.Horizontal)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        # What its menu copies, and how it returns to where it began.
        self.number: Callable[[], float] | None = None
        self.put_back: Callable[[], object] | None = None

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        """Offer to copy the number under the handle, and to put the handle back."""
        text = plain_text(self.value() if self.number is None else self.number())
        entries = [Entry(f"Copy {text}", partial(copy_text, self, text))]
        if self.put_back is not None:
            entries.append(Entry("Put it back", self.put_back))
        pop_up(self, event.globalPos(), entries)

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Step, or leave the wheel to what scrolls."""
        if self.hasFocus():
            super().wheelEvent(event)
        else:
            event.ignore()
