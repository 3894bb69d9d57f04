"""The session: what is saved, what is restored, and what happens to a damaged file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from explorer.app import session
from explorer.app.startup import FIRST_MODEL
from explorer.state import AppState
from explorer.state.hints import HINTS
from explorer.state.latent import LatentSnapshot, Point, PointSource
from models.core.errors import UserError
from resources import model_path
from tests.support.desk import MODEL, PATIENCE_MS, Desk, opened_app


def _busy_state() -> AppState:
    generator, state = np.random.default_rng(1), AppState()
    image = generator.integers(0, 256, (4, 4, 1), np.uint8)
    points = (
        Point("A", *_vectors(generator), PointSource("data", "image 5", 5, image)),
        Point("C", *_vectors(generator), PointSource("picture", "mine.png", None, image)),
        Point("B", *_vectors(generator)),
    )
    state.latent.replace_points(points, 1)
    state.latent.set_locked(2, True)
    state.latent.set_hold("z")
    state.display.set_axes((1, 2))
    state.display.set_dimension(2)
    state.display.set_seed(99)
    state.display.set_decode_mode("mean")
    state.display.set_active_only(True)
    state.model.remember("one.safetensors")
    return state


def _vectors(generator: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    return generator.normal(size=3), generator.uniform(0.1, 2.0, 3), generator.normal(size=3)


def _bits(snapshot: LatentSnapshot) -> list[tuple[Any, ...]]:
    return [(p.name, p.mu.tobytes(), p.sigma.tobytes(), p.z.tobytes(), p.source, _image(p)) for p in snapshot.points]


def _image(point: Point) -> bytes:
    return b"" if point.source.image is None else point.source.image.tobytes()


def test_a_session_comes_back_from_its_file_bit_for_bit(qapp: QApplication, tmp_path: Path) -> None:
    state, file = _busy_state(), tmp_path / "deep" / "session.json"
    session.save(file, session.capture(state))
    loaded, other = session.load(file), AppState()
    assert loaded is not None
    session.restore(other, loaded)
    assert _bits(other.latent.snapshot()) == _bits(state.latent.snapshot())
    assert other.latent.index == 1
    assert other.latent.locked.tolist() == [False, False, True]
    view = other.display
    assert (view.axes, view.dimension, view.seed, view.decode_mode, view.active_only) == ((1, 2), 2, 99, "mean", True)
    assert (other.latent.hold, other.model.recent) == ("z", ["one.safetensors"])
    assert session.capture(other) == session.capture(state)


def test_no_file_is_no_session(tmp_path: Path) -> None:
    assert session.load(tmp_path / "session.json") is None


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b"\xff\xfe\x00", b'{"version": 2}', b'"text"', b'{"version": 1', b"[" * 100_000]
)
def test_a_damaged_file_is_named(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "session.json"
    file.write_bytes(content)
    with pytest.raises(UserError, match=r"session\.json: "):
        session.load(file)


def test_a_huge_file_is_not_read(tmp_path: Path) -> None:
    file = tmp_path / "session.json"
    with file.open("wb") as stream:
        stream.truncate(session.LARGEST_BYTES + 1)
    with pytest.raises(UserError, match="larger than"):
        session.load(file)


DAMAGES: dict[str, Any] = {
    "no points": {"points": []}, "points missing": {"points": None}, "a point without z": {"points": [{"name": "A"}]},
    "current out of range": {"current": 7}, "current no number": {"current": "x"}, "dimension": {"dimension": 3},
    "negative dimension": {"dimension": -1}, "mode": {"decode_mode": "other"}, "axes": {"axes": [1]},
    "axes text": {"axes": "xy"}, "negative axes": {"axes": [-5, 0]}, "locked": {"locked": 3}, "seed": {"seed": None},
    "negative seed": {"seed": -1},
}  # fmt: skip


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES.keys())
def test_a_session_that_makes_no_sense_changes_nothing(qapp: QApplication, damage: dict[str, Any]) -> None:
    state = AppState()
    before = session.capture(state)
    with pytest.raises(UserError):
        session.restore(state, session.capture(_busy_state()) | damage)
    assert session.capture(state) == before


POINT_DAMAGES: dict[str, Any] = {
    "lengths differ": {"z": [0.0]}, "not finite": {"mu": [0.0, float("nan"), 0.0]}, "no vector": {"sigma": 1.0},
    "sigma zero": {"sigma": [1.0, 0.0, 1.0]}, "image cut": {"image": "AAAA"}, "image no base64": {"image": "a"},
}  # fmt: skip


@pytest.mark.parametrize("damage", POINT_DAMAGES.values(), ids=POINT_DAMAGES.keys())
def test_a_damaged_point_changes_nothing(qapp: QApplication, damage: dict[str, Any]) -> None:
    state, stored = AppState(), session.capture(_busy_state())
    before = session.capture(state)
    stored["points"][0] |= damage
    with pytest.raises(UserError):
        session.restore(state, stored)
    assert session.capture(state) == before


# ---------------------------------------------------------------------------------------------------- in the window


@pytest.fixture
def cached(warm_cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LATENTSCAPE_CACHE", str(warm_cache))


def test_the_window_opens_as_it_was_closed(qapp: QApplication, qtbot: QtBot, cached: None) -> None:
    with opened_app(qapp, keep_session=True) as app:
        desk = Desk(app, qtbot)
        desk.wait_ready()
        assert app.state.hints.open == HINTS
        app.theme.choose("light")
        desk.window.map.select(42)
        desk.window.menus.edit.add_point.trigger()
        desk.latent.set_component("z", 3, 1.7)
        desk.state.display.set_decode_mode("sample")
        desk.window.show_pane("Log")
        kept = session.capture(app.state)
    with opened_app(qapp, keep_session=True, scheme=None) as app:
        desk = Desk(app, qtbot)
        desk.wait_ready()
        assert session.capture(app.state) == kept
        assert app.state.hints.open == ("point", "slider")
        assert app.theme.choice == "light"
        assert desk.window.log.isVisible()


@pytest.mark.parametrize("content", ["{", json.dumps({"version": 1, "points": 3})])
def test_a_damaged_session_is_told_and_the_window_opens_anew(
    qapp: QApplication, qtbot: QtBot, cached: None, content: str
) -> None:
    session.session_path().parent.mkdir(parents=True)
    session.session_path().write_text(content)
    with opened_app(qapp, keep_session=True, model=FIRST_MODEL) as app:
        desk = Desk(app, qtbot)
        assert desk.window.banner.isVisible()
        assert not app.state.hints.open
        assert desk.window.banner.text.text().endswith(desk.window.banner.text.text().partition("anew: ")[2])
        assert "a new one was started: " in desk.window.banner.text.text()
        desk.qtbot.waitUntil(lambda: app.state.answers.picture is not None, timeout=30_000)
        assert app.state.model.model is not None
        assert app.state.model.model.latent_dim == 2


def test_generated_data_come_back_by_their_name(qapp: QApplication, qtbot: QtBot, cached: None, tmp_path: Path) -> None:
    stored = {"model": str(model_path(MODEL)), "data": "sprites:50"}
    session.save(session.session_path(), session.capture(AppState()) | stored)
    with opened_app(qapp, keep_session=True) as app:
        qtbot.waitUntil(lambda: app.state.model.data is not None, timeout=PATIENCE_MS)
        assert Desk(app, qtbot).data.info.name == "sprites:50"
        assert app.window.banner.isHidden()
