"""The Training pane with a small model, and its runs."""

from __future__ import annotations

import pytest

from models.protocol.training import Finished
from tests.explorer.conftest import LONG_MS
from tests.support.desk import Desk

LATENT = 8


@pytest.fixture
def pane(small_data: Desk) -> Desk:
    """Set the form to a small model."""
    form = small_data.window.training.form
    form.fields["hidden"].setText("32")
    form.fields["latent_dim"].setValue(LATENT)
    form.fields["epochs"].setValue(3)
    return small_data


def run_to_end(desk: Desk) -> Finished:
    with desk.qtbot.waitSignal(desk.state.run.finished, timeout=LONG_MS) as finished:
        desk.window.training.controls.start.click()
    desk.settle()
    result = finished.args[0]
    assert isinstance(result, Finished)
    return result


def start_long(desk: Desk) -> None:
    """Start a run that does not end on its own, and wait until it makes progress."""
    desk.window.training.form.fields["epochs"].setValue(100_000)
    with desk.qtbot.waitSignal(desk.state.run.progressed, timeout=LONG_MS):
        desk.window.training.controls.start.click()
