"""The table of estimators: mean with its standard error, variance as a bar against the exact one, cost."""

from __future__ import annotations

import math
from functools import partial

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QContextMenuEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from explorer.state import AppState
from explorer.state.tally import Tally
from explorer.theme.theme import Theme
from explorer.views.common.menus import Entry, copy_text, pop_up
from explorer.views.common.painting import guarded
from explorer.views.lab.plots import estimator_color

# Five rows fit the pane at 1280 × 800.
LEAST_ROW, MOST_ROW = 30, 38
HEAD_HEIGHT = 34
MOST_ROWS = 5


class LabTable(QWidget):
    """Painted rows: two lines of text and a bar each; the bars' scale is logarithmic."""

    def __init__(self, state: AppState, theme: Theme) -> None:
        super().__init__()
        self.state, self.theme = state, theme
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumWidth(270)
        self.setAccessibleName("Estimators: mean, variance, cost")
        self.setToolTip("Bars: variance of one sample, on a logarithmic scale; the tick is the exact variance")
        theme.changed.connect(self.update)

    def sizeHint(self) -> QSize:
        """Room for five estimators."""
        return QSize(330, HEAD_HEIGHT + MOST_ROWS * LEAST_ROW)

    def show_tallies(self) -> None:
        """Show the newest numbers, to eyes and screen readers."""
        self.setAccessibleDescription("\n".join(self.lines()))
        self.update()

    def lines(self) -> list[str]:
        """Return the table as text."""
        return [f"{tally.estimator}: {_numbers(tally)}" for tally in self.state.lab.shown]

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        """Offer to copy the table."""
        copy = partial(copy_text, self, "\n".join(self.lines()))
        pop_up(self, event.globalPos(), [Entry("Copy the table", copy, bool(self.lines()))])

    @guarded
    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the head and a row for each estimator."""
        painter = QPainter(self)
        painter.setFont(self.theme.font(12))
        self._draw_head(painter)
        tallies = self.state.lab.shown
        scale = _scale(tallies)
        for row, tally in enumerate(tallies):
            self._draw_row(painter, row, tally, scale)
        painter.end()

    def _draw_head(self, painter: QPainter) -> None:
        lab = self.state.lab
        truth = lab.truth.get(lab.parameter)
        painter.setPen(QColor(self.theme.colors.text))
        text = "no samples yet" if truth is None else f"true gradient {truth:.5g}   ·   E[f] {lab.value:.5g}"
        painter.drawText(QPointF(0.0, 13.0), text)
        painter.setPen(QColor(self.theme.colors.muted))
        painter.setFont(self.theme.font(11))
        painter.drawText(QPointF(0.0, 28.0), "running mean ± SE  ·  variance of one sample (exact)  ·  µs per sample")

    def _draw_row(self, painter: QPainter, row: int, tally: Tally, scale: tuple[float, float]) -> None:
        height = min(max((self.height() - HEAD_HEIGHT) // MOST_ROWS, LEAST_ROW), MOST_ROW)
        top, color = HEAD_HEIGHT + row * height, QColor(estimator_color(self.theme, row))
        painter.setFont(self.theme.font(12, 600))
        painter.setPen(color)
        name = f"{tally.estimator} (biased)" if tally.biased else tally.estimator
        painter.drawText(QPointF(0.0, top + 11.0), name)
        painter.setFont(self.theme.font(11))
        painter.setPen(QColor(self.theme.colors.text))
        room = painter.fontMetrics().elidedText(_numbers(tally), Qt.TextElideMode.ElideRight, self.width())
        painter.drawText(QPointF(0.0, top + 23.0), room)
        self._draw_bar(painter, top + 26.0, tally, color, scale)

    def _draw_bar(self, painter: QPainter, top: float, tally: Tally, color: QColor, scale: tuple[float, float]) -> None:
        faint = QColor(color)
        faint.setAlpha(130)
        painter.fillRect(QRectF(0.0, top, self._length(tally.sample_variance, scale), 3.0), faint)
        if tally.variance is not None and tally.variance > 0.0:
            at = self._length(tally.variance, scale)
            painter.setPen(QPen(QColor(self.theme.colors.text), 2.0))
            painter.drawLine(QPointF(at, top - 1.0), QPointF(at, top + 4.0))

    def _length(self, variance: float, scale: tuple[float, float]) -> float:
        low, high = scale
        share = (math.log10(max(variance, 10.0**low)) - low) / max(high - low, 1e-9)
        return max(1.0, min(share, 1.0) * (self.width() - 4.0))


def _numbers(tally: Tally) -> str:
    exact = "" if tally.variance is None else f" ({tally.variance:.4g})"
    return (
        f"{tally.mean:.4f} ± {tally.error:.4f}  ·  {tally.sample_variance:.4g}{exact}  ·  {tally.microseconds:.3g} µs"
    )


def _scale(tallies: list[Tally]) -> tuple[float, float]:
    """Return the ends of the bars as decimal logarithms: a decade below the smallest variance, to the largest."""
    variances = [tally.sample_variance for tally in tallies if tally.sample_variance > 1e-12]
    if not variances:
        return 0.0, 1.0
    return math.log10(min(variances)) - 1.0, math.log10(max(variances)) + 0.05
