"""Import a model and open what was written; compare it with what somebody else computes, or see it refused."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from models.core.errors import UserError
from models.importing.choices import Choices
from models.importing.opening import read_model
from models.vae.importing import import_model
from models.vae.model import VAE
from models.vae.model_file import open_model
from tests.fixtures import make_onnx

RELATIVE = 1e-5
GUESSED = Choices()


def opened(paths: Sequence[Path], choices: Choices = GUESSED) -> VAE:
    """Import, write, open again."""
    content, _ = import_model(paths, choices, "other", "")
    target = paths[0].with_name("imported.safetensors")
    target.write_bytes(content)
    model = open_model(target)
    return VAE(model.architecture, model.parameters)


def refused(path: Path, content: bytes) -> str:
    """Return what is said of a file with this content, which is not opened."""
    path.write_bytes(content)
    with pytest.raises(UserError) as caught:
        read_model(path)
    assert caught.value.subject == path.name
    return str(caught.value)


def old_keras() -> Any:
    """Return Keras 2, which warns while it is imported."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import tf_keras

    return tf_keras


def compare_convolutional(vae: VAE) -> None:
    """Compare with what NumPy makes of the weights of ``make_onnx``."""
    w = make_onnx.weights()
    z = np.random.default_rng(0).standard_normal((3, make_onnx.LATENT)).astype(np.float32)
    same(vae.decode(z), make_onnx.decoded(w, z).transpose(0, 2, 3, 1))
    images = np.random.default_rng(1).integers(0, 256, (3, 12, 12, 1), np.uint8)
    mean, spread = make_onnx.encoded(w, images.transpose(0, 3, 1, 2) / 255)
    mu, sigma = vae.encode(images)
    same(mu, mean)
    same(sigma, np.exp(spread / 2))


def same(ours: np.ndarray, theirs: Any) -> None:
    """Compare within 1e-5 of the largest value."""
    theirs = np.asarray(theirs).reshape(ours.shape)
    assert np.abs(ours - theirs).max() <= RELATIVE * max(1.0, np.abs(theirs).max())
