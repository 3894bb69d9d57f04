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


def _of_layers(library: Any) -> Any:
    """Return a model whose halves are layers of somebody's own, as in Keras' guide to subclassing, with its decoder."""

    class Encoder(library.layers.Layer):
        def __init__(self) -> None:
            super().__init__(name="encoder")
            self.dense_proj = library.layers.Dense(16, activation="relu")
            self.dense_mean, self.dense_log_var = library.layers.Dense(3), library.layers.Dense(3)

        def call(self, inputs: Any) -> Any:
            hidden = self.dense_proj(inputs)
            return self.dense_mean(hidden), self.dense_log_var(hidden)

    class Decoder(library.layers.Layer):
        def __init__(self) -> None:
            super().__init__(name="decoder")
            self.dense_proj = library.layers.Dense(16, activation="relu")
            self.dense_output = library.layers.Dense(36, activation="sigmoid")

        def call(self, inputs: Any) -> Any:
            return self.dense_output(self.dense_proj(inputs))

    class Autoencoder(library.Model):
        def __init__(self) -> None:
            super().__init__()
            self.encoder, self.decoder = Encoder(), Decoder()

        def call(self, inputs: Any) -> Any:
            return self.decoder(self.encoder(inputs)[0])

    model = Autoencoder()
    model(np.zeros((1, 36), np.float32))
    return model


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(("old", "ending"), [(False, "keras"), (False, "h5"), (False, "weights.h5"), (True, "keras")])
def test_a_class_of_its_own_is_told_by_its_weights(old: bool, ending: str, tmp_path: Path) -> None:
    model, path = _of_layers(old_keras() if old else keras), tmp_path / f"vae.{ending}"
    (model.save_weights if ending == "weights.h5" else model.save)(str(path))
    z = np.random.default_rng(0).standard_normal((3, 3)).astype(np.float32)
    images = np.random.default_rng(1).integers(0, 256, (2, 6, 6, 1), np.uint8)
    vae = opened([path], USUAL)
    same(vae.decode(z), model.decoder(z))
    mean, spread = model.encoder(images.reshape(2, 36).astype(np.float32) / 255)
    mu, sigma = vae.encode(images)
    same(mu, mean)
    same(sigma, np.exp(np.asarray(spread) / 2))


@pytest.mark.filterwarnings("ignore")
def test_halves_that_are_packed_and_have_no_names(tmp_path: Path) -> None:
    layers = keras.layers
    encoder = keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            layers.Conv2D(3, 3, strides=2, activation="relu"),
            layers.Conv2D(4, 3, strides=2, activation="relu"),
            layers.Flatten(),
            layers.Dense(4),
        ]
    )
    decoder = keras.Sequential(
        [
            keras.Input((2,)),
            layers.Dense(196, activation="relu"),
            layers.Reshape((7, 7, 4)),
            layers.Conv2DTranspose(3, 3, 2, padding="same", activation="relu"),
            layers.Conv2DTranspose(1, 3, 2, padding="same", activation="sigmoid"),
        ]
    )
    paths = [tmp_path / f"{part}.weights.h5" for part in ("encoder", "decoder")]
    for path, model in zip(paths, (encoder, decoder), strict=True):
        model.save_weights(path)
    vae, images = opened(paths, USUAL), np.random.default_rng(1).integers(0, 256, (2, 28, 28, 1), np.uint8)
    z = np.random.default_rng(0).standard_normal((3, 2)).astype(np.float32)
    same(vae.decode(z), decoder(z))
    same(vae.encode(images)[0], encoder(images.astype(np.float32) / 255)[:, :2])
