"""The stops of the Tab key: what can be seen, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from typing import cast

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDockWidget, QScrollArea, QWidget

from explorer.views.common.pane import Pane


def stops_after(start: QWidget, forward: bool = True) -> Iterator[QWidget]:
    """Yield the controls that Tab reaches after ``start``, or Shift+Tab before it, once around its window."""
    widget = _beside(start, forward)
    while widget is not start:
        if is_stop(widget):
            yield widget
        widget = _beside(widget, forward)


def _beside(widget: QWidget, forward: bool) -> QWidget:
    return cast(QWidget, widget.nextInFocusChain() if forward else widget.previousInFocusChain())


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
