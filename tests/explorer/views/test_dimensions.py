"""The slider rows with the real decoder: drags, typed values, resets, locks, filters, and what is painted."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QPainter, QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QStyleOptionViewItem
from pytestqt.qtbot import QtBot

from explorer.views.common.number_box import NumberBox
from explorer.views.dimensions.list import DimensionList
from explorer.views.dimensions.rows import AnyIndex, DimensionDelegate, row_layout
from models.core.geometry import dimension_name
from tests.support.desk import Desk
from tests.support.menus import choose, context_menu
from tests.support.oracle import NumpyVAE


@pytest.fixture
def rows(desk: Desk) -> DimensionList:
    desk.window.dimensions.list.scrollToTop()
    return desk.window.dimensions.list


class CountingDelegate(DimensionDelegate):
    """A delegate that paints as usual and records which dimensions it has painted."""

    def __init__(self, desk: Desk, rows: DimensionList) -> None:
        super().__init__(desk.state, desk.window.theme, rows.histograms, rows)
        self.painted: list[int] = []

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: AnyIndex) -> None:
        self.painted.append(index.data(Qt.ItemDataRole.UserRole))
        super().paint(painter, option, index)


@pytest.fixture
def counting(desk: Desk, rows: DimensionList) -> Iterator[CountingDelegate]:
    """Return the rows with a recording delegate, once nothing is left to paint."""
    delegate = CountingDelegate(desk, rows)
    rows.setItemDelegate(delegate)
    rows.viewport().repaint()
    QApplication.processEvents()
    delegate.painted.clear()
    yield delegate
    rows.setItemDelegate(rows.delegate)
    delegate.deleteLater()


def _drag(desk: Desk, rows: DimensionList, dim: int, to: float) -> None:
    start, end = (QPointF(rows.handle_position(dim, value)) for value in (desk.point.z[dim], to))
    steps = np.linspace(0.0, 1.0, 8)
    desk.drag(rows.viewport(), [start + (end - start) * float(step) for step in steps])


def _wheel(rows: DimensionList, dim: int, notches: int, keys: Qt.KeyboardModifier) -> None:
    at = QPointF(rows.rect_of(dim).center())
    event = QWheelEvent(
        at, QPointF(rows.viewport().mapToGlobal(at.toPoint())), QPoint(), QPoint(0, 120 * notches),
        Qt.MouseButton.NoButton, keys, Qt.ScrollPhase.NoScrollPhase, False,
    )  # fmt: skip
    QApplication.sendEvent(rows.viewport(), event)


def test_the_rows_come_by_kl_the_largest_first(desk: Desk, rows: DimensionList) -> None:
    embedding = desk.embedding
    mu, sigma = embedding.mu.astype(np.float64), embedding.sigma.astype(np.float64)
    kl = (0.5 * (mu**2 + sigma**2 - 1.0) - np.log(sigma)).mean(axis=0)
    assert rows.rows.dims == np.argsort(-kl).tolist()


def test_dragging_a_slider_moves_its_dimension_alone(desk: Desk, rows: DimensionList, oracle: NumpyVAE) -> None:
    dim, before = rows.rows.dims[1], desk.point.z.copy()
    _drag(desk, rows, dim, 2.0)
    after = desk.point.z
    track = rows.delegate.track(rows.rect_of(dim), dim)
    assert after[dim] == pytest.approx(2.0, abs=(track.high - track.low) / track.rect.width())
    assert np.delete(after, dim).tobytes() == np.delete(before, dim).tobytes()
    assert desk.state.undo.count() == 1
    assert desk.state.display.dimension == dim
    desk.settle()
    np.testing.assert_allclose(desk.state.answers.picture, oracle.decode(after[None])[0], atol=1e-4)


def test_a_typed_value_is_taken_as_typed(desk: Desk, rows: DimensionList, qtbot: QtBot) -> None:
    dim = rows.rows.dims[2]
    desk.click(rows.viewport(), row_layout(rows.rect_of(dim)).value.center())
    editor = rows.viewport().findChild(NumberBox)
    editor.selectAll()
    qtbot.keyClicks(editor, "-1.2345678")
    qtbot.keyClick(editor, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: desk.point.z[dim] == -1.2345678)
    assert desk.state.undo.count() == 1


def test_what_is_no_number_is_not_taken(desk: Desk, rows: DimensionList, qtbot: QtBot) -> None:
    dim, before = rows.rows.dims[2], desk.point.z.copy()
    desk.click(rows.viewport(), row_layout(rows.rect_of(dim)).value.center())
    editor = rows.viewport().findChild(NumberBox)
    for text in ("abc", "1.234,5", "1e7"):
        editor.selectAll()
        qtbot.keyClicks(editor, text)
        qtbot.keyClick(editor, Qt.Key.Key_Return)
        assert (editor.isVisible(), editor.text()) == (True, text)
    qtbot.keyClick(editor, Qt.Key.Key_Escape)
    qtbot.keyClick(editor, Qt.Key.Key_Escape)
    assert desk.point.z.tobytes() == before.tobytes()
    assert desk.state.undo.count() == 0


def test_a_double_click_and_delete_return_one_dimension_to_its_mean(
    desk: Desk, rows: DimensionList, qtbot: QtBot
) -> None:
    first, second = rows.rows.dims[:2]
    for dim in (first, second):
        _drag(desk, rows, dim, 2.5)
    desk.double_click(rows.viewport(), rows.handle_position(first, 0.0))
    assert desk.point.z[first] == desk.point.mu[first]
    assert desk.point.z[second] != desk.point.mu[second]
    rows.setCurrentIndex(rows.rows.index(1))
    qtbot.keyClick(rows, Qt.Key.Key_Delete)
    assert desk.point.untouched


def test_reset_returns_all_but_the_locked(desk: Desk, rows: DimensionList) -> None:
    first, second = rows.rows.dims[:2]
    for dim in (first, second):
        _drag(desk, rows, dim, 2.5)
    kept = desk.point.z[first]
    desk.click(rows.viewport(), row_layout(rows.rect_of(first)).lock.center())
    assert desk.latent.locked.nonzero()[0].tolist() == [first]
    desk.window.dimensions.reset.click()
    assert desk.point.z[first] == kept
    assert np.delete(desk.point.z, first).tobytes() == np.delete(desk.point.mu, first).tobytes()
    desk.click(rows.viewport(), row_layout(rows.rect_of(first)).lock.center())
    assert not desk.latent.locked.any()


def test_nothing_moves_a_locked_dimension_and_the_lock_says_so(desk: Desk, rows: DimensionList) -> None:
    dim, told = rows.rows.dims[0], []
    desk.click(rows.viewport(), row_layout(rows.rect_of(dim)).lock.center())
    before = desk.point.z[dim]
    desk.state.notices.noticed.connect(lambda level, text: told.append(text))
    for move in (
        lambda: _drag(desk, rows, dim, 2.0),
        lambda: desk.click(rows.viewport(), row_layout(rows.rect_of(dim)).value.center()),
        lambda: desk.double_click(rows.viewport(), rows.handle_position(dim, before)),
    ):  # fmt: skip
        told.clear()
        move()
        assert desk.point.z[dim] == before
        assert told
        assert set(told) == {
            f"{dimension_name(dim)} is locked. A click on its lock in Dimensions, or L there, unlocks it."
        }
    assert rows.viewport().findChild(NumberBox) is None
    cloud = desk.window.map.plot.cloud.xy
    for move in (
        desk.window.menus.edit.sample.trigger, desk.window.menus.edit.randomize.trigger,
        lambda: desk.click(desk.window.map.plot.viewport(), desk.on_map(cloud[5])),
    ):  # fmt: skip
        others = np.delete(desk.point.z, dim)
        move()
        assert desk.point.z[dim] == before
        assert (np.delete(desk.point.z, dim) != others).any()
    steps = desk.state.undo.count()
    desk.click(rows.viewport(), row_layout(rows.rect_of(dim)).lock.center())
    assert (desk.state.undo.count(), desk.state.undo.undo_text()) == (steps + 1, f"Unlock {dimension_name(dim)}")
    desk.window.menus.edit.undo.trigger()
    assert desk.latent.locked[dim]


def test_randomize_draws_the_unlocked_from_the_prior_of_the_next_seed(desk: Desk, rows: DimensionList) -> None:
    locked, before = rows.rows.dims[0], desk.point.z.copy()
    desk.latent.set_locked(locked, True)
    desk.window.dimensions.randomize.click()
    assert desk.state.display.seed == 8
    noise = np.random.Generator(np.random.PCG64(8)).standard_normal((1, 50), dtype=np.float32)[0]
    expected = np.where(np.arange(50) == locked, before, noise.astype(np.float64))
    assert desk.point.z.tobytes() == expected.tobytes()
    assert desk.state.undo.undo_text() == "Randomize"


def test_active_only_hides_the_collapsed(desk: Desk, rows: DimensionList) -> None:
    embedding = desk.embedding
    active = np.flatnonzero(embedding.mu.astype(np.float64).var(axis=0) > 0.01)
    assert 0 < len(active) < 50
    desk.window.dimensions.active.click()
    assert sorted(rows.rows.dims) == active.tolist()
    desk.window.dimensions.active.click()
    assert len(rows.rows.dims) == 50


def test_only_visible_rows_are_painted(desk: Desk, rows: DimensionList, counting: CountingDelegate) -> None:
    rows.viewport().repaint()
    height = rows.viewport().height()
    visible = [dim for dim in rows.rows.dims if rows.rect_of(dim).bottom() >= 0 and rows.rect_of(dim).top() < height]
    assert counting.painted == visible
    assert len(visible) < 25


def test_a_move_repaints_its_own_row_only(desk: Desk, rows: DimensionList, counting: CountingDelegate) -> None:
    dim = rows.rows.dims[1]
    desk.latent.set_component("z", dim, 1.5)
    desk.settle()
    QApplication.processEvents()
    assert set(counting.painted) == {dim}


def test_what_is_kept_of_a_row_is_what_would_be_painted(desk: Desk, rows: DimensionList) -> None:
    dim = rows.rows.dims[2]
    for change in (
        lambda: desk.latent.set_component("z", dim, 1.0),
        lambda: desk.latent.set_component("mu", dim, -0.7),
        lambda: desk.latent.set_component("sigma", dim, 0.5),
        lambda: desk.latent.set_locked(dim, True),
        lambda: desk.state.display.set_dimension(dim),
        lambda: desk.click(desk.window.map.plot.viewport(), desk.on_map(desk.window.map.plot.cloud.xy[5])),
        lambda: desk.state.display.set_slider_scale("posterior"),
    ):  # fmt: skip
        before = rows.viewport().grab().toImage()
        change()
        desk.settle()
        shown = rows.viewport().grab().toImage()
        rows.delegate.forget()
        assert shown == rows.viewport().grab().toImage()
        assert shown != before


def test_the_wheel_with_ctrl_moves_the_chosen_row_and_without_it_scrolls(
    desk: Desk, rows: DimensionList, qtbot: QtBot
) -> None:
    dim, before = rows.rows.dims[0], desk.point.z.copy()
    with qtbot.waitActive(desk.window):
        desk.window.activateWindow()
    rows.setCurrentIndex(rows.rows.index(0))
    desk.window.map.plot.setFocus()
    _wheel(rows, dim, 3, Qt.KeyboardModifier.ControlModifier)
    rows.setFocus()
    _wheel(rows, rows.rows.dims[1], 3, Qt.KeyboardModifier.ControlModifier)
    assert desk.point.z.tobytes() == before.tobytes()
    _wheel(rows, dim, 3, Qt.KeyboardModifier.ControlModifier)
    assert desk.point.z[dim] == pytest.approx(before[dim] + 0.3)
    _wheel(rows, dim, -2, Qt.KeyboardModifier.NoModifier)
    assert rows.verticalScrollBar().value() > 0
    assert desk.point.z[dim] == pytest.approx(before[dim] + 0.3)


def test_the_menu_of_a_row_copies_locks_and_returns_it(desk: Desk, rows: DimensionList) -> None:
    dim = rows.rows.dims[1]
    desk.latent.set_component("z", dim, 1.0 / 3.0)
    place = rows.rect_of(dim).center()
    choose(context_menu(rows.viewport(), place), "Copy 0.33")
    assert QApplication.clipboard().text() == repr(1.0 / 3.0)
    name = dimension_name(dim)
    choose(context_menu(rows.viewport(), place), f"Return {name} to μ")
    assert desk.point.z[dim] == desk.point.mu[dim]
    choose(context_menu(rows.viewport(), place), f"Lock {name}")
    assert desk.latent.locked[dim]
    choose(context_menu(rows.viewport(), place), f"Unlock {name}")
    assert not desk.latent.locked[dim]
    choose(context_menu(rows.viewport(), place), "Show up the map")
    assert desk.state.display.axes[1] == dim
    desk.state.display.set_axes("pca")


@pytest.mark.parametrize("part", ["track", "value", "lock"])
def test_a_right_click_changes_no_row(desk: Desk, rows: DimensionList, part: str) -> None:
    place = getattr(row_layout(rows.rect_of(rows.rows.dims[1])), part).center()
    before = desk.point
    QTest.mouseClick(rows.viewport(), Qt.MouseButton.RightButton, pos=place)
    QTest.mouseDClick(rows.viewport(), Qt.MouseButton.RightButton, pos=place)
    assert desk.point is before
    assert not desk.latent.locked.any()
    assert rows.viewport().findChild(NumberBox) is None
