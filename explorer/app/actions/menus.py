"""The menu bar: one menu for each file of this room."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtWidgets import QMenuBar

from explorer.app.actions.base import Entries, fill_menu
from explorer.app.actions.edit import EditActions
from explorer.app.actions.file import FileActions
from explorer.app.actions.help import HelpActions
from explorer.app.actions.model import ModelActions
from explorer.app.actions.view import ViewActions


@dataclass(frozen=True)
class Menus:
    """The actions of every menu, in the order of the bar."""

    file: FileActions
    edit: EditActions
    model: ModelActions
    view: ViewActions
    help: HelpActions

    def fill(self, bar: QMenuBar) -> None:
        """Put the menus into the bar."""
        for title, entries in self._by_title().items():
            fill_menu(bar.addMenu(title), entries)

    def _by_title(self) -> dict[str, Entries]:
        menus = {"&File": self.file, "&Edit": self.edit, "&Model": self.model, "&View": self.view, "&Help": self.help}
        return {title: menu.entries for title, menu in menus.items()}
