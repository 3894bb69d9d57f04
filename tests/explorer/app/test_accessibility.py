"""Every focusable widget has a name, and everything can be done from the keyboard."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QAbstractButton, QLabel, QTabBar, QWidget
from pytestqt.qtbot import QtBot

from explorer.views.export_dialog import ExportDialog
from tests.support.desk import Desk

KEYS = Qt.Key
SHIFT, CTRL, PLAIN = (
    Qt.KeyboardModifier.ShiftModifier, Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.NoModifier,
)  # fmt: skip


def _nameless(root: QWidget) -> list[str]:
    """Return the focusable widgets that tell a screen reader nothing."""
    found = []
    for widget in root.findChildren(QWidget):
        # Parts of Qt's own widgets, and the drop-down lists of named combo boxes.
        # Tabs are named one by one.
        inner = widget.objectName().startswith("qt_") or isinstance(widget, QLabel | QTabBar)
        inner = inner or widget.window() is not root
        if inner or widget.focusPolicy() == Qt.FocusPolicy.NoFocus or widget.focusProxy() is not None:
            continue
        # An unnamed combo box would be announced by its current choice alone.
        text = widget.text() if isinstance(widget, QAbstractButton) else ""
        if not (widget.accessibleName() or text).strip():
            found.append(f"{type(widget).__name__} in {type(widget.parent()).__name__}")
    return found


def test_all_that_takes_the_focus_has_a_name(desk: Desk) -> None:
    assert _nameless(desk.window) == []


def test_all_of_the_export_dialog_has_a_name(desk: Desk) -> None:
    desk.window.menus.model.export.trigger()
    dialog = desk.window.findChild(ExportDialog)
    desk.settle()
    found = _nameless(dialog)
    dialog.reject()
    assert found == []


def test_every_button_with_an_icon_alone_has_a_tip(desk: Desk) -> None:
    menus = desk.window.menus
    edit, model, file = menus.edit, menus.model, menus.file
    for action in (edit.undo, edit.redo, menus.view.scheme, edit.sample, model.export, file.open_model):
        assert action.toolTip()
        assert action.shortcut().toString()


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
    assert desk.state.undo.stack.count() == 4


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
    assert desk.state.undo.stack.count() == 3


def test_a_slider_is_locked_by_key(desk: Desk, qtbot: QtBot) -> None:
    rows = desk.window.dimensions.list
    rows.setCurrentIndex(rows.rows.index(2))
    qtbot.keyClick(rows, KEYS.Key_L)
    assert desk.latent.locked.nonzero()[0].tolist() == [rows.rows.dims[2]]


def test_a_row_says_its_dimension_and_value(desk: Desk) -> None:
    rows = desk.window.dimensions.list.rows
    desk.latent.set_component("z", rows.dims[0], 1.25)
    text = rows.data(rows.index(0), Qt.ItemDataRole.AccessibleTextRole)
    assert text == rows.data(rows.index(0))
    assert str(text).endswith(" = 1.250")
