"""From a change of state to the decoder worker and back: pictures, curves, embeddings."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QObject

from explorer.client.channels import Requests
from explorer.client.launcher import Launched
from explorer.client.worker import WorkerClient
from explorer.controllers.distribution import DistributionController
from explorer.controllers.factors import Factors
from explorer.controllers.lab import Lab
from explorer.controllers.points import Points
from explorer.state import AppState
from models.core.arrays import Floats32
from models.protocol.decoding import Decode, Decoded, Draw, Drawn
from models.protocol.lifecycle import Failed
from models.protocol.messages import Reply
from models.protocol.opening import DataOpened, Embed, Embedded, ModelOpened, OpenData, OpenModel

# What fails elsewhere was overtaken by another model or other data, and is asked again by itself.
ASKED_BY_PERSON = ("model", "data", "picture file", "export")


class DecoderController(QObject):
    """Asks the decoder for whatever the state shows, newest first, and puts its answers into the state."""

    def __init__(self, state: AppState, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.state = state
        self.client = WorkerClient("decoder", state.workers, self)
        self.requests = Requests(self.client.send)
        self._points = Points(state, self.requests)
        self.triads = DistributionController(state, self.requests, self)
        self.lab = Lab(state, self.requests, self)
        self.factors = Factors(state, self.requests, self)
        self._model_path: str | None = None
        self._data_path: str | None = None
        self._fallback: str | None = None
        self._postponed: str | None = None
        self._connect()

    def _connect(self) -> None:
        state = self.state
        self.client.received.connect(self._take)
        self.client.started.connect(self._greet)
        self.client.crashed.connect(self._crashed)
        state.model.open_model_requested.connect(self.open_model)
        state.model.open_data_requested.connect(self.open_data)
        state.model.open_picture_requested.connect(self._points.open_picture)
        state.latent.moved.connect(self.ask_moved)
        state.latent.posterior_changed.connect(self.ask_draws)
        state.latent.current_changed.connect(self.ask_point)
        state.latent.points_changed.connect(self.ask_all_points)
        state.export.finished.connect(self._open_postponed)
        state.undo.group.indexChanged.connect(self._points.refresh_stale)
        state.display.decode_changed.connect(self.ask_point)
        state.display.seed_changed.connect(self.ask_point)
        state.display.dimension_changed.connect(self.ask_dimension)

    # ------------------------------------------------------------------------------------------------ life cycle

    def start(self, model_path: str, data_path: str, fallback: str, launched: Launched | None = None) -> None:
        """Start the worker, or take over one launched ahead; it will open this model and this data first.

        The model ``fallback`` is opened if the first one cannot be.
        """
        self._model_path, self._data_path, self._fallback = model_path, data_path, fallback
        self.client.start(launched)

    def _greet(self) -> None:
        self.triads.ask_workbench()
        if self._model_path is not None:
            self.open_model(self._model_path)
        if self._data_path is not None:
            self.open_data(self._data_path)

    def _crashed(self, reason: str, again: bool) -> None:
        self.requests.forget_all()
        self.state.latent.await_answer(False)
        end = "It is being restarted; nothing is lost." if again else "It stays off until you restart it."
        self.state.workers.crash("decoder", f"The decoder stopped: {reason}. {end}", again)

    def _take(self, reply: Reply) -> None:
        if isinstance(reply, Failed):
            if self.requests.channel_of(reply.id) in ASKED_BY_PERSON:
                self.state.workers.notice("error", reply.message)
            else:
                self.state.workers.log(f"{reply.kind}: {reply.message}")
        self.requests.take(reply)

    # -------------------------------------------------------------------------------------------- model and data

    def open_model(self, path: str) -> None:
        """Open a model file; the one open so far stays if this fails. An export is drawn to its end first."""
        if self.state.export.running:
            self._postponed = path
            return
        self.requests.ask("model", lambda number: OpenModel(number, path), self._model_opened)

    def open_data(self, path: str) -> None:
        """Open a data set; the one open so far stays if this fails."""
        self.requests.ask("data", lambda number: OpenData(number, path), self._data_opened)

    def _open_postponed(self) -> None:
        path, self._postponed = self._postponed, None
        if path is not None:
            self.open_model(path)

    def _model_opened(self, reply: Reply) -> None:
        if isinstance(reply, Failed) and self.state.model.model is None and self._fallback is not None:
            path, self._fallback = self._fallback, None
            self.open_model(path)
        if isinstance(reply, ModelOpened):
            self._model_path = reply.model.path
            with self.state.model.replaced(reply.model):
                self._points.fit(reply.model.latent_dim)
            self.ask_all_points()
            self._ask_embedding()

    def _data_opened(self, reply: Reply) -> None:
        if isinstance(reply, DataOpened):
            self._data_path = reply.data.path
            self.state.answers.forget_aggregate()
            self.state.model.set_data(reply.data)
            self._ask_embedding()
            self._ask_place()

    def _ask_embedding(self) -> None:
        if self.state.model.compatible:
            self.requests.ask("embedding", Embed, self._embedded)

    def _embedded(self, reply: Reply) -> None:
        model, data = self.state.model.model, self.state.model.data
        if not isinstance(reply, Embedded) or model is None or data is None:
            return
        if (reply.model_digest, reply.data_digest) == (model.digest, data.info.digest):
            self.state.model.set_embedding(reply)
            self._points.follow_embedding()
            self.triads.ask_aggregate()

    # ------------------------------------------------------------------------------------------ the current point

    @property
    def _ready(self) -> bool:
        model = self.state.model.model
        return model is not None and model.latent_dim == self.state.latent.latent_dim

    def ask_moved(self) -> None:
        """z moved: ask for its picture and its place on the curves."""
        self._ask_picture()
        self._ask_place()

    def ask_point(self) -> None:
        """Ask for all that belongs to the current point."""
        self._ask_picture()
        self.ask_draws()
        self._ask_place()

    def ask_all_points(self) -> None:
        """Ask for the current point and the thumbnails of all."""
        self.ask_point()
        if self._ready:
            self._points.ask_thumbnails()

    def ask_dimension(self) -> None:
        """Another dimension was chosen."""
        self._ask_place()
        self.triads.ask_aggregate()

    def _ask_place(self) -> None:
        self.triads.ask_curves()
        self.triads.ask_probabilities()

    def _ask_picture(self) -> None:
        if not self._ready:
            return
        point, view = self.state.latent.point, self.state.display
        z, stamp, name = point.z.astype(np.float32), self.state.latency.stamp, point.name

        def answer(reply: Reply) -> None:
            if isinstance(reply, Decoded):
                self.state.answers.decode_call_seconds.append(reply.call_seconds)
                self._show_picture(reply.images[0], reply.images[0], stamp, name)
            elif isinstance(reply, Drawn):
                self._show_picture(reply.mean, reply.centre, stamp, name)

        if view.decode_mode == "mu":
            self.requests.ask("picture", lambda number: Decode(number, z[None]), answer)
        else:
            sigma, seed = point.sigma.astype(np.float32), view.seed
            draws = 1 if view.decode_mode == "sample" else view.draws
            self.requests.ask("picture", lambda number: Draw(number, z, sigma, draws, seed), answer)

    def _show_picture(self, image: Floats32, at_point: Floats32, stamp: float | None, name: str) -> None:
        self.state.answers.set_picture(image, stamp)
        self.state.answers.set_thumbnail(name, at_point)

    def ask_draws(self) -> None:
        """Ask for reconstruction, mean and standard deviation over draws of the current posterior."""
        if self._ready:
            point, view = self.state.latent.point, self.state.display
            mu, sigma = point.mu.astype(np.float32), point.sigma.astype(np.float32)
            draws, seed = view.draws, view.seed
            self.requests.ask("draws", lambda n: Draw(n, mu, sigma, draws, seed), self._drawn)

    def _drawn(self, reply: Reply) -> None:
        if isinstance(reply, Drawn):
            self.state.answers.set_draws(reply)
