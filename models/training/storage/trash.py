"""The trash of runs: what is thrown away waits there for a month and can be taken back.

A discarded run is renamed to ``.trash/1796000000-NAME`` beside the folders of the other runs, after the time at which
it was thrown away: nothing is copied, and a run is always in one of the two places.
"""

from __future__ import annotations

import re
import time
from pathlib import Path

from models.core.errors import UserError
from models.core.files import make_folder, naming, sync_folder
from models.core.history import DAYS_IN_TRASH
from models.training.storage.lock import RunLock
from models.training.storage.removal import holds_work, remove_run

TRASH = ".trash"
SECONDS_PER_DAY = 86_400

_ENTRY = re.compile(r"(\d{1,12})-(.+)")


def discard_run(run_folder: Path) -> bool:
    """Move a run to the trash, and return whether there was anything to keep.

    :class:`UserError` if another process works on it, or the disk does not let go of it.
    """
    if not run_folder.is_dir():
        return False
    with naming(run_folder):
        lock = RunLock(run_folder)
        lock.acquire()
        lock.release()
        if not holds_work(run_folder):
            remove_run(run_folder)
            return False
        _move(run_folder, run_folder.parent / TRASH / f"{int(time.time())}-{run_folder.name}")
    return True


def restore_run(run_folder: Path) -> None:
    """Move a run back from the trash; :class:`UserError` if it is not there any more, or its place is taken."""
    found = [entry for entry, place, _ in trashed_runs(run_folder.parent) if place == run_folder]
    if not found:
        raise UserError(str(run_folder), "this run is no longer in the trash")
    if holds_work(run_folder):
        raise UserError(str(run_folder), "the run cannot return: another is in its place")
    with naming(run_folder):
        remove_run(run_folder)
        _move(found[-1], run_folder)


def trashed_runs(folder: Path) -> list[tuple[Path, Path, float]]:
    """Return the runs thrown away from ``folder``: where each is, where it was, and when it went; oldest first."""
    trash = folder / TRASH
    entries = trash.iterdir() if trash.is_dir() else ()
    found = ((entry, _ENTRY.fullmatch(entry.name)) for entry in entries)
    known = [(entry, folder / match[2], float(match[1])) for entry, match in found if match and holds_work(entry)]
    return sorted(known, key=lambda run: run[2])


def empty_trash(folder: Path, older_than: float = 0.0, only: Path | None = None) -> None:
    """Remove for good what was thrown away ``older_than`` so many seconds ago; ``only`` the run that lay there."""
    now = time.time()
    for entry, place, when in trashed_runs(folder):
        if now - when >= older_than and only in (None, place):
            remove_run(entry)


def remove_expired(folder: Path) -> None:
    """Remove for good what was thrown away a month ago."""
    empty_trash(folder, older_than=DAYS_IN_TRASH * SECONDS_PER_DAY)


def _move(source: Path, target: Path) -> None:
    make_folder(target.parent)
    source.rename(target)
    sync_folder(target.parent)
    sync_folder(source.parent)
