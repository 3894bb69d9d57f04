"""The shelf of runs: which there are, what the window can go on with or compare, and what need not be kept."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from models.core.errors import UserError
from models.core.history import RUNS_REMEMBERED, EpochSnapshot, PastRun, Records, RunStage, StoredRun, UnfinishedRun
from models.training.storage.checkpoint import (
    Checkpoint,
    checkpoint_folders,
    latest_checkpoint,
    remove_checkpoint,
)
from models.training.storage.lock import RunLock
from models.training.storage.outline import Outline, outline_of, resumable
from models.training.storage.removal import holds_work, remove_run
from models.training.storage.snapshots import Snapshots
from models.training.storage.trash import TRASH, remove_expired, trashed_runs

MOST_EPOCHS_TOLD = 400
# A window may be looking at the epochs of a run that has just ended.
SECONDS_BEFORE_TIDYING = 3600.0


def list_runs(folder: Path) -> tuple[StoredRun, ...]:
    """Return the runs in ``folder``, the newest first; nothing is verified, so that many are listed in a moment."""
    found = [stored_run(path) for path in run_folders(folder) if holds_work(path)]
    return tuple(sorted(found, key=lambda run: 0.0 if run.run is None else run.run.when, reverse=True))


def stored_run(run_folder: Path) -> StoredRun:
    """Describe one run, without verifying anything."""
    return _stored(run_folder, run_folder)


def list_trash(folder: Path) -> tuple[StoredRun, ...]:
    """Return the runs thrown away from ``folder``, the last one first."""
    return tuple(_stored(entry, place, when) for entry, place, when in reversed(trashed_runs(folder)))


def _stored(path: Path, place: Path, discarded: float | None = None) -> StoredRun:
    """Describe the run at ``path`` whose place is, or was, ``place``."""
    found = outline_of(path)
    model = "" if found is None or discarded is not None else str(found.model)
    run = None if found is None else replace(found.run, folder=str(place))
    return StoredRun(str(place), _stage(path, found, discarded), _size(path), run, model, discarded)


def _stage(path: Path, found: Outline | None, discarded: float | None) -> RunStage:
    if discarded is None and _at_work(path):
        return "training"
    if found is None:
        return "damaged"
    return "finished" if found.ended else "interrupted"


def _at_work(run_folder: Path) -> bool:
    """Return whether a process works on the run."""
    try:
        with at_rest(run_folder):
            return False
    except UserError:
        return True
    except OSError:
        return False


def _size(folder: Path) -> int:
    """Return the bytes of all files in ``folder``; those that vanish meanwhile do not count."""
    size = 0
    for path, _, names in os.walk(folder):
        for name in names:
            with contextlib.suppress(OSError):
                size += (Path(path) / name).lstat().st_size
    return size


def run_folders(folder: Path) -> list[Path]:
    """Return all folders of runs in ``folder``, in the order of their names."""
    if not folder.is_dir():
        return []
    return sorted(path for path in folder.iterdir() if path.is_dir() and path.name != TRASH)


def find_runs(folder: Path) -> tuple[tuple[UnfinishedRun, ...], tuple[PastRun, ...]]:
    """Return the runs in ``folder`` that nobody is at work on: that can be resumed, and the last that have ended.

    The former begin with the newest, the latter end with it. Their checkpoints are verified, which reads all of them.
    """
    outlines = {path: found for path in run_folders(folder) if (found := outline_of(path)) is not None}
    ended = sorted((path for path in outlines if outlines[path].ended), key=lambda path: outlines[path].run.when)
    waiting = (checkpoint_at_rest(path) for path in outlines if not outlines[path].ended)
    past = (checkpoint_at_rest(path) for path in ended[-RUNS_REMEMBERED:])
    runs = [resumable(found) for found in waiting if found is not None]
    newest_first = sorted(runs, key=lambda run: run.when, reverse=True)
    return tuple(newest_first), tuple(_past(found, few=True) for found in past if found is not None and found.history)


def read_run(run_folder: Path) -> tuple[PastRun, tuple[EpochSnapshot, ...]]:
    """Return the curves of a run and the models of its epochs; :class:`UserError` if no checkpoint of it is whole."""
    checkpoint = latest_checkpoint(run_folder)
    if checkpoint is None:
        raise UserError(str(run_folder), "there is no whole checkpoint to read")
    return _past(checkpoint), Snapshots(run_folder).kept()


def _past(checkpoint: Checkpoint, few: bool = False) -> PastRun:
    run, history = resumable(checkpoint), checkpoint.history
    return PastRun(run.name, run.settings, _thinned(history) if few else history, run.when)


def _thinned(history: Records) -> Records:
    """Return so few epochs that a window can take many runs at once, the last one among them."""
    return tuple(history[:: -(1 + (len(history) - 1) // MOST_EPOCHS_TOLD)][::-1])


@contextlib.contextmanager
def at_rest(run_folder: Path) -> Iterator[None]:
    """Hold the lock of a run; :class:`UserError` if another process does, OSError if it cannot be locked."""
    lock = RunLock(run_folder)
    try:
        lock.acquire()
        yield
    finally:
        lock.release()


def checkpoint_at_rest(run_folder: Path) -> Checkpoint | None:
    """Return the newest whole checkpoint of a run that nobody is at work on, None if there is none."""
    if not checkpoint_folders(run_folder):
        return None
    try:
        with at_rest(run_folder):
            return latest_checkpoint(run_folder)
    except (UserError, OSError):
        return None


def tidy(folder: Path) -> None:
    """Remove what need not be kept: empty runs, what ended runs hold too much, and what the trash has held long."""
    for run_folder in run_folders(folder):
        with contextlib.suppress(UserError, OSError):
            if time.time() - run_folder.stat().st_mtime > SECONDS_BEFORE_TIDYING:
                _shrink(run_folder)
    with contextlib.suppress(OSError):
        remove_expired(folder)


def _shrink(run_folder: Path) -> None:
    """Remove a run without any work, and of one that has ended old checkpoints and some of the models of its epochs."""
    with at_rest(run_folder):
        newest = latest_checkpoint(run_folder)
        if newest is not None and newest.ended:
            for folder in checkpoint_folders(run_folder):
                if folder != newest.folder:
                    remove_checkpoint(folder)
            Snapshots(run_folder).shrink()
        elif not holds_work(run_folder):
            remove_run(run_folder)
