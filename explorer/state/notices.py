"""Notifications for the person, and lines for the log."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal


class NoticeState(QObject):
    """The texts people should see.

    Signals
    -------
    noticed(str, str)
        Level (``info``, ``warning``, ``error``) and text of a notification.
    logged(str, str)
        The same for the Log pane only.
    """

    noticed = Signal(str, str)
    logged = Signal(str, str)

    def notice(self, level: str, text: str) -> None:
        """Show a notification."""
        self.noticed.emit(level, text)

    def log(self, text: str) -> None:
        """Write a line into the Log pane only."""
        self.logged.emit("note", text)
