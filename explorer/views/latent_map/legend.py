"""The legend of the map: a button per class that shows or hides it, and brings it to the front under the mouse."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QEnterEvent, QIcon, QPainter, QPen, QPixmap
from PySide6.QtWidgets import QApplication, QToolButton, QWidget

from explorer.theme.theme import Theme
from explorer.views.common.flow import FlowLayout
from explorer.views.common.pane import caption

DOT = 10


class ClassButton(QToolButton):
    """One class: pressed while it is shown; a hollow dot stands for a hidden one."""

    entered = Signal(object)
    left = Signal()

    def __init__(self, label: int, name: str) -> None:
        super().__init__()
        self.label = label
        self.setObjectName("chip")
        self.setCheckable(True)
        self.setChecked(True)
        self.setText(name)
        self.setIconSize(QSize(DOT, DOT))
        self.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.setAccessibleName(f"Show class {name}")
        self.setToolTip(f"Class {name}: click to hide or show it; Ctrl+click shows it alone")

    def restyle(self, color: QColor) -> None:
        """Take the colour of the class."""
        icon = QIcon(_dot(color, filled=False))
        icon.addPixmap(_dot(color, filled=True), QIcon.Mode.Normal, QIcon.State.On)
        self.setIcon(icon)

    def enterEvent(self, event: QEnterEvent) -> None:
        """Bring the class to the front."""
        super().enterEvent(event)
        self.entered.emit(self.label)

    def leaveEvent(self, event: QEvent) -> None:
        """Let it go back."""
        super().leaveEvent(event)
        self.left.emit()


class Legend(QWidget):
    """The classes in lines, and what the rings are.

    Signals
    -------
    hidden_changed
        Other classes than before are in :attr:`hidden`.
    pointed(object)
        The class under the mouse, None if there is none.
    """

    hidden_changed = Signal()
    pointed = Signal(object)

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self.buttons: dict[int, ClassButton] = {}
        self.hidden: frozenset[int] = frozenset()
        self._rings = caption("┄ prior")
        self._rings.setToolTip("Circles at 1, 2 and 3 standard deviations of the prior")
        self._row = FlowLayout(self, 2)
        self.setAccessibleName("Legend of the classes")

    def set_classes(self, names: dict[int, str]) -> None:
        """Show buttons for classes, all of them pressed."""
        if names == {label: button.text() for label, button in self.buttons.items()}:
            return
        self._empty()
        for label, name in names.items():
            button = ClassButton(label, name)
            button.clicked.connect(self._clicked)
            button.entered.connect(self.pointed)
            button.left.connect(self._left)
            self.buttons[label] = button
            self._row.addWidget(button)
            # Its words stand as high as those of the classes.
            self._rings.setMinimumHeight(button.sizeHint().height())
        self._row.addWidget(self._rings)
        self.hidden = frozenset()
        self.restyle()

    def _empty(self) -> None:
        for button in self.buttons.values():
            self._row.removeWidget(button)
            button.deleteLater()
        self._row.removeWidget(self._rings)
        self.buttons = {}

    def restyle(self) -> None:
        """Take the colours of the scheme."""
        for label, button in self.buttons.items():
            button.restyle(self._theme.class_color(label))

    def _left(self) -> None:
        self.pointed.emit(None)

    def _clicked(self) -> None:
        sender = self.sender()
        alone = bool(QApplication.keyboardModifiers() & Qt.KeyboardModifier.ControlModifier)
        if isinstance(sender, ClassButton) and alone:
            only = self.hidden == frozenset(self.buttons) - {sender.label}
            for button in self.buttons.values():
                button.setChecked(only or button is sender)
        self.hidden = frozenset(label for label, button in self.buttons.items() if not button.isChecked())
        self.hidden_changed.emit()


def _dot(color: QColor, filled: bool) -> QPixmap:
    pixmap = QPixmap(2 * DOT, 2 * DOT)
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(QPen(color, 3.0))
    painter.setBrush(color if filled else Qt.GlobalColor.transparent)
    painter.drawEllipse(QRectF(3, 3, 2 * DOT - 6, 2 * DOT - 6))
    painter.end()
    pixmap.setDevicePixelRatio(2.0)
    return pixmap
