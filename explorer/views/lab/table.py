"""The table of estimators: mean with its standard error, variance as a bar against the exact one, cost."""

from __future__ import annotations

import math
from functools import partial

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QContextMenuEvent, QPainter, QPen, QResizeEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QLabel,
    QSizePolicy,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from explorer.state import AppState
from explorer.state.tally import Tally
from explorer.theme.theme import Theme
from explorer.views.common.menus import Entry, copy_text, pop_up
from explorer.views.common.painting import guarded
from explorer.views.lab.plots import estimator_color

Index = QModelIndex | QPersistentModelIndex
Role = Qt.ItemDataRole
NAME, MEAN, VARIANCE, EXACT, COST = range(5)
HEADINGS = ("estimator", "mean ± SE", "variance", "exact", "µs")
TIPS = (
    "The estimator, with its colour in the plots",
    "Mean of all samples so far ± its standard error",
    "Variance of one sample; the bars share a logarithmic scale, and the tick is the exact variance",
    "Variance of one sample in closed form or by quadrature; – where there is none",
    "Cost of one sample in microseconds",
)
# The widest usual text of each column of fixed width.
WIDEST = {MEAN: "−0.0000 ± 0.0000", EXACT: "000.0", COST: "00.00"}
SWATCH, PADDING = 10, 11
ROW_HEIGHT, BAR_HEIGHT = 28, 3.0
LEAST_VARIANCE_WIDTH, MOST_NAME_SHARE = 74, 0.42
LEAST_NAME_WIDTH = 84
LEAST_WIDTH = 338


class TallyModel(QAbstractTableModel):
    """The tallies of the parameter that is shown, one row each."""

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self._theme = theme
        self.tallies: list[Tally] = []

    def show_tallies(self, tallies: list[Tally]) -> None:
        """Show these rows; the same estimators as before keep their places and the selection."""
        same = [tally.estimator for tally in tallies] == [tally.estimator for tally in self.tallies]
        if not same:
            self.beginResetModel()
        self.tallies = tallies
        if not same:
            self.endResetModel()
        elif tallies:
            self.dataChanged.emit(self.index(0, 0), self.index(len(tallies) - 1, COST))

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        """Return one row for each estimator."""
        return 0 if parent.isValid() else len(self.tallies)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        """Return the number of columns."""
        return 0 if parent.isValid() else len(HEADINGS)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Role.DisplayRole) -> object:
        """Return name and explanation of a column."""
        if orientation != Qt.Orientation.Horizontal:
            return None
        if role == Role.TextAlignmentRole:
            return _alignment(section)
        return {Role.DisplayRole: HEADINGS, Role.ToolTipRole: TIPS}.get(Role(role), [None] * len(HEADINGS))[section]

    def data(self, index: Index, role: int = Role.DisplayRole) -> object:
        """Return text, tip, colour or alignment of a cell."""
        tally, column = self.tallies[index.row()], index.column()
        if role in (Role.DisplayRole, Role.ToolTipRole):
            return cells(tally)[column] if role == Role.DisplayRole else f"{TIPS[column]}: {cells(tally)[column]}"
        if role == Role.DecorationRole and column == NAME:
            return QColor(estimator_color(self._theme, tally.estimator))
        return _alignment(column) if role == Role.TextAlignmentRole else None


class VarianceDelegate(QStyledItemDelegate):
    """Draws the variance over its bar; the tick across the bar is the exact one."""

    def __init__(self, model: TallyModel, theme: Theme) -> None:
        super().__init__(model)
        self._model, self._theme = model, theme

    @guarded
    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        """Draw the cell as any other, its text a little higher, and the bar below."""
        upper = QStyleOptionViewItem(option)
        upper.rect = option.rect.adjusted(0, 0, 0, -round(BAR_HEIGHT) - 3)
        super().paint(painter, upper, index)
        tally, scale = self._model.tallies[index.row()], scale_of(self._model.tallies)
        area = QRectF(option.rect).adjusted(4.0, 0.0, -6.0, -3.0)
        top, color = area.bottom() - BAR_HEIGHT, QColor(estimator_color(self._theme, tally.estimator))
        color.setAlpha(160)
        length = area.width() * share_of(tally.sample_variance, scale)
        painter.fillRect(QRectF(area.left(), top, max(length, 1.0), BAR_HEIGHT), color)
        if tally.variance is not None and tally.variance > 0.0:
            at = area.left() + area.width() * share_of(tally.variance, scale)
            painter.setPen(QPen(QColor(self._theme.colors.text), 2.0))
            painter.drawLine(QPointF(at, top - 1.5), QPointF(at, top + BAR_HEIGHT + 1.5))


