"""A decoder for tests of state and controllers: it answers at once, by rules of two lines, in this process."""

from __future__ import annotations

from collections import deque
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from explorer.client.channels import Requests
from explorer.controllers.opening import OpeningController
from explorer.controllers.points import PointsController
from explorer.state import AppState
from models.core.descriptions import DataInfo, EmbeddingSummary, ModelInfo
from models.core.settings import TrainSettings
from models.protocol.decoding import Encoded, EncodeImages
from models.protocol.lifecycle import Failed
from models.protocol.messages import Reply, Request
from models.protocol.opening import DataOpened, Embed, Embedded, ModelOpened, OpenData, OpenModel

SIDE, IMAGES = 4, 6
SHAPE = (SIDE, SIDE, 1)
Posterior = tuple[NDArray[np.float32], NDArray[np.float32]]


def model(name: str, latent_dim: int, digest: str = "", path: str = "") -> ModelInfo:
    """Return a model of small images."""
    settings = TrainSettings(latent_dim=latent_dim)
    return ModelInfo(path or f"/models/{name}.safetensors", name, digest or name, SHAPE, settings, "small", 0, 10)


def encode(digest: str, latent_dim: int, images: NDArray[np.uint8]) -> Posterior:
    """Return μ and σ [n, d] of images by the model of a digest: different ones for each model and each image."""
    seed = sum(map(ord, digest))
    weights = np.random.default_rng(seed).normal(size=(SIDE * SIDE, latent_dim))
    # Row by row: an image alone has the bits that it has among others.
    rows = images.reshape(len(images), -1).astype(np.float32) / np.float32(255.0)
    mu = np.stack([row @ weights.astype(np.float32) for row in rows])
    return mu, np.full_like(mu, 0.1 + 0.01 * (seed % 50))


class Answers:
    """State, the controllers of opening and points, and what a decoder would answer them.

    Requests wait in :attr:`waiting` until :meth:`answer` is called, as they do while a real decoder is at work.
    """

    def __init__(self, folder: Path) -> None:
        self.folder, self.state = folder, AppState()
        self.models: dict[str, ModelInfo] = {}
        self.waiting: deque[Request] = deque()
        self.open: ModelInfo | None = None
        requests = Requests(self._send)
        self.requests = requests
        self.points = PointsController(self.state, requests, self.state)
        self.opening = OpeningController(self.state, requests, self.points, self.state)
        self.data = self._data("small", 0)

    def _data(self, name: str, seed: int) -> DataInfo:
        pixels = np.random.default_rng(seed).integers(0, 256, (IMAGES, *SHAPE), np.uint8)
        np.save(self.folder / f"{name}.npy", pixels)
        path = str(self.folder / f"{name}.npy")
        return DataInfo(path, name, f"data-{name}", IMAGES, IMAGES - 1, SHAPE, path, None)

    @property
    def images(self) -> NDArray[np.uint8]:
        """All images of the data set."""
        return np.load(self.data.images_path)

    def open_model(self, info: ModelInfo) -> None:
        """Ask for a model to be opened."""
        self.models[info.path] = info
        self.opening.open_model(info.path)

    def start(self, info: ModelInfo) -> None:
        """Open a model and the data, and wait for all that follows."""
        self.open_model(info)
        self.opening.open_data(self.data.path)
        self.answer()

    def switch(self, info: ModelInfo) -> None:
        """Open another model and wait for all that follows."""
        self.open_model(info)
        self.answer()

    def answer(self, most: int = 1000) -> None:
        """Answer what waits, in order, at most so many requests."""
        while self.waiting and most:
            reply = self._reply(self.waiting.popleft())
            if reply is not None:
                self.requests.take(reply)
            most -= 1

    def _send(self, request: Request) -> bool:
        self.waiting.append(request)
        return True

    def _reply(self, request: Request) -> Reply | None:
        match request:
            case OpenModel():
                self.open = self.models[request.path]
                return ModelOpened(request.id, self.open)
            case OpenData():
                return DataOpened(request.id, self.data)
            case Embed():
                return self._embedded(request)
            case EncodeImages():
                return self._encoded(request)
        return None

    def _encoded(self, request: EncodeImages) -> Reply:
        assert self.open is not None
        if request.images.shape[1:] != self.open.image_shape:
            return Failed(request.id, "EncodeImages", "these images do not fit", "")
        return Encoded(request.id, request.images, *encode(self.open.digest, self.open.latent_dim, request.images))

    def _embedded(self, request: Embed) -> Embedded:
        assert self.open is not None
        dims, paths = self.open.latent_dim, [self.folder / f"{self.open.digest}-{part}.npy" for part in ("mu", "sigma")]
        posteriors = encode(self.open.digest, dims, self.images)
        for path, values in zip(paths, posteriors, strict=True):
            np.save(path, values)
        mu = posteriors[0].astype(np.float64)
        kl = 0.5 * (mu**2).mean(axis=0)
        axes = np.eye(dims)[: min(dims, 2)]
        summary = EmbeddingSummary(
            kl, kl > 0.01, mu.min(axis=0), mu.max(axis=0), mu.mean(axis=0), axes, np.full(len(axes), 0.5),
            np.ones((dims, 48), np.int64),
        )  # fmt: skip
        return Embedded(request.id, self.open.digest, self.data.digest, str(paths[0]), str(paths[1]), summary)


def of_run(info: ModelInfo, folder: str, step: int) -> ModelInfo:
    """Return a model as a run left it in a checkpoint at this step."""
    return replace(info, path=f"{folder}/checkpoint-{step:08d}/model.safetensors", digest=f"{info.name}-{step}")
