"""The list of shortcuts: those of the menus as they are, and what keys and mouse do in the panes."""

from __future__ import annotations

import re
from collections.abc import Iterator

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QDialog, QHeaderView, QMenu, QMenuBar, QTreeWidget, QTreeWidgetItem, QVBoxLayout, QWidget

from explorer.views.common.text_field import TextField

Rows = list[tuple[str, str]]
SIZE = (720, 560)
USUAL = re.compile(r"(Ctrl\+.*|[⇧⌃⌥]*⌘.*|F\d|F1[0-2])")
STEPS = "by a step; with Shift ten times as far, with Ctrl a tenth"
PANES: dict[str, Rows] = {
    "Everywhere": [
        ("Tab, Shift+Tab", "Go to the next or the previous control that can be seen"),
        ("Space", "Press the button that has the focus"),
        ("F10, Alt+letter", "Go to the menus"),
        ("Shift+F1, then click", "Explain the pane"),
        ("Menu, Shift+F10, right click", "What can be done with the thing there"),
        ("Wheel", "Scroll; it changes only what has the focus"),
    ],
    "Latent map": [
        ("← → ↑ ↓", f"Move the current point {STEPS}"),
        ("Drag", "Move a point, or the map beside it"),
        ("Click", "Give the current point the posterior of the image there"),
        ("Double click", "Return a point to μ"),
        ("Wheel", "Zoom"),
    ],
    "Dimensions": [
        ("↑ ↓", "Choose a dimension"),
        ("← →", f"Move it {STEPS}"),
        ("F2, click the number", "Type its value"),
        ("Delete, double click", "Return it to μ"),
        ("L", "Lock or unlock it"),
        ("Ctrl+wheel", "Move it, while the keys go to the list"),
    ],
    "Distribution": [
        ("Drag", "Move z, ε, u or a parameter"),
        ("Double click", "Put it back"),
    ],
    "Number fields": [
        ("Return, Tab", "Take the number; a point or your decimal mark, no marks between thousands"),
        ("Escape", "Return to the number before"),
        ("↑ ↓, wheel", "One step more or less"),
        ("Page Up, Page Down", "Ten steps more or less"),
        ("Double click", "Select the whole number"),
    ],
    "Neighbours": [
        ("← →", "Choose an image"),
        ("Return", "Go to it"),
    ],
    "Factors": [("← → ↑ ↓", "Choose a dimension and a factor")],
    "Path": [("← →, Page Up, Page Down", "Go to another frame"), ("Space", "Play or pause")],
}  # fmt: skip


class ShortcutList(QDialog):
    """A list that can be searched; it stays beside the window while one tries."""

    def __init__(self, menus: QMenuBar, over: QWidget) -> None:
        super().__init__(over)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle("Keys and mouse")
        self.filter, self.tree = TextField(), QTreeWidget()
        self.groups: list[tuple[QTreeWidgetItem, list[QTreeWidgetItem]]] = []
        self.filter.setPlaceholderText("Search")
        self.filter.setAccessibleName("Search the shortcuts")
        self.filter.setClearButtonEnabled(True)
        self.tree.setAccessibleName("Shortcuts")
        self.tree.setColumnCount(2)
        self.tree.setHeaderLabels(["Keys or mouse", "What they do"])
        self.tree.header().setSectionResizeMode(0, QHeaderView.ResizeMode.ResizeToContents)
        self.tree.setRootIsDecorated(False)
        self.tree.setWordWrap(True)
        for group, rows in (*menu_keys(menus), *PANES.items()):
            self._add(group, rows)
        self.tree.expandAll()
        self.filter.textChanged.connect(self._search)
        column = QVBoxLayout(self)
        column.addWidget(self.filter)
        column.addWidget(self.tree)
        self.resize(*SIZE)

    def _add(self, group: str, rows: Rows) -> None:
        head = QTreeWidgetItem([group])
        font = head.font(0)
        font.setBold(True)
        head.setFont(0, font)
        head.setFlags(Qt.ItemFlag.ItemIsEnabled)
        items = [QTreeWidgetItem(list(row)) for row in rows]
        head.addChildren(items)
        self.groups.append((head, items))
        self.tree.addTopLevelItem(head)
        head.setFirstColumnSpanned(True)

    def _search(self, text: str) -> None:
        """Show the rows that hold the text."""
        for head, items in self.groups:
            for item in items:
                item.setHidden(text.lower() not in f"{item.text(0)} {item.text(1)}".lower())
            head.setHidden(all(item.isHidden() for item in items))


def menu_keys(menus: QMenuBar) -> Iterator[tuple[str, Rows]]:
    """Yield each menu that has commands with keys: its name, and a row for each of those."""
    for entry in menus.actions():
        menu = entry.menu()
        rows = [_row(action) for action in menu.actions() if action.shortcuts()] if isinstance(menu, QMenu) else []
        if rows:
            yield entry.text().replace("&", ""), rows


def _row(action: QAction) -> tuple[str, str]:
    keys = [key.toString(QKeySequence.SequenceFormat.NativeText) for key in action.shortcuts()]
    # Some systems give a command keys that few keyboards have.
    usual = [key for key in keys if USUAL.fullmatch(key)]
    # The text of some commands says what they would do just now.
    return ", ".join(usual or keys), (action.whatsThis() or action.text()).replace("&", "").removesuffix(" …")
