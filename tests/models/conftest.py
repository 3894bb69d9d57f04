"""Small models and data sets that a test can train on in a second."""

from __future__ import annotations

from collections.abc import Callable, Generator
from pathlib import Path
from typing import TypeVar

import numpy as np
import pytest

from models.core.descriptions import ModelInfo
from models.core.settings import Likelihood, TrainSettings
from models.vae.architecture import Architecture, architecture_of
from tests.support.kept_files import write_model

IMAGE_SHAPE = (6, 5, 1)
SETTINGS = TrainSettings(hidden=(12, 8), latent_dim=3, batch_size=16, epochs=4, seed=5)

T = TypeVar("T")


def finish(steps: Generator[object, None, T]) -> T:
    """Run a generator to the end and return its value."""
    while True:
        try:
            next(steps)
        except StopIteration as end:
            value: T = end.value
            return value


def blobs(count: int, seed: int = 0, shape: tuple[int, int, int] = IMAGE_SHAPE) -> np.ndarray:
    """Return images of a soft spot somewhere, uint8 [n, h, w, c]: two degrees of freedom to find."""
    rng = np.random.default_rng(seed)
    height, width, channels = shape
    y, x = rng.uniform(0, height, (count, 1, 1)), rng.uniform(0, width, (count, 1, 1))
    rows, columns = np.arange(height)[:, None], np.arange(width)[None, :]
    spot = np.exp(-0.5 * ((rows - y) ** 2 + (columns - x) ** 2))
    return np.repeat((255 * spot).astype(np.uint8)[..., None], channels, axis=3)


def info_of(architecture: Architecture, settings: TrainSettings, name: str = "tiny") -> ModelInfo:
    """Return a description that fits the architecture."""
    return ModelInfo(
        "", name, "", architecture.image_shape, settings, "blobs", 1, architecture.parameter_count(), "a recipe",
        {"elbo": -1.5}, tuple(0.5 for _ in range(settings.latent_dim)),
    )  # fmt: skip


@pytest.fixture
def tiny_architecture() -> Architecture:
    return architecture_of(SETTINGS, IMAGE_SHAPE)


@pytest.fixture
def tiny_model(tmp_path: Path, tiny_architecture: Architecture) -> Path:
    path = tmp_path / "tiny.safetensors"
    parameters = tiny_architecture.initial_parameters(seed=1)
    write_model(path, info_of(tiny_architecture, SETTINGS), parameters)
    return path


def write_blobs(folder: Path) -> Path:
    """Write 160 labelled blobs into ``folder``."""
    path = folder / "blobs.npz"
    np.savez_compressed(path, images=blobs(160), labels=np.arange(160) % 4)
    return path


@pytest.fixture
def tiny_data(tmp_path: Path) -> Path:
    return write_blobs(tmp_path)


@pytest.fixture
def model_of(tmp_path: Path) -> Callable[[Likelihood], Path]:
    """Return a model file with the given likelihood."""

    def make(likelihood: Likelihood) -> Path:
        settings = TrainSettings(hidden=(12, 8), latent_dim=3, likelihood=likelihood)
        architecture = architecture_of(settings, IMAGE_SHAPE)
        path = tmp_path / f"{likelihood}.safetensors"
        write_model(path, info_of(architecture, settings), architecture.initial_parameters(1))
        return path

    return make
