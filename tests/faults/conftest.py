"""One window for the tests of a module that break its workers: each test finds it as it had just opened."""

from __future__ import annotations

import pytest

from tests.support.desk import Desk
from tests.support.windows import desk, nothing_left_behind, oracle, own_settings, shared_window

__all__ = ["desk", "nothing_left_behind", "oracle", "own_settings", "shared_window"]  # fixtures


@pytest.fixture
def broken(desk: Desk) -> Desk:
    """Return the window with all its restarts still allowed."""
    for worker in (desk.app.decoder, desk.app.trainer):
        if worker.client.running:
            worker.client.restart()
    return desk
