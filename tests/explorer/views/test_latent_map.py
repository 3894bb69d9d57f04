"""The latent map with the real decoder: what it shows, and what a click or a hover shows of an image."""

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
from tests.support.latent_map import lonely_image, principal
from tests.support.oracle import NumpyVAE


def test_a_click_selects_the_image_and_its_posterior(desk: Desk, oracle: NumpyVAE) -> None:
    data, index = desk.data, lonely_image(desk)
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
    plot, index = desk.window.map.plot, lonely_image(desk)
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
    basis = principal(embedding.mu) if axes == "pca" else np.eye(desk.latent.latent_dim)[list(axes)]
    expected = basis @ np.diag(desk.point.sigma**2) @ basis.T
    for scale, outline in zip((1.0, 2.0), marker.outlines, strict=True):
        found = _moments(outline) / scale**2
        np.testing.assert_allclose(np.diag(found), np.diag(expected), rtol=1e-6)
        assert abs(found[0, 1]) == pytest.approx(abs(expected[0, 1]), abs=1e-6)
        np.testing.assert_allclose(outline[:-1].mean(axis=0), marker.xy, atol=1e-6)


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
    plot, legend, index = desk.window.map.plot, desk.window.map.legend, lonely_image(desk)
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
    plot, legend, index = desk.window.map.plot, desk.window.map.legend, lonely_image(desk)
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
