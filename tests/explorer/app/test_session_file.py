"""The file of a session: one for each window, saved by itself. No window, no worker."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from explorer.app import session, session_file
from explorer.app.session_file import MOST_WINDOWS, Autosave, SessionFile
from explorer.state import AppState


def test_two_windows_have_a_session_each(tmp_path: Path) -> None:
    first, second = SessionFile(), SessionFile()
    assert (first.number, second.number) == (1, 2)
    assert (first.remark, "a session of its own" in second.remark) == ("", True)
    assert first.path is not None
    assert second.path is not None
    session.save(first.path, session.capture(AppState()) | {"seed": 1})
    session.save(second.path, session.capture(AppState()) | {"seed": 2})
    # The last one to close does not decide.
    for file in (first, second):
        file.release()
    again = SessionFile()
    assert (again.number, again.load()["seed"]) == (1, 1)
    beside = SessionFile()
    assert (beside.number, beside.load()["seed"]) == (2, 2)
    again.release()
    beside.release()


def test_a_window_too_many_keeps_none(tmp_path: Path) -> None:
    files = [SessionFile() for _ in range(MOST_WINDOWS + 1)]
    assert (files[-1].number, files[-1].path, files[-1].load()) == (0, None, {})
    assert "keeps no session" in files[-1].remark
    for file in files:
        file.release()


def test_without_a_folder_there_is_a_session_that_cannot_be_saved(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", "/proc/nowhere")
    file = SessionFile()
    assert (file.number, file.load()) == (1, {})
    file.release()


@pytest.fixture
def state(qapp: QApplication) -> AppState:
    return AppState()


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session_file, "SAVE_AFTER_MS", 10)


def _autosave(state: AppState, path: Path) -> Autosave:
    def capture() -> dict[str, Any]:
        return session.capture(state)

    return Autosave(state, path, capture)


def _stored(path: Path) -> dict[str, Any]:
    try:
        stored: dict[str, Any] = json.loads(path.read_text())
    except FileNotFoundError:
        return {}
    return stored


def test_every_change_is_saved_by_itself(state: AppState, quick: None, qtbot: QtBot, tmp_path: Path) -> None:
    path = tmp_path / "session.json"
    autosave = _autosave(state, path)
    for change in (
        lambda: state.latent.set_z(np.array([1.5])), lambda: state.latent.set_component("mu", 0, 0.5),
        state.latent.add_point, lambda: state.latent.set_current(0), lambda: state.latent.set_locked(0, True),
        lambda: state.latent.set_hold("z"), lambda: state.display.set_seed(12), state.undo.undo,
        lambda: state.display.set_decode_mode("mean"), lambda: state.model.remember("/data/new.npy"),
    ):  # fmt: skip
        change()
        assert session.capture(state) != _stored(path)
        qtbot.waitUntil(lambda: session.capture(state) == _stored(path), timeout=5000)
    assert autosave.close() == ""


def test_a_drag_does_not_put_saving_off(
    state: AppState, qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Many times as long as it is between two moves.
    monkeypatch.setattr(session_file, "SAVE_AFTER_MS", 150)
    path = tmp_path / "session.json"
    autosave = _autosave(state, path)
    steps = iter(np.linspace(0.0, 1.0, 100_000))

    def saved_while_dragging() -> bool:
        state.latent.set_z(np.array([next(steps)]))
        return bool(_stored(path))

    qtbot.waitUntil(saved_while_dragging, timeout=5000)
    autosave.close()


def test_closing_saves_what_is_new(state: AppState, tmp_path: Path) -> None:
    autosave = _autosave(state, tmp_path / "session.json")
    state.display.set_seed(31)
    assert autosave.close() == ""
    assert _stored(tmp_path / "session.json")["seed"] == 31


def test_what_cannot_be_saved_is_told_once(state: AppState, quick: None, qtbot: QtBot, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    autosave, told = _autosave(state, tmp_path / "file" / "session.json"), []
    autosave.failed.connect(told.append)
    for seed in (11, 12):
        with qtbot.waitSignal(autosave._written, timeout=5000):
            state.display.set_seed(seed)
    assert len(told) == 1
    assert "a file stands where a folder should be" in told[0]
    assert told[0] == autosave.close()
