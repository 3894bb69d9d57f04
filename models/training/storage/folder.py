"""The folder of a run in progress: locked, read once, written many times, whatever the disk does."""

from __future__ import annotations

import contextlib
import shutil
from dataclasses import replace
from pathlib import Path

from models.core.descriptions import ModelInfo
from models.core.errors import UserError
from models.core.files import DRAFT_PREFIX, reason_of, sync_folder
from models.core.history import PastRun, Records, UnfinishedRun
from models.core.settings import TrainSettings
from models.protocol.training import CheckpointDelayed, CheckpointWritten
from models.training.storage.checkpoint import (
    Checkpoint,
    checkpoint_folders,
    latest_checkpoint,
    write_checkpoint,
)
from models.training.storage.lock import LOCK_FILE, RunLock
from models.training.storage.snapshots import Snapshots
from models.vae.architecture import ParameterArrays

MOST_EPOCHS_TOLD = 400


class RunFolder:
    """The folder at ``path`` for the checkpoints of the training ``identity``."""

    def __init__(self, path: Path, identity: int) -> None:
        self.path = path
        self._identity = identity
        self._lock = RunLock(path)
        self._complaint = ""

    def begin(self) -> None:
        """Take the folder for a new run; what an earlier one left is removed. UserError if another is at work."""
        self.take()
        remove_checkpoints(self.path)

    def resume(self) -> Checkpoint:
        """Take the folder and return its newest whole checkpoint; UserError if there is none or another is at work."""
        self.take()
        checkpoint = latest_checkpoint(self.path)
        if checkpoint is None:
            raise UserError(str(self.path), "there is no whole checkpoint to resume from")
        return checkpoint

    def write(
        self, checkpoint: Checkpoint, info: ModelInfo, parameters: ParameterArrays
    ) -> CheckpointWritten | CheckpointDelayed:
        """Write a checkpoint, or say why that is not possible now; a folder that was removed is recreated."""
        try:
            self._lock.acquire()
            write_checkpoint(checkpoint, info, parameters)
        except OSError as error:
            return CheckpointDelayed(self._identity, str(self.path), reason_of(error))
        except UserError as error:
            return CheckpointDelayed(self._identity, str(self.path), error.reason)
        self._complaint = ""
        return CheckpointWritten(self._identity, str(checkpoint.model_path), info.epoch)

    def news(self, written: CheckpointWritten | CheckpointDelayed) -> CheckpointWritten | CheckpointDelayed | None:
        """Return what is to be told of :meth:`write`: the same complaint only once."""
        if isinstance(written, CheckpointWritten):
            return written
        repeated, self._complaint = written.reason == self._complaint, written.reason
        return None if repeated else written

    def last_good(self, settings: TrainSettings, learning_rate: float) -> UnfinishedRun | None:
        """Return what can be resumed from the newest whole checkpoint of a run that had these values last."""
        found = latest_checkpoint(self.path)
        return None if found is None else replace(resumable(found), settings=settings, learning_rate=learning_rate)

    def remove(self) -> None:
        """Remove the run and give the folder back."""
        self._lock.release()
        remove_run(self.path)

    def close(self) -> None:
        """Give the folder back; one without a checkpoint is removed."""
        self._lock.release()
        if not checkpoint_folders(self.path):
            remove_run(self.path)

    def take(self) -> None:
        """Take the folder; :class:`UserError` if another process is at work on it."""
        try:
            self._lock.acquire()
            remove_drafts(self.path)
        except OSError as error:
            raise UserError(str(self.path), reason_of(error)) from error


def resumable(checkpoint: Checkpoint) -> UnfinishedRun:
    """Describe the run that goes on from ``checkpoint``."""
    return UnfinishedRun(
        folder=str(checkpoint.folder.parent),
        name=checkpoint.name,
        data_path=checkpoint.data_path,
        epoch=len(checkpoint.history),
        when=checkpoint.folder.stat().st_mtime,
        settings=checkpoint.settings,
        learning_rate=checkpoint.dials.learning_rate,
    )


def find_runs(folder: Path) -> tuple[tuple[UnfinishedRun, ...], tuple[PastRun, ...]]:
    """Return the runs in ``folder`` that nobody is at work on: that can be resumed, and that have ended.

    The former begin with the newest, the latter end with it. Every checkpoint is verified, which reads all of it.
    """
    waiting: list[UnfinishedRun] = []
    ended: list[PastRun] = []
    for checkpoint in filter(None, map(checkpoint_at_rest, folder.iterdir() if folder.is_dir() else ())):
        run = resumable(checkpoint)
        if not checkpoint.ended:
            waiting.append(run)
        elif checkpoint.history:
            ended.append(PastRun(run.name, run.settings, _thinned(checkpoint.history), run.when))
    newest_first = sorted(waiting, key=lambda run: run.when, reverse=True)
    return tuple(newest_first), tuple(sorted(ended, key=lambda run: run.when))


def _thinned(history: Records) -> Records:
    """Return so few epochs that a window can take many runs at once, the last one among them."""
    return tuple(history[:: -(1 + (len(history) - 1) // MOST_EPOCHS_TOLD)][::-1])


def checkpoint_at_rest(run_folder: Path) -> Checkpoint | None:
    """Return the newest whole checkpoint of a run that nobody is at work on, None if there is none."""
    if not checkpoint_folders(run_folder):
        return None
    lock = RunLock(run_folder)
    try:
        lock.acquire()
        return latest_checkpoint(run_folder)
    except (UserError, OSError):
        return None
    finally:
        lock.release()


def drop_run(run_folder: Path) -> None:
    """Remove a run; :class:`UserError` if another process is at work on it, or the disk does not let go of it."""
    folder = RunFolder(run_folder, 0)
    folder.take()
    folder.remove()


def remove_old_runs(folder: Path, kept: int) -> None:
    """Remove all but the newest runs in ``folder``, by name; those that can be resumed, or are at work, stay."""
    for run_folder in sorted(folder.glob("*"))[:-kept]:
        checkpoint = latest_checkpoint(run_folder)
        if checkpoint is None or checkpoint.ended:
            with contextlib.suppress(UserError):
                drop_run(run_folder)


def remove_checkpoints(run_folder: Path) -> None:
    """Remove the checkpoints and drafts of a run, the newest last: until then it is the one to go on from."""
    remove_drafts(run_folder)
    for checkpoint in checkpoint_folders(run_folder):
        shutil.rmtree(checkpoint, ignore_errors=True)


def remove_drafts(run_folder: Path) -> None:
    """Remove what a process left that died while it wrote a checkpoint."""
    for entry in run_folder.iterdir():
        if entry.name.startswith(DRAFT_PREFIX):
            shutil.rmtree(entry, ignore_errors=True)


def remove_run(run_folder: Path) -> None:
    """Remove a run that nobody works on, and its folder if nothing else is in it; a power loss does not undo it."""
    if not run_folder.is_dir():
        return
    remove_checkpoints(run_folder)
    Snapshots(run_folder).remove()
    (run_folder / LOCK_FILE).unlink(missing_ok=True)
    if not any(run_folder.iterdir()):
        run_folder.rmdir()
        sync_folder(run_folder.parent)
