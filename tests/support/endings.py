"""Wait for processes to end that are no children of this one."""

from __future__ import annotations

import time
from collections.abc import Sequence

import psutil

LOOK_SECONDS = 0.02


def still_running(processes: Sequence[psutil.Process], seconds: float) -> list[psutil.Process]:
    """Return those that have not ended within some ``seconds``.

    One that has ended stays in the list of the system until its parent looks, which may be late where that is the first
    process of a container.
    """
    deadline = time.monotonic() + seconds
    while (running := [process for process in processes if _runs(process)]) and time.monotonic() < deadline:
        time.sleep(LOOK_SECONDS)
    return running


def _runs(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
