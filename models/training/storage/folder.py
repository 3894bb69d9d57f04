"""The folder of a run in progress: locked, read once, written many times, whatever the disk does."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from models.core.descriptions import ModelInfo
from models.core.errors import UserError
from models.core.files import reason_of
from models.core.history import UnfinishedRun
from models.core.settings import TrainSettings
from models.protocol.training import CheckpointDelayed, CheckpointWritten
from models.training.storage.checkpoint import (
    Checkpoint,
    checkpoint_folders,
    latest_checkpoint,
    write_checkpoint,
)
from models.training.storage.lock import RunLock
from models.training.storage.outline import resumable
from models.training.storage.removal import holds_work, remove_drafts, remove_run
from models.training.storage.trash import discard_run
from models.vae.architecture import Architecture, ParameterArrays


class RunFolder:
    """The folder at ``path`` for the checkpoints of the training ``identity``."""

    def __init__(self, path: Path, identity: int) -> None:
        self.path = path
        self._identity = identity
        self._lock = RunLock(path)
        self._complaint = ""

    def begin(self) -> None:
        """Take the folder for a new run; UserError if another is at work, or there is work of an earlier one."""
        self.take()
        check_vacant(self.path)

    def begin_again(self) -> Checkpoint | None:
        """Take the folder of a run whose process died; return its newest whole checkpoint, None if there is none yet.

        UserError if another is at work, or all checkpoints are damaged.
        """
        self.take()
        checkpoint = latest_checkpoint(self.path)
        if checkpoint is None and not checkpoint_folders(self.path):
            # The models of epochs are made again.
            remove_run(self.path)
            self.take()
        elif checkpoint is None:
            check_vacant(self.path)
        return checkpoint

    def resume(self) -> Checkpoint:
        """Take the folder and return its newest whole checkpoint; UserError if there is none or another is at work."""
        self.take()
        checkpoint = latest_checkpoint(self.path)
        if checkpoint is None:
            raise UserError(str(self.path), "there is no whole checkpoint to resume from")
        return checkpoint

    def write(
        self,
        checkpoint: Checkpoint,
        info: ModelInfo,
        parameters: ParameterArrays,
        architecture: Architecture | None = None,
    ) -> CheckpointWritten | CheckpointDelayed:
        """Write a checkpoint, or say why that is not possible now; a folder that was removed is recreated."""
        try:
            self._lock.acquire()
            write_checkpoint(checkpoint, info, parameters, architecture)
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

    def discard(self) -> bool:
        """Give the folder back and move it to the trash; return whether there was anything to keep."""
        self._lock.release()
        return discard_run(self.path)

    def close(self) -> None:
        """Give the folder back; one without any work in it is removed."""
        self._lock.release()
        if not holds_work(self.path):
            remove_run(self.path)

    def take(self) -> None:
        """Take the folder; :class:`UserError` if another process is at work on it."""
        try:
            self._lock.acquire()
            remove_drafts(self.path)
        except OSError as error:
            raise UserError(str(self.path), reason_of(error)) from error


def check_vacant(run_folder: Path) -> None:
    """Raise :class:`UserError` if the folder holds work of an earlier run: none of it is removed for a new one."""
    found = latest_checkpoint(run_folder)
    if found is not None:
        how, epoch = "stopped" if found.ended else "interrupted", len(found.history)
        raise UserError(
            str(run_folder), f"this run was {how} after epoch {epoch}",
            "use --resume to continue it, or move its folder away to start over",
        )  # fmt: skip
    if holds_work(run_folder):
        raise UserError(
            str(run_folder), "the folder holds an earlier run, but none of its checkpoints is whole",
            "move it away to start over",
        )  # fmt: skip
