"""One process at a time in the folder of a run: the system holds the lock, and frees it when the process dies."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from models.core.drafts import NO_LINK, PRIVATE_FILE
from models.core.errors import UserError
from models.core.files import make_private_folder

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

LOCK_FILE = "run.lock"
# Windows locks a range of bytes against reading, too: one beyond the process id that others want to read.
LOCKED_BYTE = 64


class RunLock:
    """The lock of the run in ``folder``; a file that a dead process left is taken over."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / LOCK_FILE
        self._descriptor: int | None = None

    def acquire(self) -> None:
        """Take the lock, making the folder; :class:`UserError` if another process has it, OSError if it cannot be."""
        # A file that was removed meanwhile, with its folder or by one that left, locks nobody out.
        while not self._still_ours():
            self.release()
            self._descriptor = self._locked()

    def release(self) -> None:
        """Give the lock back; its file stays, since another process may be about to lock it."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def _locked(self) -> int:
        """Return the descriptor of the file, locked."""
        make_private_folder(self.path.parent)
        descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | NO_LINK, PRIVATE_FILE)
        try:
            self._take(descriptor)
        except BaseException:
            # It would hold the lock for as long as this process lives.
            os.close(descriptor)
            raise
        return descriptor

    def _take(self, descriptor: int) -> None:
        """Lock the file and write into it who has it."""
        try:
            _lock(descriptor)
        except (BlockingIOError, PermissionError) as error:
            owner = os.read(descriptor, LOCKED_BYTE).decode("ascii", "replace").strip()
            raise UserError(str(self.path.parent), f"process {owner} is at work on this run") from error
        os.ftruncate(descriptor, 0)
        os.write(descriptor, f"{os.getpid()}\n".encode())

    def _still_ours(self) -> bool:
        """Whether the lock is held and its file is the one that others would find."""
        if self._descriptor is None:
            return False
        try:
            return os.path.samestat(os.fstat(self._descriptor), self.path.stat())
        except OSError:
            return False


def _lock(descriptor: int) -> None:
    if sys.platform == "win32":
        os.lseek(descriptor, LOCKED_BYTE, os.SEEK_SET)
        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        os.lseek(descriptor, 0, os.SEEK_SET)
    else:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
