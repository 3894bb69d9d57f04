"""Runs that have come to their end and can be trained further, found by the model that is open."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import QObject, Signal

from explorer.state.model import ModelState
from explorer.state.training.runs import RunsState
from explorer.state.unsaved import UnsavedState
from models.core.history import UnfinishedRun


class FurtherState(QObject):
    """The runs in :attr:`runs`, by the digest of the model they ended with: a saved copy of it has the same.

    Signals
    -------
    changed
        The open model belongs to another run, or to none.
    """

    changed = Signal()

    def __init__(
        self, model: ModelState, unsaved: UnsavedState, stored: RunsState, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._model, self._unsaved, self._stored = model, unsaved, stored
        self.runs: dict[str, UnfinishedRun] = {}
        model.model_changed.connect(self._look)

    def _look(self) -> None:
        """Remember of which run the open model is the last."""
        model = self._model.model
        run = None if model is None else self._run_at(model.path)
        if model is not None and run is not None:
            self.runs[model.digest] = run
        self.changed.emit()

    def _run_at(self, path: str) -> UnfinishedRun | None:
        """Return the run that ended with the model in this file: one that is not saved, or one that is listed."""
        unsaved = self._unsaved.at(path)
        listed = (run for run in self._stored.runs or () if run.stage == "finished" and run.model == path)
        return next((run.run for run in listed), None) if unsaved is None else unsaved.run

    def restore(self, runs: Mapping[str, UnfinishedRun]) -> None:
        """Take over the runs that an earlier session knew."""
        self.runs = dict(runs) | self.runs
        self.changed.emit()

    @property
    def run(self) -> UnfinishedRun | None:
        """The run that the open model is the last of, None if there is none or it is not known."""
        return None if self._model.model is None else self.runs.get(self._model.model.digest)
