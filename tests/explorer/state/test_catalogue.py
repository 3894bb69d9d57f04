"""Data and models that belong to each other, and models that nobody has saved. No window, no worker."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtWidgets import QApplication

from explorer.state import AppState
from explorer.state.unsaved import UnsavedModel
from models.core.descriptions import DataInfo, ModelInfo
from models.core.history import UnfinishedRun
from models.core.settings import TrainSettings
from resources import dataset_path

SHAPE = (4, 4, 1)


@pytest.fixture
def state(qapp: QApplication) -> Iterator[AppState]:
    state = AppState()
    yield state
    state.deleteLater()


def open_data(state: AppState, folder: Path, name: str, shape: tuple[int, int, int] = SHAPE) -> str:
    path = folder / f"{name}.npy"
    np.save(path, np.zeros((3, *shape), np.uint8))
    state.model.set_data(DataInfo(str(path), name, f"digest of {name}", 3, 2, shape, str(path), None))
    return str(path)


def model(name: str, dataset: str = "", data_digest: str = "") -> ModelInfo:
    settings = TrainSettings(latent_dim=2)
    return ModelInfo(f"/{name}", name, f"digest of {name}", SHAPE, settings, dataset, 1, 1, data_digest=data_digest)


def open_model(state: AppState, info: ModelInfo) -> None:
    with state.model.replaced(info):
        pass


def test_a_model_knows_the_data_that_were_opened_with_it(state: AppState, tmp_path: Path) -> None:
    one, other = model("one"), model("other")
    open_model(state, one)
    first = open_data(state, tmp_path, "first")
    open_model(state, other)  # over the data of another one, which are not its own for that
    assert (state.catalogue.data_of(one), state.catalogue.data_of(other)) == (first, None)
    second = open_data(state, tmp_path, "second")
    open_data(state, tmp_path, "wide", (4, 8, 1))
    assert (state.catalogue.data_of(one), state.catalogue.data_of(other)) == (first, second)
    assert [data.name for data in state.catalogue.recent] == ["wide", "second", "first"]
    Path(first).unlink()
    assert state.catalogue.data_of(one) is None


def test_a_model_finds_the_data_it_was_trained_on(state: AppState, tmp_path: Path) -> None:
    path = open_data(state, tmp_path, "mine")
    open_data(state, tmp_path, "wide", (4, 8, 1))
    found = state.catalogue.data_of
    assert found(model("a", "of another name", "digest of mine")) == path
    assert found(model("b", "mine")) == path
    assert found(model("c", "wide")) is None  # of the same name, but its images do not fit
    assert found(model("d", "mnist_10k")) == str(dataset_path("mnist_10k"))
    assert found(model("e", "sprites:50")) == "sprites:50"
    assert found(model("f", "never seen", "")) is None


def test_what_an_earlier_session_knew_comes_after_what_this_one_knows(state: AppState, tmp_path: Path) -> None:
    open_model(state, model("one"))
    old = open_data(state, tmp_path, "old")
    known, pairs = state.catalogue.recent, dict(state.catalogue.pairs)
    other = AppState()
    new = open_data(other, tmp_path, "new")
    other.catalogue.restore(known, pairs)
    assert [data.path for data in other.catalogue.recent] == [new, old]
    assert other.catalogue.data_of(model("one")) == old
    other.deleteLater()


def test_a_model_is_unsaved_until_it_is_saved(state: AppState, tmp_path: Path) -> None:
    unsaved = state.unsaved
    run = UnfinishedRun(str(tmp_path / "run"), "few", "/few.npy", 3, 0.0, TrainSettings(), 1e-3)
    one = UnsavedModel(str(tmp_path / "run" / "checkpoint-9" / "m"), 2, run)
    other = replace(one, path=str(tmp_path / "other" / "epochs" / "m"))
    for each in (one, other):
        unsaved.add(each)
    assert (one.title, unsaved.at(one.path), unsaved.models) == ("few, epoch 2", one, (one, other))
    assert unsaved.is_draft(one.path)
    assert not unsaved.is_draft("/elsewhere/m")
    unsaved.mark_saved(one.path)
    assert not unsaved.is_draft(one.path)
    assert unsaved.models == (other,)
    assert unsaved.is_draft(other.path)


def test_what_was_set_by_hand_stays_over_what_is_proposed(state: AppState, tmp_path: Path) -> None:
    told: list[str] = []
    state.plan.changed.connect(lambda: told.append("changed"))
    state.plan.choose({"latent_dim": 8})
    open_data(state, tmp_path, "small")
    assert len(told) == 2
    values = state.plan.values()
    assert (values["latent_dim"], values["network"], values["epochs"]) == (8, "dense", 500)
    state.plan.accept()
    assert state.plan.values()["latent_dim"] == 50
