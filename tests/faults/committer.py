"""Checkpoints with known content, and a process that is killed while writing one. NumPy only: forks are cheap.

As a script: ``committer.py calls FOLDER`` forks a process for every n, which continues with a copy of the run in
``FOLDER/run`` and kills itself at the n-th call that changes the disk, a write half done, until one survives;
``committer.py times FOLDER COUNT`` kills COUNT processes at random times while they write one checkpoint after another.
"""

from __future__ import annotations

import os
import random
import shutil
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from models.core.arrays import Floats32
from models.core.descriptions import ModelInfo
from models.core.history import EpochRecord, Terms
from models.core.settings import Dials, TrainSettings
from models.protocol.training import CheckpointDelayed, CheckpointWritten
from models.training.storage import checkpoint
from models.training.storage.checkpoint import STATE_GROUPS, Checkpoint, checkpoint_folder
from models.training.storage.folder import RunFolder
from models.vae.architecture import Architecture, architecture_of

STEPS = 9
SETTINGS = TrainSettings(hidden=(3,), latent_dim=2, epochs=1000)
ARCHITECTURE: Architecture = architecture_of(SETTINGS, (4, 3, 1))
CALLS = ("open", "write", "fsync", "mkdir", "rename", "replace", "unlink", "rmdir", "ftruncate")
LONGEST_LIFE = 0.05


def arrays_of(step: int) -> dict[str, Floats32]:
    """Return the parameters after ``step`` steps: every number encodes the step."""
    return {name: np.full(shape, step, np.float32) for name, shape in ARCHITECTURE.shapes().items()}


def records_of(step: int) -> tuple[EpochRecord, ...]:
    """Return the history after ``step`` steps."""
    terms = Terms(-3.0, 2.0, 1.0, 3.0)
    return tuple(
        EpochRecord(n, STEPS * n, terms, terms, (0.5, 0.5), 2, 3.0, 1e-3, 1.0, (4,), (5,), 1.0, 1.0)
        for n in range(1, step // STEPS + 1)
    )


def write(run: RunFolder, step: int) -> CheckpointWritten | CheckpointDelayed:
    """Write the checkpoint after ``step`` steps, and return what is told of it."""
    arrays = arrays_of(step)
    info = ModelInfo("", "m", "", (4, 3, 1), SETTINGS, "d", step // STEPS, ARCHITECTURE.parameter_count())
    state = Checkpoint(
        checkpoint_folder(run.path, step), step, SETTINGS, "digest", dict.fromkeys(STATE_GROUPS, arrays),
        1.0, "m", "/data", Dials(1e-3, 1.0), (0.0, 0.0), records_of(step),
    )  # fmt: skip
    return run.write(state, info, arrays)


def commit(run: RunFolder, step: int) -> None:
    """Write the checkpoint after ``step`` steps, which must succeed."""
    assert isinstance(write(run, step), CheckpointWritten)


def go_on(folder: Path) -> tuple[RunFolder, int]:
    """Start on a run as the trainer does; return it and the step it continues from."""
    run = RunFolder(folder, 1)
    return run, run.resume().step


def _kill_at(number: int) -> None:
    """Let this process die at the ``number``-th call that changes the disk."""
    left = [number]

    def hooked(name: str, call: Callable[..., Any]) -> Callable[..., Any]:
        def killing(*arguments: Any, **options: Any) -> Any:
            left[0] -= 1
            if left[0] == 0:
                if name == "write":
                    call(arguments[0], arguments[1][: len(arguments[1]) // 2])
                os.kill(os.getpid(), signal.SIGKILL)
            return call(*arguments, **options)

        return killing

    for name in CALLS:
        setattr(os, name, hooked(name, getattr(os, name)))
    setattr(Path, "write_bytes", hooked("write", Path.write_bytes))  # noqa: B010 - a class is not assigned to


def _at_every_call(folder: Path, again: int) -> None:
    """Kill a writer at every call; with ``again`` 0, it rewrites the checkpoint of the step the run continues from."""
    checkpoint.BYTES_PER_WRITE = 1000
    for number in range(1, 1000):
        copy = shutil.copytree(folder / "run", folder / f"killed-{number:03d}")
        child = os.fork()
        if child == 0:
            _kill_at(number)
            run, step = go_on(copy)
            commit(run, step + again * STEPS)
            os._exit(0)
        if os.waitpid(child, 0)[1] == 0:
            return


def _at_random_times(folder: Path, count: int) -> None:
    chance = random.Random(count)
    for _ in range(count):
        child = os.fork()
        if child == 0:
            run, step = go_on(folder / "run")
            while True:
                step += STEPS
                commit(run, step)
        time.sleep(chance.uniform(0.0, LONGEST_LIFE))
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        # What is there now must be what a later look finds complete: the oracle reads each of them.
        print(checkpoint.latest_checkpoint(folder / "run").step, flush=True)  # type: ignore[union-attr]


if __name__ == "__main__":
    if sys.argv[1] == "calls":
        _at_every_call(Path(sys.argv[2]), int(sys.argv[3]))
    else:
        _at_random_times(Path(sys.argv[2]), int(sys.argv[3]))
