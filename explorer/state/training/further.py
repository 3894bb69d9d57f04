"""Runs that have come to their end and can be trained further, found by the model that is open."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal

from explorer.state.model import ModelState
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

    def __init__(self, model: ModelState, unsaved: UnsavedState, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._model, self._unsaved = model, unsaved
        self.runs: dict[str, UnfinishedRun] = {}
        model.model_changed.connect(self._look)

    def _look(self) -> None:
        """Remember of which run the open model is the last."""
        model = self._model.model
        found = None if model is None else self._unsaved.at(model.path)
        if model is not None and found is not None:
            self.runs[model.digest] = found.run
        self.changed.emit()

    @property
    def run(self) -> UnfinishedRun | None:
        """The run that the open model is the last of, None if there is none or it is not known."""
        return None if self._model.model is None else self.runs.get(self._model.model.digest)
