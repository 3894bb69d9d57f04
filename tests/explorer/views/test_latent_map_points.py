"""Points on the latent map with the real decoder: dragged, grabbed, moved and copied by menus, found at the edge."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QObject, QPoint, QPointF, QRect, Qt
from PySide6.QtGui import QPaintEvent, QRegion
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget

from tests.support.desk import LEFT, Desk
from tests.support.latent_map import lonely_image, principal
from tests.support.menus import choose, context_menu, entries
from tests.support.oracle import NumpyVAE

PATH = [QPointF(4 * step, -3 * step) for step in range(1, 11)]


def _drag(desk: Desk, name: str = "A") -> QPointF:
    start = desk.marker(name)
    desk.drag(desk.window.map.plot.viewport(), [start, *(start + step for step in PATH)])
    return start + PATH[-1]


def test_a_drag_moves_z_in_the_principal_plane_only(desk: Desk) -> None:
    embedding = desk.embedding
    axes, before = principal(embedding.mu), desk.point.z.copy()
    _drag(desk)
    moved = desk.point.z - before
    assert np.linalg.norm(moved) > 0.5
    assert np.abs(moved - axes.T @ (axes @ moved)).max() < 1e-9


def test_a_drag_ends_where_the_mouse_is(desk: Desk) -> None:
    embedding = desk.embedding
    end = desk.plane_at(_drag(desk))
    axes = principal(embedding.mu)
    shown = axes @ (desk.point.z - embedding.mu.astype(np.float64).mean(axis=0))
    np.testing.assert_allclose(np.abs(shown), np.abs(end), atol=1e-6)


def test_a_drag_in_two_dimensions_leaves_all_others_bit_for_bit(desk: Desk) -> None:
    desk.state.display.set_axes((3, 17))
    before = desk.point.z.copy()
    end = desk.plane_at(_drag(desk))
    after = desk.point.z
    np.testing.assert_allclose(after[[3, 17]], end, atol=1e-9)
    others = np.setdiff1d(np.arange(len(after)), [3, 17])
    assert after[others].tobytes() == before[others].tobytes()


class Painted(QObject):
    """Adds up the region of a widget that is painted."""

    def __init__(self, widget: QWidget) -> None:
        super().__init__(widget)
        self.region = QRegion()
        widget.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if isinstance(event, QPaintEvent):
            self.region |= event.region()
        return False


@pytest.mark.parametrize("beyond", [False, True])
def test_the_map_is_painted_where_a_point_moves_and_is_as_if_painted_anew(desk: Desk, beyond: bool) -> None:
    plot = desk.window.map.plot
    desk.latent.add_point()
    _drag(desk, "B")
    desk.settle()
    desk.qtbot.waitUntil(lambda: all(layer.resting for layer in plot.still))
    start, far = desk.marker("A"), QPointF(3000.0, 0.0)
    desk.press(plot.viewport(), start)
    desk.settle()
    QApplication.processEvents()
    painted = Painted(plot.viewport())
    for step in [*PATH, far] if beyond else PATH:
        desk.move(plot.viewport(), start + step, held=LEFT)
        desk.settle()
    QApplication.processEvents()
    corner = plot.getViewBox().sceneBoundingRect().bottomLeft().toPoint() + QPoint(3, -3)
    assert painted.region.contains(start.toPoint() + QPoint(3, 0))
    assert painted.region.contains(corner) == beyond
    painted.deleteLater()
    shown = desk.window.screen().grabWindow(desk.window.winId()).toImage()
    place = QRect(plot.viewport().mapTo(desk.window, QPoint()), plot.viewport().size())
    assert shown.copy(place) == plot.viewport().grab().toImage().convertToFormat(shown.format())
    desk.release(plot.viewport(), start)


def test_the_picture_after_a_drag_is_the_decoded_point(desk: Desk, oracle: NumpyVAE) -> None:
    first = desk.state.answers.picture
    with desk.qtbot.waitSignal(desk.state.latency.shown, timeout=10_000):
        _drag(desk)
    desk.settle()
    picture = desk.state.answers.picture
    assert picture is not None
    assert first is not None
    assert np.abs(picture - first).max() > 0.1
    np.testing.assert_allclose(picture, oracle.decode(desk.point.z[None])[0], atol=1e-4)


def test_the_picture_follows_while_the_button_is_still_held(desk: Desk, oracle: NumpyVAE) -> None:
    viewport, start = desk.window.map.plot.viewport(), desk.marker("A")
    desk.press(viewport, start)
    for step in PATH[::3]:
        desk.move(viewport, start + step, held=LEFT)
        desk.settle()
        expected = oracle.decode(desk.point.z[None])[0]
        np.testing.assert_allclose(desk.state.answers.picture, expected, atol=1e-4)
    desk.release(viewport, start)


def test_one_drag_is_one_undo_step(desk: Desk) -> None:
    stack, before = desk.state.undo, desk.point.z.copy()
    _drag(desk)
    after = desk.point.z.copy()
    assert (stack.count(), stack.undo_text()) == (1, "Drag A")
    desk.window.menus.edit.undo.trigger()
    assert desk.point.z.tobytes() == before.tobytes()
    desk.window.menus.edit.redo.trigger()
    assert desk.point.z.tobytes() == after.tobytes()


def test_a_locked_dimension_is_not_dragged(desk: Desk) -> None:
    desk.latent.set_locked(17, True)
    desk.state.display.set_axes((3, 17))
    before = desk.point.z.copy()
    end = desk.plane_at(_drag(desk))
    assert desk.point.z[17] == before[17]
    assert desk.point.z[3] == pytest.approx(end[0])


def test_the_empty_map_pans_and_moves_no_point(desk: Desk) -> None:
    plot, before = desk.window.map.plot, desk.point.z.copy()
    corner = QPointF(plot.width() - 20, plot.height() - 60)
    desk.drag(plot.viewport(), [corner, *(corner + step for step in PATH)])
    assert desk.point.z.tobytes() == before.tobytes()
    assert desk.state.undo.count() == 0


def test_a_double_click_returns_the_point_to_its_mean(desk: Desk) -> None:
    _drag(desk)
    assert not desk.point.untouched
    desk.double_click(desk.window.map.plot.viewport(), desk.marker("A"))
    assert desk.point.untouched


def test_several_points_each_have_their_own_picture(desk: Desk, oracle: NumpyVAE) -> None:
    for index in (5, 77):
        desk.window.menus.edit.add_point.trigger()
        desk.window.map.select(index)
    desk.settle()
    assert [point.name for point in desk.latent.points] == ["A", "B", "C"]
    markers = {marker.name: marker for marker in desk.window.map.plot.points.markers}
    for point in desk.latent.points:
        thumbnail = desk.state.answers.thumbnails[point.name]
        np.testing.assert_allclose(thumbnail, oracle.decode(point.z[None])[0], atol=1e-4)
        picture = markers[point.name].picture
        assert picture is not None
        assert picture.pixelColor(14, 14).value() == pytest.approx(255 * thumbnail[14, 14, 0], abs=1)


def test_the_point_that_is_grabbed_is_the_one_that_moves(desk: Desk) -> None:
    desk.window.menus.edit.add_point.trigger()
    desk.window.map.select(77)
    second, first = desk.point.z.copy(), desk.latent.points[0].z.copy()
    _drag(desk, "A")
    assert desk.point.name == "A"
    assert desk.latent.points[0].z.tobytes() != first.tobytes()
    assert desk.latent.points[1].z.tobytes() == second.tobytes()


def _on_image(desk: Desk, image: int) -> QPointF:
    """Return where an image lies in the viewport of the map, with no point upon it."""
    return desk.on_map(desk.window.map.plot.cloud.xy[image])


@pytest.mark.parametrize("button", [Qt.MouseButton.RightButton, Qt.MouseButton.MiddleButton])
def test_only_the_left_button_moves_a_point(desk: Desk, button: Qt.MouseButton) -> None:
    before, viewport = desk.point, desk.window.map.plot.viewport()
    shown = desk.window.map.plot.getViewBox().viewRect()
    for place in (_on_image(desk, lonely_image(desk)), desk.marker("A")):
        QTest.mouseClick(viewport, button, pos=place.toPoint())
        QTest.mouseDClick(viewport, button, pos=place.toPoint())
    assert desk.point is before
    assert desk.state.undo.count() == 0
    assert desk.window.map.plot.getViewBox().viewRect() == shown
    desk.window.map.fit()


def test_a_right_click_while_dragging_does_not_let_go(desk: Desk) -> None:
    viewport, start = desk.window.map.plot.viewport(), desk.marker("A")
    desk.press(viewport, start)
    QTest.mouseClick(viewport, Qt.MouseButton.RightButton, pos=start.toPoint())
    assert desk.window.map.plot.holding
    desk.release(viewport, start)


def test_the_menu_of_an_image_sets_the_point_to_it(desk: Desk) -> None:
    image, name = lonely_image(desk), desk.point.name
    viewport = desk.window.map.plot.viewport()
    menu = context_menu(viewport, _on_image(desk, image).toPoint())
    text = next(entry for entry in entries(menu) if entry.startswith(f"Set {name} to image"))
    choose(menu, text)
    chosen = int(text.split()[-1])
    np.testing.assert_array_equal(desk.point.mu, desk.embedding.mu[chosen].astype(np.float64))
    assert desk.state.undo.count() == 1


def test_the_menu_beside_moves_the_point_there(desk: Desk) -> None:
    place = desk.marker("A") + QPointF(70.0, -50.0)
    choose(context_menu(desk.window.map.plot.viewport(), place.toPoint()), "Move A here")
    np.testing.assert_allclose((desk.marker("A") - place.toPoint()).manhattanLength(), 0.0, atol=1e-6)
    assert desk.state.undo.undo_text() == "Move A"


def test_the_menu_of_a_point_copies_and_returns_it(desk: Desk) -> None:
    viewport = desk.window.map.plot.viewport()
    desk.latent.set_component("z", 3, 1.25)
    menu = context_menu(viewport, desk.marker("A").toPoint())
    assert not next(action for action in menu.actions() if action.text() == "Remove A").isEnabled()
    choose(menu, "Copy z of A")
    copied = [float(number) for number in QApplication.clipboard().text().split(", ")]
    assert copied == desk.point.z.tolist()
    choose(context_menu(viewport, desk.marker("A").toPoint()), "Return A to μ")
    assert desk.point.untouched


def test_a_point_outside_is_an_arrow_at_the_edge_that_can_be_dragged(desk: Desk) -> None:
    plot, layer = desk.window.map.plot, desk.window.map.plot.points
    desk.state.display.set_axes((3, 17))
    desk.latent.set_component("z", 3, 40.0)
    frame, marker = plot.frame(), layer.markers[-1]
    place = layer.place_of(frame, marker)
    assert place != QPointF(*frame.to_pixels(marker.xy))
    edge = plot.getViewBox().sceneBoundingRect().topLeft() + place
    desk.drag(plot.viewport(), [edge, edge - QPointF(30, 0), edge - QPointF(90, 0)])
    np.testing.assert_allclose(desk.point.z[[3, 17]], desk.plane_at(edge - QPointF(90, 0)), atol=1e-6)
