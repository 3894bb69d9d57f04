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
from explorer.app.session_file import session_path
from explorer.app.startup import FIRST_MODEL
from explorer.state import AppState
from explorer.state.hints import HINTS
from explorer.state.latent import LatentSnapshot, Point, PointSource
from explorer.state.shelf import Belongings
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
    state.shelf.adopt("first", "first.safetensors")
    other = Point("A", np.zeros(2), np.ones(2), np.array([0.5, -0.5]))
    state.shelf.kept["second"] = Belongings(LatentSnapshot((other,), 0, (1,)), 1, (1, 0), "second.safetensors")
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
    assert not other.undo.can_undo()


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


LEFT = ["points of other models"]


def test_a_session_is_never_too_large_to_be_read(
    qapp: QApplication, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    state = _busy_state()
    for name in ("third", "fourth"):
        state.shelf.kept[name] = state.shelf.kept["second"]
    whole = session.capture(state)
    size = len(json.dumps(whole | {"left": {"fourth": whole["left"]["fourth"]}}))
    monkeypatch.setattr(session, "LARGEST_BYTES", size)
    session.save(tmp_path / "session.json", whole)
    loaded = session.load(tmp_path / "session.json")
    assert loaded is not None
    assert list(loaded["left"]) == ["fourth"]
    assert loaded["points"] == whole["points"]


DAMAGES: dict[str, tuple[dict[str, Any], list[str]]] = {
    "no points": ({"points": []}, ["points"]), "points missing": ({"points": None}, ["points"]),
    "a point without z": ({"points": [{"name": "A"}]}, ["point 1", "points"]),
    "current out of range": ({"current": 7}, ["the current point"]),
    "current no number": ({"current": "x"}, ["the current point"]), "locked": ({"locked": 3}, ["locks"]),
    "a lock out of range": ({"locked": [7]}, ["locks"]), "dimension": ({"dimension": 3}, ["dimension"]),
    "negative dimension": ({"dimension": -1}, ["dimension"]), "mode": ({"decode_mode": "other"}, ["decode mode"]),
    "axes": ({"axes": [1]}, ["map axes"]), "axes text": ({"axes": "xy"}, ["map axes"]),
    "negative axes": ({"axes": [-5, 0]}, ["map axes"]), "seed": ({"seed": None}, ["seed"]),
    "negative seed": ({"seed": -1}, ["seed"]), "huge seed": ({"seed": 10**400}, ["seed"]),
    "recent": ({"recent": 3}, ["recent files"]), "owner": ({"owner": 3}, ["the model of the points"]),
    "left": ({"left": {"x": {"points": 1}}}, ["the points of a model"]), "left text": ({"left": "x"}, LEFT),
}  # fmt: skip


@pytest.mark.parametrize(("damage", "lost"), DAMAGES.values(), ids=DAMAGES.keys())
def test_what_makes_no_sense_costs_itself_only(qapp: QApplication, damage: dict[str, Any], lost: list[str]) -> None:
    state, stored = AppState(), session.capture(_busy_state())
    assert session.restore(state, stored | damage) == lost
    now = session.capture(state)
    if "points" in lost:
        damage = damage | {
            "points": 0,
            "current": 0,
            "locked": 0,
            "owner": 0,
            "owner_path": 0,
            "axes": 0,
            "dimension": 0,
        }
    for key in now.keys() - damage.keys():
        assert now[key] == stored[key], key


POINT_DAMAGES: dict[str, Any] = {
    "lengths differ": {"z": [0.0]}, "not finite": {"mu": [0.0, float("nan"), 0.0]}, "no vector": {"sigma": 1.0},
    "sigma zero": {"sigma": [1.0, 0.0, 1.0]}, "image cut": {"image": "AAAA"}, "image no base64": {"image": "a"},
    "far out": {"z": [0.0, 1e300, 0.0]}, "infinite": {"z": [0.0, float("inf"), 0.0]}, "a matrix": {"mu": [[0.0] * 3]},
    "sigma infinite": {"sigma": [1.0, float("inf"), 1.0]}, "flat image": {"shape": [16]}, "no name": {"name": 5},
    "image of two channels": {"shape": [2, 4, 2]}, "negative shape": {"shape": [-4, 4, 1]},
    "named twice": {"name": "B"},
    "huge number": {"z": [0.0, 10**400, 0.0]}, "negative index": {"index": -1},
}  # fmt: skip


@pytest.mark.parametrize("damage", POINT_DAMAGES.values(), ids=POINT_DAMAGES.keys())
def test_one_bad_point_does_not_cost_the_session(qapp: QApplication, damage: dict[str, Any]) -> None:
    state, stored = AppState(), session.capture(_busy_state())
    bad = 2 if damage == {"name": "B"} else 0
    stored["points"][0] |= damage
    assert session.restore(state, stored) == [f"point {bad + 1}"]
    now = session.capture(state)
    assert now["points"] == [point for place, point in enumerate(stored["points"]) if place != bad]
    assert state.latent.point.name == "C"
    assert (now["seed"], now["locked"], now["dimension"]) == (99, [2], 2)


def test_a_point_that_no_model_could_decode_is_none() -> None:
    zeros, ones = np.zeros(3), np.ones(3)
    for vectors in ((zeros, ones, ones * 1e300), (ones * np.nan, ones, zeros), (zeros, ones * np.inf, zeros)):
        with pytest.raises(ValueError, match="lie"):
            Point("A", *vectors)


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


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (json.dumps({"version": 1, "points": 3}), ": points, "),
        pytest.param("{", "a new one was started: ", marks=pytest.mark.slow),
    ],
)
def test_a_damaged_session_is_told_and_the_window_opens_anew(
    qapp: QApplication, qtbot: QtBot, cached: None, content: str, told: str
) -> None:
    session_path().parent.mkdir(parents=True)
    session_path().write_text(content)
    with opened_app(qapp, keep_session=True, model=FIRST_MODEL) as app:
        desk = Desk(app, qtbot)
        assert desk.window.banner.isVisible()
        assert not app.state.hints.open
        assert told in desk.window.banner.text.text()
        desk.qtbot.waitUntil(lambda: app.state.answers.picture is not None, timeout=30_000)
        assert app.state.model.model is not None
        assert app.state.model.model.latent_dim == 2


def test_generated_data_come_back_by_their_name(qapp: QApplication, qtbot: QtBot, cached: None, tmp_path: Path) -> None:
    stored = {"model": str(model_path(MODEL)), "data": "sprites:50"}
    session.save(session_path(), session.capture(AppState()) | stored)
    with opened_app(qapp, keep_session=True) as app:
        qtbot.waitUntil(lambda: app.state.model.data is not None, timeout=PATIENCE_MS)
        assert Desk(app, qtbot).data.info.name == "sprites:50"
        assert app.window.banner.isHidden()
