"""Measure how the dimensions depend on the factors of the data, while the numbers are shown."""

from __future__ import annotations

from PySide6.QtCore import QObject

from explorer.client.channels import Requests
from explorer.state import AppState
from models.protocol.factors import FactorsMeasured, MeasureFactors
from models.protocol.lifecycle import Failed
from models.protocol.messages import Reply


class FactorsController(QObject):
    """Requests one measurement for each pair of model and data, once the images are encoded."""

    def __init__(self, state: AppState, requests: Requests, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.state, self._requests = state, requests
        state.factors.wanted_changed.connect(self._ask)
        state.model.embedding_changed.connect(self._ask)

    def _ask(self) -> None:
        model, answer = self.state.model, self.state.factors.answer
        if not self.state.factors.wanted or model.embedding is None or model.model is None or model.data is None:
            return
        if answer is None or (answer.model_digest, answer.data_digest) != (model.model.digest, model.data.info.digest):
            self._requests.ask("factors", MeasureFactors, self._take)

    def _take(self, reply: Reply) -> None:
        if isinstance(reply, FactorsMeasured):
            self.state.factors.take(reply)
        elif isinstance(reply, Failed):
            self.state.factors.fail(reply.message)
