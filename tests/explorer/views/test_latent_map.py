"""The latent map with the real decoder: drags, clicks, hovers, ellipses, points."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QPointF, QRectF, Qt
from PySide6.QtGui import QEnterEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from explorer.views.latent_map.hover_card import HoverCard
from explorer.views.latent_map.markers import HANDLE_RADIUS, Marker
from models.core.geometry import dimension_name
from tests.support.desk import LEFT, Desk
from tests.support.menus import choose, context_menu, entries
from tests.support.oracle import NumpyVAE

PATH = [QPointF(4 * step, -3 * step) for step in range(1, 11)]


def _principal(means: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return the first two principal directions [2, d] by singular values, up to their signs."""
    data = np.asarray(means, np.float64)
    return np.linalg.svd(data - data.mean(axis=0), full_matrices=False)[2][:2]


def _drag(desk: Desk, name: str = "A") -> QPointF:
    start = desk.marker(name)
    desk.drag(desk.window.map.plot.viewport(), [start, *(start + step for step in PATH)])
    return start + PATH[-1]


def test_a_drag_moves_z_in_the_principal_plane_only(desk: Desk) -> None:
    embedding = desk.embedding
    axes, before = _principal(embedding.mu), desk.point.z.copy()
    _drag(desk)
    moved = desk.point.z - before
    assert np.linalg.norm(moved) > 0.5
    assert np.abs(moved - axes.T @ (axes @ moved)).max() < 1e-9


def test_a_drag_ends_where_the_mouse_is(desk: Desk) -> None:
    embedding = desk.embedding
    end = desk.plane_at(_drag(desk))
    axes = _principal(embedding.mu)
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


def _lonely_image(desk: Desk) -> int:
    """Return an image whose dot is the one nearest to the mouse there, away from any point's handle."""
    plot = desk.window.map.plot
    for index in range(100, 1000):
        pixel = desk.on_map(plot.cloud.xy[index]) - plot.getViewBox().sceneBoundingRect().topLeft()
        inside = plot.getViewBox().rect().adjusted(20, 20, -20, -20).contains(pixel)
        if inside and plot.points.marker_at(plot.frame(), pixel) is None:
            return index
    raise AssertionError("no image is in view")


def test_a_click_selects_the_image_and_its_posterior(desk: Desk, oracle: NumpyVAE) -> None:
    data, index = desk.data, _lonely_image(desk)
    desk.click(desk.window.map.plot.viewport(), desk.on_map(desk.window.map.plot.cloud.xy[index]))
    assert desk.point.source.index == index
    mu, sigma = oracle.encode(data.images[index : index + 1])
    np.testing.assert_allclose(desk.point.mu, mu[0], atol=1e-4)
    np.testing.assert_allclose(desk.point.sigma, sigma[0], atol=1e-4)
    assert desk.point.z.tobytes() == desk.point.mu.tobytes()
    assert desk.state.undo.undo_text() == f"Select image {index}"
    desk.settle()
    np.testing.assert_allclose(desk.state.answers.picture, oracle.decode(mu)[0], atol=1e-4)


def test_hovering_shows_the_image_under_the_mouse(desk: Desk) -> None:
    plot, index = desk.window.map.plot, _lonely_image(desk)
    card = plot.findChild(HoverCard)
    desk.move(plot.viewport(), desk.on_map(plot.cloud.xy[index]))
    data = desk.data
    assert data.labels is not None
    assert card.isVisible()
    texts = [label.text() for label in card.findChildren(type(card._text))]
    assert f"image {index} · class {data.labels[index]}" in texts
    desk.move(plot.viewport(), QPointF(plot.width() - 8, 8))
    assert card.isHidden()


