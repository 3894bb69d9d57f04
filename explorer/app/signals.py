"""Signals of the system that ask the window to close: at logout, at shutdown, with its terminal, by Ctrl-C."""

from __future__ import annotations

import signal
import socket
from types import FrameType

from PySide6.QtCore import QObject, QSocketNotifier, Signal

# Windows knows no SIGHUP.
CLOSING = tuple(getattr(signal, name) for name in ("SIGTERM", "SIGHUP", "SIGINT") if hasattr(signal, name))


class ClosingSignals(QObject):
    """Turns the first of these signals into one of Qt, in the event loop; the next one ends the process at once.

    Python handles a signal only between two of its own instructions, and an event loop that waits runs none: the
    number of the signal is written to a socket, which wakes the loop.

    Signals
    -------
    asked(int)
        The system asked the window to close, by the signal of this number.
    """

    asked = Signal(int)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._ours, self._theirs = socket.socketpair()
        for end in (self._ours, self._theirs):
            end.setblocking(False)
        self._notifier = QSocketNotifier(self._ours.fileno(), QSocketNotifier.Type.Read, self)
        self._notifier.activated.connect(self._read)

    def install(self) -> None:
        """Take the signals; only the main thread may."""
        signal.set_wakeup_fd(self._theirs.fileno(), warn_on_full_buffer=False)
        for number in CLOSING:
            signal.signal(number, _noted)

    def remove(self) -> None:
        """Give the signals back."""
        signal.set_wakeup_fd(-1)
        for number in CLOSING:
            signal.signal(number, signal.SIG_DFL)
        self._notifier.setEnabled(False)
        self._ours.close()
        self._theirs.close()

    def _read(self) -> None:
        for number in self._ours.recv(64):
            if number in CLOSING:
                for closing in CLOSING:
                    signal.signal(closing, signal.SIG_DFL)
                self.asked.emit(number)
                return


def _noted(number: int, frame: FrameType | None) -> None:
    """Do nothing: the number of the signal is in the socket."""
