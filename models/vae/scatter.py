"""Latents from a file without a model: a latent space of which nothing can be decoded."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from models.core.arrays import Floats32
from models.core.descriptions import DIGEST_LENGTH, ModelInfo
from models.core.errors import UserError
from models.core.files import reason_of
from models.core.foreign import is_model
from models.core.reading import open_file
from models.core.settings import TrainSettings
from models.data.latents import TABLES, StoredLatents, read_any_latents
from models.vae.architecture import Architecture
from models.vae.model import VAE

SUFFIXES = (".npz", ".npy", *TABLES)
MOST_DIMENSIONS = 512
# The images of latents that have none.
BLANK = (1, 1, 1)


@dataclass(frozen=True)
class ScatterArchitecture(Architecture):
    """Only the number of dimensions, which may be larger than that of a model that is trained."""

    def __post_init__(self) -> None:
        """Take what has been read."""

    @property
    def has_encoder(self) -> bool:
        """Whether images can be encoded: none can."""
        return False

    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Return no parameters."""
        return {}


class Scatter(VAE):
    """The latents of a file in the place of a model; ValueError is raised by all that needs a decoder or an encoder."""

    def __init__(self, path: Path, codes: StoredLatents) -> None:
        super().__init__(ScatterArchitecture(BLANK, (), codes.z.shape[1], "gaussian"), {})
        self.path, self.codes = path, codes

    def decode(self, z: Floats32) -> Floats32:
        """Raise ValueError."""
        raise self._refusal()

    def encode(self, images: np.ndarray) -> tuple[Floats32, Floats32]:
        """Raise ValueError."""
        raise self._refusal()

    def spread(self, z: Floats32) -> tuple[Floats32, Floats32]:
        """Raise ValueError."""
        raise self._refusal()

    def _refusal(self) -> ValueError:
        return ValueError(f"{self.path.name} holds latents without a model, so nothing can be decoded or encoded")

    def info(self, digest: str) -> ModelInfo:
        """Return the description in the words of a model; ``digest`` is that of the file."""
        settings = TrainSettings(hidden=(), latent_dim=self.architecture.latent_dim, likelihood="gaussian")
        return ModelInfo(
            str(self.path), self.path.stem, digest, BLANK, settings, "", 0, 0, has_encoder=False, has_decoder=False
        )


def is_scatter(path: Path) -> bool:
    """Return whether a file that is to be opened as a model holds latents instead."""
    return path.suffix.lower() in SUFFIXES and not is_model(path)


def open_scatter(path: Path) -> tuple[Scatter, ModelInfo]:
    """Read the latents of a file; UserError if it has none, or too many dimensions."""
    codes = read_any_latents(path)
    if codes.z.shape[1] > MOST_DIMENSIONS:
        raise UserError(path.name, f"latents have at most {MOST_DIMENSIONS} dimensions, not {codes.z.shape[1]}")
    try:
        with open_file(path) as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()[:DIGEST_LENGTH]
    except OSError as error:
        raise UserError(path.name, reason_of(error)) from error
    scatter = Scatter(path, codes)
    return scatter, scatter.info(digest)
