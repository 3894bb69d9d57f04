"""The context menu of a pane's title."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from PySide6.QtCore import QObject, QPoint, Qt
from PySide6.QtWidgets import QDockWidget

from explorer.views.common.menus import Entries, Entry, label_entries, pop_up
from explorer.views.common.pane import Pane


class PaneMenu(QObject):
    """Copies what the title says, floats the pane or puts it back, and hides it."""

    def __init__(self, dock: QDockWidget, pane: Pane, reset_layout: Callable[[], None]) -> None:
        super().__init__(dock)
        self._dock, self._pane, self._reset_layout = dock, pane, reset_layout
        pane.bar.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        pane.bar.customContextMenuRequested.connect(self._open)

    def _copies(self, at: QPoint) -> Entries:
        """Return how to copy what a title says beside its name."""
        label = self._pane.bar.childAt(at)
        return () if label is not None and label.objectName() == "heading" else label_entries(self._pane.bar, at)

    def _open(self, at: QPoint) -> None:
        dock, title = self._dock, self._pane.windowTitle()
        floating = dock.isFloating()
        text = f"Put {title} back into the window" if floating else f"Take {title} out of the window"
        entries = (
            *self._copies(at), Entry(text, partial(dock.setFloating, not floating)),
            Entry(f"Hide {title}", dock.hide), None, Entry("Reset layout", self._reset_layout),
        )  # fmt: skip
        pop_up(self._pane.bar, self._pane.bar.mapToGlobal(at), entries)
