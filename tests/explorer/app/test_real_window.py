"""A real pointer on a real display drags what the user sees: point, slider, ε."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from PySide6.QtCore import QPointF
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QWidget

from tests.support.desk import Desk
from tests.support.display import Pointer
from tests.support.oracle import NumpyVAE

pytestmark = pytest.mark.xvfb
STEPS = 10


def _drag(desk: Desk, pointer: Pointer, widget: QWidget, start: QPointF, by: QPointF) -> QPointF:
    """Drag with the pointer of the display, waiting for each move to arrive before making the next."""
    seen = 0
    events: list[QPointF] = []

    def arrived() -> bool:
        return len(events) > seen

    desk.state.latent.moved.connect(lambda: events.append(start))
    pointer.move(widget.mapToGlobal(start.toPoint()))
    pointer.press()
    for step in range(1, STEPS + 1):
        seen = len(events)
        pointer.move(widget.mapToGlobal((start + by * (step / STEPS)).toPoint()))
        desk.qtbot.waitUntil(arrived)
    pointer.release()
    desk.qtbot.waitUntil(lambda: desk.state.undo.count() == 1)
    desk.settle()
    return QPointF((start + by).toPoint())


@pytest.fixture
def shows_its_point(desk: Desk, oracle: NumpyVAE) -> Callable[[], None]:
    """Check that the picture is that of the point."""
    assert QGuiApplication.platformName() == "xcb"

    def check() -> None:
        picture = oracle.decode(desk.point.z[None])[0]
        np.testing.assert_allclose(desk.state.answers.picture, picture, atol=1e-4)

    return check


def test_the_point_on_the_map(desk: Desk, pointer: Pointer, shows_its_point: Callable[[], None]) -> None:
    desk.state.display.set_axes((3, 17))
    before = desk.point.z.copy()
    end = _drag(desk, pointer, desk.window.map.plot.viewport(), desk.marker("A"), QPointF(60, -50))
    pixel = np.abs(desk.plane_at(end + QPointF(1, 1)) - desk.plane_at(end)).max()
    np.testing.assert_allclose(desk.point.z[[3, 17]], desk.plane_at(end), atol=pixel)
    rest = np.setdiff1d(np.arange(50), [3, 17])
    assert desk.point.z[rest].tobytes() == before[rest].tobytes()
    shows_its_point()


def test_a_slider(desk: Desk, pointer: Pointer, shows_its_point: Callable[[], None]) -> None:
    rows = desk.window.dimensions.list
    dim = rows.rows.dims[1]
    now = float(desk.point.z[dim])
    goal = now - 2.0 if now > 0.0 else now + 2.0
    start, end = (QPointF(rows.handle_position(dim, value)) for value in (now, goal))
    _drag(desk, pointer, rows.viewport(), start, end - start)
    track = rows.delegate.track(rows.rect_of(dim), dim)
    assert desk.point.z[dim] == pytest.approx(goal, abs=1.5 * (track.high - track.low) / track.rect.width())
    shows_its_point()


def test_epsilon(desk: Desk, pointer: Pointer, shows_its_point: Callable[[], None]) -> None:
    plot, dim = desk.window.distribution.curves.noise, desk.state.display.dimension
    before, start = desk.point, desk.grip(plot, "eps", "v")[1]
    end = _drag(desk, pointer, plot.viewport(), start, QPointF(50, 0))
    at = plot.getViewBox().mapSceneToView(end)
    pixel = plot.getViewBox().viewPixelSize()[0]
    assert desk.point.eps[dim] == pytest.approx(at.x(), abs=1.5 * pixel)
    assert desk.point.z[dim] == pytest.approx(before.mu[dim] + before.sigma[dim] * desk.point.eps[dim])
    shows_its_point()
