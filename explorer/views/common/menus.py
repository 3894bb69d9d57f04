"""Context menus: entries as data, and what every number offers."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QContextMenuEvent, QGuiApplication, QTextDocumentFragment
from PySide6.QtWidgets import QApplication, QLabel, QMenu, QWidget

from explorer.views.common.bubble import say

LONGEST_ENTRY = 48
TAG = re.compile(r"</?[a-z]+[^<>]*>")


@dataclass(frozen=True)
class Entry:
    """A line of a context menu, and what it does."""

    text: str
    do: Callable[[], object]
    enabled: bool = True


# From top to bottom; None is a separator.
Entries = Sequence[Entry | None]


def pop_up(over: QWidget, at: QPoint, entries: Entries) -> None:
    """Open a menu at a place of the screen; it is gone when it is closed."""
    menu = QMenu(over)
    menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    for entry in entries:
        if entry is None:
            menu.addSeparator()
        else:
            menu.addAction(entry.text.replace("&", "&&"), entry.do).setEnabled(entry.enabled)
    menu.popup(at)


def close_menus(over: QWidget) -> None:
    """Close the menu of :func:`pop_up` that is open in a window: what it is about has gone."""
    # To search the window for it would take 10 ms, at every model, data set and embedding.
    menu = QApplication.activePopupWidget()
    if isinstance(menu, QMenu) and menu.testAttribute(Qt.WidgetAttribute.WA_DeleteOnClose):
        owner = menu.parentWidget()
        if owner is over or (owner is not None and over.isAncestorOf(owner)):
            menu.close()


def copy_text(beside: QWidget, text: str) -> None:
    """Copy a text, and say so."""
    QGuiApplication.clipboard().setText(text)
    say(beside, f"Copied {_shortened(text)}")


def label_entries(over: QWidget, at: QPoint) -> Entries:
    """Return how to copy the text of the label at a place of a widget; nothing where there is none."""
    label = over.childAt(at)
    text = plain_text_of(label) if isinstance(label, QLabel) else ""
    if not isinstance(label, QLabel) or not text:
        return ()
    return (Entry(f"Copy {_shortened(text)}", lambda: copy_text(label, text)),)


def offer_label(over: QWidget, event: QContextMenuEvent) -> None:
    """Open the menu of the label under an event, or leave the event to what lies behind."""
    entries = label_entries(over, event.pos())
    if entries:
        pop_up(over, event.globalPos(), entries)
    else:
        event.ignore()


def plain_text_of(label: QLabel) -> str:
    """Return the text of a label as it is read."""
    text = label.text()
    rich = label.textFormat() == Qt.TextFormat.RichText or TAG.search(text) is not None
    return (QTextDocumentFragment.fromHtml(text).toPlainText() if rich else text).strip()


def _shortened(text: str) -> str:
    line = " ".join(text.split())
    return f"“{line}”" if len(line) <= LONGEST_ENTRY else f"“{line[:LONGEST_ENTRY]} …”"
