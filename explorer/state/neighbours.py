"""The images of the open data that lie nearest to the current point."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal

from explorer.state.latent import LatentState
from explorer.state.model import ModelState
from models.core.neighbours import Metric
from models.protocol.neighbours import NeighboursFound

COUNT = 24
NO_DATA = "Open data to see the images nearest to the point."
NOT_YET = "Encoding the images …"


class NeighbourState(QObject):
    """The newest neighbours, and the metric by which they are found.

    Signals
    -------
    changed
        There are other neighbours in :attr:`answer`, none, or another :attr:`message` in their place.
    metric_changed
        Another metric was chosen.
    wanted_changed
        Whether the neighbours are shown: what nobody sees is not searched for.
    """

    changed = Signal()
    metric_changed = Signal()
    wanted_changed = Signal()

    def __init__(self, model: ModelState, latent: LatentState, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._model, self._latent = model, latent
        self.answer: NeighboursFound | None = None
        self.failure = ""
        self.metric: Metric = "mu"
        self.wanted = False
        for signal in (model.model_changed, model.data_changed, model.embedding_changed):
            signal.connect(self._forget_stale)

    @property
    def message(self) -> str:
        """The text in place of missing neighbours: what to do or to wait for."""
        if self.answer is not None:
            return ""
        if self._model.data is None:
            return NO_DATA
        return self._model.misfit or self.failure or NOT_YET

    def set_wanted(self, wanted: bool) -> None:
        """Record whether the neighbours are shown."""
        if wanted != self.wanted:
            self.wanted = wanted
            self.wanted_changed.emit()

    def set_metric(self, metric: Metric) -> None:
        """Choose how distances are measured."""
        if metric != self.metric:
            self.metric = metric
            self.metric_changed.emit()

    def take(self, answer: NeighboursFound) -> None:
        """Show what was found, unless it is of another model, other data or another metric."""
        if self._fits(answer) and answer.metric == self.metric:
            self.answer = answer
            self.changed.emit()

    def fail(self, message: str) -> None:
        """Show why there are none."""
        self.answer, self.failure = None, message
        self.changed.emit()

    def go_to(self, index: int) -> None:
        """Give the current point the posterior of an image, as one undo step."""
        found = self._model.posterior_of(index)
        if found is not None:
            with self._latent.step(f"Select image {index}"):
                self._latent.set_posterior(*found)

    def _fits(self, answer: NeighboursFound) -> bool:
        model, data = self._model.model, self._model.data
        if model is None or data is None or self._model.embedding is None:
            return False
        return (answer.model_digest, answer.data_digest) == (model.digest, data.info.digest)

    def _forget_stale(self) -> None:
        self.failure = ""
        if self.answer is not None and not self._fits(self.answer):
            self.answer = None
        self.changed.emit()
