"""Everything can be done from the keyboard: keys reach what has the focus, and the focus is seen."""

from __future__ import annotations

from itertools import groupby

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import (
    QAbstractSlider,
    QAbstractSpinBox,
    QApplication,
    QComboBox,
    QDockWidget,
    QMenu,
    QScrollBar,
    QTabBar,
    QToolBar,
    QToolButton,
    QWhatsThis,
    QWidget,
)
from pytestqt.qtbot import QtBot

from explorer.app.shortcuts import ShortcutList
from explorer.app.stops import stops_after
from tests.support.desk import Desk
from tests.support.menus import turn_wheel

KEYS = Qt.Key
SHIFT, CTRL, PLAIN = (
    Qt.KeyboardModifier.ShiftModifier, Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.NoModifier,
)  # fmt: skip


def test_no_two_commands_share_a_key(desk: Desk) -> None:
    keys = [key.toString() for action in desk.window.findChildren(QAction) for key in action.shortcuts()]
    assert len(keys) == len(set(keys))
    assert "Ctrl+Z" in keys


@pytest.mark.parametrize("keys", ["Ctrl+Shift+Z", "Ctrl+Y"])
def test_what_was_undone_is_redone_by_key(desk: Desk, qtbot: QtBot, keys: str) -> None:
    with qtbot.waitActive(desk.window):
        desk.window.activateWindow()
    with desk.latent.step("move"):
        desk.latent.set_component("z", 3, 1.0)
    qtbot.keySequence(desk.window.map.plot, "Ctrl+Z")
    assert desk.point.z[3] != 1.0
    qtbot.keySequence(desk.window.map.plot, keys)
    assert desk.point.z[3] == 1.0


def test_the_map_has_the_focus_at_first(desk: Desk) -> None:
    assert desk.window.map.focusProxy() is desk.window.map.plot


@pytest.mark.parametrize(("keys", "step"), [(PLAIN, 0.1), (SHIFT, 1.0), (CTRL, 0.01)])
def test_arrows_move_the_point_on_the_map(desk: Desk, qtbot: QtBot, keys: Qt.KeyboardModifier, step: float) -> None:
    desk.state.display.set_axes((3, 17))
    start = desk.point.z.copy()
    for key, dim, sign in (
        (KEYS.Key_Right, 3, 1),
        (KEYS.Key_Up, 17, 1),
        (KEYS.Key_Left, 3, -1),
        (KEYS.Key_Down, 17, -1),
    ):
        before = desk.point.z.copy()
        qtbot.keyClick(desk.window.map.plot, key, keys)
        moved = desk.point.z - before
        assert moved[dim] == pytest.approx(sign * step, abs=1e-12)
        assert np.delete(moved, dim).tolist() == [0.0] * 49
    np.testing.assert_allclose(desk.point.z, start, atol=1e-12)
    assert desk.state.undo.count() == 4


@pytest.mark.parametrize(("keys", "step"), [(PLAIN, 0.1), (SHIFT, 1.0), (CTRL, 0.01)])
def test_arrows_move_the_chosen_slider(desk: Desk, qtbot: QtBot, keys: Qt.KeyboardModifier, step: float) -> None:
    rows = desk.window.dimensions.list
    rows.setCurrentIndex(rows.rows.index(0))
    qtbot.keyClick(rows, KEYS.Key_Down)
    dim, before = rows.rows.dims[1], desk.point.z.copy()
    assert desk.state.display.dimension == dim
    qtbot.keyClick(rows, KEYS.Key_Right, keys)
    assert desk.point.z[dim] == pytest.approx(before[dim] + step, abs=1e-12)
    qtbot.keyClick(rows, KEYS.Key_Left, keys)
    qtbot.keyClick(rows, KEYS.Key_Left, keys)
    assert desk.point.z[dim] == pytest.approx(before[dim] - step, abs=1e-12)
    assert np.delete(desk.point.z, dim).tobytes() == np.delete(before, dim).tobytes()
    assert desk.state.undo.count() == 3


def test_a_slider_is_locked_by_key(desk: Desk, qtbot: QtBot) -> None:
    rows = desk.window.dimensions.list
    rows.setCurrentIndex(rows.rows.index(2))
    qtbot.keyClick(rows, KEYS.Key_L)
    assert desk.latent.locked.nonzero()[0].tolist() == [rows.rows.dims[2]]


@pytest.fixture
def active(desk: Desk, qtbot: QtBot) -> Desk:
    """The window in front, with the keys going to the map."""
    with qtbot.waitActive(desk.window):
        desk.window.activateWindow()
    desk.window.map.plot.setFocus()
    return desk


def _walk(desk: Desk, qtbot: QtBot, key: Qt.Key) -> list[QWidget]:
    """Press Tab until the focus is back on the map."""
    walked: list[QWidget] = []
    while len(walked) < 200:
        qtbot.keyClick(QApplication.focusWidget(), key)
        focus = QApplication.focusWidget()
        if focus is desk.window.map.plot:
            return walked
        walked.append(focus)
    raise AssertionError(f"no way round: {walked[-5:]}")


def _dock_of(widget: QWidget) -> str:
    parent = widget.parentWidget()
    while parent is not None and not isinstance(parent, QDockWidget):
        parent = parent.parentWidget()
    return "" if parent is None else parent.objectName()


