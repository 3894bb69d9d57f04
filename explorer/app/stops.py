"""The stops of the Tab key: what can be seen, and nothing else, in the order in which it is seen."""

from __future__ import annotations

from collections.abc import Iterator
from typing import cast

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDockWidget, QScrollArea, QTabBar, QToolBar, QWidget

from explorer.views.common.pane import Pane


def stops_after(start: QWidget, forward: bool = True) -> Iterator[QWidget]:
    """Yield the controls that Tab reaches after ``start``, or Shift+Tab before it, once around its window."""
    # Qt's own chain has the order in which controls were made or shown, which may lead to and fro between panes.
    ordered = sorted(_chain(start), key=_place)
    here = ordered.index(start)
    around = ordered[here + 1 :] + ordered[:here]
    yield from filter(is_stop, around if forward else reversed(around))


def _chain(start: QWidget) -> Iterator[QWidget]:
    """Yield the widgets of the window of ``start`` once, from the same one each time."""
    origin = widget = start.window()
    while True:
        yield widget
        widget = cast(QWidget, widget.nextInFocusChain())
        if widget is origin:
            return


def _place(widget: QWidget) -> tuple[int, int, bool]:
    """Return where the toolbar, the tabs or the dock lies that holds a widget, and whether that is below its bar."""
    within: QWidget | None = widget
    while within is not None and not isinstance(within, QDockWidget | QToolBar | QTabBar):
        within = within.parentWidget()
    if within is None:
        return 0, 0, False
    below = isinstance(within, QDockWidget) and not within.titleBarWidget().isAncestorOf(widget)
    at = within.geometry()
    return at.y(), at.x(), below


def is_stop(widget: QWidget) -> bool:
    """Return whether Tab stops at a widget: it takes keys and lies in no pane that is behind another one."""
    takes = bool(widget.focusPolicy() & Qt.FocusPolicy.TabFocus) and widget.focusProxy() is None
    return takes and widget.isVisible() and widget.isEnabled() and not _is_behind(widget)


def _is_behind(widget: QWidget | None) -> bool:
    while widget is not None:
        if isinstance(widget, QDockWidget):
            pane = _pane_of(widget)
            return pane is not None and not pane.shown
        widget = widget.parentWidget()
    return False


def _pane_of(dock: QDockWidget) -> Pane | None:
    """Return the pane in a dock, where it lies in an area that scrolls it."""
    area = dock.widget()
    pane = area.widget() if isinstance(area, QScrollArea) else None
    return pane if isinstance(pane, Pane) else None
