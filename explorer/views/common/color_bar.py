"""A colour bar: the colours of a heat map from its least to its greatest value, with both ends named."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QLinearGradient, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from explorer.theme.colors import Colors
from explorer.theme.theme import Theme
from explorer.views.common.painting import guarded

# The colours of a scheme, evenly spaced from the least value to the greatest.
Ramp = Callable[[Colors], Sequence[str]]
LENGTH, THICKNESS, HEIGHT, GAP = 120.0, 8.0, 18, 6.0


class ColorBar(QWidget):
    """One line: what is measured, the least value, the colours, the greatest value."""

    def __init__(self, theme: Theme, ramp: Ramp) -> None:
        super().__init__()
        self._theme, self._ramp = theme, ramp
        self.name = self.low = self.high = ""
        self.setFixedHeight(HEIGHT)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        theme.changed.connect(self.update)

    def show_scale(self, name: str, low: str, high: str) -> None:
        """Name what is measured, and its least and greatest value; no ``name`` is no bar."""
        self.name, self.low, self.high = name, low, high
        self.setAccessibleName(f"Colours: {name}, from {low} to {high}" if name else "")
        self.update()

    def sizeHint(self) -> QSize:
        """Return room for the bar and its texts."""
        return QSize(round(LENGTH) + 200, HEIGHT)

    def color_at(self, share: float) -> QColor:
        """Return the colour a ``share`` of the way from the least value to the greatest."""
        colors = [QColor(color) for color in self._ramp(self._theme.colors)]
        place = min(max(share, 0.0), 1.0) * (len(colors) - 1)
        row = min(int(place), len(colors) - 2)
        return mixed(colors[row], colors[row + 1], place - row)

    @guarded
    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the texts and the colours."""
        if not self.name:
            return
        painter = QPainter(self)
        painter.setFont(self._theme.font(11))
        painter.setPen(QColor(self._theme.colors.muted))
        at = self._write(painter, 0.0, self.name) + 2.0 * GAP
        at = self._write(painter, at, self.low) + GAP
        length = min(LENGTH, self.width() - at - GAP - painter.fontMetrics().horizontalAdvance(self.high))
        bar = QRectF(at, 0.5 * (HEIGHT - THICKNESS), max(length, 0.0), THICKNESS)
        colors = self._ramp(self._theme.colors)
        gradient = QLinearGradient(bar.topLeft(), bar.topRight())
        for number, color in enumerate(colors):
            gradient.setColorAt(number / (len(colors) - 1), QColor(color))
        painter.fillRect(bar, gradient)
        self._write(painter, bar.right() + GAP, self.high)
        painter.end()

    def _write(self, painter: QPainter, left: float, text: str) -> float:
        width = painter.fontMetrics().horizontalAdvance(text)
        painter.drawText(QRectF(left, 0.0, width + 1.0, HEIGHT), Qt.AlignmentFlag.AlignVCenter, text)
        return left + width


def mixed(low: QColor, high: QColor, share: float) -> QColor:
    """Return the colour a ``share`` of the way from one to the other."""
    parts = zip(rgb(low), rgb(high), strict=True)
    return QColor.fromRgbF(*(a + share * (b - a) for a, b in parts))


def rgb(color: QColor) -> tuple[float, float, float]:
    """Return the three parts of a colour, from 0 to 1."""
    return color.redF(), color.greenF(), color.blueF()
