"""Every focusable widget has a name, every command a letter, every plot a menu, and nothing is cut off."""

from __future__ import annotations

import pyqtgraph as pg
import pytest
from PySide6.QtCore import QPoint, QRect, QSize, Qt
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractSlider,
    QAbstractSpinBox,
    QApplication,
    QComboBox,
    QLabel,
    QMenu,
    QScrollArea,
    QScrollBar,
    QTabBar,
    QWidget,
)
from pytestqt.qtbot import QtBot

from explorer.app.main_window import SMALLEST, USUAL, fitting
from explorer.app.toolbar import ToolBar
from explorer.views.common.pane import Pane
from explorer.views.common.plot_menu import PlotMenu
from explorer.views.export_dialog import ExportDialog
from tests.support.desk import Desk
from tests.support.menus import choose, context_menu

CONTROLS = (QAbstractButton, QAbstractSlider, QAbstractSpinBox, QComboBox, pg.PlotWidget)


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


def _cut_off(pane: Pane) -> list[str]:
    """Return the controls of a pane that nobody can bring into view."""
    found = []
    for part in (pane, pane.header):
        controls = (widget for kind in CONTROLS for widget in part.findChildren(kind))
        for control in (w for w in controls if w.isVisible() and not isinstance(w, QScrollBar)):
            holder = next(area for area in (control.parentWidget(), part) if area is part or _scrolls(area, part))
            place = QRect(control.mapTo(holder, QPoint(0, 0)), control.size())
            shortened = isinstance(control, QAbstractButton) and control.width() < control.minimumSizeHint().width()
            if not holder.rect().contains(place) or shortened:
                found.append(f"{type(control).__name__} {control.accessibleName()} of {pane.windowTitle()}")
    return found


def _scrolls(widget: QWidget, part: QWidget) -> bool:
    """Return whether a widget is what a scroll area within a part of the window scrolls."""
    area = widget.parentWidget().parentWidget()
    return isinstance(area, QScrollArea) and part.isAncestorOf(area) and area.widget() is widget


def test_nothing_is_cut_off_in_the_smallest_window(desk: Desk, qtbot: QtBot) -> None:
    window, before = desk.window, desk.window.size()
    window.resize(*SMALLEST)
    window.reset_layout()
    try:
        for title, dock in window.docks.items():
            window.show_pane(title)
            qtbot.waitUntil(lambda dock=dock: not dock.visibleRegion().isEmpty())
            pane = dock.widget().widget()
            assert isinstance(pane, Pane)
            assert window.rect().contains(dock.geometry()), title
            assert _cut_off(pane) == []
    finally:
        window.resize(before)
        window.reset_layout()


def test_the_whole_toolbar_is_in_sight_in_the_smallest_window(desk: Desk, qtbot: QtBot) -> None:
    window, before = desk.window, desk.window.size()
    bar = window.findChild(ToolBar)
    assert bar is not None
    with qtbot.waitSignal(desk.state.model.recent_changed):
        desk.state.model.set_recent([f"/a/{'long' * 20}.safetensors"])
    window.resize(*SMALLEST)
    try:
        qtbot.waitUntil(lambda: bar.width() == SMALLEST[0])
        for action in bar.actions():
            widget = bar.widgetForAction(action)
            assert widget.isVisible(), action.text()
            assert bar.rect().contains(widget.geometry()), action.text()
    finally:
        window.resize(before)
        desk.state.model.set_recent([])


def test_what_finds_no_room_in_a_header_is_behind_its_button(desk: Desk, qtbot: QtBot) -> None:
    header, before = desk.window.dimensions.header, desk.window.size()
    assert (header.folded, header.more.isVisible()) == ([], False)
    desk.window.resize(*SMALLEST)
    desk.window.reset_layout()
    qtbot.waitUntil(lambda: desk.window.dimensions.reset in header.folded)
    assert not desk.window.dimensions.reset.isVisible()
    desk.latent.set_component("eps", 0, 1.0)
    qtbot.mouseClick(header.more, Qt.MouseButton.LeftButton)
    qtbot.mouseClick(desk.window.dimensions.reset, Qt.MouseButton.LeftButton)
    assert desk.point.untouched
    desk.window.dimensions.reset.window().close()
    desk.window.resize(before)
    desk.window.reset_layout()
    qtbot.waitUntil(lambda: not header.folded)
    kept = [header.layout().itemAt(place).widget() for place in range(header.layout().count())]
    pane = desk.window.dimensions
    assert [w for w in kept if w is not None][1:-1] == [pane.active, pane.scale, pane.randomize, pane.reset]


@pytest.mark.parametrize(
    ("screen", "size"),
    [((1920, 1080), USUAL), ((1280, 800), (1264, 752)), ((1366, 768), (1350, 720)), ((800, 600), SMALLEST)],
)
def test_the_first_window_fits_the_screen(screen: tuple[int, int], size: tuple[int, int]) -> None:
    assert fitting(QSize(*screen)) == QSize(*size)


def test_a_row_says_its_dimension_and_value(desk: Desk) -> None:
    rows = desk.window.dimensions.list.rows
    desk.latent.set_component("z", rows.dims[0], 1.25)
    text = rows.data(rows.index(0), Qt.ItemDataRole.AccessibleTextRole)
    assert text == rows.data(rows.index(0))
    assert str(text).endswith(" = 1.250")


def test_every_menu_and_command_has_a_letter_of_its_own(desk: Desk) -> None:
    bar = desk.window.menuBar()
    menus = [action.menu() for action in bar.actions()]
    for actions in (bar.actions(), *(menu.actions() for menu in menus if isinstance(menu, QMenu))):
        # The panes are called what their titles say.
        texts = [action.text() for action in actions if action.text() and not action.isCheckable()]
        letters = [text.replace("&&", "").partition("&")[2][:1].lower() for text in texts]
        assert all(letters), texts
        assert len(set(letters)) == len(letters), texts


def test_the_menu_of_a_title_takes_the_pane_out_and_hides_it(desk: Desk) -> None:
    bar, dock = desk.window.decoded.bar, desk.window.docks["Decoded"]
    choose(context_menu(bar, QPoint(200, 5)), "Take Decoded out of the window")
    assert dock.isFloating()
    choose(context_menu(bar, QPoint(200, 5)), "Put Decoded back into the window")
    assert not dock.isFloating()
    choose(context_menu(bar, QPoint(200, 5)), "Hide Decoded")
    assert dock.isHidden()
    choose(context_menu(desk.window.map.bar, QPoint(200, 5)), "Reset layout")
    assert dock.isVisible()


def test_a_number_of_the_status_bar_is_copied(desk: Desk) -> None:
    bar = desk.window.statusBar()
    choose(context_menu(bar, bar.seed.geometry().center()), "Copy “seed 7”")
    assert QApplication.clipboard().text() == "seed 7"


def test_every_plot_has_a_menu(desk: Desk) -> None:
    plots = desk.window.findChildren(pg.PlotWidget)
    assert len(plots) > 10
    assert [plot.accessibleName() for plot in plots if plot.findChild(PlotMenu) is None] == []
