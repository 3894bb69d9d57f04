"""Weights of Keras without the model, in each layout that Keras has written, give what the model gives."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from models.importing.choices import Choices
from tests.fixtures.make_keras import usual
from tests.models.importing.opening import old_keras, opened, same

USUAL = Choices(hidden="relu")


def _of_its_own(library: Any, encoder: Any, decoder: Any) -> Any:
    """Return a model with the halves as attributes, as Keras' own example of a VAE."""

    class VAE(library.Model):
        def __init__(self) -> None:
            super().__init__()
            self.encoder, self.decoder = encoder, decoder

        def call(self, inputs: Any) -> Any:
            return self.decoder(self.encoder(inputs)[0])

    model = VAE()
    model(np.zeros((1, 28, 28, 1), np.float32))
    return model


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(("old", "ending"), [(False, "weights.h5"), (True, "weights.h5"), (True, "h5")])
def test_weights_alone(old: bool, ending: str, tmp_path: Path) -> None:
    library = old_keras() if old else keras
    encoder, decoder = usual(library)
    z = np.random.default_rng(0).standard_normal((3, 2)).astype(np.float32)
    images = np.random.default_rng(1).integers(0, 256, (2, 28, 28, 1), np.uint8)
    mean, spread = encoder(images.astype(np.float32) / 255)[:2]
    apart = [tmp_path / f"{part}.{ending}" for part in ("encoder", "decoder")]
    whole = tmp_path / f"vae.{ending}"
    for path, model in zip([*apart, whole], (encoder, decoder, _of_its_own(library, encoder, decoder)), strict=True):
        model.save_weights(str(path))
    for paths in ([whole], apart, apart[1:]):
        vae = opened(paths, USUAL)
        same(vae.decode(z), decoder(z))
        if len(paths) != 1 or paths == [whole]:
            mu, sigma = vae.encode(images)
            same(mu, mean)
            same(sigma, np.exp(np.asarray(spread) / 2))


@pytest.mark.filterwarnings("ignore")
def test_a_functional_model_in_one_piece(tmp_path: Path) -> None:
    z = keras.Input((2,))
    layers = [keras.layers.Dense(size, activation="relu") for size in (16, 24)]
    decoder = keras.Sequential([z, *layers, keras.layers.Dense(36, activation="sigmoid")])
    decoder.save_weights(tmp_path / "decoder.weights.h5")
    points = np.random.default_rng(0).standard_normal((3, 2)).astype(np.float32)
    same(opened([tmp_path / "decoder.weights.h5"], USUAL).decode(points), decoder(points))
