"""Trainings that diverge: they end with a reason, at the same step, and leave no weights that are no numbers."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from models.protocol.training import Diverged, Finished, Progress
from models.training.loop import LoopState, initial_state
from models.training.storage.checkpoint import checkpoint_folders, latest_checkpoint
from models.vae.architecture import Architecture, ParameterArrays
from models.vae.model_file import open_model
from tests.models.training.conftest import trained, weights


def _poison(monkeypatch: pytest.MonkeyPatch, group: str, value: float) -> None:
    """Let trainings begin with ``value`` in the biases of the locations of one group of tensors."""

    def poisoned(architecture: Architecture, seed: int, start: ParameterArrays | None) -> LoopState:
        state = initial_state(architecture, seed, start)
        getattr(state, group)["encoder.loc.bias"] = tf.fill([architecture.latent_dim], np.float32(value))
        return state

    monkeypatch.setattr("models.training.preparation.initial_state", poisoned)


def test_a_loss_that_is_no_number_ends_the_run_with_a_reason(
    tiny_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _poison(monkeypatch, "parameters", np.nan)
    assert trained(tiny_data, tmp_path / "run")[-1] == Diverged(7, 1, "its loss is no longer a number", None)


def test_a_run_that_diverges_goes_on_from_its_last_good_checkpoint(tiny_data: Path, tmp_path: Path) -> None:
    """A large KL weight at the highest learning rate diverges within a few steps."""
    changes: dict[str, object] = {"likelihood": "gaussian", "beta": 1000.0}
    before = trained(tiny_data, tmp_path / "run", epochs=3, **changes)[-1]
    story = trained(tiny_data, tmp_path / "run", resume=True, epochs=60, learning_rate=1.0, **changes)
    diverged = story[-1]
    assert isinstance(diverged, Diverged)
    assert "exploded to" in diverged.reason or "no longer a number" in diverged.reason
    last = max(event.step for event in story if isinstance(event, Progress)) if len(story) > 2 else 27
    assert diverged.step > last
    standing = latest_checkpoint(tmp_path / "run")
    assert diverged.last_good is not None
    assert (diverged.last_good.epoch, diverged.last_good.learning_rate) == (len(standing.history), 1.0)
    for arrays in standing.arrays.values():
        assert all(np.isfinite(values).all() for values in arrays.values())
    assert weights(before) == weights(Finished(1, "complete", str(standing.model_path), 3))
    ended = trained(tiny_data, tmp_path / "run", resume=True, epochs=5, learning_rate=1e-4, **changes)[-1]
    assert ended == Finished(7, "complete", ended.path, 5)
    assert open_model(ended.path).info.recipe.endswith(
        "--learning-rate 0.0001 --epochs 5 --seed 5  # learning rate 0.001, β 1000 until epoch 3.00"
    )


def test_the_step_of_a_fault_does_not_depend_on_the_chunks(
    tiny_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    changes: dict[str, object] = {"likelihood": "gaussian", "beta": 1000.0, "learning_rate": 1.0}
    story = trained(tiny_data, tmp_path / "run", **changes)
    monkeypatch.setattr("models.training.clock.SECONDS_PER_CHUNK", 0.0)
    assert story[-1] == trained(tiny_data, tmp_path / "run", **changes)[-1]


def test_weights_that_are_no_numbers_are_never_written(
    tiny_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Without a moving average nothing reads this one, so that no loss shows it.
    _poison(monkeypatch, "average", np.inf)
    ended = trained(tiny_data, tmp_path / "run", average=0.0)[-1]
    assert ended == Diverged(7, ended.step, "its encoder.loc.bias holds NaN or infinite numbers", None)
    assert not checkpoint_folders(tmp_path / "run")
    # The model of the epoch before is work, which stays.
    for path in (tmp_path / "run").rglob("*.safetensors"):
        assert all(np.isfinite(array).all() for array in open_model(path).parameters.values())
