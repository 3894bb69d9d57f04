"""Keep the latent points true to the open model and data."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from PySide6.QtCore import QObject

from explorer.client.channels import Requests
from explorer.state import AppState
from explorer.state.latent import LatentSnapshot, Point, PointSource, fault_of, prior_point
from explorer.state.model import descends
from explorer.state.shelf import Belongings
from models.core.descriptions import ModelInfo
from models.protocol.decoding import Encoded, EncodeFile, EncodeImages
from models.protocol.messages import Reply


class PointsController(QObject):
    """Changes points when model, data or embedding change; none of it is an undo step."""

    def __init__(self, state: AppState, requests: Requests, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.state, self._requests = state, requests
        self._fresh = False
        state.model.open_picture_requested.connect(self.open_picture)
        state.undo.travelled.connect(self.refresh_stale)

    # ------------------------------------------------------------------------------------------------- the model

    def fit(self, model: ModelInfo, before: ModelInfo | None) -> None:
        """Show the points of a model that has just been opened instead of those of the model ``before``.

        A model seen for the first time takes over the images that points stand for, and encodes them itself. A run
        takes its points along from checkpoint to checkpoint.
        """
        shelf, latent = self.state.shelf, self.state.latent
        unknown = not shelf.owner and latent.latent_dim == model.latent_dim
        if unknown or shelf.owner == model.digest or (before is not None and descends(model, before)):
            shelf.adopt(model.digest, model.path)
        else:
            pictured = tuple(_anew(point, model.latent_dim) for point in latent.points if _fits(point, model))
            latent.close_gesture()
            shelf.leave()
            back = shelf.take(model.digest, model.path)
            if back is None:
                self._start_anew(pictured or (prior_point("A", model.latent_dim),), model)
            else:
                self._bring_back(back)
        self.refresh_stale()

    def _start_anew(self, points: tuple[Point, ...], model: ModelInfo) -> None:
        display = self.state.display
        self.state.latent.restore(LatentSnapshot(points, 0))
        display.set_dimension(min(display.dimension, model.latent_dim - 1))
        display.set_axes((0, 1) if model.latent_dim == 2 else "pca")
        self._fresh = True

    def _bring_back(self, back: Belongings) -> None:
        self.state.latent.restore(back.latent)
        self.state.display.set_dimension(back.dimension)
        self.state.display.set_axes(back.axes)
        self._fresh = False

    # ------------------------------------------------------------------------------------------------ the posteriors

    def follow_embedding(self) -> None:
        """Give every point that stands for an image its posterior under the new embedding."""
        embedding = self.state.model.embedding
        if self._fresh and embedding is not None:
            self._fresh = False
            self.state.display.set_dimension(int(embedding.order[0]))
        self._show_an_image()
        self.refresh_stale()

    def refresh_stale(self) -> None:
        """Give points whose posterior another model made the one of the open model.

        A point that still stands on its mean follows it; one that was moved stays where it was put.
        """
        latent, model = self.state.latent, self.state.model.model
        if model is None or latent.latent_dim != model.latent_dim:
            return
        points = tuple(self._embedded(point) if _stale(point, model) else point for point in latent.points)
        if any(a is not b for a, b in zip(points, latent.points, strict=True)):
            latent.replace_points(points, latent.index)
        for point in latent.points:
            if _stale(point, model) and _fits(point, model):
                self._encode(point.name, point.source)

    def _show_an_image(self) -> None:
        """Let a point that nobody has touched stand for the first image."""
        latent, found = self.state.latent, self.state.model.posterior_of(0)
        point = latent.point
        untouched = len(latent.points) == 1 and point.source.kind == "prior" and point.untouched
        if untouched and found is not None and self.state.model.embedded:
            latent.replace_points((point.with_posterior(*found, latent.locked),), 0)

    def _embedded(self, point: Point) -> Point:
        """Return a point with the posterior that the embedding has of its image, if it has one."""
        data, source = self.state.model.data, point.source
        known = data is not None and source.kind == "data" and source.data == data.info.digest
        if not known or source.index is None or not self.state.model.embedded:
            return point
        found = self.state.model.posterior_of(source.index)
        return point if found is None else point.with_posterior(*found, self.state.latent.locked)

    def _encode(self, name: str, source: PointSource) -> None:
        image = source.image

        def answer(reply: Reply) -> None:
            if isinstance(reply, Encoded):
                self._take(name, source, reply)

        if image is not None:
            self._requests.ask(f"encode {name}", lambda n: EncodeImages(n, image[None]), answer)

    def _take(self, name: str, source: PointSource, reply: Encoded) -> None:
        """Give the points that still stand for the image the posterior by the model that is open now: it answered."""
        latent, model = self.state.latent, self.state.model.model
        if model is None or not self._sound(reply, f"the image of {name}"):
            return
        mu, sigma = reply.mu[0].astype(np.float64), reply.sigma[0].astype(np.float64)
        encoded = replace(source, model=model.digest)
        points = tuple(
            point.with_posterior(mu, sigma, encoded, latent.locked)
            if point.name == name and point.source.image is source.image else point
            for point in latent.points
        )  # fmt: skip
        latent.replace_points(points, latent.index)

    def _sound(self, reply: Encoded, subject: str) -> bool:
        """Return whether a point can have the posterior that a model answers; if not, say so."""
        mu, sigma = reply.mu[0], reply.sigma[0]
        fault = fault_of(mu, sigma, mu)
        if fault:
            self.state.notices.notice("error", f"The model's answer for {subject} cannot be shown: {fault}.")
        return not fault and len(mu) == self.state.latent.latent_dim

    # ------------------------------------------------------------------------------------------------ a picture

    def open_picture(self, path: str) -> None:
        """Encode a picture file of the person's own and make it the current point's source."""
        self._requests.ask("picture file", lambda number: EncodeFile(number, path), self._opened_picture)

    def _opened_picture(self, reply: Reply) -> None:
        latent, model = self.state.latent, self.state.model.model
        if isinstance(reply, Encoded) and model is not None and self._sound(reply, "your picture"):
            source = PointSource("picture", "your picture", None, reply.images[0], model.digest)
            with latent.step("Open picture"):
                latent.set_posterior(reply.mu[0].astype(np.float64), reply.sigma[0].astype(np.float64), source)


def _stale(point: Point, model: ModelInfo) -> bool:
    """Return whether a point stands for an image that another model has encoded."""
    return point.source.kind != "prior" and point.source.image is not None and point.source.model != model.digest


def _fits(point: Point, model: ModelInfo) -> bool:
    """Return whether a point stands for an image that the model encodes."""
    image = point.source.image
    return model.has_encoder and image is not None and image.shape == model.image_shape


def _anew(point: Point, latent_dim: int) -> Point:
    """Return a point that stands for the same image in another latent space, at the centre until it is encoded."""
    return replace(prior_point(point.name, latent_dim), source=replace(point.source, model=""))
