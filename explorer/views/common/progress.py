"""How a dialog tells how far it is, and how it ended."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QProgressBar

THIN = 6
TWO_LINES = 36


def thin_bar() -> QProgressBar:
    """Return a thin progress bar without text."""
    bar = QProgressBar()
    bar.setTextVisible(False)
    bar.setFixedHeight(THIN)
    return bar


def outcome() -> QLabel:
    """Return a label with room for two lines that may name files."""
    label = QLabel()
    label.setWordWrap(True)
    # Names of files are no markup.
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setMinimumHeight(TWO_LINES)
    return label
