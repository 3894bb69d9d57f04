"""The Neighbours tab: nearest images live during a drag, a click that goes there, and what it says without any."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from PySide6.QtCore import QPointF, Qt
from pytestqt.qtbot import QtBot

from models.core.neighbours import DISTANCES, METRICS
from tests.support.desk import Desk

PATIENCE_MS = 30_000


@pytest.fixture
def near(desk: Desk) -> Iterator[Desk]:
    """Bring the Neighbours tab to the front."""
    desk.window.show_pane("Neighbours")
    desk.rest()
    yield desk
    desk.state.neighbours.set_metric("mu")
    desk.window.show_pane("Distribution")
    desk.rest()


def _indices(desk: Desk) -> list[int]:
    answer = desk.state.neighbours.answer
    assert answer is not None
    indices: list[int] = answer.indices.tolist()
    return indices


def _expected(desk: Desk) -> list[int]:
    distances = np.linalg.norm(desk.embedding.mu - desk.point.z, axis=1)
    order: list[int] = np.argsort(distances, kind="stable")[:24].tolist()
    return order


def test_a_point_that_stands_for_an_image_is_nearest_to_it(near: Desk) -> None:
    strip = near.window.neighbours.strip
    assert _indices(near) == _expected(near)
    assert near.point.source.index == _indices(near)[0]
    labels = near.data.labels
    assert labels is not None
    assert strip.lines[0] == ("0.00", f"image {_indices(near)[0]}, class {labels[_indices(near)[0]]}")
    assert strip.accessibleDescription().startswith(f"image {_indices(near)[0]}, class ")


def test_a_drag_is_followed_and_a_click_goes_there_in_one_undo_step(near: Desk) -> None:
    plot, start = near.window.map.plot, near.marker("A")
    near.drag(plot.viewport(), [start, start + QPointF(40.0, 30.0), start + QPointF(70.0, -60.0)])
    near.rest()
    assert _indices(near) == _expected(near)
    moved, target = near.point.z, _indices(near)[2]
    near.click(near.window.neighbours.strip, near.window.neighbours.strip.cell(2).center())
    near.rest()
    assert near.point.source.index == target
    assert np.array_equal(near.point.z, near.embedding.mu[target])
    assert _indices(near)[0] == target
    near.state.undo.undo()
    assert np.array_equal(near.point.z, moved)


def test_keys_choose_an_image_and_go_to_it(near: Desk, qtbot: QtBot) -> None:
    strip, target = near.window.neighbours.strip, _indices(near)[1]
    for key in (Qt.Key.Key_Left, Qt.Key.Key_Right, Qt.Key.Key_Right, Qt.Key.Key_Left, Qt.Key.Key_Return):
        qtbot.keyClick(strip, key)
    assert near.point.source.index == target


def test_every_distance_can_be_chosen(near: Desk, qtbot: QtBot) -> None:
    pane = near.window.neighbours
    near.latent.set_component("z", int(near.embedding.order[0]), 2.0)
    seen = []
    for _ in METRICS:
        near.rest()
        answer = near.state.neighbours.answer
        assert answer is not None
        assert (np.diff(answer.distances) >= 0.0).all()
        assert pane.told.text() == f"{DISTANCES[answer.metric].sentence}; {DISTANCES[answer.metric].unit}."
        seen.append(answer.metric)
        qtbot.keyClick(pane.distance, Qt.Key.Key_Down)
    assert tuple(seen) == METRICS


def test_nothing_is_searched_for_behind_another_tab(near: Desk) -> None:
    before = near.state.neighbours.answer
    near.window.show_pane("Lab")
    near.latent.set_component("z", 0, 3.0)
    near.rest()
    assert near.state.neighbours.answer is before
    near.window.show_pane("Neighbours")
    near.rest()
    assert _indices(near) == _expected(near)