class LabTable(QWidget):
    """What is estimated, and a row for each estimator."""

    def __init__(self, state: AppState, theme: Theme) -> None:
        super().__init__()
        self.state, self.theme = state, theme
        self.head, self.view = QLabel(), QTableView()
        self.model = TallyModel(theme, self)
        self._build()
        theme.changed.connect(self.restyle)
        self.restyle()

    def _build(self) -> None:
        view = self.view
        view.setModel(self.model)
        view.setItemDelegateForColumn(VARIANCE, VarianceDelegate(self.model, self.theme))
        view.setAccessibleName("Estimators: mean, variance, cost")
        view.setObjectName("estimators")
        view.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        view.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        view.setTabKeyNavigation(False)
        view.setShowGrid(False)
        view.setWordWrap(False)
        view.setIconSize(QSize(SWATCH, SWATCH))
        view.verticalHeader().hide()
        view.verticalHeader().setDefaultSectionSize(ROW_HEIGHT)
        header = view.horizontalHeader()
        header.setHighlightSections(False)
        header.setMinimumSectionSize(1)
        header.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        header.setSectionResizeMode(VARIANCE, QHeaderView.ResizeMode.Stretch)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(2)
        column.addWidget(self.head)
        column.addWidget(view, 1)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumWidth(LEAST_WIDTH)

    def restyle(self) -> None:
        """Take the fonts of the scheme."""
        self.view.setFont(self.theme.font(12))
        self.view.horizontalHeader().setFont(self.theme.font(11))
        self._fit()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Give each column its width."""
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        """Share the width out; where it is scarce the exact variance is left to its tick and its tip."""
        metrics, view = self.view.fontMetrics(), self.view
        widths = {column: metrics.horizontalAdvance(text) + PADDING for column, text in WIDEST.items()}
        names = [cells(tally)[NAME] for tally in self.model.tallies] or ["score, mean baseline"]
        name = max(metrics.horizontalAdvance(text) for text in names) + 2 * SWATCH + PADDING
        widths[NAME] = min(name, round(MOST_NAME_SHARE * self.width()))
        view.setColumnHidden(EXACT, sum(widths.values()) + LEAST_VARIANCE_WIDTH > self.width())
        taken = sum(width for column, width in widths.items() if not view.isColumnHidden(column))
        # A name that is cut off is whole in its tip; of a number not a digit may be missing.
        widths[NAME] -= min(max(taken + LEAST_VARIANCE_WIDTH - self.width(), 0), widths[NAME] - LEAST_NAME_WIDTH)
        for column, width in widths.items():
            if not view.isColumnHidden(column):
                view.setColumnWidth(column, width)

    def show_tallies(self) -> None:
        """Show the newest numbers, to eyes and screen readers."""
        lab = self.state.lab
        truth, before = lab.truth.get(lab.parameter), [cells(tally)[NAME] for tally in self.model.tallies]
        self.head.setText(
            "no samples yet" if truth is None else
            f"true gradient {truth:.5g}  ·  E[f] {lab.value:.5g}  ·  {lab.count:,} samples"
        )  # fmt: skip
        self.model.show_tallies(lab.shown)
        if [cells(tally)[NAME] for tally in self.model.tallies] != before:
            self._fit()
        self.view.setAccessibleDescription("\n".join(self.lines()))

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        """Offer to copy the table."""
        copy = partial(copy_text, self, "\n".join(self.lines()))
        pop_up(self, event.globalPos(), [Entry("Copy the table", copy, bool(self.lines()))])

    def lines(self) -> list[str]:
        """Return the table as text."""
        rows = (cells(tally) for tally in self.model.tallies)
        return [
            f"{name}: {mean}, variance {variance} (exact {exact}), {cost} µs"
            for name, mean, variance, exact, cost in rows
        ]


def cells(tally: Tally) -> tuple[str, str, str, str, str]:
    """Return the texts of a row."""
    return (
        f"{tally.estimator} (biased)" if tally.biased else tally.estimator,
        with_error(tally.mean, tally.error),
        f"{tally.sample_variance:.4g}",
        "–" if tally.variance is None else f"{tally.variance:.4g}",
        f"{tally.microseconds:.3g}" if tally.microseconds < 1000.0 else f"{tally.microseconds:,.0f}",
    )


def with_error(mean: float, error: float) -> str:
    """Return a mean ± its standard error, both to the second digit of the error that means something."""
    if not (math.isfinite(mean) and math.isfinite(error) and 1e-5 < error < 1e5):
        return f"{mean:.4g} ± {error:.2g}"
    digits = max(0, 1 - math.floor(math.log10(error)))
    # Adding 0 takes the sign of a negative zero away.
    return f"{round(mean, digits) + 0.0:.{digits}f} ± {error:.{digits}f}"


def scale_of(tallies: list[Tally]) -> tuple[float, float]:
    """Return the ends of the bars as decimal logarithms: a decade below the smallest variance, to the largest."""
    variances = [tally.sample_variance for tally in tallies if tally.sample_variance > 1e-12]
    if not variances:
        return 0.0, 1.0
    return math.log10(min(variances)) - 1.0, math.log10(max(variances)) + 0.05


def share_of(variance: float, scale: tuple[float, float]) -> float:
    """Return how much of the bar's full length a variance takes."""
    low, high = scale
    return min((math.log10(max(variance, 10.0**low)) - low) / max(high - low, 1e-9), 1.0)


def _alignment(column: int) -> Qt.AlignmentFlag:
    side = Qt.AlignmentFlag.AlignLeft if column in (NAME, VARIANCE) else Qt.AlignmentFlag.AlignRight
    return side | Qt.AlignmentFlag.AlignVCenter
