"""Opening models of different sizes in turn after moving points: the points are kept, and nothing crashes."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pyqtgraph as pg
import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test
from PySide6.QtCore import QEvent, QPointF, Qt, QTimer
from PySide6.QtGui import QMouseEvent
from PySide6.QtWidgets import QApplication
from shiboken6 import isValid

from explorer.app.uncaught import Uncaught
from explorer.views.common.pictures import Picture
from explorer.views.dimensions.rows import DimensionDelegate
from explorer.views.latent_map.markers import MarkerLayer
from resources import model_path
from tests.support.desk import Desk
from tests.support.hands import Hands
from tests.support.menus import context_menu
from tests.support.oracle import NumpyVAE

LARGE, SMALL = model_path("mnist-vae-50"), model_path("mnist-vae-2")
IMAGES = {LARGE: 5, SMALL: 7}


def _open(desk: Desk, path: Path) -> None:
    desk.drop(path)
    desk.settle()
    assert desk.state.model.model is not None
    assert desk.state.model.model.path == str(path)


def _click_image_and_move(desk: Desk, path: Path) -> None:
    """Click an image on the map, then move the point."""
    viewport, cloud = desk.window.map.plot.viewport(), desk.window.map.plot.cloud
    desk.click(viewport, desk.on_map(cloud.xy[IMAGES[path]]))
    desk.settle()
    assert desk.point.source.kind == "data"
    start = desk.marker(desk.point.name)
    desk.drag(viewport, [start, start + QPointF(30, -20), start + QPointF(40, -30)])
    desk.settle()
    assert not desk.point.untouched


def test_a_context_menu_closes_when_another_model_replaces_what_it_is_about(desk: Desk) -> None:
    rows = desk.window.dimensions.list
    menu = context_menu(rows.viewport(), rows.visualRect(rows.rows.index(0)).center())
    _open(desk, SMALL)
    assert not isValid(menu) or not menu.isVisible()


def test_a_slider_that_is_held_lets_go_of_a_dimension_that_another_model_lacks(
    desk: Desk, capfd: pytest.CaptureFixture[str]
) -> None:
    rows = desk.window.dimensions.list
    dim = next(dim for dim in rows.rows.dims if dim >= 2)
    start = QPointF(rows.handle_position(dim, rows.delegate.scale.value_of(dim)))
    desk.press(rows.viewport(), start)
    _open(desk, SMALL)
    before = desk.point.z.tobytes()
    move = (QEvent.Type.MouseMove, start, start, Qt.MouseButton.NoButton, Qt.MouseButton.LeftButton)
    # Posted: an exception of a handler would end this process if Python sent the event.
    QApplication.postEvent(rows.viewport(), QMouseEvent(*move, Qt.KeyboardModifier.NoModifier))
    QApplication.processEvents()
    desk.release(rows.viewport(), start)
    assert desk.point.z.tobytes() == before
    assert "Traceback" not in capfd.readouterr().err


def test_the_points_of_each_size_wait_for_its_model(desk: Desk) -> None:
    _click_image_and_move(desk, LARGE)
    large = desk.point
    _open(desk, SMALL)
    _click_image_and_move(desk, SMALL)
    small = desk.point
    for path, left in ((LARGE, large), (SMALL, small), (LARGE, large)):
        _open(desk, path)
        now = desk.point
        assert now.z.tobytes() == left.z.tobytes()
        assert now.source == left.source
        mu, sigma = NumpyVAE(path).encode(np.array(desk.data.images[now.source.index])[None])
        np.testing.assert_allclose(now.mu, mu[0], atol=1e-4)
        np.testing.assert_allclose(now.sigma, sigma[0], atol=1e-4)
        np.testing.assert_allclose(desk.state.answers.picture, NumpyVAE(path).decode(now.z[None])[0], atol=1e-4)


def test_undo_after_the_return_of_a_model_stays_in_its_space(desk: Desk) -> None:
    _click_image_and_move(desk, LARGE)
    moved = desk.point.z.tobytes()
    _open(desk, SMALL)
    _open(desk, LARGE)
    desk.state.undo.undo()
    desk.settle()
    assert desk.point.untouched
    desk.state.undo.redo()
    assert desk.point.z.tobytes() == moved


PAINTS: dict[str, tuple[type, str]] = {
    "a row": (DimensionDelegate, "_paint_handle"), "an axis": (pg.AxisItem, "generateDrawSpecs"),
    "a curve": (pg.PlotCurveItem, "_shouldUseDrawLineSegments"), "a layer": (MarkerLayer, "paint_pixels"),
    "a picture": (Picture, "_target"),
}  # fmt: skip


@pytest.mark.parametrize(("kind", "method"), PAINTS.values(), ids=PAINTS.keys())
def test_an_exception_in_any_paint_is_told_and_the_window_goes_on(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, kind: type, method: str
) -> None:
    monkeypatch.setattr(sys, "excepthook", Uncaught(desk.state.notices, desk.app).report)
    told: list[str] = []
    desk.state.notices.noticed.connect(lambda level, text: told.append(text))
    with monkeypatch.context() as patch:
        patch.setattr(kind, method, lambda *_, **__: 1 // 0)
        for plot in desk.window.distribution.curves.plots:
            plot.setXRange(-20.0, float(len(method)))
        desk.window.grab()
    assert any("ZeroDivisionError" in text for text in told)
    desk.latent.set_component("z", 3, 1.0)
    desk.settle()
    desk.window.grab()


def test_an_exception_in_a_paint_or_a_slot_is_told_and_the_window_goes_on(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "excepthook", Uncaught(desk.state.notices, desk.app).report)
    told, logged = [], []
    desk.state.notices.noticed.connect(lambda level, text: told.append((level, text)))
    desk.state.notices.logged.connect(lambda level, text: logged.append(text))
    with monkeypatch.context() as patch:
        patch.setattr(DimensionDelegate, "_paint_handle", lambda *_: 1 // 0)
        desk.window.dimensions.list.viewport().repaint()
    assert told == [("error", told[0][1])]
    assert "ZeroDivisionError" in told[0][1]
    assert len(logged) > 1
    QTimer.singleShot(0, [].pop)
    desk.qtbot.waitUntil(lambda: len(told) == 2)
    assert "IndexError" in told[1][1]
    _click_image_and_move(desk, LARGE)


def _hands(desk: Desk, examples: int, steps: int) -> None:
    kind = type("Hands", (Hands,), {"desk": desk})
    phases = [Phase.explicit, Phase.generate]
    limits = settings(
        max_examples=examples, stateful_step_count=steps, derandomize=examples == 1, deadline=None, database=None,
        phases=phases, suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    run_state_machine_as_test(kind, settings=limits)


def test_what_is_shown_equals_the_state_after_any_action(desk: Desk) -> None:
    _hands(desk, 1, 25)


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_what_is_shown_equals_the_state_after_many_actions(desk: Desk) -> None:
    _hands(desk, 20, 60)
