"""Folders on disk: logs, caches, runs."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from platformdirs import user_data_path, user_log_path

APP = "latentscape"
LOG_BYTES = 1_000_000
LOGS_KEPT = 3


def log_path(role: str) -> Path:
    """Return the log file of a worker; one that has grown large is rotated away first."""
    path = user_log_path(APP, ensure_exists=True) / f"{role}.log"
    if path.exists() and path.stat().st_size > LOG_BYTES:
        for age in range(LOGS_KEPT - 1, 0, -1):
            older = path.with_suffix(f".{age}.log")
            if older.exists():
                older.replace(path.with_suffix(f".{age + 1}.log"))
        path.replace(path.with_suffix(".1.log"))
    return path


def runs_folder() -> Path:
    """Return the folder of all training runs."""
    return user_data_path(APP) / "runs"


def new_run_folder() -> Path:
    """Return a folder for the checkpoints of a new training run, which the trainer makes."""
    return runs_folder() / datetime.now().strftime("%Y%m%d-%H%M%S-%f")