def _moments(outline: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the covariance of the ellipse with this outline of evenly spaced angles."""
    ring = outline[:-1] - outline[:-1].mean(axis=0)
    return 2.0 * ring.T @ ring / len(ring)


@pytest.mark.parametrize("axes", ["pca", (3, 17)])
def test_the_ellipses_are_to_scale(desk: Desk, axes: str | tuple[int, int]) -> None:
    desk.state.display.set_axes(axes)
    desk.window.map.select(42)
    marker = desk.window.map.plot.points.markers[-1]
    embedding = desk.embedding
    basis = _principal(embedding.mu) if axes == "pca" else np.eye(desk.latent.latent_dim)[list(axes)]
    expected = basis @ np.diag(desk.point.sigma**2) @ basis.T
    for scale, outline in zip((1.0, 2.0), marker.outlines, strict=True):
        found = _moments(outline) / scale**2
        np.testing.assert_allclose(np.diag(found), np.diag(expected), rtol=1e-6)
        assert abs(found[0, 1]) == pytest.approx(abs(expected[0, 1]), abs=1e-6)
        np.testing.assert_allclose(outline[:-1].mean(axis=0), marker.xy, atol=1e-6)


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


def test_the_axes_are_named(desk: Desk) -> None:
    def label(side: str) -> str:
        return desk.window.map.plot.getAxis(side).labelText

    assert label("bottom").startswith("PC 1 · ")
    assert label("bottom").endswith("% of variance")
    desk.state.display.set_axes((3, 17))
    assert (label("bottom"), label("left")) == (dimension_name(3), dimension_name(17))


def test_there_is_a_dot_for_every_image_at_its_mean(desk: Desk) -> None:
    embedding = desk.embedding
    desk.state.display.set_axes((3, 17))
    np.testing.assert_array_equal(desk.window.map.plot.cloud.xy, embedding.mu[:, [3, 17]])


def test_new_images_are_shown_whole_after_a_resize_until_one_zooms(desk: Desk) -> None:
    plot, before = desk.window.map.plot, desk.window.size()
    for wider in (240, 0):
        with desk.qtbot.waitSignal(plot.getViewBox().sigResized, timeout=5_000):
            desk.window.resize(before.width() + wider, before.height())
        shown = plot.viewRange()
        desk.window.map.fit()
        assert np.allclose(plot.viewRange(), shown)
    with desk.qtbot.waitSignal(plot.getViewBox().sigResized, timeout=5_000):
        desk.window.resize(before.width() + 240, before.height())
    plot.setRange(xRange=(-1.0, 1.0), yRange=(-1.0, 1.0))
    desk.state.model.embedding_changed.emit()
    desk.window.resize(before)
    shown = plot.viewRange()
    desk.window.map.fit()
    assert np.allclose(plot.viewRange(), shown)
    plot.getViewBox().sigRangeChangedManually.emit([True, True])
    plot.setRange(xRange=(-1.0, 1.0), yRange=(-1.0, 1.0))
    zoomed = plot.viewRange()
    desk.state.model.embedding_changed.emit()
    assert np.allclose(plot.viewRange(), zoomed)
    desk.window.map.fit()


def _on_image(desk: Desk, image: int) -> QPointF:
    """Return where an image lies in the viewport of the map, with no point upon it."""
    return desk.on_map(desk.window.map.plot.cloud.xy[image])


def _lonely_image(desk: Desk) -> int:
    """Return an image far from the points."""
    xy, places = desk.window.map.plot.cloud.xy, [m.xy for m in desk.window.map.plot.points.markers]
    return int(
        np.argmax(np.min([np.hypot(*(xy - place).T) for place in places], axis=0) * (np.abs(xy) < 2).all(axis=1))
    )


@pytest.mark.parametrize("button", [Qt.MouseButton.RightButton, Qt.MouseButton.MiddleButton])
def test_only_the_left_button_moves_a_point(desk: Desk, button: Qt.MouseButton) -> None:
    before, viewport = desk.point, desk.window.map.plot.viewport()
    shown = desk.window.map.plot.getViewBox().viewRect()
    for place in (_on_image(desk, _lonely_image(desk)), desk.marker("A")):
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
    image, name = _lonely_image(desk), desk.point.name
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


def test_a_class_is_named_where_it_is(desk: Desk) -> None:
    plot, labels = desk.window.map.plot, np.asarray(desk.data.labels)
    order = desk.embedding.order
    for axes in ("pca", (int(order[0]), int(order[1])), (int(order[-1]), int(order[-2]))):
        desk.state.display.set_axes(axes)  # type: ignore[arg-type]
        frame = plot.frame()
        pixels, placed = frame.to_pixels(plot.cloud.xy), plot.names.placed(frame)
        assert placed
        assert axes != "pca" or len(placed) >= 8
        for label, place in placed.items():
            near = np.hypot(*(pixels - place).T) < 8.0
            assert (labels[near] == label).any()
        places = list(placed.values())
        assert all(np.hypot(*(a - b)) >= 17.0 for number, a in enumerate(places) for b in places[:number])


def test_the_boxes_say_what_the_axes_are(desk: Desk) -> None:
    pane, embedding = desk.window.map, desk.embedding

    def agree(name: str) -> bool:
        shown = pane.plot.getAxis("bottom").labelText, pane._x.currentText()
        return all(text.startswith(name) for text in shown)

    assert agree("PC 1")
    desk.state.model.embedding = None
    desk.state.model.embedding_changed.emit()
    assert agree(dimension_name(0))
    desk.state.model.embedding = embedding
    desk.state.model.embedding_changed.emit()
    assert agree("PC 1")
    desk.state.display.set_axes((3, 17))
    assert agree(dimension_name(3))


def test_the_plot_stays_in_its_place_whatever_the_axes_are(desk: Desk) -> None:
    places = set()
    for axes in ("pca", (3, 17), (0, 1)):
        desk.state.display.set_axes(axes)  # type: ignore[arg-type]
        desk.window.map.plot.grab()
        places.add(desk.window.map.plot.getViewBox().sceneBoundingRect().getRect())
    assert len(places) == 1


def test_the_legend_hides_a_class_and_shows_one_alone(desk: Desk) -> None:
    plot, legend, index = desk.window.map.plot, desk.window.map.legend, _lonely_image(desk)
    label = int(plot.cloud.labels[index])
    button = legend.buttons[label]
    QTest.mouseClick(button, LEFT)
    assert plot.cloud.hidden == {label}
    desk.click(plot.viewport(), desk.on_map(plot.cloud.xy[index]))
    assert desk.point.source.index != index
    QTest.mouseClick(button, LEFT)
    assert plot.cloud.hidden == frozenset()
    QTest.mouseClick(button, LEFT, Qt.KeyboardModifier.ControlModifier)
    assert plot.cloud.hidden == set(legend.buttons) - {label}
    QTest.mouseClick(button, LEFT, Qt.KeyboardModifier.ControlModifier)
    assert plot.cloud.hidden == frozenset()


def test_the_class_under_the_mouse_is_on_top(desk: Desk) -> None:
    plot, legend, index = desk.window.map.plot, desk.window.map.legend, _lonely_image(desk)
    label = int(plot.cloud.labels[index])
    desk.move(plot.viewport(), desk.on_map(plot.cloud.xy[index]))
    assert (plot.front.label, plot.front.isVisible()) == (label, True)
    assert plot.front.zValue() > plot.cloud.zValue()
    desk.move(plot.viewport(), QPointF(plot.width() - 8, 8))
    assert not plot.front.isVisible()
    inside = QPointF(legend.buttons[3].rect().center())
    QApplication.sendEvent(legend.buttons[3], QEnterEvent(inside, inside, inside))
    assert (plot.front.label, plot.cloud.opacity() < 0.5) == (3, True)
    QApplication.sendEvent(legend.buttons[3], QEvent(QEvent.Type.Leave))
    assert (plot.front.isVisible(), plot.cloud.opacity()) == (False, 1.0)


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


def test_no_picture_hides_its_own_handle(desk: Desk) -> None:
    layer, frame = desk.window.map.plot.points, desk.window.map.plot.frame()
    width, height = frame.size
    for x in np.linspace(-20.0, width + 20.0, 25):
        for y in np.linspace(-20.0, height + 20.0, 17):
            xy = np.array([frame.left + x / frame.x_scale, frame.top - y / frame.y_scale])
            marker = Marker("A", xy, None, True)
            place = layer.place_of(frame, marker)
            handle = QRectF(place.x() - HANDLE_RADIUS, place.y() - HANDLE_RADIUS, 2 * HANDLE_RADIUS, 2 * HANDLE_RADIUS)
            assert not layer.thumbnail_rect(frame, marker).intersects(handle)
