"""Killed at every call and at any time of a commit: the newest complete checkpoint opens, and the next start works."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from models.core.drafts import DRAFT_PREFIX
from models.core.errors import UserError
from models.training.storage.checkpoint import (
    KEPT,
    checkpoint_folders,
    latest_checkpoint,
    read_checkpoint,
)
from models.training.storage.shelf import find_runs
from models.vae.model_file import open_model
from tests.faults import committer
from tests.faults.committer import STEPS, arrays_of, commit, go_on, records_of
from tests.support.places import ROOT

FIRST, SECOND = STEPS, 2 * STEPS


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder with a run of two checkpoints."""
    run = committer.RunFolder(tmp_path / "run", 1)
    run.begin()
    for step in (FIRST, SECOND):
        commit(run, step)
    run.close()
    return tmp_path


def _commit_and_die(*arguments: object) -> list[str]:
    command = [sys.executable, "-m", "tests.faults.committer", *map(str, arguments)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True, env=os.environ)
    return done.stdout.split()


def _check_whole(checkpoint: Path, step: int) -> None:
    """Check that everything in the checkpoint belongs to ``step``."""
    found, expected = read_checkpoint(checkpoint), arrays_of(step)
    assert (found.step, found.history) == (step, records_of(step))
    for arrays in (*found.arrays.values(), open_model(found.model_path).parameters):
        assert {name: array.tobytes() for name, array in arrays.items()} == {
            name: array.tobytes() for name, array in expected.items()
        }
    assert open_model(found.model_path).info.epoch == step // STEPS


def _check_next_start(run_folder: Path) -> int:
    """Start on the run, write another checkpoint and return the step that was found."""
    assert [run.epoch for run in find_runs(run_folder.parent)[0] if run.folder == str(run_folder)]
    run, step = go_on(run_folder)
    assert not list(run_folder.glob(f"{DRAFT_PREFIX}*"))
    commit(run, step + STEPS)
    folders = checkpoint_folders(run_folder)
    assert len(folders) <= KEPT
    _check_whole(folders[-1], step + STEPS)
    run.close()
    return step


@pytest.mark.parametrize("again", [1, 0], ids=["next step", "same step"])
def test_killed_at_every_call(again: int, folder: Path) -> None:
    _commit_and_die("calls", folder, again)
    killed = sorted(folder.glob("killed-*"))
    assert len(killed) > 20
    target, reached = SECOND + again * STEPS, []
    for run_folder in killed:
        standing = checkpoint_folders(run_folder)
        newest = latest_checkpoint(run_folder)
        assert newest is not None
        # A folder with the name of a checkpoint is a complete one, from the moment of the rename.
        assert newest.folder == standing[-1]
        renamed = newest.step == target and (again == 1 or newest.folder.suffix == ".1")
        assert newest.step == (target if renamed else SECOND)
        _check_whole(newest.folder, newest.step)
        assert _check_next_start(run_folder) == newest.step
        reached.append(renamed)
    assert reached == sorted(reached)
    assert not reached[0]
    assert reached[-1]


@pytest.mark.parametrize("count", [40, pytest.param(600, marks=[pytest.mark.slow, pytest.mark.timeout(600)])])
def test_killed_at_random_times(count: int, folder: Path) -> None:
    steps = [int(step) for step in _commit_and_die("times", folder, count)]
    assert len(steps) == count
    assert steps == sorted(steps)
    assert steps[-1] > SECOND
    newest = latest_checkpoint(folder / "run")
    assert newest is not None
    assert newest.step == steps[-1]
    for checkpoint in checkpoint_folders(folder / "run")[-KEPT:]:
        _check_whole(checkpoint, read_checkpoint(checkpoint).step)
    assert _check_next_start(folder / "run") == steps[-1]


def test_a_run_at_work_is_neither_taken_nor_offered(folder: Path) -> None:
    run, _ = go_on(folder / "run")
    with pytest.raises(UserError, match=rf"run: process {os.getpid()} is at work on this run"):
        go_on(folder / "run")
    assert find_runs(folder) == ((), ())
    run.close()
    assert [found.epoch for found in find_runs(folder)[0]] == [SECOND // STEPS]
    go_on(folder / "run")[0].close()
