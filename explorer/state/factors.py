"""The factors of the open data, and how the dimensions of the open model depend on them."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal

from explorer.state.model import ModelState
from models.core.factors import Disentanglement, Factor
from models.protocol.factors import FactorsMeasured

NOTHING_KNOWN = "The factors of these images are unknown. Open sprites, or data with labels."
NOT_YET = "Encoding the images …"


class FactorState(QObject):
    """The newest measurement, and the factor chosen from it.

    Signals
    -------
    changed
        There is another :attr:`result`, none, or another :attr:`message` in its place.
    factor_changed
        Another factor was chosen.
    wanted_changed
        Whether the numbers are shown: what nobody sees is not measured.
    """

    changed = Signal()
    factor_changed = Signal()
    wanted_changed = Signal()

    def __init__(self, model: ModelState, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._model = model
        self.answer: FactorsMeasured | None = None
        self.failure = ""
        self.factor = 0
        self.wanted = False
        for signal in (model.model_changed, model.data_changed, model.embedding_changed):
            signal.connect(self._forget_stale)

    @property
    def result(self) -> Disentanglement | None:
        """The measurement, None while there is none."""
        return None if self.answer is None else self.answer.result

    @property
    def chosen(self) -> Factor | None:
        """The chosen factor."""
        return None if self.result is None else self.result.factors[self.factor]

    @property
    def message(self) -> str:
        """The text in place of a missing result: what to do or to wait for."""
        model, data = self._model.model, self._model.data
        if self.result is not None:
            return ""
        if data is None or (data.info.factors_path is None and data.info.labels_path is None):
            return NOTHING_KNOWN
        if model is not None and not model.has_encoder:
            return self._model.misfit
        if model is not None and not self._model.compatible:
            wanted, found = (" × ".join(map(str, shape)) for shape in (model.image_shape, data.info.image_shape))
            return f"{model.name} takes images of {wanted}, {data.info.name} has {found}. Open or train another model."
        return self.failure or NOT_YET

    def set_wanted(self, wanted: bool) -> None:
        """Record whether the numbers are shown."""
        if wanted != self.wanted:
            self.wanted = wanted
            self.wanted_changed.emit()

    def take(self, answer: FactorsMeasured) -> None:
        """Show what was measured, unless it is of another model or other data."""
        model, data = self._model.model, self._model.data
        if model is None or data is None:
            return
        if (answer.model_digest, answer.data_digest) == (model.digest, data.info.digest):
            self.answer = answer
            count = 1 if answer.result is None else len(answer.result.factors)
            self.factor = min(self.factor, count - 1)
            self.changed.emit()

    def fail(self, message: str) -> None:
        """Show why it could not be measured."""
        self.failure = message
        self.changed.emit()

    def set_factor(self, row: int) -> None:
        """Choose another factor."""
        if row != self.factor:
            self.factor = row
            self.factor_changed.emit()

    def _forget_stale(self) -> None:
        """Drop numbers of other data; those of another model stay until new ones come, so as not to flicker."""
        model, data, answer = self._model.model, self._model.data, self.answer
        self.failure = ""
        if answer is not None and self._model.embedding is None:
            self.answer = None
        elif answer is not None and model is not None and data is not None:
            fits = answer.result is not None and answer.result.information.shape[1] == model.latent_dim
            if not fits or answer.data_digest != data.info.digest:
                self.answer = None
        self.changed.emit()
