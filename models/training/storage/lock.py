"""One process at a time in the folder of a run."""

from __future__ import annotations

from pathlib import Path

from models.core.errors import UserError
from models.core.file_lock import FileLock

LOCK_FILE = "run.lock"


class RunLock:
    """The lock of the run in ``folder``; one that a dead process left is taken over."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / LOCK_FILE
        self._lock = FileLock(self.path)

    def acquire(self) -> None:
        """Take the lock, making the folder; :class:`UserError` if another process has it, OSError if it cannot be."""
        if not self._lock.acquire():
            raise UserError(str(self.path.parent), f"process {self._lock.owner()} is at work on this run")

    def release(self) -> None:
        """Give the lock back."""
        self._lock.release()
