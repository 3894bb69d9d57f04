"""A training that needs something opened asks its opener. State and controller, no window, no worker."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from PySide6.QtWidgets import QApplication

from explorer.client.worker import WorkerClient
from explorer.controllers.training import TrainingController
from explorer.state import AppState
from models.core.history import UnfinishedRun
from models.core.settings import Dials, TrainSettings

SETTINGS = TrainSettings(epochs=5)


def _left(name: str) -> UnfinishedRun:
    return UnfinishedRun(f"/runs/{name}", name, "/data/few.npy", 2, 0.0, SETTINGS, 1e-3)


@pytest.fixture
def state(qapp: QApplication) -> Iterator[AppState]:
    state = AppState()
    yield state
    state.deleteLater()


class Opener:
    """Writes down what it is asked for."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def open_model(self, path: str) -> None:
        self.asked.append(f"model {path}")

    def open_data(self, path: str) -> None:
        self.asked.append(f"data {path}")


@pytest.fixture
def opener(state: AppState, monkeypatch: pytest.MonkeyPatch) -> Opener:
    monkeypatch.setattr(WorkerClient, "start", lambda *_: None)
    opener = Opener()
    TrainingController(state, opener, state)
    return opener


def test_a_training_asks_its_opener_and_nobody_elses_signal(state: AppState, opener: Opener) -> None:
    told: list[str] = []
    state.model.open_model_requested.connect(told.append)
    state.model.open_data_requested.connect(told.append)
    state.run.resume(_left("new"))
    state.review.follow("/runs/new/model.safetensors")
    assert (opener.asked, told) == (["data /data/few.npy", "model /runs/new/model.safetensors"], [])


def test_the_last_wish_and_the_dials_are_the_state_of_the_run(state: AppState, opener: Opener) -> None:
    state.run.start("/data/few.npy", SETTINGS)
    state.run.control("pause")
    state.run.adjust(Dials(0.5, 2.0))
    assert (state.run.wish, state.run.turned) == ("pause", state.run.dials)
    state.run.finish(None)
    state.run.start("/data/few.npy", SETTINGS)
    assert (state.run.wish, state.run.turned) == (None, None)
