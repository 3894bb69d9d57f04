"""The run manager: open, resume, compare, export and discard runs; take them back from the trash, or empty it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import QDialog, QHBoxLayout, QMenu, QPushButton, QTabWidget, QVBoxLayout, QWidget

from explorer.state import AppState
from explorer.views.common.pane import caption
from explorer.views.common.question import Question, discard_after_question
from explorer.views.common.words import counted, room
from explorer.views.runs.table import RunTable
from models.core.history import DAYS_IN_TRASH, EpochSnapshot, PastRun, StoredRun

SIZE = (900, 470)
NOTHING = "No training has been kept yet. Each run appears here as soon as it has a checkpoint."
NO_TRASH = f"The trash is empty. What is discarded stays here for {DAYS_IN_TRASH} days."


class RunsDialog(QDialog):
    """Lists what the state knows of; it does not block the window.

    Signals
    -------
    shown_in_training
        A run is drawn in the Training pane.
    model_wanted(StoredRun), keras_wanted(StoredRun)
        The model of a run shall be exported.
    curves_wanted(PastRun)
        The curves of a run shall be exported.
    """

    shown_in_training = Signal()
    model_wanted = Signal(object)
    keras_wanted = Signal(object)
    curves_wanted = Signal(object)

    def __init__(self, state: AppState, parent: QWidget) -> None:
        super().__init__(parent)
        self.state = state
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle("Runs")
        self.runs, self.trash = RunTable("Runs", "trained"), RunTable("Trash", "discarded")
        self.open_run, self.resume, self.compare = QPushButton("Open"), QPushButton("Resume"), QPushButton("Compare")
        self.export, self.discard = QPushButton("Export"), QPushButton("Discard")
        self.restore, self.remove = QPushButton("Put back"), QPushButton("Delete for good …")
        self.empty, self.tabs = QPushButton("Empty trash …"), QTabWidget()
        self._total, self._trashed = caption(), caption()
        self._dress()
        self._build()
        self._connect()
        self.resize(*SIZE)
        self._refresh()
        state.runs.list_again()

    def _dress(self) -> None:
        self.open_run.setObjectName("primary")
        self.open_run.setToolTip("Show the model, with the curves and epochs of its training")
        self.resume.setToolTip("Continue the training from its last checkpoint")
        self.compare.setToolTip("Draw the curves beside those of the current run")
        self.discard.setToolTip(f"Move to the trash, for {DAYS_IN_TRASH} days")
        self.discard.setShortcut(QKeySequence(QKeySequence.StandardKey.Delete))
        self.restore.setToolTip("Move back to the runs")
        menu = QMenu(self.export)
        for text, do in (("Model …", self._export_model), ("For Keras …", self._export_keras)):
            menu.addAction(text, do)
        menu.addAction("Training curves …", self._export_curves)
        self.export.setMenu(menu)
        for label in (self._total, self._trashed):
            label.setWordWrap(True)

    def _build(self) -> None:
        upper = self.open_run, self.resume, self.compare, self.export, self.discard
        self.tabs.addTab(_page(self.runs, self._total, upper), "Runs")
        self.tabs.addTab(_page(self.trash, self._trashed, (self.restore, self.remove, self.empty)), "Trash")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(12, 8, 12, 12)
        layout.addWidget(self.tabs)

    def _connect(self) -> None:
        self.state.runs.changed.connect(self._refresh)
        self.state.run.status_changed.connect(self._enable)
        self.runs.itemSelectionChanged.connect(self._enable)
        self.trash.itemSelectionChanged.connect(self._enable)
        self.runs.itemActivated.connect(self._open)
        buttons = (
            (self.open_run, self._open), (self.resume, self._resume), (self.compare, self._compare),
            (self.discard, self._discard), (self.restore, self._restore), (self.remove, self._remove),
            (self.empty, self._empty),
        )  # fmt: skip
        for button, do in buttons:
            button.clicked.connect(do)
        # Return opens the run that is chosen in the table, whatever button comes first.
        for button in (self.export, *(button for button, _ in buttons)):
            button.setAutoDefault(False)

    def _refresh(self) -> None:
        runs, trash = self.state.runs.runs, self.state.runs.trash
        self.runs.show_runs(runs or ())
        self.trash.show_runs(trash or ())
        self.tabs.setTabText(1, f"Trash ({len(trash)})" if trash else "Trash")
        self._total.setText("Looking for runs …" if runs is None else _sum(runs) or NOTHING)
        self._trashed.setText(_sum(trash or ()) or NO_TRASH)
        self._enable()

    def _enable(self) -> None:
        chosen, active = self.runs.chosen(), self.state.run.active
        one = chosen[0] if len(chosen) == 1 else None
        known = one is not None and one.run is not None
        self.open_run.setEnabled(known)
        self.export.setEnabled(known)
        self.compare.setEnabled(known and one is not None and one.run is not None and one.run.epoch > 0)
        self.resume.setEnabled(one is not None and one.stage == "interrupted" and not active)
        self.discard.setEnabled(bool(chosen) and all(run.stage != "training" for run in chosen))
        self.restore.setEnabled(bool(self.trash.chosen()))
        self.remove.setEnabled(bool(self.trash.chosen()))
        self.empty.setEnabled(bool(self.state.runs.trash))

    # -------------------------------------------------------------------------------------------------- one run

    def _one(self) -> StoredRun | None:
        chosen = self.runs.chosen()
        return chosen[0] if len(chosen) == 1 and chosen[0].run is not None else None

    def _open(self) -> None:
        run = self._one()
        if run is not None:
            self.state.model.request_model(run.model)
            if not self.state.run.active:
                self.state.runs.read(run.folder, self._show_curves)

    def _show_curves(self, past: PastRun, snapshots: tuple[EpochSnapshot, ...]) -> None:
        self.state.run.look_back(past)
        self.state.review.clear()
        self.state.review.set_snapshots(snapshots)

    def _resume(self) -> None:
        run = self._one()
        if run is not None and run.run is not None:
            self.state.run.resume(run.run)
            self.shown_in_training.emit()

    def _compare(self) -> None:
        run = self._one()
        if run is not None:
            self.state.runs.read(run.folder, self._draw_beside)

    def _draw_beside(self, past: PastRun, _: tuple[EpochSnapshot, ...]) -> None:
        self.state.review.compare_with(past)
        self.shown_in_training.emit()

    def _export_model(self) -> None:
        if run := self._one():
            self.model_wanted.emit(run)

    def _export_keras(self) -> None:
        if run := self._one():
            self.keras_wanted.emit(run)

    def _export_curves(self) -> None:
        if run := self._one():
            self.state.runs.read(run.folder, self._curves_read)

    def _curves_read(self, past: PastRun, _: tuple[EpochSnapshot, ...]) -> None:
        self.curves_wanted.emit(past)

    # ---------------------------------------------------------------------------------------------- several runs

    def _discard(self) -> None:
        chosen = self.runs.chosen()
        folders = [run.folder for run in chosen]
        what = f"the run {chosen[0].name}" if len(chosen) == 1 else counted(len(chosen), "run")
        seconds = sum(run.run.elapsed for run in chosen if run.run is not None)
        discard_after_question(self, what, seconds, partial(self.state.runs.discard, folders, what))

    def _restore(self) -> None:
        self.state.runs.restore([run.folder for run in self.trash.chosen()])

    def _remove(self) -> None:
        chosen = self.trash.chosen()
        self._ask_for_good(chosen, partial(self._remove_now, [run.folder for run in chosen]))

    def _remove_now(self, folders: Sequence[str]) -> None:
        for folder in folders:
            self.state.runs.remove(folder)

    def _empty(self) -> None:
        self._ask_for_good(self.state.runs.trash or (), partial(self.state.runs.remove, None))

    def _ask_for_good(self, runs: Sequence[StoredRun], do: partial[None]) -> None:
        text = f"Delete {counted(len(runs), 'run')} for good?"
        more = f"This frees {room(sum(run.size for run in runs))}. It cannot be undone."
        Question(self, text, more, "Delete for good", do).open()


def _page(table: RunTable, text: QWidget, buttons: Sequence[QPushButton]) -> QWidget:
    page = QWidget()
    column, row = QVBoxLayout(page), QHBoxLayout()
    column.setContentsMargins(0, 8, 0, 0)
    row.addWidget(text, 1)
    for button in buttons:
        row.addWidget(button)
    column.addWidget(table, 1)
    column.addLayout(row)
    return page


def _sum(runs: Sequence[StoredRun]) -> str:
    return f"{counted(len(runs), 'run')}, {room(sum(run.size for run in runs))}" if runs else ""
