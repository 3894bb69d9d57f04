"""Exported Keras models: a process with Keras but without this package computes the same numbers."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from models.core.errors import UserError
from models.core.settings import Likelihood
from models.export.keras import keras_models
from models.vae.model import VAE
from models.vae.model_file import OpenedModel, open_model
from tests.models.conftest import blobs

SCRIPT = """
import sys, keras, numpy as np
for folder in sys.argv[1:]:
    images, z = np.load(folder + "/images.npy"), np.load(folder + "/z.npy")
    names = ("vae", "encoder", "decoder")
    vae, encoder, decoder = (keras.models.load_model(f"{folder}/{name}.keras") for name in names)
    loc, scale = encoder.predict(images, verbose=0)
    decoded, whole = decoder.predict(z, verbose=0), vae.predict(images, verbose=0)
    np.savez(folder + "/answers.npz", loc=loc, scale=scale, decoded=decoded, vae=whole)
assert not [name for name in sys.modules if name.split(".")[0] in ("models", "explorer")]
"""
LIKELIHOODS: tuple[Likelihood, ...] = ("bernoulli", "continuous_bernoulli", "gaussian")
IMAGES, Z = blobs(20, seed=3), np.random.default_rng(0).normal(size=(30, 3), scale=4.0).astype(np.float32)


def _export(opened: OpenedModel, output: str, folder: Path) -> Path:
    folder.mkdir()
    for name, model in keras_models(opened, output).items():
        model.save(folder / f"{name}.keras")
    np.save(folder / "images.npy", IMAGES.astype(np.float32) / np.float32(255.0))
    np.save(folder / "z.npy", Z)
    return folder


def _answers(folders: list[Path]) -> Iterator[dict[str, np.ndarray]]:
    """Load and use what was exported in a fresh process with nothing but Keras."""
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    # -P: this folder, and with it the package, is not on the path.
    command = [sys.executable, "-P", "-c", SCRIPT, *map(str, folders)]
    done = subprocess.run(command, cwd=folders[0], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    for folder in folders:
        with np.load(folder / "answers.npz") as arrays:
            yield dict(arrays)


def test_a_fresh_process_computes_the_same(model_of: Callable[[Likelihood], Path], tmp_path: Path) -> None:
    models = [open_model(model_of(likelihood)) for likelihood in LIKELIHOODS]
    folders = [_export(opened, "image", tmp_path / str(number)) for number, opened in enumerate(models)]
    *images, logits = _answers([*folders, _export(models[0], "logits", tmp_path / "logits")])
    vaes = [VAE(opened.architecture, opened.parameters) for opened in models]
    for found, vae in zip(images, vaes, strict=True):
        loc, scale = vae.encode(IMAGES)
        np.testing.assert_allclose(found["loc"], loc, atol=1e-6, rtol=0)
        np.testing.assert_allclose(found["scale"], scale, atol=1e-6, rtol=0)
        np.testing.assert_allclose(found["decoded"], vae.decode(Z), atol=1e-6, rtol=0)
        np.testing.assert_allclose(found["vae"], vae.decode(loc), atol=1e-6, rtol=0)
        assert found["decoded"].std() > 0.01
    expected = vaes[0].logits(Z).numpy()
    np.testing.assert_allclose(logits["decoded"].reshape(len(Z), -1), expected, rtol=1e-5, atol=1e-6)


def test_a_parameter_without_a_layer_is_refused(tiny_model: Path) -> None:
    opened = open_model(tiny_model)
    opened.parameters["encoder.flow.kernel"] = np.zeros((3, 3), np.float32)
    with pytest.raises(UserError, match=r"tiny: Keras has no layer here for its encoder\.flow\.kernel"):
        keras_models(opened, "image")
