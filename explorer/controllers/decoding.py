"""Decode the current point, draws of its posterior, the thumbnails of all points, and a few images of the data."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QObject

from explorer.client.channels import Requests
from explorer.state import AppState
from explorer.state.answers import RECONSTRUCTED, Reconstructions
from models.core.arrays import Floats32
from models.protocol.decoding import Decode, Decoded, Draw, Drawn
from models.protocol.lifecycle import Failed
from models.protocol.messages import Reply

NO_DECODER = "{name} has latents without a decoder: there is no picture of a point."
NOT_FINITE = "The decoder answers this point with NaN or infinite numbers."


class DecodingController(QObject):
    """Requests the pictures that the state calls for, the newest first, and puts the answers into the state."""

    def __init__(self, state: AppState, requests: Requests, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.state, self._requests = state, requests
        self._decoded: dict[str, Floats32] = {}
        state.latent.moved.connect(self.ask_picture)
        state.latent.posterior_changed.connect(self.ask_draws)
        state.latent.current_changed.connect(self.ask_point)
        state.latent.points_changed.connect(self.ask_all_points)
        state.model.model_changed.connect(self.ask_all_points)
        state.model.embedding_changed.connect(self.ask_reconstructions)
        state.display.decode_changed.connect(self.ask_picture)
        state.display.seed_changed.connect(self.ask_point)

    def ask_point(self) -> None:
        """Request the picture of the current point and the draws of its posterior."""
        self.ask_picture()
        self.ask_draws()

    def ask_all_points(self) -> None:
        """Request what belongs to the current point, and the thumbnails of all points; say so without a decoder."""
        model = self.state.model.model
        if model is not None and not model.has_decoder:
            self.state.answers.set_thumbnails({})
            self.state.answers.set_draws(None)
            self.state.answers.fail_picture(NO_DECODER.format(name=model.name))
        self.ask_point()
        self.ask_thumbnails()

    def ask_picture(self) -> None:
        """Request the large picture: the point itself, one draw around it, or the mean of many."""
        if not self._decodes:
            return
        point, display = self.state.latent.point, self.state.display
        z, stamp, name = point.z.astype(np.float32), self.state.latency.stamp, point.name

        def answer(reply: Reply) -> None:
            if isinstance(reply, Decoded):
                self.state.answers.decode_call_seconds.append(reply.call_seconds)
                self._show_picture(reply.images[0], reply.images[0], stamp, name)
            elif isinstance(reply, Drawn):
                self._show_picture(reply.mean, reply.centre, stamp, name)
            elif isinstance(reply, Failed) and self._live:
                self.state.answers.fail_picture(f"{reply.message}.")

        if display.decode_mode == "mu":
            self._requests.ask("picture", lambda number: Decode(number, z[None]), answer)
        else:
            sigma, seed = point.sigma.astype(np.float32), display.seed
            draws = 1 if display.decode_mode == "sample" else display.draws
            self._requests.ask("picture", lambda number: Draw(number, z, sigma, draws, seed), answer)

    @property
    def _decodes(self) -> bool:
        """Whether there is a decoder for the points."""
        model = self.state.model.model
        return self.state.decodable and model is not None and model.has_decoder

    @property
    def _live(self) -> bool:
        """Whether a person's own function decodes, which may fail."""
        return self.state.model.model is not None and self.state.model.model.live

    def _show_picture(self, image: Floats32, at_point: Floats32, stamp: float | None, name: str) -> None:
        if np.isfinite(image).all():
            self.state.answers.set_picture(image, stamp)
            self._decoded[name] = at_point
            self.state.pace.later(self._hand_on)
        else:
            self.state.answers.fail_picture(NOT_FINITE)

    def _hand_on(self) -> None:
        """Make the newest pictures the thumbnails of their points."""
        decoded, self._decoded = self._decoded, {}
        for name, image in decoded.items():
            self.state.answers.set_thumbnail(name, image)

    def ask_draws(self) -> None:
        """Request reconstruction, mean and standard deviation over draws of the current posterior."""
        if not self._decodes:
            return
        point, display = self.state.latent.point, self.state.display
        mu, sigma = point.mu.astype(np.float32), point.sigma.astype(np.float32)
        draws, seed = display.draws, display.seed
        self._requests.ask("draws", lambda number: Draw(number, mu, sigma, draws, seed), self._drawn)

    def _drawn(self, reply: Reply) -> None:
        if isinstance(reply, Drawn):
            self.state.answers.set_draws(reply)

    def ask_reconstructions(self) -> None:
        """Request the reconstructions of a few images from all over the data set; drop those of another model."""
        data, embedding = self.state.model.data, self.state.model.embedding
        if data is None or embedding is None or not (self.state.model.compatible and self._decodes):
            self.state.answers.set_reconstructions(None)
            return
        rows = np.unique(np.linspace(0, len(embedding.mu) - 1, RECONSTRUCTED).round().astype(int))
        images, z = np.array(data.images[rows]), np.array(embedding.mu[rows], np.float32)

        def answer(reply: Reply) -> None:
            if isinstance(reply, Decoded):
                self.state.answers.set_reconstructions(Reconstructions(tuple(rows.tolist()), images, reply.images))

        self._requests.ask("reconstructions", lambda number: Decode(number, z), answer)

    def ask_thumbnails(self) -> None:
        """Request the pictures of all points in one batch."""
        if not self._decodes:
            return
        names: list[str] = []

        def build(number: int) -> Decode:
            # The points as they are when the request is sent: they may move while it waits.
            points = self.state.latent.points
            names[:] = [point.name for point in points]
            return Decode(number, np.stack([point.z for point in points]).astype(np.float32))

        def answer(reply: Reply) -> None:
            if isinstance(reply, Decoded):
                self._hand_on()
                self.state.answers.set_thumbnails(dict(zip(names, reply.images, strict=True)))

        self._requests.ask("thumbnails", build, answer)
