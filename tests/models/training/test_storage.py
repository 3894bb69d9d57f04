"""Runs on disk: what is thrown away comes back, what is not of a run stays, and no new run removes an older one."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from models.core.errors import UserError
from models.core.files import DRAFT_PREFIX
from models.core.history import DAYS_IN_TRASH, EpochSnapshot
from models.training.storage.checkpoint import (
    MODEL_FILE,
    STATE_FILE,
    checkpoint_folders,
    latest_checkpoint,
    write_checkpoint,
)
from models.training.storage.folder import RunFolder
from models.training.storage.outline import outline_of, resumable
from models.training.storage.removal import remove_run
from models.training.storage.shelf import find_runs, list_runs, list_trash, read_run, tidy
from models.training.storage.snapshots import Snapshots
from models.training.storage.trash import TRASH, discard_run, empty_trash, restore_run
from models.vae.model_file import open_model
from tests.faults.committer import STEPS, arrays_of, commit, records_of

FIRST, SECOND = STEPS, 2 * STEPS
EPOCH_FILE = "epoch-000001.safetensors"


@contextmanager
def at_work(folder: Path) -> Iterator[RunFolder]:
    run = RunFolder(folder, 1)
    run.begin()
    try:
        yield run
    finally:
        run.close()


@pytest.fixture
def run_folder(tmp_path: Path) -> Path:
    """A run of two checkpoints, with the model of an epoch."""
    with at_work(tmp_path / "runs" / "20260101-000000-000000") as run:
        for step in (FIRST, SECOND):
            commit(run, step)
    (run.path / "epochs").mkdir()
    shutil.copy(checkpoint_folders(run.path)[0] / MODEL_FILE, run.path / "epochs" / EPOCH_FILE)
    return run.path


def end(run_folder: Path) -> Path:
    """Let the newest checkpoint be that of a run which has come to its end, and return it."""
    newest = latest_checkpoint(run_folder)
    assert newest is not None
    opened = open_model(newest.model_path)
    ended = replace(newest, folder=newest.folder.with_suffix(".1"), ended=True)
    write_checkpoint(ended, opened.info, opened.parameters)
    return ended.folder


def damage(run_folder: Path) -> None:
    for checkpoint in checkpoint_folders(run_folder):
        content = (checkpoint / STATE_FILE).read_bytes()
        (checkpoint / STATE_FILE).write_bytes(content[: len(content) // 2])


def content_of(folder: Path) -> dict[str, bytes]:
    paths = (path for path in folder.rglob("*") if path.is_file() and path.name != "run.lock")
    return {str(path.relative_to(folder)): path.read_bytes() for path in paths}


def test_what_is_thrown_away_comes_back_as_it_was(run_folder: Path) -> None:
    before = content_of(run_folder)
    assert discard_run(run_folder)
    assert not run_folder.exists()
    assert list_runs(run_folder.parent) == ()
    assert find_runs(run_folder.parent) == ((), ())
    (waiting,) = list_trash(run_folder.parent)
    assert (waiting.folder, waiting.name, waiting.stage) == (str(run_folder), "m", "interrupted")
    assert waiting.run is not None
    assert waiting.run.folder == str(run_folder)
    assert time.time() - waiting.discarded < 60
    restore_run(run_folder)
    assert content_of(run_folder) == before
    assert list_trash(run_folder.parent) == ()
    with pytest.raises(UserError, match="no longer in the trash"):
        restore_run(run_folder)


def test_a_run_at_work_is_not_thrown_away(tmp_path: Path) -> None:
    with at_work(tmp_path / "run") as run:
        commit(run, FIRST)
        with pytest.raises(UserError, match=rf"process {os.getpid()} is at work on this run"):
            discard_run(run.path)
        assert [stored.stage for stored in list_runs(tmp_path)] == ["training"]
        assert run.discard()
    assert [stored.folder for stored in list_trash(tmp_path)] == [str(run.path)]


def test_a_run_that_has_made_nothing_leaves_nothing(tmp_path: Path) -> None:
    with at_work(tmp_path / "run") as run:
        assert not run.discard()
    assert not run.path.exists()
    assert list_trash(tmp_path) == ()


def test_a_run_does_not_return_to_where_another_is(run_folder: Path) -> None:
    discard_run(run_folder)
    with at_work(run_folder) as run:
        commit(run, FIRST)
    with pytest.raises(UserError, match="another is in its place"):
        restore_run(run_folder)
    assert len(list_trash(run_folder.parent)) == 1


def test_the_trash_keeps_a_month_unless_it_is_emptied(run_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    runs, other = run_folder.parent, run_folder.with_name("other")
    shutil.copytree(run_folder, other)
    long_ago = time.time() - (DAYS_IN_TRASH + 1) * 86_400
    monkeypatch.setattr(time, "time", lambda: long_ago)
    discard_run(run_folder)
    monkeypatch.undo()
    discard_run(other)
    tidy(runs)
    assert [stored.folder for stored in list_trash(runs)] == [str(other)]
    empty_trash(runs, only=run_folder)
    assert len(list_trash(runs)) == 1
    empty_trash(runs, only=other)
    assert (list_trash(runs), list((runs / TRASH).iterdir())) == ((), [])


def test_the_list_says_what_each_run_is(run_folder: Path, tmp_path: Path) -> None:
    runs = run_folder.parent
    finished, damaged = runs / "finished", runs / "damaged"
    for copy in (finished, damaged):
        shutil.copytree(run_folder, copy)
    newest = end(finished)
    os.utime(newest, (0, 2e9))
    damage(damaged)
    (runs / "empty").mkdir()
    listed = {Path(run.folder).name: run for run in list_runs(runs)}
    assert {name: run.stage for name, run in listed.items()} == {
        "finished": "finished", run_folder.name: "interrupted", "damaged": "damaged"
    }  # fmt: skip
    assert next(iter(listed)) == "finished"
    assert listed["finished"].model == str(newest / MODEL_FILE)
    assert listed["finished"].size == sum(len(content) for content in content_of(finished).values()) + len(
        (finished / "run.lock").read_bytes()
    )
    assert (listed["damaged"].name, listed["damaged"].model) == ("damaged", "")
    run = listed[run_folder.name].run
    checkpoint = latest_checkpoint(run_folder)
    assert checkpoint is not None
    assert run == resumable(checkpoint)
    assert (run.epoch, run.elapsed) == (2, 1.0)
    assert read_run(run_folder)[0].records == records_of(SECOND)
    assert read_run(run_folder)[1] == (EpochSnapshot(1, str(run_folder / "epochs" / EPOCH_FILE)),)
    with pytest.raises(UserError, match="no whole checkpoint"):
        read_run(damaged)


@pytest.mark.parametrize("header", [b"\xff" * 8, b"\2\0\0\0\0\0\0\0[]", b"{", b"\2\0\0\0\0\0\0\0{}"])
def test_a_header_that_makes_no_sense_is_passed_over(header: bytes, run_folder: Path) -> None:
    newest = checkpoint_folders(run_folder)[-1]
    (newest / STATE_FILE).write_bytes(header)
    found = outline_of(run_folder)
    assert found is not None
    assert found.run.epoch == 1


def test_of_a_run_that_has_ended_one_checkpoint_stays(run_folder: Path) -> None:
    assert len(checkpoint_folders(run_folder)) == 2
    newest = end(run_folder)
    assert checkpoint_folders(run_folder) == [newest]


def test_tidying_takes_only_what_is_not_needed(run_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    runs = run_folder.parent
    ended, damaged, empty, young = (runs / name for name in ("ended", "damaged", "empty", "young"))
    for copy in (ended, damaged):
        shutil.copytree(run_folder, copy)
    shutil.copytree(checkpoint_folders(ended)[0], ended / "older", dirs_exist_ok=True)
    newest = end(ended)
    shutil.move(ended / "older", ended / "checkpoint-00000009")
    for number in (2, 3, 4):
        shutil.copy(ended / "epochs" / EPOCH_FILE, ended / "epochs" / f"epoch-{number:06d}.safetensors")
    damage(damaged)
    empty.mkdir()
    (empty / "run.lock").touch()
    young.mkdir()
    size = (ended / "epochs" / EPOCH_FILE).stat().st_size
    monkeypatch.setattr("models.training.storage.snapshots.MAX_BYTES_AT_THE_END", 2 * size)
    kept = content_of(run_folder), content_of(damaged)
    for folder in (run_folder, ended, damaged, empty):
        os.utime(folder, (0, 0))
    tidy(runs)
    assert (content_of(run_folder), content_of(damaged)) == kept
    assert checkpoint_folders(ended) == [newest]
    assert [snapshot.epoch for snapshot in Snapshots(ended).kept()] == [2, 4]
    assert (empty.exists(), young.exists()) == (False, True)


def test_only_what_is_of_the_run_is_removed(run_folder: Path, tmp_path: Path) -> None:
    mine = [
        run_folder / "notes.txt", checkpoint_folders(run_folder)[0] / "notes.txt", run_folder / "epochs" / "mine.txt",
        run_folder / "epochs" / "epoch-best.safetensors", run_folder / f"{DRAFT_PREFIX}x" / "mine.txt",
    ]  # fmt: skip
    elsewhere = tmp_path / "elsewhere"
    shutil.copytree(checkpoint_folders(run_folder)[1], elsewhere)
    (run_folder / "checkpoint-00000099").symlink_to(elsewhere)
    (run_folder / f"{DRAFT_PREFIX}x").mkdir()
    for path in mine:
        path.write_text("mine")
    before = content_of(elsewhere)
    remove_run(run_folder)
    assert sorted(path for path in run_folder.rglob("*") if path.is_file() and not path.parent.is_symlink()) == sorted(
        mine
    )
    assert content_of(elsewhere) == before


@pytest.mark.parametrize("whole", [True, False])
def test_a_new_run_does_not_remove_an_older_one(whole: bool, run_folder: Path) -> None:
    if not whole:
        damage(run_folder)
    before = content_of(run_folder)
    why = "this run was interrupted after epoch 2" if whole else "none of its checkpoints is whole"
    with pytest.raises(UserError, match=why), at_work(run_folder):
        pass
    assert content_of(run_folder) == before


def test_a_run_that_cannot_go_on_keeps_the_models_of_its_epochs(run_folder: Path) -> None:
    for checkpoint in checkpoint_folders(run_folder):
        shutil.rmtree(checkpoint)
    run = RunFolder(run_folder, 1)
    with pytest.raises(UserError, match="no whole checkpoint to resume from"):
        run.resume()
    run.close()
    assert list(content_of(run_folder)) == [f"epochs/{EPOCH_FILE}"]
    with pytest.raises(UserError, match="move it away to start over"), at_work(run_folder):
        pass


def test_a_run_whose_process_died_begins_again_where_it_was(run_folder: Path, tmp_path: Path) -> None:
    run = RunFolder(run_folder, 1)
    checkpoint = run.begin_again()
    assert checkpoint is not None
    assert {name: array.tobytes() for name, array in checkpoint.arrays["parameters"].items()} == {
        name: array.tobytes() for name, array in arrays_of(SECOND).items()
    }
    run.close()
    # Its process had only just kept the model of the first epoch.
    for folder in checkpoint_folders(run_folder):
        shutil.rmtree(folder)
    assert run.begin_again() is None
    assert content_of(run_folder) == {}
    commit(run, FIRST)
    run.close()
    damage(run_folder)
    with pytest.raises(UserError, match="none of its checkpoints is whole"):
        run.begin_again()
    run.close()


def test_a_checkpoint_half_removed_is_not_taken_for_whole(run_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    gone: list[str] = []
    monkeypatch.setattr(Path, "unlink", lambda path, missing_ok=False: gone.append(path.name))
    remove_run(run_folder)
    assert gone[:2] == ["manifest.json", "state.safetensors"]
