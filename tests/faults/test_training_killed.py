"""A training killed again and again ends with the bits and curves of one that was left alone."""

from __future__ import annotations

import contextlib
import os
import random
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from models.training.storage.checkpoint import latest_checkpoint
from tests.faults.trainee import main
from tests.models.conftest import blobs
from tests.support.places import ROOT

LONGEST_LIFE = 0.4


def _live(data: Path, run_folder: Path, epochs: int, seconds: float) -> tuple[int, bool]:
    """Train for a while after the first checkpoint, then kill; return the epoch it started from, and whether it
    had already finished."""
    command = [sys.executable, "-m", "tests.faults.trainee", str(data), str(run_folder), str(epochs)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, env=os.environ) as process:
        assert process.stdout is not None
        first = int(process.stdout.readline().split()[1])
        process.stdout.readline()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(seconds)
        process.kill()
        said = process.stdout.read()
    return first, "finished" in said


@pytest.mark.parametrize(
    ("kills", "epochs"), [(1, 60), pytest.param(100, 6000, marks=[pytest.mark.slow, pytest.mark.timeout(3000)])]
)
def test_killed_again_and_again(kills: int, epochs: int, tmp_path: Path) -> None:
    data, chance, starts = tmp_path / "blobs.npz", random.Random(kills), []
    np.savez_compressed(data, images=blobs(160))
    for _ in range(kills):
        first, ended = _live(data, tmp_path / "run", epochs, chance.uniform(0.0, LONGEST_LIFE))
        starts.append(first)
        if ended:
            break
    assert starts == sorted(set(starts))
    assert len(starts) == kills
    main(str(data), str(tmp_path / "run"), epochs)
    main(str(data), str(tmp_path / "whole"), epochs)
    ours, theirs = latest_checkpoint(tmp_path / "run"), latest_checkpoint(tmp_path / "whole")
    assert ours is not None
    assert theirs is not None
    assert ours.model_path.read_bytes() == theirs.model_path.read_bytes()
    assert (ours.step, ours.history, ours.sums) == (theirs.step, theirs.history, theirs.sums)
    for group, arrays in theirs.arrays.items():
        assert {name: array.tobytes() for name, array in arrays.items()} == {
            name: array.tobytes() for name, array in ours.arrays[group].items()
        }
