"""Find the images nearest to the current point, while they are shown."""

from __future__ import annotations

from PySide6.QtCore import QObject

from explorer.client.channels import Requests
from explorer.state import AppState
from explorer.state.neighbours import COUNT
from models.protocol.lifecycle import Failed
from models.protocol.messages import Reply
from models.protocol.neighbours import FindNeighbours, NeighboursFound


class NeighboursController(QObject):
    """Requests the neighbours whenever the point moves, but not in every frame of a drag: the pictures go first."""

    def __init__(self, state: AppState, requests: Requests, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.state, self._requests = state, requests
        latent, neighbours = state.latent, state.neighbours
        for signal in (
            latent.moved, latent.current_changed, latent.points_changed, state.model.embedding_changed,
            neighbours.metric_changed, neighbours.wanted_changed,
        ):  # fmt: skip
            signal.connect(self._later)

    def _later(self) -> None:
        if self.state.neighbours.wanted:
            self.state.pace.rarely(self._ask)

    def _ask(self) -> None:
        if not (self.state.neighbours.wanted and self.state.decodable and self.state.model.embedded):
            return
        point, metric = self.state.latent.point, self.state.neighbours.metric
        self._requests.ask(
            "neighbours", lambda number: FindNeighbours(number, point.z, point.sigma, metric, COUNT), self._take
        )

    def _take(self, reply: Reply) -> None:
        if isinstance(reply, NeighboursFound):
            self.state.neighbours.take(reply)
        elif isinstance(reply, Failed):
            self.state.neighbours.fail(f"{reply.message[:1].upper()}{reply.message[1:]}.")
