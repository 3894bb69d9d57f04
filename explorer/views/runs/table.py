"""The table of runs: one row each, sorted by any column."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTableWidget, QTableWidgetItem

from explorer.views.common.words import duration, room
from models.core.history import StoredRun

COLUMNS = ("date", "model", "data", "epochs", "trained for", "state", "size")
RIGHT = ("epochs", "trained for", "size")
STATES = {
    "training": "in training", "interrupted": "interrupted", "finished": "finished", "damaged": "damaged",
}  # fmt: skip
KEY = Qt.ItemDataRole.UserRole
RUN = Qt.ItemDataRole.UserRole + 1
# A text and what it is sorted by.
Cell = tuple[str, float | str]


class Item(QTableWidgetItem):
    """A cell that is sorted by its value, not by its text."""

    def __init__(self, cell: Cell, right: bool) -> None:
        super().__init__(cell[0])
        self.setData(KEY, cell[1])
        self.setToolTip(cell[0])
        if right:
            self.setTextAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)

    def __lt__(self, other: QTableWidgetItem) -> bool:
        mine, theirs = self.data(KEY), other.data(KEY)
        return bool(mine < theirs)


class RunTable(QTableWidget):
    """Shows runs, and says which are selected."""

    def __init__(self, name: str, date: str) -> None:
        super().__init__(0, len(COLUMNS))
        self.setAccessibleName(name)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setShowGrid(False)
        self.setWordWrap(False)
        # Tab leaves the table: arrows move in it.
        self.setTabKeyNavigation(False)
        self.verticalHeader().hide()
        self.verticalHeader().setDefaultSectionSize(28)
        header = self.horizontalHeader()
        header.setHighlightSections(False)
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(COLUMNS.index("model"), QHeaderView.ResizeMode.Stretch)
        for number, column in enumerate(COLUMNS):
            title = QTableWidgetItem(column if number else date)
            side = Qt.AlignmentFlag.AlignRight if column in RIGHT else Qt.AlignmentFlag.AlignLeft
            title.setTextAlignment(side | Qt.AlignmentFlag.AlignVCenter)
            self.setHorizontalHeaderItem(number, title)
        self.sortByColumn(0, Qt.SortOrder.DescendingOrder)

    def show_runs(self, runs: Sequence[StoredRun]) -> None:
        """Show these runs; those that are selected stay so."""
        selected = {run.folder for run in self.chosen()}
        self.setSortingEnabled(False)
        self.setRowCount(len(runs))
        for row, run in enumerate(runs):
            for number, (column, cell) in enumerate(zip(COLUMNS, _cells(run), strict=True)):
                item = Item(cell, column in RIGHT)
                item.setData(RUN, run)
                self.setItem(row, number, item)
        self.setSortingEnabled(True)
        self._select(selected)

    def _select(self, folders: set[str]) -> None:
        self.clearSelection()
        mode = self.selectionMode()
        self.setSelectionMode(QAbstractItemView.SelectionMode.MultiSelection)
        for row in range(self.rowCount()):
            if self._run(row).folder in folders:
                self.selectRow(row)
        self.setSelectionMode(mode)

    def chosen(self) -> list[StoredRun]:
        """Return the selected runs, from top to bottom."""
        return [self._run(index.row()) for index in sorted(self.selectionModel().selectedRows())]

    def _run(self, row: int) -> StoredRun:
        run: StoredRun = self.model().index(row, 0).data(RUN)
        return run


def _cells(run: StoredRun) -> tuple[Cell, ...]:
    found, state = run.run, STATES[run.stage]
    if found is None:
        when, data, epochs, seconds = run.discarded or 0.0, "", ("", -1.0), ("", -1.0)
    else:
        when, data = run.discarded or found.when, Path(found.data_path).name
        epochs = (f"{found.epoch:,} of {found.settings.epochs:,}", float(found.epoch))
        seconds = (duration(found.elapsed), found.elapsed)
    date = datetime.fromtimestamp(when).strftime("%d %b %Y, %H:%M") if when else ""
    return (date, when), (run.name, run.name), (data, data), epochs, seconds, (state, state), (room(run.size), run.size)
