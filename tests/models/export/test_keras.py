"""Exported Keras models: a process with Keras but without this package computes the same numbers."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
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
folder = sys.argv[1]
images, z = np.load(folder + "/images.npy"), np.load(folder + "/z.npy")
vae, encoder, decoder = (keras.models.load_model(f"{folder}/{name}.keras") for name in ("vae", "encoder", "decoder"))
loc, scale = encoder.predict(images, verbose=0)
answers = {"loc": loc, "scale": scale, "decoded": decoder.predict(z, verbose=0), "vae": vae.predict(images, verbose=0)}
np.savez(folder + "/answers.npz", **answers)
assert not [name for name in sys.modules if name.split(".")[0] in ("models", "explorer")]
"""


def _answers(
    opened: OpenedModel, output: str, folder: Path, images: np.ndarray, z: np.ndarray
) -> dict[str, np.ndarray]:
    """Export, then load and use the files in a fresh process with nothing but Keras."""
    for name, model in keras_models(opened, output).items():
        model.save(folder / f"{name}.keras")
    np.save(folder / "images.npy", images.astype(np.float32) / np.float32(255.0))
    np.save(folder / "z.npy", z)
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    # -P: this folder, and with it the package, is not on the path.
    command = [sys.executable, "-P", "-c", SCRIPT, str(folder)]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    with np.load(folder / "answers.npz") as arrays:
        return dict(arrays)


@pytest.mark.parametrize("likelihood", ["bernoulli", "continuous_bernoulli", "gaussian"])
def test_a_fresh_process_computes_the_same(
    likelihood: Likelihood, model_of: Callable[[Likelihood], Path], tmp_path: Path
) -> None:
    opened, images = open_model(model_of(likelihood)), blobs(20, seed=3)
    z = np.random.default_rng(0).normal(size=(30, 3), scale=4.0).astype(np.float32)
    found, vae = _answers(opened, "image", tmp_path, images, z), VAE(opened.architecture, opened.parameters)
    loc, scale = vae.encode(images)
    np.testing.assert_allclose(found["loc"], loc, atol=1e-6, rtol=0)
    np.testing.assert_allclose(found["scale"], scale, atol=1e-6, rtol=0)
    np.testing.assert_allclose(found["decoded"], vae.decode(z), atol=1e-6, rtol=0)
    np.testing.assert_allclose(found["vae"], vae.decode(loc), atol=1e-6, rtol=0)
    assert found["decoded"].std() > 0.01


def test_the_decoder_can_give_logits(model_of: Callable[[Likelihood], Path], tmp_path: Path) -> None:
    opened = open_model(model_of("bernoulli"))
    z = np.random.default_rng(0).normal(size=(30, 3)).astype(np.float32)
    found = _answers(opened, "logits", tmp_path, blobs(4), z)["decoded"]
    expected = VAE(opened.architecture, opened.parameters).logits(z).numpy()
    np.testing.assert_allclose(found.reshape(30, -1), expected, atol=1e-6, rtol=0)


def test_a_parameter_without_a_layer_is_refused(tiny_model: Path) -> None:
    opened = open_model(tiny_model)
    opened.parameters["encoder.flow.kernel"] = np.zeros((3, 3), np.float32)
    with pytest.raises(UserError, match=r"tiny: Keras has no layer here for its encoder\.flow\.kernel"):
        keras_models(opened, "image")
