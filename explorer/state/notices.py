"""Notifications for the person, and lines for the log."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject, Signal

# Takes back what a notification tells of.
Undo = Callable[[], None]


class NoticeState(QObject):
    """The texts people should see; :attr:`undo` takes back what the newest notification tells of, if that is possible.

    Signals
    -------
    noticed(str, str)
        Level (``info``, ``warning``, ``error``) and text of a notification.
    logged(str, str)
        The same for the Log pane only.
    """

    noticed = Signal(str, str)
    logged = Signal(str, str)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.undo: Undo | None = None

    def notice(self, level: str, text: str, undo: Undo | None = None) -> None:
        """Show a notification, with a button that calls ``undo`` where there is one."""
        self.undo = undo
        self.noticed.emit(level, text)

    def log(self, text: str) -> None:
        """Write a line into the Log pane only."""
        self.logged.emit("note", text)
