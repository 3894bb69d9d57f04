"""The View menu: which panes are shown, the layout, the colour scheme."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import QObject
from PySide6.QtGui import QAction

from explorer.app.actions.base import Command, Entries, MenuActions
from explorer.theme.theme import Theme


class ViewActions(MenuActions):
    """The actions of the menu; ``panes`` show and hide the panes."""

    def __init__(
        self, theme: Theme, panes: Sequence[QAction], reset_layout: Callable[[], None], parent: QObject
    ) -> None:
        super().__init__(theme, parent)
        add = self.add_action
        self.panes = tuple(panes)
        self.layout_reset = add(Command("&Reset layout", reset_layout))
        self.scheme = add(Command("&Dark or light", theme.toggle, "theme", "Ctrl+Shift+L"))

    @property
    def entries(self) -> Entries:
        """The menu from top to bottom."""
        return *self.panes, None, self.layout_reset, self.scheme
