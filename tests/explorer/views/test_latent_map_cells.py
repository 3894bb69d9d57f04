"""The grid of the map's points against all of them looked through, and the pictures of their density."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtGui import QColor

from explorer.views.common.layers import Frame
from explorer.views.latent_map.cells import BITS, Cells
from explorer.views.latent_map.density import levels_of, picture_of, pyramid_of
from models.core.steps import finished

COUNT, CLASSES = 6_000, 4
REACH = 12.0


@pytest.fixture(scope="module")
def cells() -> Cells:
    rng = np.random.default_rng(3)
    xy = rng.standard_normal((COUNT, 2)) * (1.0, 0.3)
    # Some lie far away, and some on each other.
    xy[:5], xy[10:40] = 40.0, xy[9]
    return Cells(xy, np.arange(COUNT) % (CLASSES + 1), range(CLASSES))


def _labels() -> np.ndarray:
    return np.arange(COUNT) % (CLASSES + 1)


@pytest.mark.parametrize("labels", [range(CLASSES), [2], []])
@pytest.mark.parametrize("scale", [3.0, 60.0, 4_000.0])
def test_the_nearest_point_is_the_nearest_of_all(cells: Cells, labels: list[int], scale: float) -> None:
    rng, shown = np.random.default_rng(4), np.isin(_labels(), labels)
    for place in [*rng.normal(0.0, 1.5, (60, 2)), cells.xy[9], np.array([40.0, 40.0]), np.array([-900.0, 7.0])]:
        distances = np.where(shown, np.hypot(*(scale * (cells.xy - place)).T), np.inf)
        found = cells.nearest(place, np.full(2, scale), REACH, cells.shown(labels))
        if distances.min() > REACH:
            assert found is None
        else:
            assert found is not None
            assert distances[found] == distances.min()


def test_without_points_none_is_the_nearest() -> None:
    nothing = Cells(np.zeros((0, 2)), np.zeros(0, np.int64), (-1,))
    assert nothing.nearest(np.zeros(2), np.ones(2), REACH, nothing.shown((-1,))) is None
    assert nothing.count(np.zeros(2), np.ones(2)) == 0


def test_points_in_one_place_are_found_and_counted() -> None:
    same = Cells(np.full((70, 2), 2.5, np.float32), np.zeros(70, np.int64), (0,))
    assert same.nearest(np.array([2.5, 2.5]), np.ones(2), REACH, same.shown((0,))) == 0
    assert sum(counts.sum() for _, _, counts in same.bands(8, (0, 256, 0, 256), 1 << 12)) == 70


def test_what_is_in_a_box_is_among_what_is_returned_in_the_order_of_the_images(cells: Cells) -> None:
    low, high = np.array([-0.4, -0.1]), np.array([0.3, 0.4])
    inside = ((cells.xy >= low) & (cells.xy <= high)).all(axis=1) & np.isin(_labels(), [0, 3])
    found = cells.inside(low, high, cells.shown([0, 3]))
    assert set(np.flatnonzero(inside)) <= set(found)
    assert (np.diff(found) > 0).all()
    assert len(found) < COUNT / 2
    assert cells.count(low, high) >= len(found)


@pytest.mark.parametrize("level", [2, 5, 8])
def test_the_counts_are_those_of_a_histogram(cells: Cells, level: int) -> None:
    side = 1 << level
    window = (side // 3, side // 2 + 1, side // 8, side // 2 + 2)
    places = np.clip((cells.xy - cells.origin) / cells.unit, 0, (1 << BITS) - 1).astype(int) >> (BITS - level)
    expected = np.zeros((side, side, CLASSES + 1), int)
    np.add.at(expected, (places[:, 1], places[:, 0], _labels()), 1)
    for part in ((0, side, 0, side), window):
        bands = list(cells.bands(level, part, 1 << 13))
        assert [low for low, _, _ in bands] == [part[2], *(high for _, high, _ in bands[:-1])]
        counts = np.concatenate([counts for _, _, counts in bands])
        np.testing.assert_array_equal(counts, expected[part[2] : part[3], part[0] : part[1]])


def test_a_cell_has_the_mean_colour_of_its_classes_and_is_the_stronger_the_more_are_in_it() -> None:
    xy = np.array([[0.0, 0.0]] * 3 + [[1.0, 1.0]] * 40 + [[1.0, 0.0]])
    labels = np.array([0, 0, 1] + [1] * 40 + [2])
    palette = {0: QColor(240, 0, 0), 1: QColor(0, 0, 240)}
    picture = finished(picture_of(Cells(xy, labels, range(3)), 1, (0, 2, 0, 2), palette))
    low, high = picture.image.pixelColor(0, 1), picture.image.pixelColor(1, 0)
    assert (low.red(), low.green(), low.blue()) == pytest.approx((160, 0, 80), abs=3)
    assert (high.red(), high.green(), high.blue()) == pytest.approx((0, 0, 240), abs=2)
    assert 70 < low.alpha() < high.alpha() == 255
    # A class without a colour is not drawn.
    assert picture.image.pixelColor(1, 1).alpha() == 0


def test_the_levels_grow_with_the_points_and_stay_within_the_memory_of_them() -> None:
    assert [levels_of(count)[-1] for count in (100, 100_000, 1_000_000, 10_000_000)] == [6, 9, 11, 12]
    for count in (100_000, 1_000_000, 10_000_000):
        assert sum(4 << 2 * level for level in levels_of(count)) < 40 * count


def test_a_view_is_drawn_from_a_level_with_small_cells_if_there_is_one(cells: Cells) -> None:
    pyramid = finished(pyramid_of(cells, {0: QColor("red")}))
    finest = pyramid.pictures[-1]
    pixels = (1 << finest.level) / (cells.unit * (1 << BITS))
    for cell, suits in ((1.0, True), (2.5, True), (4.0, False)):
        frame = Frame(0.0, 0.0, cell * pixels, cell * pixels, (400.0, 300.0))
        assert pyramid.suits(cells, frame) == suits
