"""State of the worker processes, for the status bar, the banner and the log."""

from __future__ import annotations

from enum import Enum

from PySide6.QtCore import QObject, Signal

from models.protocol.lifecycle import Hello, Role


class Status(Enum):
    """Life of a worker."""

    STOPPED = "stopped"
    STARTING = "starting"
    READY = "ready"
    BUSY = "busy"
    CRASHED = "crashed"


class WorkersState(QObject):
    """Status of both workers.

    Signals
    -------
    status_changed
        A worker's :class:`Status` changed.
    crashed(str, str, bool)
        Role and sentence about a worker that ended by itself, and whether it is restarting.
    trouble_changed(str)
        The worker of this role does not get on, or does again: :attr:`trouble` has the sentence, or nothing.
    restart_requested(str)
        The person asks for a worker that is off or hangs to be started again.
    """

    status_changed = Signal()
    crashed = Signal(str, str, bool)
    trouble_changed = Signal(str)
    restart_requested = Signal(str)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.status: dict[Role, Status] = {"decoder": Status.STOPPED, "trainer": Status.STOPPED}
        self.hello: dict[Role, Hello] = {}
        # By role, sentences about a worker that does not get on.
        self.trouble: dict[str, str] = {}
        # Path of each worker's log, and where this session begins in it.
        self.logs: dict[Role, tuple[str, int]] = {}

    def set_status(self, role: Role, status: Status) -> None:
        """Record what a worker does."""
        self.status[role] = status
        self.status_changed.emit()

    def set_hello(self, hello: Hello) -> None:
        """Record versions and device of a worker that is ready."""
        self.hello[hello.role] = hello
        self.set_status(hello.role, Status.READY)

    def restart(self, role: str) -> None:
        """Ask for a worker that is off or hangs to be started again."""
        self.restart_requested.emit(role)

    def set_trouble(self, role: Role, text: str) -> None:
        """Record, as sentences, that a worker does not get on; nothing if it does."""
        if text:
            self.trouble[role] = text
        else:
            self.trouble.pop(role, None)
        self.trouble_changed.emit(role)

    def crash(self, role: Role, text: str, again: bool) -> None:
        """Report that a worker ended by itself, and whether it is restarting."""
        self.crashed.emit(role, text, again)
