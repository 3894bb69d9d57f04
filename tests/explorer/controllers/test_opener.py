"""A training that needs something opened asks its opener. State and controller, no window, no worker."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtWidgets import QApplication

from explorer.client.channels import Requests
from explorer.client.worker import WorkerClient
from explorer.controllers.opening import OpeningController
from explorer.controllers.points import PointsController
from explorer.controllers.training import TrainingController
from explorer.state import AppState
from models.core.data_options import DataOptions
from models.core.descriptions import DataInfo, ModelInfo
from models.core.history import UnfinishedRun
from models.core.settings import Dials, TrainSettings
from models.protocol.opening import DataOpened, ModelOpened, OpenData, OpenModel
from models.protocol.training import CheckpointWritten, Finished

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

    def open_data(self, path: str, options: DataOptions | None = None) -> None:
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


def test_a_run_that_is_left_goes_on_unseen_and_its_model_is_unsaved_in_the_end(state: AppState, opener: Opener) -> None:
    controller = next(iter(state.findChildren(TrainingController)))
    state.run.start("/data/few.npy", SETTINGS)
    take = controller.client.received.emit
    take(CheckpointWritten(1, "/runs/1/a", 3))
    state.model.request_model("/another")
    take(CheckpointWritten(1, "/runs/1/b", 5))
    assert (opener.asked, state.review.following) == (["model /runs/1/a"], False)
    take(Finished(1, "early", "/runs/1/b", 8))
    assert [(model.path, model.epoch, model.run.data_path) for model in state.unsaved.models] == [
        ("/runs/1/b", 5, "/data/few.npy")
    ]
    assert opener.asked == ["model /runs/1/a"]
    state.review.show(None)
    assert opener.asked[1:] == ["model /runs/1/b"]


def test_a_run_is_trained_further_in_a_folder_of_its_own(state: AppState, opener: Opener) -> None:
    controller = next(iter(state.findChildren(TrainingController)))
    state.run.train_further(_left("old"), 9)
    job = controller._job
    assert job is not None
    assert (job.further, job.resume, job.settings, job.learning_rate) == (
        "/runs/old", False, replace(SETTINGS, epochs=9), 1e-3,
    )  # fmt: skip
    assert job.run_folder != "/runs/old"
    assert (opener.asked, state.run.settings.epochs) == (["data /data/few.npy"], 9)
    controller.client.received.emit(CheckpointWritten(job.id, "/runs/new/a", 6))
    # A trainer that is started again resumes it as any other run.
    assert controller._job == replace(job, resume=True, learning_rate=None, further="")


class Decoder:
    """Answers what the controller asks for when it is told to."""

    def __init__(self, state: AppState, folder: Path) -> None:
        self.state, self.sent, self._folder = state, [], folder
        self.requests = Requests(self._take)
        points = PointsController(state, self.requests, state)
        self.controller = OpeningController(state, self.requests, points, state)
        state.notices.noticed.connect(self._notice)
        self.told: list[str] = []

    def _take(self, message: object) -> bool:
        self.sent.append(message)
        return True

    def _notice(self, _level: str, text: str) -> None:
        self.told.append(text)

    @property
    def asked(self) -> str:
        """The data asked for last."""
        return next(m.path for m in reversed(self.sent) if isinstance(m, OpenData))

    def open_model(self, name: str, side: int, dataset: str) -> None:
        """Ask for a model of images of a size, and answer."""
        self.state.model.request_model(name)
        number = next(m.id for m in reversed(self.sent) if isinstance(m, OpenModel))
        settings = TrainSettings(latent_dim=2)
        info = ModelInfo(name, name, f"digest of {name}", (side, side, 1), settings, dataset, 1, 1)
        self.requests.take(ModelOpened(number, info))

    def answer_data(self, side: int) -> None:
        """Answer the request for data with images of a size."""
        request = next(m for m in reversed(self.sent) if isinstance(m, OpenData))
        images = self._folder / f"{len(self.sent)}.npy"
        np.save(images, np.zeros((3, side, side, 1), np.uint8))
        info = DataInfo(request.path, request.path, request.path, 3, 2, (side, side, 1), str(images), None)
        self.requests.take(DataOpened(request.id, info))


def test_a_model_brings_its_data_where_it_cannot_encode_those_that_are_open(state: AppState, tmp_path: Path) -> None:
    decoder = Decoder(state, tmp_path)
    decoder.controller.prepare("digits", "sprites:7", "")
    decoder.controller.reopen()
    decoder.open_model("sprites", 64, "sprites:9")  # while the first data are being opened
    assert decoder.asked == "sprites:7"
    decoder.answer_data(28)
    assert decoder.asked == "sprites:9"
    assert decoder.told == ["sprites cannot encode sprites:7, so its own data are opened: sprites:9."]
    decoder.answer_data(64)
    decoder.open_model("digits", 28, "sprites:7")
    assert decoder.asked == "sprites:7"
    decoder.answer_data(28)
    decoder.open_model("other", 28, "sprites:9")  # it can encode these
    decoder.open_model("unknown", 32, "nobody knows")
    assert decoder.asked == "sprites:7"
    assert decoder.told[2:] == ["unknown was trained on nobody knows: open them to see the map."]


def test_data_that_a_person_opens_stay_though_they_do_not_fit(state: AppState, tmp_path: Path) -> None:
    decoder = Decoder(state, tmp_path)
    decoder.open_model("sprites", 64, "sprites:9")
    state.model.request_data("sprites:7")
    decoder.answer_data(28)
    assert (decoder.asked, decoder.told) == ("sprites:7", [])
