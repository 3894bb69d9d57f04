"""Folders on disk: logs, caches, runs."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from platformdirs import user_data_path, user_log_path

from models.core.files import make_private_folder
from models.core.logs import make_room

APP = "latentscape"


def log_path(role: str) -> Path:
    """Return the log file of a worker; one that has grown large is rotated away first."""
    path = user_log_path(APP) / f"{role}.log"
    make_private_folder(path.parent)
    make_room(path)
    return path


def runs_folder() -> Path:
    """Return the folder of all training runs."""
    return user_data_path(APP) / "runs"


def new_run_folder() -> Path:
    """Return a folder for the checkpoints of a new training run, which the trainer makes."""
    return runs_folder() / datetime.now().strftime("%Y%m%d-%H%M%S-%f")
