"""Drafts: what is being written under a temporary name, held by the process that writes it, and swept once it is gone.

Nobody can foresee the name of a draft, and it is made only where nothing is, not even a link: what is written goes
nowhere else. The system holds the lock of a draft, and frees it when the process dies, however it dies.
"""

from __future__ import annotations

import os
import re
import secrets
import shutil
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

if sys.platform != "win32":
    import fcntl

# Between the dot and the end of the temporary name of a file.
UNFINISHED = ".part"
DRAFT_PREFIX = ".draft-"
# Exactly the names that are given here, so that nothing of a person's is taken for a draft.
_NAME = re.compile(rf"{re.escape(DRAFT_PREFIX)}[0-9a-f]{{8,16}}|\..*\.[0-9a-f]{{8,16}}{re.escape(UNFINISHED)}(\..*)?")
# Where the system cannot say who holds a draft.
FORGOTTEN_SECONDS = 86_400.0
USUAL_FILE, PRIVATE_FILE, PRIVATE_FOLDER = 0o666, 0o600, 0o700
NO_LINK = getattr(os, "O_NOFOLLOW", 0)


@contextmanager
def draft_file(path: Path, private: bool = False) -> Iterator[Path]:
    """Give an empty file beside ``path`` to write to, which vanishes in the end if it is still there."""
    while True:
        draft = path.with_name(f".{path.stem}.{secrets.token_hex(8)}{UNFINISHED}{path.suffix}")
        mode = PRIVATE_FILE if private else USUAL_FILE
        descriptor = os.open(draft, os.O_RDWR | os.O_CREAT | os.O_EXCL | NO_LINK, mode)
        if _holds(descriptor, draft):
            break
    try:
        yield draft
    finally:
        _let_go(descriptor)
        with suppress(OSError):
            draft.unlink()


@contextmanager
def draft_folder(parent: Path) -> Iterator[Path]:
    """Give an empty folder in ``parent`` that only this person can look into; it vanishes if it is still there."""
    while True:
        draft = parent / f"{DRAFT_PREFIX}{secrets.token_hex(8)}"
        draft.mkdir(PRIVATE_FOLDER)
        descriptor = None if sys.platform == "win32" else os.open(draft, os.O_RDONLY | NO_LINK)
        if _holds(descriptor, draft):
            break
    try:
        yield draft
    finally:
        _let_go(descriptor)
        shutil.rmtree(draft, ignore_errors=True)


def sweep(folder: Path, begin: str = ".", end: str = "") -> None:
    """Remove the drafts in ``folder`` that no living process holds, of those with this begin and end of the name."""
    with suppress(OSError):
        for entry in folder.iterdir():
            name = entry.name
            if _NAME.fullmatch(name) and name.startswith(begin) and name.endswith(end):
                _remove_if_abandoned(entry)


def _remove_if_abandoned(entry: Path) -> None:
    with suppress(OSError):
        if sys.platform == "win32":
            if time.time() - entry.stat().st_mtime > FORGOTTEN_SECONDS:
                _remove(entry)
            return
        descriptor = os.open(entry, (os.O_RDONLY if entry.is_dir() else os.O_RDWR) | NO_LINK | os.O_NONBLOCK)
        try:
            # Held by another process this raises; while it is held here, nobody else takes it up.
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            _remove(entry)
        finally:
            os.close(descriptor)


def _remove(entry: Path) -> None:
    if entry.is_dir():
        shutil.rmtree(entry, ignore_errors=True)
    else:
        entry.unlink(missing_ok=True)


def _holds(descriptor: int | None, draft: Path) -> bool:
    """Lock a new draft; False if another process has swept it before it was locked."""
    if descriptor is None or sys.platform == "win32":
        # A file that is open cannot be renamed there.
        _let_go(descriptor)
        return True
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return False
    except OSError:
        # Some file systems, most of them on a network, have no such locks: nothing is ever swept there either.
        return True
    if draft.exists():
        return True
    os.close(descriptor)
    return False


def _let_go(descriptor: int | None) -> None:
    if descriptor is not None:
        with suppress(OSError):
            os.close(descriptor)
