"""The functions of a person's own Python process as a model; they answer over a connection: :mod:`latentscape.wire`."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from dataclasses import dataclass, replace
from itertools import count
from multiprocessing.connection import Client, Connection
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from latentscape.wire import (
    WIRE_VERSION,
    Answer,
    Ask,
    AskCodes,
    AskCodesOfRows,
    AskImages,
    Codes,
    Description,
    Images,
    Join,
    Refusal,
)
from models.core.arrays import Floats32
from models.core.descriptions import DataInfo, ModelInfo
from models.core.live import settings_of
from models.core.steps import finished
from models.importing.moments import SHARP
from models.vae.architecture import Architecture
from models.vae.model import VAE
from models.vae.posterior import Posteriors

# While an answer is waited for, other requests are looked after so often.
TURN_SECONDS = 0.002
# So many images at once, and no more bytes or time if there are several: what is asked for meanwhile waits for them.
MOST_AT_ONCE, BYTES_AT_ONCE, SECONDS_AT_ONCE = 16, 1 << 20, 0.03

Result = TypeVar("Result")
Kind = TypeVar("Kind", Images, Codes)
Waiting = Generator[None, None, Result]


@dataclass(frozen=True)
class LiveArchitecture(Architecture):
    """What is known of a live model: the sizes of its images and latents, and whether it has codes of images.

    The settings have been checked; there are no parameters, and no limit to the size of an image.
    """

    encodes: bool = True

    def __post_init__(self) -> None:
        """Take what :func:`models.core.live.settings_of` has checked."""

    @property
    def has_encoder(self) -> bool:
        """Whether images can be encoded."""
        return self.encodes

    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Return no parameters."""
        return {}


