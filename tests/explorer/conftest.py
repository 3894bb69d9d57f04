"""Fixtures shared by tests of the window."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from tests.support.command_line import fill_workshop
from tests.support.desk import PATIENCE_MS, Desk
from tests.support.windows import desk, nothing_left_behind, oracle, own_settings, pointer, shared_window
from tests.support.workbench import choose

__all__ = ["desk", "nothing_left_behind", "oracle", "own_settings", "pointer", "shared_window"]  # fixtures

FEW = 300
LONG_MS = 90_000


@pytest.fixture
def small_data(desk: Desk, tmp_path: Path) -> Iterator[Desk]:
    """Return a window with a few digits open and the Training pane in front; discard a run at the end."""
    np.save(tmp_path / "few.npy", np.array(desk.data.images[:FEW]))
    with desk.qtbot.waitSignal(desk.state.model.embedding_changed, timeout=PATIENCE_MS):
        desk.drop_data(tmp_path / "few.npy")
    desk.window.show_pane("Training")
    yield desk
    if desk.state.run.active:
        desk.state.run.control("discard")
        desk.qtbot.waitUntil(lambda: not desk.state.run.active, timeout=LONG_MS)
    desk.state.unsaved.set_models(())


@pytest.fixture
def bench(desk: Desk) -> Iterator[Desk]:
    """Return the window with the workbench in front, showing a gamma distribution."""
    desk.state.workbench.unpin()
    desk.state.distribution.set_mode("workbench")
    choose(desk, "Gamma")
    yield desk
    desk.state.display.set_logarithmic(False)
    desk.state.distribution.set_mode("model")
    desk.settle()


@pytest.fixture(scope="session")
def workshop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a data set of soft spots and a model trained on it."""
    folder = tmp_path_factory.mktemp("workshop")
    fill_workshop(folder)
    return folder
