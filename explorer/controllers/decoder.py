"""The decoder worker: start it, restart it, and hand each reply to the controller that asked."""

from __future__ import annotations

from PySide6.QtCore import QObject

from explorer.client.channels import Requests
from explorer.client.launcher import Launched
from explorer.client.live import Live
from explorer.client.worker import WorkerClient
from explorer.controllers.decoding import DecodingController
from explorer.controllers.distribution import DistributionController
from explorer.controllers.factors import FactorsController
from explorer.controllers.importing import ImportingController
from explorer.controllers.lab import LabController
from explorer.controllers.neighbours import NeighboursController
from explorer.controllers.opening import OpeningController
from explorer.controllers.paths import PathsController
from explorer.controllers.points import PointsController
from explorer.controllers.preview import PreviewController
from explorer.controllers.trust import TrustController
from explorer.state import AppState
from explorer.state.notices import Task
from models.protocol.lifecycle import Failed
from models.protocol.messages import Reply

# What fails elsewhere was overtaken by another model or other data, and is requested again by itself.
ASKED_BY_PERSON: dict[str, Task] = {"model": "open", "data": "open", "picture file": "open", "export": "export"}


class DecoderController(QObject):
    """Owns the worker, its requests, and a controller for each feature that uses them.

    The order of the controllers is that of their requests when several answer one signal: the picture goes first.
    """

    def __init__(self, state: AppState, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.state = state
        self.client = WorkerClient("decoder", state.workers, state.notices, self)
        self.requests = Requests(self.client.send)
        self.decoding = DecodingController(state, self.requests, self)
        self.distribution = DistributionController(state, self.requests, self)
        self.lab = LabController(state, self.requests, self)
        self.factors = FactorsController(state, self.requests, self)
        self.neighbours = NeighboursController(state, self.requests, self)
        self.trust = TrustController(state, self.requests, self)
        self.paths = PathsController(state, self.requests, self)
        self.points = PointsController(state, self.requests, self)
        self.opening = OpeningController(state, self.requests, self.points, self)
        self.importing = ImportingController(state, self.requests, self)
        self.preview = PreviewController(state, self.requests, self)
        self.client.received.connect(self._route)
        self.client.started.connect(self._greet)
        self.client.crashed.connect(self._crashed)
        self.client.hung.connect(self._hung)

    def start(self, model_path: str, data_path: str, fallback: str, launched: Launched | None = None) -> None:
        """Start the worker, or take over one launched ahead; it will open this model and this data first.

        The model ``fallback`` is opened if the first one cannot be.
        """
        self.opening.prepare(model_path, data_path, fallback)
        self.client.start(launched)

    def start_live(self, live: Live, launched: Launched | None = None) -> None:
        """Start the worker, or take over one launched ahead; it will open the model of a person's Python process."""
        self.opening.prepare_live(live)
        self.client.start(launched)

    def restart(self) -> None:
        """Start a worker that is off or hangs again."""
        self.client.restart()

    def close(self) -> None:
        """End the worker."""
        self.client.close()

    def _greet(self) -> None:
        self.distribution.ask_workbench()
        self.opening.reopen()
        self.importing.catch_up()
        self.preview.catch_up()
        self.lab.ask()

    def _crashed(self, reason: str, again: bool) -> None:
        self.requests.forget_all()
        self.state.latent.await_answer(False)
        end = "It is restarting; nothing is lost." if again else "It stays off until you restart it."
        self.state.workers.crash("decoder", f"The decoder stopped: {reason}. {end}", again)
        self.preview.crashed(reason, again)
        self.opening.crashed(reason, again)
        self.importing.crashed(reason)

    def _hung(self, reason: str) -> None:
        text = f"The decoder {reason}. It may go on by itself; if you restart it, nothing is lost." if reason else ""
        self.state.workers.set_trouble("decoder", text)

    def _route(self, reply: Reply) -> None:
        task = ASKED_BY_PERSON.get(self.requests.channel_of(getattr(reply, "id", 0)) or "")
        if isinstance(reply, Failed):
            if task is not None:
                self.state.notices.notice("error", reply.message, task)
            else:
                self.state.notices.log(f"{reply.kind}: {reply.message}")
        elif task is not None:
            self.state.notices.succeed(task)
        self.requests.take(reply)
