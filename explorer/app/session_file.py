"""The session of a window on the disk: a file of its own, saved a few seconds after each change."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from platformdirs import user_data_path
from PySide6.QtCore import QObject, Qt, QTimer, Signal

from explorer.app import session
from explorer.state import AppState
from models.core.errors import UserError
from models.core.file_lock import FileLock

SAVE_AFTER_MS = 3000
MOST_WINDOWS = 9
BESIDE = "Another Latentscape window is open. This one keeps a session of its own, and leaves the other's alone."
TOO_MANY = "So many Latentscape windows are open that this one keeps no session."


def session_path(number: int = 1) -> Path:
    """Return where the session of the first window of this person is kept, or of one opened beside it."""
    name = "session.json" if number == 1 else f"session-{number}.json"
    return user_data_path("latentscape") / name


class SessionFile:
    """The file of a session, locked while the window is open: the first that no other window holds.

    :attr:`number` is that of the window, 0 if there are too many to keep another session.
    """

    def __init__(self) -> None:
        self.number, self._lock = _claimed()

    @property
    def path(self) -> Path | None:
        """Where the session is kept."""
        return session_path(self.number) if self.number else None

    @property
    def remark(self) -> str:
        """What a person should know if this is not the only window."""
        return {0: TOO_MANY, 1: ""}.get(self.number, BESIDE)

    def load(self) -> dict[str, Any]:
        """Return what is stored, nothing in a new session; raises :class:`UserError`."""
        path = self.path
        return {} if path is None else session.load(path) or {}

    def release(self) -> None:
        """Leave the file to other windows."""
        if self._lock is not None:
            self._lock.release()


def _claimed() -> tuple[int, FileLock | None]:
    for number in range(1, MOST_WINDOWS + 1):
        lock = FileLock(session_path(number).with_suffix(".lock"))
        try:
            if lock.acquire():
                return number, lock
        except OSError:
            # Where no file can be locked, none can be written either, or no other window would be noticed.
            return number, None
    return 0, None


class Autosave(QObject):
    """Saves the session in a thread, a few seconds after something in it has changed.

    Signals
    -------
    failed(str)
        The session could not be saved, for the first time since it last could: the reason.
    """

    failed = Signal(str)
    _written = Signal(str)

    def __init__(
        self, state: AppState, path: Path, capture: Callable[[], dict[str, Any]], parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._path, self._capture = path, capture
        self._saved: dict[str, Any] = {}
        self._complaint = ""
        self._writer = ThreadPoolExecutor(1, "save-session")
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(SAVE_AFTER_MS)
        self._timer.timeout.connect(self._save)
        self._written.connect(self._done, Qt.ConnectionType.QueuedConnection)
        latent, model, view = state.latent, state.model, state.display
        for changed in (
            latent.moved, latent.points_changed, latent.current_changed, latent.locks_changed, latent.hold_changed,
            model.model_changed, model.data_changed, model.recent_changed, view.axes_changed, view.dimension_changed,
            view.decode_changed, view.seed_changed, view.active_only_changed, state.plan.changed,
            state.catalogue.changed, state.unsaved.changed,
        ):  # fmt: skip
            changed.connect(self.later)

    def later(self) -> None:
        """Save in a few seconds; what changes until then is saved with it."""
        if not self._timer.isActive():
            self._timer.start()

    def save_now(self) -> None:
        """Save now, and wait for it."""
        self._timer.stop()
        self._saved = self._capture()
        self._done(self._writer.submit(self._write, self._saved).result())

    def close(self) -> str:
        """Save now, the last time, and return why that failed, empty if it did not."""
        self._timer.stop()
        self._timer.blockSignals(True)
        self._writer.shutdown()
        return self._write(self._capture())

    def _save(self) -> None:
        now = self._capture()
        if now != self._saved:
            self._saved = now
            self._writer.submit(self._write_aside, now)

    def _write_aside(self, now: dict[str, Any]) -> None:
        self._written.emit(self._write(now))

    def _write(self, now: dict[str, Any]) -> str:
        try:
            session.save(self._path, now)
        except UserError as error:
            return str(error)
        return ""

    def _done(self, complaint: str) -> None:
        if complaint:
            self._saved = {}
        if complaint and not self._complaint:
            self.failed.emit(complaint)
        self._complaint = complaint
