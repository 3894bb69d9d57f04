"""Remove runs, and of a folder only what is known to be of a run: whatever else lies there stays."""

from __future__ import annotations

from pathlib import Path

from models.core.drafts import DRAFT_PREFIX
from models.core.files import sync_folder
from models.training.storage.checkpoint import FILES, checkpoint_folders, remove_checkpoint
from models.training.storage.lock import LOCK_FILE
from models.training.storage.snapshots import Snapshots


def holds_work(run_folder: Path) -> bool:
    """Return whether there is a checkpoint, whole or damaged, or the model of an epoch."""
    checkpoints = checkpoint_folders(run_folder)
    return any((folder / name).exists() for folder in checkpoints for name in FILES) or bool(
        Snapshots(run_folder).kept()
    )


def remove_drafts(run_folder: Path) -> None:
    """Remove what a process left that died while it wrote a checkpoint."""
    for entry in run_folder.iterdir():
        if entry.name.startswith(DRAFT_PREFIX):
            remove_checkpoint(entry)


def remove_run(run_folder: Path) -> None:
    """Remove a run that nobody works on, and its folder if nothing else is in it; a power loss does not undo it.

    The newest checkpoint goes last: until then it is the one to go on from.
    """
    if not run_folder.is_dir():
        return
    remove_drafts(run_folder)
    for checkpoint in checkpoint_folders(run_folder):
        remove_checkpoint(checkpoint)
    Snapshots(run_folder).remove()
    (run_folder / LOCK_FILE).unlink(missing_ok=True)
    if not any(run_folder.iterdir()):
        run_folder.rmdir()
        sync_folder(run_folder.parent)
