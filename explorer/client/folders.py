"""Folders on disk: logs, caches, runs."""

from __future__ import annotations

import os
from datetime import datetime
from pathlib import Path

from platformdirs import user_data_path, user_log_path

from models.core.folders import APP, unwritable, usable_folder
from models.core.logs import make_room


def log_remark() -> str:
    """Return a sentence if the logs cannot be written to their folder, nothing if they can."""
    folder = user_log_path(APP)
    reason = unwritable(folder)
    return f"The logs cannot be written to {folder} ({reason}), so they go when the window closes." if reason else ""


def log_path(role: str) -> Path:
    """Return the log file of a worker, in a temporary folder where the usual one cannot be written.

    One that has grown large is rotated away first.
    """
    try:
        path = usable_folder(user_log_path(APP)) / f"{role}.log"
    except OSError:
        return Path(os.devnull)
    make_room(path)
    return path


def runs_folder() -> Path:
    """Return the folder of all training runs."""
    return user_data_path(APP) / "runs"


def new_run_folder() -> Path:
    """Return a folder for the checkpoints of a new training run, which the trainer makes."""
    return runs_folder() / datetime.now().strftime("%Y%m%d-%H%M%S-%f")
