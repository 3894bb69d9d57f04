"""A separate window for every test, because these tests break it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from tests.support.desk import Desk, opened_app
from tests.support.windows import nothing_left_behind, oracle, own_settings

__all__ = ["nothing_left_behind", "oracle", "own_settings"]  # fixtures


@pytest.fixture
def broken(qapp: QApplication, qtbot: QtBot, warm_cache: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    """Return a window that has just opened."""
    monkeypatch.setenv("LATENTSCAPE_CACHE", str(warm_cache))
    with opened_app(qapp) as app:
        desk = Desk(app, qtbot)
        desk.wait_ready()
        yield desk
        vars(desk).clear()
