"""What can be trained further: runs that have come to their end, found by the open model, and models from elsewhere."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import QObject, Signal

from explorer.state.model import ModelState
from explorer.state.training.runs import RunsState
from explorer.state.unsaved import UnsavedState
from models.core.descriptions import ModelInfo
from models.core.history import UnfinishedRun


class FurtherState(QObject):
    """The runs in :attr:`runs`, by the digest of the model they ended with: a saved copy of it has the same.

    Signals
    -------
    changed
        The open model belongs to another run, or to none; or other data are open.
    """

    changed = Signal()

    def __init__(
        self, model: ModelState, unsaved: UnsavedState, stored: RunsState, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._model, self._unsaved, self._stored = model, unsaved, stored
        self.runs: dict[str, UnfinishedRun] = {}
        model.model_changed.connect(self._look)
        model.data_changed.connect(self.changed)

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
    def start(self) -> ModelInfo | None:
        """The open model if it was imported and can be trained on the open data, None if not."""
        model, data = self._model.model, self._model.data
        if model is None or data is None or data.info.codes_of or not self._model.compatible:
            return None
        return model if model.understood and model.has_encoder and not model.classes else None

    @property
    def possible(self) -> bool:
        """Whether the open model can be trained further."""
        return self.run is not None or self.start is not None

    @property
    def run(self) -> UnfinishedRun | None:
        """The run that the open model is the last of, None if there is none or it is not known."""
        return None if self._model.model is None else self.runs.get(self._model.model.digest)
