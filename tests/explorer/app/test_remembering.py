"""What one window hands on to the next: settings, known data, unsaved models. No window, no worker."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtWidgets import QApplication

from explorer.app.remembering import captured, recall
from explorer.state import AppState
from explorer.state.catalogue import KnownData
from explorer.state.unsaved import UnsavedModel
from models.core.history import UnfinishedRun
from models.core.settings import TrainSettings

CHOSEN = {"hidden": (32, 16), "objective": "dreg", "samples": 7, "learning_rate": 1e-9}


@pytest.fixture
def states(qapp: QApplication, tmp_path: Path) -> Iterator[tuple[AppState, AppState]]:
    """A busy state, and one of the next window."""
    both = AppState(), AppState()
    busy = both[0]
    busy.plan.choose(CHOSEN)
    busy.catalogue.restore((KnownData("/few.npy", "few", "abc", (28, 28, 1)),), {"def": "/few.npy"})
    for name in ("here", "gone"):
        run = UnfinishedRun(str(tmp_path / name), name, "/few.npy", 3, 12.5, TrainSettings(hidden=(8,)), 1e-3)
        busy.further.runs[f"digest of {name}"] = run
        busy.unsaved.add(UnsavedModel(str(tmp_path / name / "checkpoint-3" / "model.safetensors"), 2, run))
    (tmp_path / "here" / "checkpoint-3").mkdir(parents=True)
    (tmp_path / "here" / "checkpoint-3" / "model.safetensors").write_bytes(b"a model")
    yield both
    for state in both:
        state.deleteLater()


def written(state: AppState) -> dict[str, Any]:
    """Return what is remembered as it comes back from a file."""
    values: dict[str, Any] = json.loads(json.dumps(captured(state)))
    return values


def test_the_next_window_knows_what_this_one_knew(states: tuple[AppState, AppState]) -> None:
    busy, new = states
    assert recall(new, written(busy)) == []
    assert new.plan.chosen == CHOSEN
    assert (new.catalogue.recent, new.catalogue.pairs) == (busy.catalogue.recent, busy.catalogue.pairs)
    assert new.unsaved.models == busy.unsaved.models[:1]  # the file of the other one is gone
    assert new.further.runs == {"digest of here": busy.unsaved.models[0].run}
    assert recall(new, {}) == []
    assert new.unsaved.models == busy.unsaved.models[:1]


DAMAGES: dict[str, tuple[str, Any]] = {
    "settings": ("the settings of the training form", {"latent_dim": "x"}),
    "known_data": ("the data opened lately", [{"path": "/few.npy"}]),
    "data_of_models": ("the data opened lately", 3),
    "further": ("the runs that can be trained further", {"digest": {"folder": 3}}),
    "unsaved": ("the unsaved models", [{"path": "/m", "epoch": 3, "run": {}}]),
}


@pytest.mark.parametrize("key", DAMAGES)
def test_what_is_damaged_does_not_cost_the_rest(states: tuple[AppState, AppState], key: str) -> None:
    busy, new = states
    told, damage = DAMAGES[key]
    assert recall(new, written(busy) | {key: damage}) == [told]
    kept = new.plan.chosen, new.catalogue.recent, new.unsaved.models, new.further.runs
    assert [bool(part) for part in kept].count(True) == 3
