"""The equation of the path from noise to a value, large, with live numbers in the colours of their grips."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QSize
from PySide6.QtGui import QColor, QFontMetricsF, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from explorer.state.answers import DistributionAnswer
from explorer.theme.theme import Theme
from explorer.views.common.numbers import steady
from explorer.views.common.painting import guarded

HEIGHT = 30
PIXELS = 19
# The widest of the usual numbers: a text keeps its place while its number changes.
ROOM = "-0.000"
APART, MARGIN = 26.0, 4.0
STRAIGHT = "z = μ + σ·ε: the noise ε, drawn once, is stretched by σ and moved by μ, so that z follows both smoothly"
CURVED = "z = F⁻¹(u(ε)): the noise ε, drawn once, has the probability u, and z is the quantile of q there"
STEPS = "z = F⁻¹(u(ε)) goes up in steps: between them z does not move with the parameters, and no gradient passes"
Part = tuple[str, str]


class Equation(QWidget):
    """One line: the equation in symbols, where there is room, and in numbers."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._answer: DistributionAnswer | None = None
        self.dimmed = False
        self._font = theme.font(PIXELS, 600)
        self._metrics = QFontMetricsF(self._font)
        self._room = self._metrics.horizontalAdvance(ROOM)
        self.setFixedHeight(HEIGHT)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def sizeHint(self) -> QSize:
        """Take the width there is."""
        return QSize(200, HEIGHT)

    def show_answer(self, answer: DistributionAnswer) -> None:
        """Show the newest numbers."""
        facts = answer.family.facts
        told = STRAIGHT if facts.straight else STEPS if facts.whole else CURVED
        if told != self.toolTip():
            self.setToolTip(told)
            self.setAccessibleName(told)
        self._answer = answer
        self.update()

    def set_dimmed(self, dimmed: bool) -> None:
        """Show that the numbers are of what was there before."""
        self.dimmed = dimmed
        self.update()

    @property
    def text(self) -> str:
        """The equation in numbers, as it is read."""
        return "".join(text for text, _ in self._numbers()).strip()

    def _symbols(self) -> list[Part]:
        answer, colors = self._answer, self._theme.colors
        if answer is None:
            return []
        if not answer.family.facts.straight:
            return [(answer.name, colors.text), (" = F⁻¹(u(", ""), ("ε", colors.third), ("))", "")]
        loc, scale = (answer.family.facts.parameter(name).symbol for name in ("loc", "scale"))
        terms = [(loc, colors.accent), (" + ", ""), (scale, colors.accent), (" · ", ""), ("ε", colors.third)]
        return [(answer.name, colors.text), (" = ", ""), *terms]

    def _numbers(self) -> list[Part]:
        answer, colors = self._answer, self._theme.colors
        if answer is None:
            return []
        z, eps = (steady(value) for value in (answer.place.z, answer.place.eps))
        if answer.family.facts.whole:
            z = f"{answer.place.z:.0f}"
        if not answer.family.facts.straight:
            return [(z, colors.text), (" = F⁻¹(u(", ""), (eps, colors.third), ("))", "")]
        loc, scale = (steady(answer.family.parameters[name]) for name in ("loc", "scale"))
        terms = [(loc, colors.accent), (" + ", ""), (scale, colors.accent), (" · ", ""), (eps, colors.third)]
        return [(z, colors.text), (" = ", ""), *terms]

    @guarded
    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw both sides."""
        painter, numbers = QPainter(self), self._numbers()
        painter.setOpacity(0.35 if self.dimmed else 1.0)
        painter.setFont(self._font)
        straight = self._answer is not None and self._answer.family.facts.straight
        widths = [self._metrics.horizontalAdvance(text) for text, _ in numbers]
        # Numbers, which have a colour, stand at the right of the room of the usual ones.
        rooms = [max(w, self._room) if straight and part[1] else w for w, part in zip(widths, numbers, strict=True)]
        start = self._draw_symbols(painter, self.width() - sum(rooms))
        for (text, color), width, room in zip(numbers, widths, rooms, strict=True):
            painter.setPen(QColor(color or self._theme.colors.muted))
            painter.drawText(QPointF(start + room - width, HEIGHT - 8.0), text)
            start += room

    def _draw_symbols(self, painter: QPainter, room: float) -> float:
        """Draw the equation in symbols if they find room; return where the numbers begin."""
        symbols, start = self._symbols(), MARGIN
        widths = [self._metrics.horizontalAdvance(text) for text, _ in symbols]
        if MARGIN + sum(widths) + APART > room:
            return start
        for (text, color), width in zip(symbols, widths, strict=True):
            painter.setPen(QColor(color or self._theme.colors.muted))
            painter.drawText(QPointF(start, HEIGHT - 8.0), text)
            start += width
        return start + APART
