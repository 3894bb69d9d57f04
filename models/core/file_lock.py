"""A file that one process at a time holds: the system frees it when the process dies."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from models.core.drafts import NO_LINK, PRIVATE_FILE
from models.core.files import make_private_folder
from models.core.reading import open_file

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

# Windows locks a range of bytes against reading, too: one beyond the process id that others want to read.
LOCKED_BYTE = 64


class FileLock:
    """A lock on the file ``path``; one that a dead process left is taken over."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._descriptor: int | None = None

    def acquire(self) -> bool:
        """Take the lock, making file and folder; False if another process has it, OSError if it cannot be made."""
        # A file that was removed meanwhile, with its folder or by one that left, locks nobody out.
        while not self._still_ours():
            self.release()
            self._descriptor = self._locked()
            if self._descriptor is None:
                return False
        return True

    def release(self) -> None:
        """Give the lock back; its file stays, since another process may be about to lock it."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def owner(self) -> str:
        """Return the id of the process that holds or held the lock; OSError if the file cannot be read."""
        with open_file(self.path) as file:
            return file.read(LOCKED_BYTE).decode("ascii", "replace").strip()

    def _locked(self) -> int | None:
        """Return the descriptor of the file, locked; None if another process has locked it."""
        make_private_folder(self.path.parent)
        descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | NO_LINK, PRIVATE_FILE)
        try:
            if _lock(descriptor):
                os.ftruncate(descriptor, 0)
                os.write(descriptor, f"{os.getpid()}\n".encode())
                return descriptor
        except BaseException:
            # It would hold the lock for as long as this process lives.
            os.close(descriptor)
            raise
        os.close(descriptor)
        return None

    def _still_ours(self) -> bool:
        """Whether the lock is held and its file is the one that others would find."""
        if self._descriptor is None:
            return False
        try:
            return os.path.samestat(os.fstat(self._descriptor), self.path.stat())
        except OSError:
            return False


def _lock(descriptor: int) -> bool:
    """Lock an open file; return whether no other process has it locked."""
    try:
        if sys.platform == "win32":
            os.lseek(descriptor, LOCKED_BYTE, os.SEEK_SET)
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
            os.lseek(descriptor, 0, os.SEEK_SET)
        else:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError):
        return False
    return True
