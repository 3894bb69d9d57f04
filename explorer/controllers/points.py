"""Keeps the latent points true to the open model and data: their posteriors, ranges and thumbnails."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from explorer.client.channels import Requests
from explorer.state import AppState
from explorer.state.latent import Point, Snapshot, Source, prior_point
from models.core.arrays import Floats32
from models.protocol.decoding import Decode, Decoded, Encoded, EncodeFile, EncodeImages
from models.protocol.messages import Reply


class Points:
    """What the engine does to points when model, data or embedding change; none of it is an undo step."""

    def __init__(self, state: AppState, requests: Requests) -> None:
        self._state = state
        self._requests = requests
        self._left: dict[int, Snapshot] = {}
        self._fresh = False

    def fit(self, latent_dim: int) -> None:
        """Bring back the points of a latent space of this many dimensions, or start at the centre of the prior."""
        latent, view = self._state.latent, self._state.display
        if latent.latent_dim == latent_dim:
            return
        self._left[latent.latent_dim] = latent.snapshot()
        back = self._left.pop(latent_dim, Snapshot((prior_point("A", latent_dim),), 0))
        latent.replace_points(back.points, back.current)
        self._state.undo.switch()
        view.set_dimension(min(view.dimension, latent_dim - 1))
        view.set_axes((0, 1) if latent_dim == 2 else "pca")
        self._fresh = True

    def follow_embedding(self) -> None:
        """Give every point that stands for an image its posterior under the new embedding.

        A point that still stands on its mean follows it; one that was moved stays where it was put.
        """
        latent, embedding = self._state.latent, self._state.model.embedding
        if self._fresh and embedding is not None:
            self._fresh = False
            self._state.display.set_dimension(int(embedding.order[0]))
        points = tuple(self._embedded(point) for point in latent.points)
        if any(a is not b for a, b in zip(points, latent.points, strict=True)):
            latent.replace_points(points, latent.index)
        for point in latent.points:
            if point.source.image is not None and not self._in_data(point.source):
                self._encode(point.name, point.source)

    def _in_data(self, source: Source) -> bool:
        """Whether a source is an image of the open data set."""
        data = self._state.model.data
        return data is not None and source.kind == "data" and source.data == data.info.digest

    def refresh_stale(self) -> None:
        """After undo or redo: give points whose posterior another model made the one of the open model."""
        model = self._state.model.model
        sources = [point.source for point in self._state.latent.points]
        if model is not None and any(s.kind != "prior" and s.model not in ("", model.digest) for s in sources):
            self.follow_embedding()

    def _embedded(self, point: Point) -> Point:
        model = self._state.model
        fresh = point.source.kind == "prior" and point.untouched and len(self._state.latent.points) == 1
        if model.embedding is None or not (fresh or self._in_data(point.source)):
            return point
        row = 0 if point.source.index is None else point.source.index
        return _with_posterior(point, model.embedding.mu[row], model.embedding.sigma[row], model.source_of(row))

    def _encode(self, name: str, source: Source) -> None:
        image, model = source.image, self._state.model.model
        if image is None or model is None or image.shape != model.image_shape:
            return
        encoded = replace(source, model=model.digest)

        def answer(reply: Reply) -> None:
            if isinstance(reply, Encoded):
                self._replace(name, reply.mu[0], reply.sigma[0], encoded)

        self._requests.ask(f"encode {name}", lambda n: EncodeImages(n, image[None]), answer)

    def _replace(self, name: str, mu: Floats32, sigma: Floats32, source: Source) -> None:
        latent = self._state.latent
        points = tuple(
            _with_posterior(point, mu, sigma, source) if point.name == name else point for point in latent.points
        )
        latent.replace_points(points, latent.index)

    def open_picture(self, path: str) -> None:
        """Encode a picture file of the person's own and make it the current point's source."""
        self._requests.ask("picture file", lambda number: EncodeFile(number, path), self._opened_picture)

    def _opened_picture(self, reply: Reply) -> None:
        if isinstance(reply, Encoded):
            latent = self._state.latent
            model = self._state.model.model
            source = Source("picture", "your picture", None, reply.images[0], "" if model is None else model.digest)
            with latent.step("Open picture"):
                latent.set_posterior(reply.mu[0].astype(np.float64), reply.sigma[0].astype(np.float64), source)

    def ask_thumbnails(self) -> None:
        """Ask for the pictures of all points in one batch."""
        names: list[str] = []

        def build(number: int) -> Decode:
            # The points as they are when the request is sent: they may move while it waits.
            points = self._state.latent.points
            names[:] = [point.name for point in points]
            return Decode(number, np.stack([point.z for point in points]).astype(np.float32))

        def answer(reply: Reply) -> None:
            if isinstance(reply, Decoded):
                self._state.answers.set_thumbnails(dict(zip(names, reply.images, strict=True)))

        self._requests.ask("thumbnails", build, answer)


def _with_posterior(point: Point, mu: Floats32, sigma: Floats32, source: Source) -> Point:
    mean = np.array(mu, np.float64)
    z = mean if point.untouched else point.z
    return replace(point, mu=mean, sigma=np.array(sigma, np.float64), z=z, source=source)
