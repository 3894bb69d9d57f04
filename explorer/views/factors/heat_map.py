"""A heat map of what every latent dimension knows about every factor, with the gap of each factor at the end."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import partial

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt
from PySide6.QtGui import (
    QColor,
    QContextMenuEvent,
    QHelpEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
)
from PySide6.QtWidgets import QSizePolicy, QToolTip

from explorer.state import AppState
from explorer.theme.theme import Theme
from explorer.views.common.color_bar import mixed, rgb
from explorer.views.common.focus import FocusPainted
from explorer.views.common.menus import Entry, copy_text, pop_up
from explorer.views.common.painting import guarded
from models.core.factors import Disentanglement
from models.core.geometry import dimension_name

# More columns than this are too narrow to be told apart; those with the least KL are left out.
MOST_COLUMNS = 64
LEAST_TOP = 0.05
LEAST_ROW = 18.0
# In rows as high as this the share is a bar as well as a colour.
BAR_ROW = 60.0
WIDEST_CELL = 88.0
LEAST_WIDTH = 320
# A number fits into a cell, a name below it.
NUMBER_WIDTH, NUMBER_HEIGHT, NAME_WIDTH = 32.0, 18.0, 26.0
GAP_WIDTH, AXIS_HEIGHT, MARGIN = 52.0, 40.0, 10.0
END = GAP_WIDTH + MARGIN
Key = Qt.Key
STEPS = {Key.Key_Left: (0, -1), Key.Key_Right: (0, 1), Key.Key_Up: (-1, 0), Key.Key_Down: (1, 0)}


@dataclass(frozen=True)
class Grid:
    """The places of the cells."""

    left: float
    cell: float
    row: float

    def rect(self, row: int, column: int) -> QRectF:
        """Return the place of a cell."""
        return QRectF(self.left + column * self.cell, row * self.row, self.cell, self.row)


class FactorMap(FocusPainted):
    """Painted cells; click or arrow keys choose one, which is a factor and a dimension."""

    def __init__(self, state: AppState, theme: Theme) -> None:
        super().__init__()
        self.state, self.theme = state, theme
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(LEAST_WIDTH, 120)
        self.setAccessibleName("Mutual information between factors and dimensions: arrow keys choose a cell")
        theme.changed.connect(self.update)

    def sizeHint(self) -> QSize:
        """Return room for five factors."""
        return QSize(640, 220)

    @property
    def dims(self) -> list[int]:
        """The dimensions of the columns, those with most KL first."""
        embedding, result = self.state.model.embedding, self.state.factors.result
        if embedding is None or result is None or embedding.latent_dim != result.information.shape[1]:
            return []
        return [int(dim) for dim in embedding.order[:MOST_COLUMNS]]

    @property
    def top(self) -> float:
        """The share of the entropy that has the strongest colour."""
        result, dims = self.state.factors.result, self.dims
        if result is None or not dims:
            return LEAST_TOP
        shares = result.normalized[:, dims]
        return max([float(share) for share in shares.flat if math.isfinite(share)], default=LEAST_TOP) or LEAST_TOP

    def show_result(self) -> None:
        """Show the newest numbers, to screen readers too."""
        self.setAccessibleDescription("\n".join(self.lines()))
        result = self.state.factors.result
        if result is not None:
            # What a few columns leave free, the plot beside them takes.
            self.setMaximumWidth(max(LEAST_WIDTH, math.ceil(self._left(result) + self._columns * WIDEST_CELL + END)))
        self.update()

    @property
    def _columns(self) -> int:
        return max(len(self.dims), 1)

    def _left(self, result: Disentanglement) -> float:
        """Return where the columns begin: after the longest name of a factor."""
        return MARGIN + max((self._metrics_width(factor.name) for factor in result.factors), default=0.0)

    def lines(self) -> list[str]:
        """Return the map as text: for each factor its gap and the dimensions that know most about it."""
        result = self.state.factors.result
        if result is None:
            return []
        lines = []
        for row, factor in enumerate(result.factors):
            best = sorted(self.dims, key=lambda dim: -float(result.normalized[row, dim]))[:3]
            shares = ", ".join(f"{dimension_name(dim)} {result.normalized[row, dim]:.2f}" for dim in best)
            lines.append(f"{factor.name}: gap {result.gaps[row]:.3f}; {shares}")
        return lines

    # -------------------------------------------------------------------------------------------------- painting

    def grid(self) -> Grid:
        """Return where the cells lie at this size."""
        result = self.state.factors.result
        rows, left = (1, MARGIN) if result is None else (len(result.factors), self._left(result))
        cell = min(WIDEST_CELL, (self.width() - left - END) / self._columns)
        return Grid(left, cell, max((self.height() - AXIS_HEIGHT) / rows, LEAST_ROW))

    def _metrics_width(self, text: str) -> float:
        return float(self.fontMetrics().horizontalAdvance(text))

    @guarded
    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw names, cells, gaps and the axis."""
        result = self.state.factors.result
        if result is None:
            return
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.TextAntialiasing)
        grid, dims, top = self.grid(), self.dims, self.top
        for row in range(len(result.factors)):
            self._draw_row(painter, grid, row, result)
            for column, dim in enumerate(dims):
                self._draw_cell(painter, grid.rect(row, column), float(result.normalized[row, dim]), top)
        self._draw_axis(painter, grid, len(result.factors), dims)
        self._draw_chosen(painter, grid, dims)
        painter.end()

    def _draw_row(self, painter: QPainter, grid: Grid, row: int, result: Disentanglement) -> None:
        painter.setFont(self.theme.font(12))
        chosen = row == self.state.factors.factor
        painter.setPen(QColor(self.theme.colors.text if chosen else self.theme.colors.muted))
        place = QRectF(0.0, row * grid.row, grid.left - 8.0, grid.row)
        right, middle = Qt.AlignmentFlag.AlignRight, Qt.AlignmentFlag.AlignVCenter
        painter.drawText(place, right | middle, result.factors[row].name)
        gap = float(result.gaps[row])
        painter.setPen(QColor(self.theme.colors.text))
        after = QRectF(grid.left + len(self.dims) * grid.cell + MARGIN, row * grid.row, GAP_WIDTH - MARGIN, grid.row)
        painter.drawText(after, right | middle, f"{gap:.3f}" if math.isfinite(gap) else "–")

    def _draw_cell(self, painter: QPainter, place: QRectF, share: float, top: float) -> None:
        known = share if math.isfinite(share) else 0.0
        color = mixed(QColor(self.theme.colors.field), QColor(self.theme.colors.accent), min(known / top, 1.0))
        room = 1.0 if place.width() > 6.0 else 0.0
        cell = place.adjusted(0.0, 0.0, -room, -1.0)
        if place.height() >= BAR_ROW:
            painter.fillRect(cell, QColor(self.theme.colors.field))
            free = cell.height() * (1.0 - min(known / top, 1.0))
            painter.fillRect(cell.adjusted(0.0, free, 0.0, 0.0), color)
            # The number stands on the bar, or in it where there is no room above.
            head = free - NUMBER_HEIGHT if free >= NUMBER_HEIGHT else free
            place = QRectF(place.left(), place.top() + head, place.width(), NUMBER_HEIGHT)
            color = QColor(self.theme.colors.field) if free >= NUMBER_HEIGHT else color
        else:
            painter.fillRect(cell, color)
        if place.width() >= NUMBER_WIDTH:
            candidates = (QColor(self.theme.colors.text), QColor(self.theme.colors.on_accent))
            painter.setPen(max(candidates, key=lambda ink: contrast(ink, color)))
            painter.setFont(self.theme.font(11))
            painter.drawText(place, Qt.AlignmentFlag.AlignCenter, f"{share:.2f}" if math.isfinite(share) else "–")

    def _draw_axis(self, painter: QPainter, grid: Grid, rows: int, dims: list[int]) -> None:
        below, centre = rows * grid.row + 2.0, Qt.AlignmentFlag.AlignHCenter
        every = max(1, math.ceil(NAME_WIDTH / max(grid.cell, 1e-9)))
        painter.setFont(self.theme.font(11))
        for column in range(0, len(dims), every):
            chosen = dims[column] == self.state.display.dimension
            painter.setPen(QColor(self.theme.colors.text if chosen else self.theme.colors.muted))
            middle = grid.rect(0, column).center().x()
            painter.drawText(QRectF(middle - 20.0, below, 40.0, 17.0), centre, dimension_name(dims[column]))
        painter.setPen(QColor(self.theme.colors.muted))
        painter.setFont(self.theme.font(12))
        width = len(dims) * grid.cell
        total = self.state.latent.latent_dim
        left_out = f" (the first {len(dims)} of {total})" if len(dims) < total else ""
        painter.drawText(
            QRectF(grid.left, below + 18.0, max(width, 220.0), 18.0), 0, f"latent dimension, by KL{left_out}"
        )
        after = QRectF(grid.left + width, below, GAP_WIDTH, 17.0)
        painter.drawText(after, Qt.AlignmentFlag.AlignRight, "gap")

    def _draw_chosen(self, painter: QPainter, grid: Grid, dims: list[int]) -> None:
        if self.state.display.dimension in dims:
            place = grid.rect(self.state.factors.factor, dims.index(self.state.display.dimension))
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setPen(QPen(QColor(self.theme.colors.text), 2.5 if self.hasFocus() else 1.5))
            painter.drawRect(place.adjusted(0.5, 0.5, -1.0, -1.0))

    # ------------------------------------------------------------------------------------------------- choosing

    def cell_at(self, place: QPointF) -> tuple[int, int] | None:
        """Return the factor and the dimension at a place, None beside the cells."""
        grid, dims, result = self.grid(), self.dims, self.state.factors.result
        if result is None or place.x() < grid.left or place.y() < 0.0:
            return None
        row, column = int(place.y() // grid.row), int((place.x() - grid.left) // max(grid.cell, 1e-9))
        return (row, dims[column]) if row < len(result.factors) and column < len(dims) else None

    def choose(self, row: int, dim: int) -> None:
        """Choose one cell."""
        self.state.factors.set_factor(row)
        self.state.display.set_dimension(dim)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Choose the cell under the mouse."""
        cell = self.cell_at(event.position())
        if cell is not None and event.button() == Qt.MouseButton.LeftButton:
            self.choose(*cell)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        """Offer to copy the numbers of a cell, or all."""
        keyed = event.reason() == QContextMenuEvent.Reason.Keyboard
        chosen = self.state.factors.factor, self.state.display.dimension
        cell = chosen if keyed else self.cell_at(QPointF(event.pos()))
        own = [] if cell is None else [Entry(f"Copy {self.told(*cell)}", partial(copy_text, self, self.told(*cell)))]
        lines = "\n".join(self.lines())
        pop_up(self, event.globalPos(), [*own, Entry("Copy the map as text", partial(copy_text, self, lines))])

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Move the choice with the arrow keys; leave other keys to others."""
        dims, result = self.dims, self.state.factors.result
        step = STEPS.get(Key(event.key()))
        if step is None or result is None or not dims:
            super().keyPressEvent(event)
            return
        chosen = self.state.display.dimension
        column = dims.index(chosen) + step[1] if chosen in dims else 0
        row = min(max(self.state.factors.factor + step[0], 0), len(result.factors) - 1)
        self.choose(row, dims[min(max(column, 0), len(dims) - 1)])

    def event(self, event: QEvent) -> bool:
        """Show the numbers of the cell under the mouse."""
        if isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip:
            cell = self.cell_at(QPointF(event.pos()))
            QToolTip.showText(event.globalPos(), "" if cell is None else self.told(*cell), self)
            return True
        return super().event(event)

    def told(self, row: int, dim: int) -> str:
        """Return the numbers of one cell as text."""
        result = self.state.factors.result
        if result is None:
            return ""
        factor = result.factors[row]
        known = f"I({dimension_name(dim)}; {factor.name}) = {result.information[row, dim]:.3f}"
        return f"{known} of {factor.entropy:.3f} nats; {factor.bias:.3f} by chance"


def contrast(one: QColor, other: QColor) -> float:
    """Return the ratio of the luminances of two colours, from 1 to 21 (WCAG 2)."""
    low, high = sorted((_luminance(one), _luminance(other)))
    return (high + 0.05) / (low + 0.05)


def _luminance(color: QColor) -> float:
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in rgb(color)]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
