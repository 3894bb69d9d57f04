"""The base of all panes, a header with a title and controls, and small standard widgets."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QContextMenuEvent
from PySide6.QtWidgets import (
    QButtonGroup,
    QFrame,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from explorer.views.common.header import Header
from explorer.views.common.menus import offer_label


class Pane(QWidget):
    """A surface; subclasses fill :attr:`body` and may add controls to :attr:`header`.

    The header is the :attr:`bar` of the dock that holds the pane: it moves, and by a double click floats, the dock.
    """

    def __init__(self, title: str, show_title: bool = True) -> None:
        super().__init__()
        self.setObjectName("pane")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setWindowTitle(title)
        self.setAccessibleName(title)
        self.bar = self.header = Header()
        if show_title:
            self.header.addWidget(heading(title))
        self.body = QVBoxLayout()
        self.body.setContentsMargins(12, 0, 12, 10)
        self.body.setSpacing(6)
        self.setLayout(self.body)
        self.shown = True

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        """Offer to copy the number or the text under the mouse."""
        offer_label(self, event)

    def set_shown(self, shown: bool) -> None:
        """Record whether the pane is in front in its dock: what nobody sees costs nothing."""
        self.shown = shown
        focus = focused(self)
        if not shown and focus is not None and (self.isAncestorOf(focus) or self.bar.isAncestorOf(focus)):
            # Keys must not go where nobody looks.
            focus.clearFocus()

    def heightForWidth(self, width: int) -> int:
        """Return the least height at a width: a scroll area would else ask for the one that is preferred."""
        return self.body.totalMinimumHeightForWidth(width)

    def scrolled(self) -> QScrollArea:
        """Return an area that holds the pane, and scrolls it where it finds too little room."""
        area = QScrollArea()
        area.setObjectName("scrolled")
        area.setFrameShape(QFrame.Shape.NoFrame)
        area.setWidgetResizable(True)
        area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        area.setWidget(self)
        return area


def focused(widget: QWidget) -> QWidget | None:
    """Return what the keys go to in the window of a widget; None if they go to the window itself."""
    return widget.window().focusWidget()


def heading(text: str) -> QLabel:
    """Return a pane's title."""
    label = QLabel(text)
    label.setObjectName("heading")
    return label


def caption(text: str = "") -> QLabel:
    """Return a quiet label for names and units."""
    label = QLabel(text)
    label.setObjectName("caption")
    return label


class Segments(QWidget):
    """A row of buttons of which one is down."""

    def __init__(self, name: str, choices: dict[str, str], tips: dict[str, str]) -> None:
        super().__init__()
        self.setAccessibleName(name)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(0)
        self.group = QButtonGroup(self)
        self._keys = list(choices)
        for number, (key, text) in enumerate(choices.items()):
            button = QPushButton(text)
            button.setObjectName("segment")
            button.setCheckable(True)
            button.setToolTip(tips.get(key, ""))
            button.setAccessibleName(f"{name}: {text}")
            self.group.addButton(button, number)
            row.addWidget(button)

    def set_choice(self, key: str) -> None:
        """Press one button without emitting a signal."""
        self.group.button(self._keys.index(key)).setChecked(True)

    def key_of(self, number: int) -> str:
        """Return the key of a button of :attr:`group`."""
        return self._keys[number]
