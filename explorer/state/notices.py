"""Notifications for the person, and lines for the log."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from PySide6.QtCore import QObject, Signal

# Takes back what a notification tells of.
Undo = Callable[[], None]
# What people ask for again after it has failed.
Task = Literal["open", "save", "export", "train"]


class NoticeState(QObject):
    """The texts people should see; :attr:`undo` takes back what the notification on offer tells of, if it can.

    Signals
    -------
    noticed(str, str)
        Level (``info``, ``warning``, ``error``) and text of a notification.
    logged(str, str)
        The same for the Log pane only.
    settled
        What the newest notification complains about has succeeded since.
    """

    noticed = Signal(str, str)
    logged = Signal(str, str)
    settled = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.undo: Undo | None = None
        self._complaint: Task | None = None

    def notice(self, level: str, text: str, task: Task | None = None, undo: Undo | None = None) -> None:
        """Show a notification, with a button that calls ``undo`` where there is one.

        A warning or an error of a ``task`` goes when the task succeeds later. Mere information does not cover what can
        be undone; the Log pane has it.
        """
        if level == "info" and undo is None and self.undo is not None:
            self.logged.emit(level, text)
            return
        self.undo = undo
        self._complaint = None if level == "info" else task
        self.noticed.emit(level, text)

    def withdraw_undo(self) -> Undo | None:
        """Return what takes back what the notification tells of; it is on offer no more."""
        undo, self.undo = self.undo, None
        return undo

    def succeed(self, task: Task) -> None:
        """Record that a task succeeded, so that an older complaint about it is none any more."""
        if task == self._complaint:
            self._complaint = None
            self.settled.emit()

    def log(self, text: str) -> None:
        """Write a line into the Log pane only."""
        self.logged.emit("note", text)
