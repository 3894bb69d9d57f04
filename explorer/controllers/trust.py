"""Judge whether the current point lies where the data do."""

from __future__ import annotations

from PySide6.QtCore import QObject

from explorer.client.channels import Requests
from explorer.state import AppState
from models.protocol.lifecycle import Failed
from models.protocol.messages import Reply
from models.protocol.trust import Judge, Judged


class TrustController(QObject):
    """Requests a judgement when the point has moved and rests: while it is dragged the pictures go first."""

    def __init__(self, state: AppState, requests: Requests, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.state, self._requests = state, requests
        latent = state.latent
        for signal in (
            latent.moved, latent.current_changed, latent.points_changed, state.model.embedding_changed,
            state.trust.wanted_changed,
        ):  # fmt: skip
            signal.connect(self._later)

    def _later(self) -> None:
        if self.state.trust.wanted:
            # It would be that of another place.
            self.state.trust.forget()
            self.state.pace.at_rest(self._ask)

    def _ask(self) -> None:
        if self.state.trust.wanted and self.state.decodable and self.state.model.embedded:
            point = self.state.latent.point
            self._requests.ask("trust", lambda number: Judge(number, point.z), self._take)

    def _take(self, reply: Reply) -> None:
        if isinstance(reply, Judged):
            self.state.trust.take(reply)
        elif isinstance(reply, Failed):
            self.state.trust.forget()