@pytest.mark.parametrize("pane", ["Distribution", "Neighbours", "Path", "Lab", "Factors", "Training", "Log"])
def test_undo_undoes_wherever_the_focus_is(active: Desk, qtbot: QtBot, pane: str) -> None:
    active.window.show_pane(pane)
    active.window.map.plot.setFocus()
    deaf = []
    for stop in list(stops_after(active.window.map.plot)):
        with active.latent.step("move"):
            active.latent.set_component("z", 3, 1.0)
        stop.setFocus()
        qtbot.keySequence(stop, "Ctrl+Z")
        if active.point.z[3] == 1.0:
            deaf.append(f"{type(stop).__name__} {stop.accessibleName()}")
            active.state.undo.undo()
    assert deaf == []


@pytest.mark.parametrize("pane", ["Distribution", "Lab"])
def test_tab_stops_only_at_what_is_seen(active: Desk, qtbot: QtBot, pane: str) -> None:
    active.window.show_pane(pane)
    active.window.map.plot.setFocus()
    walked = _walk(active, qtbot, KEYS.Key_Tab)
    assert {_dock_of(widget) for widget in walked} <= {"", "Latent map", "Decoded", "Dimensions", pane}
    assert not [widget for widget in walked if widget.visibleRegion().isEmpty()]
    tools = active.window.findChild(QToolBar).findChildren(QToolButton)
    assert [tool for tool in tools if tool.isVisible() and tool.isEnabled() and tool not in walked] == []
    back = _walk(active, qtbot, KEYS.Key_Backtab)
    assert back == walked[::-1]
    # From pane to pane as one reads, and never back to one that was left.
    docks = [name for name, _ in groupby(map(_dock_of, walked)) if name]
    assert docks == ["Latent map", "Decoded", "Dimensions", pane, "Latent map"]


def test_keys_do_not_reach_a_pane_that_is_behind(active: Desk, qtbot: QtBot) -> None:
    start = active.window.training.controls.start
    active.window.show_pane("Training")
    start.setFocus()
    active.window.show_pane("Lab")
    qtbot.waitUntil(lambda: not start.hasFocus())
    qtbot.keyClick(QApplication.focusWidget() or active.window, KEYS.Key_Space)
    assert not active.state.run.active


@pytest.mark.parametrize("pane", ["Distribution", "Neighbours", "Path", "Lab", "Factors", "Training", "Log"])
def test_focus_is_seen_everywhere(active: Desk, qtbot: QtBot, pane: str) -> None:
    active.window.show_pane(pane)
    active.window.map.plot.setFocus()
    active.settle()
    unseen = []
    for stop in list(stops_after(active.window.map.plot)):
        active.window.menuBar().setFocus()
        without = stop.grab().toImage()
        stop.setFocus(Qt.FocusReason.TabFocusReason)
        if stop.grab().toImage() == without:
            unseen.append(f"{type(stop).__name__} {stop.accessibleName()}")
    assert unseen == []


@pytest.mark.parametrize("pane", ["Distribution", "Lab", "Training"])
def test_the_wheel_changes_nothing_in_passing(active: Desk, pane: str) -> None:
    active.window.show_pane(pane)
    active.window.map.plot.setFocus()
    changed = []
    for widget in active.window.findChildren(QWidget):
        if not widget.isVisible() or isinstance(widget, QScrollBar):
            continue
        before = _shown_by(widget)
        turn_wheel(widget)
        turn_wheel(widget, notches=-3)
        if _shown_by(widget) != before or QApplication.focusWidget() is not active.window.map.plot:
            changed.append(widget.accessibleName())
    assert changed == []


def _shown_by(widget: QWidget) -> object:
    match widget:
        case QComboBox() | QTabBar():
            return widget.currentIndex()
        case QAbstractSlider():
            return widget.value()
        case QAbstractSpinBox():
            return widget.text()
    return None


def test_f10_leads_to_the_menus(active: Desk, qtbot: QtBot) -> None:
    qtbot.keyClick(active.window.map.plot, KEYS.Key_F10)
    bar = active.window.menuBar()
    assert bar.activeAction() is bar.actions()[0]
    bar.setActiveAction(None)
    active.window.map.plot.setFocus()


def test_the_list_of_shortcuts_is_that_of_the_menus(active: Desk, qtbot: QtBot) -> None:
    qtbot.keySequence(active.window.map.plot, "Ctrl+/")
    dialog = active.window.findChild(ShortcutList)
    rows = [item for _, items in dialog.groups for item in items]
    shown = {row.text(0) for row in rows}
    commands = [action for menu in active.window.menuBar().findChildren(QMenu) for action in menu.actions()]
    keys = [{key.toString() for key in action.shortcuts()} for action in commands if action.shortcuts()]
    listed = {key for text in shown for key in text.split(", ")}
    assert [of_one for of_one in keys if not of_one & listed] == []
    qtbot.keyClicks(dialog.filter, "sample")
    found = [row.text(1) for row in rows if not row.isHidden()]
    dialog.close()
    assert "Sample" in found
    assert all("sample" in text.lower() for text in found)


@pytest.mark.parametrize("part", ["plot", "header"])
def test_f1_explains_the_pane_that_has_the_keys(active: Desk, qtbot: QtBot, part: str) -> None:
    pane = active.window.map
    control = {"plot": pane.plot, "header": pane.bar.findChild(QComboBox)}[part]
    control.setFocus()
    qtbot.keyClick(control, KEYS.Key_F1)
    told = [widget for widget in QApplication.topLevelWidgets() if widget.inherits("QWhatsThat")]
    assert [widget.isVisible() for widget in told] == [True]
    QWhatsThis.hideText()
