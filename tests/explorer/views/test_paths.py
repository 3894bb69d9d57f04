"""The Path tab: key points, the walk on the map, film and evidence, playing, undo, export, session."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QPointF, Qt

from explorer.app.session import capture, restore
from explorer.state.paths import PathSnapshot, WalkExport
from explorer.views.paths.chip import KeyChip
from explorer.views.paths.export_dialog import WalkDialog
from explorer.views.paths.track import rows_of
from models.core.walk_settings import WALK_KINDS
from tests.support.command_line import run_forked
from tests.support.desk import Desk
from tests.support.menus import choose, context_menu

PATIENCE_MS = 60_000
KEYS = Qt.Key


@pytest.fixture
def path(desk: Desk) -> Iterator[Desk]:
    """Bring the Path tab to the front, with a walk from image 12 over 99 to 7."""
    desk.window.show_pane("Path")
    for index in (12, 99, 7):
        desk.window.map.select(index)
        desk.window.paths.form.add.click()
    _wait(desk)
    yield desk
    desk.state.paths.set_playing(False)
    desk.window.show_pane("Distribution")
    desk.settle()


def _wait(desk: Desk) -> None:
    """Wait for the walk and its evidence."""
    desk.qtbot.waitUntil(lambda: desk.state.paths.evidence is not None, timeout=PATIENCE_MS)


def _z(desk: Desk) -> np.ndarray:
    walk = desk.state.paths.walk
    assert walk is not None
    return walk.z


def test_points_are_added_and_the_walk_is_drawn_where_they_lie(path: Desk) -> None:
    assert [key.name for key in path.state.paths.keys] == ["image 12", "image 99", "image 7"]
    mu = path.embedding.mu
    assert np.allclose(path.state.paths.key_array(), mu[[12, 99, 7]])
    assert np.allclose(_z(path)[[0, -1]], mu[[12, 7]], atol=1e-6)
    layer, plane = path.window.map.path, path.window.map._projection
    assert plane is not None
    assert np.allclose(layer.frames, plane.to_plane(_z(path)))
    assert np.allclose(layer.keys, plane.to_plane(mu[[12, 99, 7]]))
    path.state.display.set_axes((0, 1))
    assert np.allclose(layer.keys, mu[[12, 99, 7]][:, :2])


def test_a_drag_in_the_film_moves_the_point_and_is_one_step(path: Desk) -> None:
    track, before = path.window.paths.track, path.point.z
    path.settle()
    assert [row.name for row in rows_of(path.state)] == [
        "step in the picture", "typicality", "nearest posterior", "re-encoded", "neighbours agree",
    ]  # fmt: skip
    path.drag(track, [QPointF(track.x_of(frame), 20.0) for frame in (10, 20, 30, 41)])
    assert path.state.paths.frame == 41
    assert np.allclose(path.point.z, _z(path)[41])
    assert path.state.undo.undo_text() == "Walk along the path"
    path.state.undo.undo()
    assert np.array_equal(path.point.z, before)
    picture = path.state.paths.picture(41)
    assert picture is not None
    assert picture.shape == (28, 28, 1)


def test_the_arrow_keys_walk(path: Desk) -> None:
    track, qtbot = path.window.paths.track, path.qtbot
    for key, frame in ((KEYS.Key_End, 59), (KEYS.Key_Left, 58), (KEYS.Key_PageUp, 48), (KEYS.Key_Home, 0)):
        qtbot.keyClick(track, key)
        assert path.state.paths.frame == frame
    assert np.allclose(path.point.z, _z(path)[0])


def test_it_plays_and_the_whole_of_it_is_one_step(path: Desk) -> None:
    paths, count = path.state.paths, path.state.undo.count()
    path.window.paths.rate.setValue(100)
    path.window.paths.rate.valueChanged.emit(100)
    path.window.paths.play.click()
    assert path.window.paths.play.text() == "Pause"
    path.qtbot.waitUntil(lambda: paths.frame >= 5, timeout=PATIENCE_MS)
    path.qtbot.keyClick(path.window.paths.track, KEYS.Key_Space)
    assert not paths.playing
    assert path.state.undo.undo_text() == "Play the path"
    assert path.state.undo.count() == count + 1
    path.window.paths.rate.setValue(20)
    path.window.paths.rate.valueChanged.emit(20)


@pytest.mark.parametrize(
    ("mode", "frames"), [("loop", [58, 59, 0, 1]), ("ping-pong", [58, 59, 58, 57]), ("once", [58, 59, 59, 59])]
)
def test_at_the_end_it_goes_on_as_was_chosen(path: Desk, mode: str, frames: list[int]) -> None:
    paths, box = path.state.paths, path.window.paths.mode
    box.setCurrentIndex(box.findData(mode))
    box.activated.emit(box.currentIndex())
    paths.go(57)
    seen = []
    for _ in frames:
        paths.advance()
        seen.append(paths.frame)
    assert seen == frames
    box.setCurrentIndex(0)
    box.activated.emit(0)


@pytest.mark.parametrize("kind", WALK_KINDS[1:])
def test_every_kind_is_found_and_can_be_undone(path: Desk, kind: str) -> None:
    form, before = path.window.paths.form, _z(path)
    form.kind.setCurrentIndex(form.kind.findData(kind))
    form.kind.activated.emit(form.kind.currentIndex())
    _wait(path)
    assert path.state.paths.settings.kind == kind
    assert not np.array_equal(_z(path), before)
    assert path.state.undo.undo_text() == "Change the path"
    path.state.undo.undo()
    _wait(path)
    assert np.array_equal(_z(path), before)
    assert form.kind.currentData() == "line"


def test_a_loop_returns_and_a_line_after_it_does_not(path: Desk) -> None:
    form = path.window.paths.form
    for kind, ticked, enabled in (("spline", True, False), ("line", False, True)):
        form.kind.setCurrentIndex(form.kind.findData(kind))
        form.kind.activated.emit(form.kind.currentIndex())
        assert (form.closed.isChecked(), form.closed.isEnabled()) == (ticked, enabled)
    assert not path.state.paths.settings.closed


def test_a_key_point_is_taken_out_and_too_few_are_said(path: Desk) -> None:
    paths = path.state.paths
    paths.remove_key(1)
    assert [key.name for key in paths.keys] == ["image 12", "image 7"]
    path.window.paths.form.reverse.click()
    _wait(path)
    assert np.allclose(_z(path)[0], path.embedding.mu[7], atol=1e-6)
    path.window.paths.form.clear.click()
    assert "takes 2 key points" in path.window.paths.text.text()
    assert not path.window.paths.play.isEnabled()
    assert len(path.window.map.path.frames) == 0


def test_a_key_point_is_gone_to_and_moved_by_its_menu(path: Desk) -> None:
    chip = next(chip for chip in path.window.paths.form.findChildren(KeyChip) if chip.isVisible())
    choose(context_menu(chip, chip.rect().center()), "Move A there")
    assert np.allclose(path.point.z, path.embedding.mu[12])
    assert path.state.undo.undo_text() == "Go to image 12"
    path.window.map.select(50)
    choose(context_menu(chip, chip.rect().center()), "Move this key point to A")
    assert path.state.paths.keys[0].name == "image 12, moved"
    _wait(path)
    assert np.allclose(_z(path)[0], path.embedding.mu[50], atol=1e-6)
    path.state.undo.undo()
    assert path.state.paths.keys[0].name == "image 12"


def test_a_long_search_is_cancelled_within_a_fifth_of_a_second(path: Desk) -> None:
    path.state.paths.change(kind="geodesic", frames=2000, spacing="picture")
    path.qtbot.waitUntil(path.window.paths.cancel.isVisible, timeout=PATIENCE_MS)
    path.qtbot.waitUntil(lambda: (path.state.paths.share or 0.0) > 0.0, timeout=PATIENCE_MS)
    began = time.perf_counter()
    path.window.paths.cancel.click()
    assert time.perf_counter() - began < 0.2
    assert path.window.paths.text.text().startswith("Stopped.")
    # The decoder is free again.
    path.window.map.select(3)
    path.settle()
    assert path.state.answers.picture is not None


def test_the_export_of_the_window_is_that_of_the_command(path: Desk, tmp_path: Path) -> None:
    path.state.paths.change(kind="slerp", frames=70, spacing="picture")
    _wait(path)
    path.window.paths.export.click()
    (dialog,) = path.window.findChildren(WalkDialog)
    dialog.path.setText(str(tmp_path / "walk.webp"))
    dialog.kind.setCurrentIndex(dialog.kind.findData(".webp"))
    dialog.table.setChecked(True)
    with path.qtbot.waitSignal(path.state.paths.export_ended, timeout=PATIENCE_MS):
        dialog.export.click()
    assert dialog.text.text() == f"70 frames written to {tmp_path / 'walk.webp'}."
    assert (tmp_path / "walk.csv").read_text().startswith("frame,place,step,typicality,nearest_nats")
    done = run_forked(tmp_path, "walk", "mnist-vae-50", "--recipe", "walk.json", "--out", "again.webp")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "walk.webp").read_bytes() == (tmp_path / "again.webp").read_bytes()
    dialog.reject()


def test_an_export_is_cancelled_and_leaves_nothing(path: Desk, tmp_path: Path) -> None:
    with path.qtbot.waitSignal(path.state.paths.export_ended, timeout=PATIENCE_MS) as ended:
        path.state.paths.export(WalkExport(tmp_path / "walk.apng", 64, 20.0, "loop"))
        began = time.perf_counter()
        path.state.paths.stop_export()
    assert time.perf_counter() - began < 0.5
    assert ended.args == ["Stopped: walk.apng was not written."]
    assert list(tmp_path.iterdir()) == []


def test_the_dialog_says_what_cannot_be_written(path: Desk, tmp_path: Path) -> None:
    dialog = WalkDialog(path.state, path.window)
    dialog.path.setText(str(tmp_path / "walk.png"))
    dialog.kind.setCurrentIndex(dialog.kind.findData(".png"))
    dialog.zoom.setValue(64)
    dialog.export.click()
    assert "a strip of 60 frames of this size is too large" in dialog.text.text()
    dialog.reject()


def test_the_session_brings_the_path_back(path: Desk) -> None:
    path.state.paths.change(kind="spline", frames=33)
    kept = path.state.paths.snapshot()
    session = json.loads(json.dumps(capture(path.state)))
    owner = path.state.paths.owner
    path.state.paths.restore(PathSnapshot())
    assert restore(path.state, session) == []
    assert path.state.paths.left[owner] == kept
    session["paths"][owner]["settings"]["frames"] = -1
    assert restore(path.state, session) == ["paths"]


def test_the_path_waits_for_its_model(path: Desk) -> None:
    paths, owner = path.state.paths, path.state.paths.owner
    kept = paths.snapshot()
    paths.use("another", same=False)
    assert paths.keys == ()
    paths.use(owner, same=False)
    assert paths.snapshot() == kept
    paths.use("later", same=True)
    assert paths.snapshot() == kept
    paths.use(owner, same=True)


def test_values_are_told_with_their_units(path: Desk) -> None:
    rows = {row.name: row for row in rows_of(path.state)}
    assert rows["nearest posterior"].told(0) == "0 nats"
    assert rows["step in the picture"].told(0) == "–"
    assert rows["neighbours agree"].told(0).endswith("%")
