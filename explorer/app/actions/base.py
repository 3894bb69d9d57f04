"""Commands as data, and the one helper that makes actions of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from PySide6.QtCore import QObject
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QMenu

from explorer.theme.theme import Theme
from models.core.descriptions import ModelInfo

Key = QKeySequence.StandardKey
# From top to bottom; None is a separator.
Entries = Sequence[QAction | QMenu | None]

LIVE = "{name} lives in a Python process and is {deed} there"
LATENTS = "{name} has latents without a model, so there is no model to be {deed}"


@dataclass(frozen=True)
class Command:
    """A command of the window: its name, the function that does it, an icon, a key, and a tip other than the name."""

    text: str
    do: Callable[..., object]
    icon: str = ""
    shortcut: Key | str | None = None
    tip: str = ""


def kept_elsewhere(model: ModelInfo | None, deed: str) -> str:
    """Return why a model cannot be saved or exported; empty if it can, or there is none."""
    if model is None or (model.has_decoder and not model.live):
        return ""
    return (LIVE if model.live else LATENTS).format(name=model.name, deed=deed)


class MenuActions(QObject):
    """The actions of one menu, with icons in the colours of the scheme; subclasses say in :attr:`entries` which."""

    def __init__(self, theme: Theme, parent: QObject) -> None:
        super().__init__(parent)
        self._theme = theme
        self._icons: dict[QAction, str] = {}
        self._tips: dict[QAction, str] = {}
        theme.changed.connect(self._restyle)

    @property
    def entries(self) -> Entries:
        """The entries of the menu."""
        raise NotImplementedError

    def add_action(self, command: Command) -> QAction:
        """Return a command as an action."""
        action = QAction(command.text, self)
        action.triggered.connect(command.do)
        if command.shortcut is not None:
            action.setShortcut(QKeySequence(command.shortcut))
        tip, keys = command.tip or command.text.removesuffix(" …").replace("&", ""), action.shortcut().toString()
        self._tips[action] = f"{tip} ({keys})" if keys else tip
        action.setToolTip(self._tips[action])
        if command.icon:
            self.set_icon(action, command.icon)
        return action

    def allow(self, action: QAction, allowed: bool, reason: str = "") -> None:
        """Enable an action or disable it; ``reason``, if it is not empty, says why it is disabled."""
        action.setEnabled(allowed and not reason)
        action.setToolTip(reason or self._tips[action])

    def set_icon(self, action: QAction, name: str) -> None:
        """Give an action an icon that follows the scheme."""
        self._icons[action] = name
        action.setIcon(self._theme.icon(name))

    def _restyle(self) -> None:
        for action, name in self._icons.items():
            action.setIcon(self._theme.icon(name))


def fill_menu(menu: QMenu, entries: Entries) -> None:
    """Put actions, submenus and separators into a menu."""
    menu.setToolTipsVisible(True)
    for entry in entries:
        if entry is None:
            menu.addSeparator()
        elif isinstance(entry, QMenu):
            menu.addMenu(entry)
        else:
            menu.addAction(entry)
