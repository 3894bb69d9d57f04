"""Log files: for one person's eyes, and bounded, also while a process goes on writing for days."""

from __future__ import annotations

import os
import threading
import time
from contextlib import suppress
from pathlib import Path

from models.core.drafts import PRIVATE_FILE
from models.core.reading import open_file

LOG_BYTES = 1_000_000
LOGS_KEPT = 3
LOOK_SECONDS = 0.5


def open_log(path: str | Path) -> int:
    """Return the descriptor of a log to append to, which nobody else may read; OSError if it cannot be written."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, PRIVATE_FILE)
    with suppress(OSError, AttributeError):
        # One that an earlier version made could be read by all.
        os.fchmod(descriptor, PRIVATE_FILE)
    return descriptor


def make_room(path: Path) -> None:
    """Move a log that has grown large away; the last few are kept. To be called while nobody writes to it."""
    if _size(path) > LOG_BYTES:
        _shift(path)
        path.replace(_older(path, 1))


def keep_bounded(descriptor: int, path: str | Path, seconds: float = LOOK_SECONDS) -> None:
    """Watch the log behind ``descriptor`` in a thread, and empty it when it has grown large.

    Native code writes to the descriptor, so that the file must stay the same: what it held last is copied away.
    """
    arguments = (descriptor, Path(path), seconds)
    threading.Thread(target=_watch, args=arguments, name="log-watch", daemon=True).start()


def _watch(descriptor: int, path: Path, seconds: float) -> None:
    while True:
        time.sleep(seconds)
        with suppress(OSError):
            empty_if_large(descriptor, path)


def empty_if_large(descriptor: int, path: Path) -> None:
    """Copy the end of a log that has grown large away, and empty it; OSError if that is not possible."""
    size = os.fstat(descriptor).st_size
    if size <= LOG_BYTES:
        return
    with suppress(OSError):
        _shift(path)
        with open_file(path) as file:
            file.seek(size - LOG_BYTES)
            _write(_older(path, 1), file.read(LOG_BYTES))
    # Also where nothing can be copied any more: a full disk is the reason to stop.
    os.ftruncate(descriptor, 0)


def _shift(path: Path) -> None:
    for age in range(LOGS_KEPT - 1, 0, -1):
        if _older(path, age).exists():
            _older(path, age).replace(_older(path, age + 1))


def _older(path: Path, age: int) -> Path:
    return path.with_suffix(f".{age}.log")


def _write(path: Path, content: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, PRIVATE_FILE)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0
