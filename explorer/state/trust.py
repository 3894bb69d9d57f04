"""Whether the current point lies where the data do."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal

from explorer.state.model import ModelState
from models.core.trust import Trust
from models.protocol.trust import Judged


class TrustState(QObject):
    """The newest judgement of the current point.

    Signals
    -------
    changed
        There is another :attr:`trust`, or none.
    wanted_changed
        Whether it is shown: what nobody sees is not judged.
    """

    changed = Signal()
    wanted_changed = Signal()

    def __init__(self, model: ModelState, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._model = model
        self.trust: Trust | None = None
        self.wanted = True
        for signal in (model.model_changed, model.data_changed, model.embedding_changed):
            signal.connect(self.forget)

    @property
    def class_name(self) -> str:
        """The name of the class of the nearest images, empty where that is not known."""
        agreement, data = None if self.trust is None else self.trust.agreement, self._model.data
        return "" if agreement is None or data is None else data.class_name(agreement.label)

    def set_wanted(self, wanted: bool) -> None:
        """Record whether the judgement is shown."""
        if wanted != self.wanted:
            self.wanted = wanted
            self.wanted_changed.emit()

    def take(self, answer: Judged) -> None:
        """Show a judgement, unless it is by another model or other data."""
        model, data = self._model.model, self._model.data
        if model is None or data is None or self._model.embedding is None:
            return
        if (answer.model_digest, answer.data_digest) == (model.digest, data.info.digest):
            self.trust = answer.trust
            self.changed.emit()

    def forget(self) -> None:
        """Drop what is no longer true."""
        if self.trust is not None:
            self.trust = None
            self.changed.emit()
