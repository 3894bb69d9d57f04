"""Train on a separate disk that fills up and becomes read-only: ``mount.py DATA FOLDER``, in a mount namespace.

Prints one line for each event that speaks of a checkpoint; exit code 77 if the system lets nobody mount.
"""

from __future__ import annotations

import ctypes
import sys
from pathlib import Path

NOT_ALLOWED = 77
MS_RDONLY, MS_REMOUNT, MS_BIND, MS_REC, MS_PRIVATE = 1, 1 << 5, 1 << 12, 1 << 14, 1 << 18
LIBC = ctypes.CDLL(None, use_errno=True)


def mount(folder: Path) -> bool:
    """Mount a 4 MB file system in memory; return whether that was allowed."""
    done: int = LIBC.mount(b"tmpfs", str(folder).encode(), b"tmpfs", 0, b"size=4m")
    return done == 0


def forbid(folder: Path) -> None:
    """Mount a read-only view over ``folder``, even for root; open files are not affected."""
    name = str(folder).encode()
    assert LIBC.mount(name, name, None, MS_BIND, None) == 0
    assert LIBC.mount(None, name, None, MS_REMOUNT | MS_BIND | MS_RDONLY, None) == 0


def allow(folder: Path) -> None:
    """Remove the read-only view."""
    assert LIBC.umount2(str(folder).encode(), 0) == 0


def fill(path: Path) -> None:
    """Fill the disk."""
    with path.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(bytes(4096))
        except OSError:
            return


def main(data: str, disk: Path) -> None:
    """Make the disk full, free, read-only and writable again, each after an event."""
    LIBC.mount(None, b"/", None, MS_REC | MS_PRIVATE, None)
    if not mount(disk):
        sys.exit(NOT_ALLOWED)
    from models.core.errors import UserError
    from models.protocol.training import CheckpointDelayed, CheckpointWritten, Finished, Train
    from models.training import recorder, run
    from tests.faults.trainee import SETTINGS

    recorder.SECONDS_PER_CHECKPOINT = recorder.TRAINING_PER_WRITING = 0.0
    steps = iter(
        (
            lambda: fill(disk / "full"),
            (disk / "full").unlink,
            lambda: forbid(disk),
            lambda: allow(disk),
        )
    )
    for event in run.TrainingRun(Train(1, data, str(disk / "run"), "tiny", SETTINGS)).events():
        if isinstance(event, CheckpointDelayed):
            print("delayed", event.folder, event.reason, flush=True)
            next(steps)()
        elif isinstance(event, CheckpointWritten) and (step := next(steps, None)):
            print("written", flush=True)
            step()
        elif isinstance(event, Finished):
            print("finished", event.reason, event.epoch, flush=True)
    forbid(disk)
    try:
        list(run.TrainingRun(Train(2, data, str(disk / "run"), "tiny", SETTINGS, resume=True)).events())
    except UserError as error:
        print("refused", error, flush=True)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