class LiveVAE(VAE):
    """A model that a person's process answers for.

    Its generators yield while they wait for an answer, so that the worker can do something else; what is called as with
    any other model waits. ValueError is raised where a function cannot answer, or its process has gone.
    """

    def __init__(self, description: Description, connection: Connection) -> None:
        settings = settings_of(description)
        super().__init__(
            LiveArchitecture(
                description.image_shape, (), settings.latent_dim, settings.likelihood, settings.posterior,
                settings.prior, encodes=description.encodes,
            ),
            {},
        )  # fmt: skip
        self.description, self._settings = description, settings
        self._seconds_each = 0.0
        self._connection, self._ids = connection, count(1)
        # Questions under way, with the answers that are there.
        self._awaited: dict[int, Answer | None] = {}

    def info(self, path: str) -> ModelInfo:
        """Return the description of the model, which the window calls ``path``."""
        said = self.description
        return ModelInfo(
            path, said.title, said.digest, said.image_shape, self._settings, "", 0, 0,
            understood={"format": "functions of a Python process"}, has_encoder=said.encodes, live=True,
        )  # fmt: skip

    def named(self, data: DataInfo) -> DataInfo:
        """Return an opened data set; if it is the model's own, with its title and the names of its classes."""
        if data.path != self.description.data:
            return data
        return replace(data, name=self.description.title, label_names=self.description.label_names)

    def turns(self, count: int) -> Iterator[slice]:
        """Yield the rows that are asked for at once, by the size of an image and the time that one took last."""
        start = 0
        while start < count:
            by_size = BYTES_AT_ONCE // (4 * self.architecture.pixels)
            by_time = int(SECONDS_AT_ONCE / self._seconds_each) if self._seconds_each > 0.0 else MOST_AT_ONCE
            turn = slice(start, min(start + max(1, min(MOST_AT_ONCE, by_size, by_time)), count))
            yield turn
            start = turn.stop

    def close(self) -> None:
        """End the conversation."""
        self._connection.close()

    # ---------------------------------------------------------------------------------------------- without waiting

    def decoding(self, z: Floats32) -> Waiting[tuple[Floats32, float]]:
        """Return the images [n, h, w, c] of latents ``z`` [n, d], and the seconds that the person's function took."""
        answer = yield from self._asking(AskImages(next(self._ids), z), Images)
        self._seconds_each = answer.seconds / len(z)
        return answer.images, answer.seconds

    def spreading(self, z: Floats32) -> Waiting[tuple[Floats32, Floats32]]:
        """Return mean and standard deviation over n of the images of ``z`` [n, d], both [h, w, c]."""
        total = np.zeros(self.architecture.image_shape)
        squares = np.zeros_like(total)
        for turn in self.turns(len(z)):
            images, _ = yield from self.decoding(z[turn])
            total += images.sum(axis=0, dtype=np.float64)
            squares += np.square(images, dtype=np.float64).sum(axis=0)
        mean = total / len(z)
        deviation = np.sqrt(np.maximum(squares / len(z) - np.square(mean), 0.0))
        return mean.astype(np.float32), deviation.astype(np.float32)

    def encoding(self, images: NDArray[np.uint8]) -> Waiting[Posteriors]:
        """Return the codes of uint8 ``images`` [n, h, w, c]; where the person gives means alone, with a narrow σ."""
        return _posteriors((yield from self._asking(AskCodes(next(self._ids), images), Codes)))

    def embedding(self, data: DataInfo, images: NDArray[np.uint8]) -> Waiting[Posteriors]:
        """Return the codes of all images of a data set; its own, as the person gave them."""
        parts = []
        for turn in self.turns(data.count):
            if data.path == self.description.data:
                ask = AskCodesOfRows(next(self._ids), turn.start, turn.stop)
                parts.append(_posteriors((yield from self._asking(ask, Codes))))
            else:
                parts.append((yield from self.encoding(np.ascontiguousarray(images[turn]))))
        mu, sigma = ([getattr(part, name) for part in parts] for name in ("mu", "sigma"))
        return Posteriors(np.concatenate(mu), np.concatenate(sigma))

    def _asking(self, ask: Ask, kind: type[Kind]) -> Waiting[Kind]:
        self._awaited[ask.id] = None
        try:
            self._connection.send(ask)
            while (answer := self._awaited[ask.id]) is None:
                if self._connection.poll(TURN_SECONDS):
                    self._take(self._connection.recv())
                else:
                    yield
        except (EOFError, OSError) as error:
            raise ValueError(f"the Python process of {self.description.title} answers no more") from error
        finally:
            del self._awaited[ask.id]
        if isinstance(answer, kind):
            return answer
        raise ValueError(answer.message if isinstance(answer, Refusal) else f"{type(answer).__name__} is no answer")

    def _take(self, answer: Answer) -> None:
        """Keep an answer, unless whoever asked has gone."""
        if answer.id in self._awaited:
            self._awaited[answer.id] = answer

    # ------------------------------------------------------------------------------------------- as any other model

    def decode(self, z: Floats32) -> Floats32:
        """Return the images of latents ``z`` [n, d] when they are there."""
        return finished(self.decoding(z))[0]

    def encode(self, images: np.ndarray) -> tuple[Floats32, Floats32]:
        """Return means and standard deviations of uint8 ``images`` when they are there."""
        codes = finished(self.encoding(images))
        return codes.mu, codes.sigma

    def spread(self, z: Floats32) -> tuple[Floats32, Floats32]:
        """Return mean and standard deviation of the images of ``z`` when they are there."""
        return finished(self.spreading(z))


def joined(address: str, key: bytes) -> LiveVAE:
    """Return the model of the process that listens at ``address``; OSError, EOFError or ValueError if there is none."""
    connection = Client(address, authkey=key)
    connection.send(Join(WIRE_VERSION, "decoder"))
    return LiveVAE(connection.recv(), connection)


def decoded(vae: VAE, z: Floats32) -> Waiting[Floats32]:
    """Return the images [n, h, w, c] of latents ``z`` [n, d] by any model; that of a person is waited for in turns."""
    if isinstance(vae, LiveVAE):
        images, _ = yield from vae.decoding(z)
        return images
    return vae.decode(z)


def _posteriors(codes: Codes) -> Posteriors:
    return Posteriors(codes.mu, np.full_like(codes.mu, SHARP) if codes.sigma is None else codes.sigma)
