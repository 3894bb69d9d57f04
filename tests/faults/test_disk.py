"""A disk that is full, read-only or gone: the folder and reason are reported, training continues, nothing is lost."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from models.core.errors import UserError
from models.export.tensorboard import EpochLog
from models.protocol.messages import Reply
from models.protocol.training import CheckpointDelayed, CheckpointWritten, EpochDone, Finished, Train
from models.training.run import TrainingRun
from models.training.storage.checkpoint import checkpoint_folders, latest_checkpoint
from models.training.storage.shelf import list_trash
from models.vae.model_file import open_model
from tests.faults.mount import NOT_ALLOWED
from tests.faults.trainee import SETTINGS
from tests.models.conftest import blobs
from tests.models.core.test_history import RECORDS
from tests.support.full_disk import full_disk
from tests.support.places import ROOT

FULL = 500
EPOCHS = 6


@pytest.fixture
def data(tmp_path: Path) -> Path:
    np.savez_compressed(tmp_path / "blobs.npz", images=blobs(160))
    return tmp_path / "blobs.npz"


@pytest.fixture(autouse=True)
def a_checkpoint_every_epoch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("models.training.recorder.SECONDS_PER_CHECKPOINT", 0.0)
    monkeypatch.setattr("models.training.recorder.TRAINING_PER_WRITING", 0.0)
    monkeypatch.setattr("models.training.ending.SECONDS_PER_TRY", 0.0)


def _run(data: Path, folder: Path, patient: bool = False, resume: bool = False) -> TrainingRun:
    return TrainingRun(Train(1, str(data), str(folder), "tiny", replace(SETTINGS, epochs=EPOCHS), resume), patient)


def _weights(path: str | None) -> dict[str, bytes]:
    assert path is not None
    return {name: values.tobytes() for name, values in open_model(path).parameters.items()}


def _undisturbed(data: Path, folder: Path) -> dict[str, bytes]:
    story = [event for event in _run(data, folder).events() if isinstance(event, Finished)]
    return _weights(story[-1].path)


def _until(events: Iterator[Reply | None], kind: type[Reply]) -> Reply:
    return next(event for event in events if isinstance(event, kind))


def test_a_log_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    log = EpochLog(tmp_path / "log")
    with full_disk(FULL), pytest.raises(UserError, match=r"log: the log cannot be written: file too large$"):
        log.write(RECORDS)
    with full_disk(0), pytest.raises(UserError, match=r"other: the log cannot be written: file too large$"):
        EpochLog(tmp_path / "other")


def test_a_training_goes_on_while_the_disk_is_full(data: Path, tmp_path: Path) -> None:
    events = _run(data, tmp_path / "run").events()
    _until(events, CheckpointWritten)
    with full_disk(FULL):
        delayed = _until(events, CheckpointDelayed)
        assert delayed == CheckpointDelayed(1, str(tmp_path / "run"), "file too large")
        later = latest_checkpoint(tmp_path / "run")
        assert later is not None
        assert len(later.history) == 1
        # Two more epochs are trained without repeating the complaint.
        for _ in range(2):
            assert not isinstance(_until_epoch(events), CheckpointDelayed)
    assert [entry.name for entry in (tmp_path / "run").iterdir() if entry.name.startswith(".")] == []
    assert isinstance(_until(events, CheckpointWritten), CheckpointWritten)
    finished = _until(events, Finished)
    assert isinstance(finished, Finished)
    assert _weights(finished.path) == _undisturbed(data, tmp_path / "whole")


def _until_epoch(events: Iterator[Reply | None]) -> Reply:
    """Return the next complaint or end of an epoch."""
    return next(event for event in events if isinstance(event, EpochDone | CheckpointDelayed))


def test_a_model_that_cannot_be_kept_ends_the_run_with_the_last_checkpoint_intact(data: Path, tmp_path: Path) -> None:
    events = _run(data, tmp_path / "run").events()
    for _ in range(EPOCHS - 1):
        _until(events, CheckpointWritten)
    with full_disk(FULL), pytest.raises(UserError, match=rf"{tmp_path / 'run'}: file too large"):
        list(events)
    standing = latest_checkpoint(tmp_path / "run")
    assert standing is not None
    assert len(standing.history) == EPOCHS - 1
    finished = [event for event in _run(data, tmp_path / "run", resume=True).events() if isinstance(event, Finished)]
    assert _weights(finished[0].path) == _undisturbed(data, tmp_path / "whole")


@pytest.mark.parametrize("given_up", [False, True])
def test_a_patient_run_waits_for_room_unless_it_is_discarded(given_up: bool, data: Path, tmp_path: Path) -> None:
    run = _run(data, tmp_path / "run", patient=True)
    events = run.events()
    for _ in range(EPOCHS - 1):
        _until(events, CheckpointWritten)
    with full_disk(FULL):
        assert isinstance(_until(events, CheckpointDelayed), CheckpointDelayed)
        assert [next(events) for _ in range(5)] == [None] * 5
        if given_up:
            run.control("discard")
            assert list(events)[-1] == Finished(1, "discarded", None, EPOCHS, restorable=True)
            assert not (tmp_path / "run").exists()
            assert [run.name for run in list_trash(tmp_path)] == ["tiny"]
            return
    finished = _until(events, Finished)
    assert isinstance(finished, Finished)
    assert _weights(finished.path) == _undisturbed(data, tmp_path / "whole")


def test_a_folder_that_is_removed_is_made_again(data: Path, tmp_path: Path) -> None:
    events = _run(data, tmp_path / "runs" / "run").events()
    _until(events, CheckpointWritten)
    shutil.rmtree(tmp_path / "runs")
    _until(events, CheckpointWritten)
    with pytest.raises(UserError, match=rf"run: process {os.getpid()} is at work on this run"):
        list(_run(data, tmp_path / "runs" / "run", resume=True).events())
    shutil.rmtree(tmp_path / "runs")
    (tmp_path / "runs").write_bytes(b"")
    delayed = _until(events, CheckpointDelayed)
    assert isinstance(delayed, CheckpointDelayed)
    assert delayed.folder == str(tmp_path / "runs" / "run")
    assert delayed.reason in ("not a directory", "file exists")
    (tmp_path / "runs").unlink()
    finished = _until(events, Finished)
    assert isinstance(finished, Finished)
    assert len(checkpoint_folders(tmp_path / "runs" / "run")) == 1
    assert _weights(finished.path) == _undisturbed(data, tmp_path / "whole")


def test_a_disk_that_fills_up_and_becomes_read_only(data: Path, tmp_path: Path) -> None:
    (tmp_path / "disk").mkdir()
    if shutil.which("unshare") is None:
        pytest.skip("this system has no mount namespaces")
    command = ["unshare", "--mount", "--map-root-user", sys.executable, "-m", "tests.faults.mount"]
    done = subprocess.run(
        [*command, str(data), str(tmp_path / "disk")], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if done.returncode == NOT_ALLOWED or "unshare" in done.stderr:
        pytest.skip("this system lets nobody mount a file system")
    assert done.returncode == 0, done.stderr
    run = tmp_path / "disk" / "run"
    assert done.stdout.splitlines() == [
        "written",
        f"delayed {run} no space left on device",
        "written",
        f"delayed {run} read-only file system",
        "finished complete 50",
        f"refused {run}: read-only file system",
    ]
