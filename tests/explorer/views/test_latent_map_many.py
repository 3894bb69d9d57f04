"""The map of more points than are laid out at once: in a thread, as dots or as density."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from PySide6.QtCore import QPointF, Qt
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from explorer.views.latent_map.laying import AT_ONCE, Layouter
from explorer.views.latent_map.pane import LatentMapPane
from tests.support.many_points import at_rest, empty_map, many_points, show_points

COUNT = AT_ONCE + 10_000
PATIENCE_MS = 30_000


@pytest.fixture(scope="module")
def pane(qapp: QApplication) -> Iterator[LatentMapPane]:
    with empty_map() as pane:
        yield pane


@pytest.fixture
def many(pane: LatentMapPane, qtbot: QtBot) -> LatentMapPane:
    pane.state.display.set_axes((0, 1))
    show_points(pane, *many_points(COUNT))
    # The window has gone on before they are laid out.
    assert len(pane.plot.cloud.xy) == 0
    assert pane.plot.layouter.busy
    qtbot.waitUntil(lambda: at_rest(pane), timeout=PATIENCE_MS)
    return pane


def _settle(qtbot: QtBot, pane: LatentMapPane) -> None:
    pane.plot.grab()
    qtbot.waitUntil(lambda: at_rest(pane), timeout=PATIENCE_MS)


def _colors_at(pane: LatentMapPane, label: int) -> np.ndarray:
    """Return how blue, green and red the plot is where most points of a class are [3]."""
    places, labels = many_points(COUNT)
    area = pane.plot.getViewBox().sceneBoundingRect().topLeft()
    x, y = pane.plot.frame().to_pixels(places[labels == label].mean(axis=0))
    image, steps = pane.plot.grab().toImage(), range(-12, 13, 3)
    around = [image.pixelColor(round(area.x() + x) + dx, round(area.y() + y) + dy) for dx in steps for dy in steps]
    return np.mean([(c.blue(), c.green(), c.red()) for c in around], axis=0)


def test_many_points_are_laid_out_beside_the_window_and_fit_it(many: LatentMapPane) -> None:
    places, _ = many_points(COUNT)
    np.testing.assert_array_equal(many.plot.cloud.xy, places)
    assert many.plot.cloud.pyramid.pictures
    low, high = np.percentile(places[:: COUNT // AT_ONCE], [0.2, 99.8], axis=0)
    (left, right), (bottom, top) = many.plot.viewRange()
    assert (np.array([left, bottom]) <= low).all()
    assert (np.array([right, top]) >= high).all()


def test_the_nearest_of_many_is_hovered_and_hidden_classes_are_not(many: LatentMapPane, qtbot: QtBot) -> None:
    plot, (places, labels) = many.plot, many_points(COUNT)
    index = int(np.argmax(places[:, 0]))
    pixel = QPointF(*plot.frame().to_pixels(places[index]))
    assert plot._image_at(pixel) == index
    qtbot.mouseClick(many.legend.buttons[int(labels[index])], Qt.MouseButton.LeftButton)
    assert plot._image_at(pixel) != index
    _settle(qtbot, many)


def test_a_hidden_class_leaves_the_density_and_comes_back(many: LatentMapPane, qtbot: QtBot) -> None:
    label = 3
    before = _colors_at(many, label)
    qtbot.mouseClick(many.legend.buttons[label], Qt.MouseButton.LeftButton)
    assert many.plot.layouter.busy
    _settle(qtbot, many)
    hidden = _colors_at(many, label)
    assert np.abs(hidden - before).max() > 10.0
    qtbot.mouseClick(many.legend.buttons[label], Qt.MouseButton.LeftButton)
    _settle(qtbot, many)
    np.testing.assert_allclose(_colors_at(many, label), before, atol=1.0)


def test_colours_that_change_while_points_are_laid_out_are_those_shown(many: LatentMapPane, qtbot: QtBot) -> None:
    before = _colors_at(many, 3)
    many.state.display.set_axes((1, 0))
    many.state.display.set_axes((0, 1))
    assert many.plot.layouter.busy
    many.plot.picture_again()
    qtbot.waitUntil(lambda: at_rest(many), timeout=PATIENCE_MS)
    _settle(qtbot, many)
    np.testing.assert_allclose(_colors_at(many, 3), before, atol=1.0)


def test_the_whole_is_drawn_from_pictures_and_a_part_from_its_own_points(many: LatentMapPane, qtbot: QtBot) -> None:
    cloud = many.plot.cloud
    many.plot.setRange(xRange=(-9, 9), yRange=(-9, 9))
    _settle(qtbot, many)
    assert cloud._density(cloud.frame()) == 1.0
    many.plot.setRange(xRange=(0.0, 0.8), yRange=(0.0, 0.8))
    frame = cloud.frame()
    assert cloud._density(frame) == 0.0
    _settle(qtbot, many)
    assert cloud._key is not None
    assert cloud._key[0] == frame
    picture = cloud._image
    many.plot.getViewBox().translateBy(x=0.01)
    assert many.plot.grab() is not None
    # The points that come into view are at once there as density, the others as they were.
    assert cloud._image is picture
    assert not cloud.resting
    _settle(qtbot, many)


def test_other_axes_are_laid_out_instead_of_the_ones_before(many: LatentMapPane, qtbot: QtBot) -> None:
    many.state.display.set_axes((1, 0))
    assert len(many.plot.cloud.xy) == 0
    many.state.display.set_axes((0, 1))
    many.state.display.set_axes((1, 0))
    qtbot.waitUntil(lambda: at_rest(many), timeout=PATIENCE_MS)
    np.testing.assert_array_equal(many.plot.cloud.xy, many_points(COUNT)[0][:, ::-1])
    show_points(many, *many_points(500))
    assert len(many.plot.cloud.xy) == 500
    assert not many.plot.layouter.busy


def test_without_memory_the_map_says_so(qtbot: QtBot) -> None:
    def work() -> Iterator[None]:
        yield
        raise MemoryError

    layouter = Layouter()
    with qtbot.waitSignal(layouter.failed, timeout=PATIENCE_MS) as failed:
        layouter.ask(work)  # type: ignore[arg-type]
    assert "memory" in failed.args[0]
    assert not layouter.busy
    layouter.close()
