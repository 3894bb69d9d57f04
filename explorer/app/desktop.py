"""The desktop ends its session, at logout or shutdown: ask about unsaved work or keep it, and save the session."""

from __future__ import annotations

from typing import Protocol

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QApplication

from explorer.app.main_window import MainWindow
from explorer.app.session_file import Autosave


class SessionManager(Protocol):
    """What is used of Qt's ``QSessionManager``."""

    def allowsInteraction(self) -> bool:
        """Return whether the person may be asked, and if so wait until it is this program's turn."""

    def release(self) -> None:
        """Let other programs ask."""

    def cancel(self) -> None:
        """Let the desktop go on."""


class DesktopSession(QObject):
    """Answers the session manager of the desktop; what it does not let us ask about is there at the next start."""

    def __init__(self, window: MainWindow, autosave: Autosave | None, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._window, self._autosave = window, autosave

    def follow(self, qt: QApplication) -> None:
        """Take the requests of the session manager."""
        qt.commitDataRequest.connect(self.commit)
        qt.saveStateRequest.connect(self.save)

    def commit(self, manager: SessionManager) -> None:
        """Ask about unsaved work as on closing, if the desktop lets us, and stop it if the person cancels."""
        may_ask = manager.allowsInteraction()
        agreed = self._window.agrees_to_end(may_ask)
        if may_ask:
            manager.release()
        if not agreed:
            manager.cancel()
        self.save()

    def save(self) -> None:
        """Save the session now: the next thing to come may be the end of the process."""
        if self._autosave is not None:
            self._autosave.save_now()
