"""Runs that start with a model which is there already: one of other people goes on learning, and stays what it is."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from models.core.errors import UserError
from models.core.settings import TrainSettings
from models.protocol.messages import Reply
from models.protocol.training import EpochDone, Finished, Train, TrainStarted
from models.training.run import TrainingRun
from models.training.start import settings_of_start
from models.training.storage.checkpoint import checkpoint_folders
from models.vae.foreign import Reader
from models.vae.imported import ImportedArchitecture
from models.vae.model_file import OpenedModel, open_model
from tests.fixtures import make_onnx
from tests.models.training.conftest import events

SETTINGS = TrainSettings(epochs=2, batch_size=16, learning_rate=0.01)


@pytest.fixture
def theirs(tmp_path: Path) -> Path:
    path = tmp_path / "theirs.onnx"
    path.write_bytes(make_onnx.whole())
    return path


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Return images with a bright square at one of a few places."""
    images = np.zeros((60, 12, 12), np.uint8)
    for number, image in enumerate(images):
        image[number % 5 : number % 5 + 6, number % 7 : number % 7 + 5] = 255
    np.savez(tmp_path / "squares.npz", images=images)
    return tmp_path / "squares.npz"


def _request(start: Path, data: Path, folder: Path, **changes: object) -> Train:
    opened = Reader().open(start)
    settings = settings_of_start(opened, replace(SETTINGS, **changes))
    return Train(1, str(data), str(folder), "ours", settings, start=str(start))


def _ended(story: list[Reply]) -> OpenedModel:
    finished = story[-1]
    assert isinstance(finished, Finished)
    assert finished.path is not None
    return open_model(finished.path)


def test_a_model_of_other_people_goes_on_learning(theirs: Path, data: Path, tmp_path: Path) -> None:
    story = list(events(TrainingRun(_request(theirs, data, tmp_path / "run"))))
    before, after = Reader().open(theirs), _ended(story)
    assert isinstance(after.architecture, ImportedArchitecture)
    assert after.architecture == before.architecture
    records = [event.record for event in story if isinstance(event, EpochDone)]
    assert records[-1].test.elbo > records[0].test.elbo + 1.0
    assert after.info.understood == before.info.understood
    assert (after.info.dataset, after.info.epoch) == ("squares", 2)
    assert f"--start {theirs}" in after.info.recipe
    changed = {name for name, values in before.parameters.items() if np.any(after.parameters[name] != values)}
    assert changed == set(before.parameters) - before.architecture.frozen
    assert isinstance(story[0], TrainStarted)
    assert story[0].gigaflop_per_image > 0.0


def test_it_goes_on_from_its_checkpoints_with_the_same_bits(theirs: Path, data: Path, tmp_path: Path) -> None:
    request = _request(theirs, data, tmp_path / "run", epochs=3)
    whole = _ended(list(events(TrainingRun(request))))
    run = TrainingRun(replace(request, run_folder=str(tmp_path / "other")))
    for event in run.events():
        if isinstance(event, EpochDone):
            run.control("stop")
    assert checkpoint_folders(tmp_path / "other")
    theirs.unlink()
    again = replace(request, run_folder=str(tmp_path / "other"), start="", resume=True)
    resumed = _ended(list(events(TrainingRun(again))))
    assert resumed.info.recipe == whole.info.recipe
    assert {name: values.tobytes() for name, values in resumed.parameters.items()} == {
        name: values.tobytes() for name, values in whole.parameters.items()
    }


@pytest.mark.slow  # compiled again for another loss
def test_a_likelihood_can_be_named(theirs: Path, data: Path, tmp_path: Path) -> None:
    request = _request(theirs, data, tmp_path / "run", epochs=1, likelihood="gaussian")
    after = _ended(list(events(TrainingRun(request))))
    assert after.architecture.likelihood == "gaussian"
    assert np.isfinite(after.info.metrics["elbo"])


def test_what_cannot_be_trained_is_said(theirs: Path, data: Path, tmp_path: Path) -> None:
    half, digits = tmp_path / "half.onnx", tmp_path / "digits.onnx"
    half.write_bytes(make_onnx.decoder()[0])
    digits.write_bytes(make_onnx.conditional()[0])
    for path, reason in (
        (half, "half: this is a decoder alone, which cannot be trained"),
        (digits, "digits: this is a"),
    ):
        with pytest.raises(UserError, match=reason):
            settings_of_start(Reader().open(path), SETTINGS)
    np.savez(tmp_path / "other.npz", images=np.zeros((10, 6, 6), np.uint8))
    request = _request(theirs, tmp_path / "other.npz", tmp_path / "run")
    with pytest.raises(UserError, match=r"other: its images are 6 × 6 × 1, but theirs takes 12 × 12 × 1"):
        list(TrainingRun(request).events())
    wrong = replace(_request(theirs, data, tmp_path / "run"), settings=SETTINGS)
    with pytest.raises(UserError, match="theirs: the settings ask for another network"):
        list(TrainingRun(wrong).events())
    shutil.rmtree(tmp_path / "run", ignore_errors=True)
