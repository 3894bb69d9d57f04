"""Keep the latent points true to the open model and data."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from PySide6.QtCore import QObject

from explorer.client.channels import Requests
from explorer.state import AppState
from explorer.state.latent import LatentSnapshot, Point, PointSource, prior_point
from models.core.arrays import Floats32
from models.protocol.decoding import Encoded, EncodeFile, EncodeImages
from models.protocol.messages import Reply


class PointsController(QObject):
    """Changes points when model, data or embedding change; none of it is an undo step."""

    def __init__(self, state: AppState, requests: Requests, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.state, self._requests = state, requests
        self._left: dict[int, LatentSnapshot] = {}
        self._fresh = False
        state.model.open_picture_requested.connect(self.open_picture)
        state.undo.group.indexChanged.connect(self.refresh_stale)

    def fit(self, latent_dim: int) -> None:
        """Bring back the points of a latent space of this many dimensions, or start at the centre of the prior."""
        latent, display = self.state.latent, self.state.display
        if latent.latent_dim == latent_dim:
            return
        self._left[latent.latent_dim] = latent.snapshot()
        back = self._left.pop(latent_dim, LatentSnapshot((prior_point("A", latent_dim),), 0))
        latent.replace_points(back.points, back.current)
        self.state.undo.switch()
        display.set_dimension(min(display.dimension, latent_dim - 1))
        display.set_axes((0, 1) if latent_dim == 2 else "pca")
        self._fresh = True

    def follow_embedding(self) -> None:
        """Give every point that stands for an image its posterior under the new embedding.

        A point that still stands on its mean follows it; one that was moved stays where it was put.
        """
        latent, embedding = self.state.latent, self.state.model.embedding
        if self._fresh and embedding is not None:
            self._fresh = False
            self.state.display.set_dimension(int(embedding.order[0]))
        points = tuple(self._embedded(point) for point in latent.points)
        if any(a is not b for a, b in zip(points, latent.points, strict=True)):
            latent.replace_points(points, latent.index)
        for point in latent.points:
            if point.source.image is not None and not self._in_data(point.source):
                self._encode(point.name, point.source)

    def _in_data(self, source: PointSource) -> bool:
        """Return whether a source is an image of the open data set."""
        data = self.state.model.data
        return data is not None and source.kind == "data" and source.data == data.info.digest

    def refresh_stale(self) -> None:
        """After undo or redo: give points whose posterior another model made the one of the open model."""
        model = self.state.model.model
        sources = [point.source for point in self.state.latent.points]
        if model is not None and any(s.kind != "prior" and s.model not in ("", model.digest) for s in sources):
            self.follow_embedding()

    def _embedded(self, point: Point) -> Point:
        model = self.state.model
        fresh = point.source.kind == "prior" and point.untouched and len(self.state.latent.points) == 1
        if model.embedding is None or not (fresh or self._in_data(point.source)):
            return point
        row = 0 if point.source.index is None else point.source.index
        return _with_posterior(point, model.embedding.mu[row], model.embedding.sigma[row], model.source_of(row))

    def _encode(self, name: str, source: PointSource) -> None:
        image, model = source.image, self.state.model.model
        if image is None or model is None or image.shape != model.image_shape:
            return
        encoded = replace(source, model=model.digest)

        def answer(reply: Reply) -> None:
            if isinstance(reply, Encoded):
                self._replace(name, reply.mu[0], reply.sigma[0], encoded)

        self._requests.ask(f"encode {name}", lambda n: EncodeImages(n, image[None]), answer)

    def _replace(self, name: str, mu: Floats32, sigma: Floats32, source: PointSource) -> None:
        latent = self.state.latent
        points = tuple(
            _with_posterior(point, mu, sigma, source) if point.name == name else point for point in latent.points
        )
        latent.replace_points(points, latent.index)

    def open_picture(self, path: str) -> None:
        """Encode a picture file of the person's own and make it the current point's source."""
        self._requests.ask("picture file", lambda number: EncodeFile(number, path), self._opened_picture)

    def _opened_picture(self, reply: Reply) -> None:
        if isinstance(reply, Encoded):
            latent = self.state.latent
            model = self.state.model.model
            source = PointSource(
                "picture", "your picture", None, reply.images[0], "" if model is None else model.digest
            )
            with latent.step("Open picture"):
                latent.set_posterior(reply.mu[0].astype(np.float64), reply.sigma[0].astype(np.float64), source)


def _with_posterior(point: Point, mu: Floats32, sigma: Floats32, source: PointSource) -> Point:
    mean = np.array(mu, np.float64)
    z = mean if point.untouched else point.z
    return replace(point, mu=mean, sigma=np.array(sigma, np.float64), z=z, source=source)
