"""Early stopping against Keras' own callback; a resumed run ends at the same epoch with the same bits."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.core.history import EpochRecord, Terms
from models.core.settings import TrainSettings
from models.protocol.messages import Reply
from models.protocol.training import EpochDone, Finished, Progress, Train
from models.training.early_stopping import EarlyStopping
from models.training.run import TrainingRun
from models.training.storage.checkpoint import latest_checkpoint
from models.vae.model_file import open_model
from tests.models.conftest import SETTINGS, write_blobs

RULE = TrainSettings(early_stopping_patience=2, min_delta=0.5)


def record(epoch: int, loss: float) -> EpochRecord:
    """Return the record of an epoch with test loss ``loss``."""
    return EpochRecord(
        epoch, epoch, Terms(0, 0, 0, 0), Terms(0.0, 1.0, 1.0, loss), (), 0, 1.0, 1e-3, 1.0, (), (), 1.0, 1.0
    )


def ours(losses: Sequence[float], rule: TrainSettings) -> tuple[int, int]:
    """Return the epoch at which the run ends, and the best epoch."""
    state = EarlyStopping()
    for epoch, loss in enumerate(losses, 1):
        state = state.after(record(epoch, loss), rule)
        if state.ends(rule):
            break
    return epoch, state.best_epoch


def theirs(losses: Sequence[float], rule: TrainSettings) -> tuple[int, int]:
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
    stopping = keras.callbacks.EarlyStopping(
        "val_loss",
        min_delta=rule.min_delta,
        patience=rule.early_stopping_patience,
        restore_best_weights=True,
        mode="min",
    )
    model.stop_training = False
    stopping.set_model(model)
    stopping.on_train_begin()
    for epoch, loss in enumerate(losses, 1):
        stopping.on_epoch_end(epoch - 1, {"val_loss": loss})
        if model.stop_training:
            break
    return epoch, stopping.best_epoch + 1


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.integers(0, 16).map(lambda n: n / 4), min_size=2, max_size=12),
    st.integers(1, 4),
    st.sampled_from([0.0, 0.25, 0.5, 1.0]),
)
def test_the_rule_is_that_of_keras(losses: list[float], patience: int, delta: float) -> None:
    rule = replace(RULE, early_stopping_patience=patience, min_delta=delta)
    assert ours(losses, rule) == theirs(losses, rule)


def test_without_patience_a_run_never_ends_early() -> None:
    assert ours([1.0] * 50, replace(RULE, early_stopping_patience=0)) == (50, 1)


# --------------------------------------------------------------------------------------------------------- runs

STOPPING: dict[str, object] = {
    "epochs": 200, "learning_rate": 0.02, "early_stopping_patience": 3, "min_delta": 0.05, "restore_best_weights": True,
    "average": 0.0,
}  # fmt: skip


def events(data: Path, folder: Path, resume: bool = False, **changes: object) -> Iterator[Reply]:
    request = Train(1, str(data), str(folder), "tiny", replace(SETTINGS, **STOPPING | changes), resume)
    return (event for event in TrainingRun(request).events() if event is not None)


def weights(path: str) -> dict[str, bytes]:
    return {name: values.tobytes() for name, values in open_model(path).parameters.items()}


@dataclass(frozen=True)
class Whole:
    """A run that ended early: what it told, and its folder, to be read only."""

    story: list[Reply]
    folder: Path

    @property
    def finished(self) -> Finished:
        assert isinstance(self.story[-1], Finished)
        return self.story[-1]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Whole:
    folder = tmp_path_factory.mktemp("whole")
    return Whole(list(events(write_blobs(folder), folder / "run")), folder / "run")


def test_a_run_ends_early_and_keeps_its_best_weights(whole: Whole, tiny_data: Path, tmp_path: Path) -> None:
    story = whole.story
    losses = [-event.record.test.elbo for event in story if isinstance(event, EpochDone)]
    finished = whole.finished
    assert finished.reason == "early"
    rule = replace(SETTINGS, **STOPPING)
    ended, best = ours(losses, rule)
    assert (finished.epoch, len(losses)) == (ended, ended)
    assert best == ended - 3
    info = open_model(finished.path).info
    assert info.epoch == best
    # The weights of the best epoch equal those of a run that ends there.
    short = list(events(tiny_data, tmp_path / "short", epochs=best))[-1]
    assert weights(finished.path) == weights(short.path)
    last = list(events(tiny_data, tmp_path / "last", restore_best_weights=False))[-1]
    assert (last.reason, last.epoch) == ("early", ended)
    assert open_model(last.path).info.epoch == ended
    assert weights(last.path) != weights(finished.path)


def test_a_run_that_ended_early_is_trained_further_with_new_patience(
    whole: Whole, tiny_data: Path, tmp_path: Path
) -> None:
    request = Train(
        1, str(tiny_data), str(tmp_path / "further"), "tiny", replace(SETTINGS, **STOPPING), further=str(whole.folder)
    )
    last = [event for event in TrainingRun(request).events() if event is not None][-1]
    assert isinstance(last, Finished)
    assert last.epoch > whole.finished.epoch
    ends = [latest_checkpoint(folder) for folder in (whole.folder, tmp_path / "further")]
    assert ends[1].history[: whole.finished.epoch] == ends[0].history
    assert ends[1].stopping.best <= ends[0].stopping.best


@pytest.mark.parametrize("back", [1, 2, 13])
def test_a_resume_ends_at_the_same_epoch_with_the_same_bits(
    back: int, whole: Whole, tiny_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("models.training.clock.SECONDS_PER_CHUNK", 0.0)
    stop_at = 9 * whole.finished.epoch - back
    request = Train(1, str(tiny_data), str(tmp_path / "parts"), "tiny", replace(SETTINGS, **STOPPING))
    run = TrainingRun(request)
    for event in run.events():
        if isinstance(event, Progress) and event.step == stop_at:
            run.control("stop")
    assert event.reason == "stopped"
    rest = list(events(tiny_data, tmp_path / "parts", resume=True))
    assert rest[-1].reason == "early"
    assert weights(rest[-1].path) == weights(whole.finished.path)
    ends = [latest_checkpoint(folder) for folder in (whole.folder, tmp_path / "parts")]
    assert (ends[0].history, ends[0].stopping, ends[0].sums) == (ends[1].history, ends[1].stopping, ends[1].sums)
    for group in ("best", "parameters", "first", "second"):
        for name, values in ends[0].arrays[group].items():
            assert np.array_equal(values, ends[1].arrays[group][name])
