"""Models of Keras 3 and of Keras 2, whole or in two files, give what Keras gives."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from models.core.errors import UserError
from models.importing.choices import Choices
from models.vae.model import VAE
from tests.fixtures.make_keras import PAIRS, whole
from tests.models.importing.opening import old_keras, opened, same


def in_range(pixels: np.ndarray, name: str) -> np.ndarray:
    """Return what the encoder of the model ``name`` takes of uint8 pixels."""
    return pixels.astype(np.float32) / (1.0 if name == "upsampling" else 255.0)


def compare(vae: VAE, pair: Any, name: str) -> None:
    encoder, decoder = pair
    z = np.random.default_rng(0).standard_normal((3, vae.architecture.latent_dim)).astype(np.float32)
    image = np.asarray(decoder(z))
    same(vae.decode(z), (image + 1) / 2 if name == "upsampling" else image)
    shape = vae.architecture.image_shape
    pixels = np.random.default_rng(1).integers(0, 256, (3, *shape), np.uint8)
    mean, spread = encoder(in_range(pixels, name).reshape(3, *encoder.input_shape[1:]))[:2]
    mu, sigma = vae.encode(pixels)
    same(mu, mean)
    same(sigma, np.exp(np.asarray(spread) / 2))


@pytest.fixture(scope="module", params=list(PAIRS))
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.mark.filterwarnings("ignore:.*HDF5 file:UserWarning", "ignore:You are saving your model as an HDF5 file")
@pytest.mark.parametrize("ending", ["keras", "h5"])
def test_encoder_and_decoder_in_files_of_their_own(name: str, ending: str, tmp_path: Path) -> None:
    pair = PAIRS[name](keras)
    paths = [tmp_path / f"{part}.{ending}" for part in ("decoder", "encoder")]
    for path, model in zip(paths, pair[::-1], strict=True):
        model.save(path)
    compare(opened(paths), pair, name)


@pytest.mark.parametrize("ending", ["keras", "h5"])
def test_the_whole_of_a_model_with_a_sampling_layer_of_its_own(name: str, ending: str, tmp_path: Path) -> None:
    pair = PAIRS[name](keras)
    whole(keras, pair).save(tmp_path / f"vae.{ending}")
    compare(opened([tmp_path / f"vae.{ending}"]), pair, name)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("ending", ["keras", "h5"])
def test_files_of_keras_2(name: str, ending: str, tmp_path: Path) -> None:
    pair = PAIRS[name](old_keras())
    whole(old_keras(), pair).save(tmp_path / f"vae.{ending}")
    compare(opened([tmp_path / f"vae.{ending}"]), pair, name)


def test_a_decoder_alone_decodes_and_says_that_it_encodes_nothing(tmp_path: Path) -> None:
    _, decoder = PAIRS["dense"](keras)
    decoder.save(tmp_path / "decoder.keras")
    vae = opened([tmp_path / "decoder.keras"])
    z = np.ones((1, 3), np.float32)
    same(vae.decode(z), decoder(z))
    with pytest.raises(ValueError, match="a decoder alone"):
        vae.encode(np.zeros((1, 6, 6, 1), np.uint8))


def test_an_encoder_alone_is_refused_with_a_way_on(tmp_path: Path) -> None:
    encoder, _ = PAIRS["dense"](keras)
    encoder.save(tmp_path / "encoder.keras")
    with pytest.raises(UserError, match=r"encoder alone.*name the file of its decoder"):
        opened([tmp_path / "encoder.keras"])


def test_a_layer_of_its_own_is_refused_by_name(tmp_path: Path) -> None:
    z = keras.Input((2,))
    y = keras.layers.Dense(36)(z)
    keras.Model(z, keras.layers.Lambda(lambda x: x * 2, name="doubled")(y)).save(tmp_path / "own.keras")
    with pytest.raises(UserError, match="doubled is a Lambda, which is not known here and is never run"):
        opened([tmp_path / "own.keras"])


def test_what_was_guessed_can_be_said_instead(tmp_path: Path) -> None:
    z = keras.Input((2,))
    decoder = keras.Model(z, keras.layers.Dense(36)(z))
    decoder.save(tmp_path / "linear.keras")
    raw = np.asarray(decoder(np.ones((1, 2), np.float32)))
    path = [tmp_path / "linear.keras"]
    one = np.ones((1, 2), np.float32)
    same(opened(path, Choices(activation="sigmoid")).decode(one), 1 / (1 + np.exp(-raw)))
    same(opened(path, Choices(activation="linear", range="signed")).decode(one), np.clip(raw / 2 + 0.5, 0, 1))
    assert opened(path, Choices(image_shape=(4, 9, 1))).architecture.image_shape == (4, 9, 1)


def test_a_conditional_decoder_is_held_at_a_class(tmp_path: Path) -> None:
    z, label = keras.Input((2,), name="z"), keras.Input((4,), name="label")
    joined = keras.layers.Concatenate()([z, label])
    decoder = keras.Model([z, label], keras.layers.Dense(36, activation="sigmoid")(joined))
    decoder.save(tmp_path / "decoder.keras")
    points = np.random.default_rng(0).standard_normal((3, 2)).astype(np.float32)
    expected = decoder([points, np.tile(np.eye(4, dtype=np.float32)[3], (3, 1))])
    same(opened([tmp_path / "decoder.keras"], Choices(label=3)).decode(points), expected)
    first = decoder([points, np.tile(np.eye(4, dtype=np.float32)[0], (3, 1))])
    same(opened([tmp_path / "decoder.keras"]).decode(points), first)


def test_a_latent_grid_is_dragged_as_dimensions(tmp_path: Path) -> None:
    z = keras.Input((3, 3, 2))
    decoder = keras.Model(z, keras.layers.Conv2DTranspose(1, 4, 2, padding="same", activation="sigmoid")(z))
    decoder.save(tmp_path / "decoder.keras")
    vae = opened([tmp_path / "decoder.keras"])
    points = np.random.default_rng(0).standard_normal((3, 18)).astype(np.float32)
    same(vae.decode(points), decoder(points.reshape(3, 3, 3, 2)))


def test_an_autoencoder_is_cut_where_it_is_narrowest(tmp_path: Path) -> None:
    layers = [keras.layers.Dense(size, activation="relu") for size in (20, 3, 20)]
    whole_model = keras.Sequential([keras.Input((36,)), *layers, keras.layers.Dense(36, activation="sigmoid")])
    whole_model.save(tmp_path / "ae.keras")
    vae = opened([tmp_path / "ae.keras"])
    images = np.random.default_rng(0).integers(0, 256, (3, 6, 6, 1), np.uint8)
    mu, sigma = vae.encode(images)
    assert mu.shape == (3, 3)
    assert np.allclose(sigma, 0.01)
    same(vae.decode(mu), whole_model(in_range(images, "ae").reshape(3, 36)))


class _Loss(keras.layers.Layer):
    """Measures something and gives on what it takes, as in many models with a loss of their own."""

    def __init__(self, both: bool, **named: Any) -> None:
        super().__init__(**named)
        self.both = both

    def call(self, inputs: Any) -> Any:
        return inputs if self.both else inputs[0]


class _Draw(keras.layers.Layer):
    def call(self, inputs: Any) -> Any:
        return inputs[0]


def test_layers_that_measure_a_loss_are_passed_by(tmp_path: Path) -> None:
    layers, image = keras.layers, keras.Input((36,))
    hidden = layers.Dense(8, activation="relu")(image)
    moments = _Loss(True)([layers.Dense(2, name="z_mean")(hidden), layers.Dense(2, name="z_log_var")(hidden)])
    decoder = keras.Sequential([keras.Input((2,)), layers.Dense(36, activation="sigmoid")], name="decoder")
    whole_model = keras.Model(image, _Loss(False)([image, decoder(_Draw()(moments))]))
    whole_model.save(tmp_path / "vae.keras")
    z = np.ones((2, 2), np.float32)
    same(opened([tmp_path / "vae.keras"]).decode(z), decoder(z))


class Stand(keras.layers.Layer):
    """Stands where a layer of another library will be named."""

    def call(self, inputs: Any) -> Any:
        return inputs


def test_distributions_of_tensorflow_probability(tmp_path: Path) -> None:
    """The factor of a full normal keeps σ of each dimension, the logits of pixels give their probabilities."""
    image, z = keras.Input((36,)), keras.Input((3,))
    encoder = keras.Model(image, keras.layers.Dense(9)(image), name="encoder")
    decoder = keras.Model(z, keras.layers.Dense(36)(z), name="decoder")
    for model, kind, options in (
        (encoder, "MultivariateNormalTriL", '"event_size": 3'),
        (decoder, "IndependentBernoulli", '"event_shape": [6, 6, 1]'),
    ):
        path = tmp_path / f"{model.name}.keras"
        keras.Model(model.input, Stand(name="drawn")(model.output)).save(path)
        changes = {'"Stand"': f'"{kind}"', '"config": {"name": "drawn"': f'"config": {{{options}, "name": "drawn"'}
        _rewrite(path, changes)
    vae = opened([tmp_path / "encoder.keras", tmp_path / "decoder.keras"])
    z = np.ones((2, 3), np.float32)
    same(vae.decode(z), 1 / (1 + np.exp(-np.asarray(decoder(z)))))
    images = np.random.default_rng(0).integers(0, 256, (2, 6, 6, 1), np.uint8)
    numbers = np.asarray(encoder(images.reshape(2, 36).astype(np.float32) / 255))
    mu, sigma = vae.encode(images)
    same(mu, numbers[:, :3])
    # tfp.math.fill_triangular: [[d e f], [f e d]…] from the end of the list.
    for row, found in zip(numbers[:, 3:], sigma, strict=True):
        table = np.tril(np.concatenate([row[3:], row[::-1]]).reshape(3, 3))
        table[np.diag_indices(3)] = np.log1p(np.exp(np.diag(table))) + 1e-5
        same(found, np.sqrt(np.diag(table @ table.T)))


def _rewrite(path: Path, changes: Mapping[str, str]) -> None:
    """Change the configuration in a ``.keras`` file."""
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    config = members["config.json"].decode()
    for old, new in changes.items():
        assert old in config
        config = config.replace(old, new)
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in (members | {"config.json": config.encode()}).items():
            archive.writestr(name, content)


def test_the_number_of_a_class_is_looked_up(tmp_path: Path) -> None:
    z, label = keras.Input((2,), name="z"), keras.Input((1,), name="label")
    word = keras.layers.Flatten()(keras.layers.Embedding(5, 3)(label))
    image = keras.layers.Dense(36, activation="sigmoid")(keras.layers.Concatenate()([z, word]))
    decoder = keras.Model([z, label], image)
    decoder.save(tmp_path / "decoder.keras")
    points = np.random.default_rng(0).standard_normal((3, 2)).astype(np.float32)
    expected = decoder([points, np.full((3, 1), 4.0, np.float32)])
    same(opened([tmp_path / "decoder.keras"], Choices(label=4)).decode(points), expected)
    with pytest.raises(UserError, match="label 5 is not one of its 5 classes"):
        opened([tmp_path / "decoder.keras"], Choices(label=5))


def _of_more_layers(layers: Any) -> Any:
    """Return a decoder of layers that are rarer in a VAE."""
    z = layers.Input((4,))
    y = layers.Reshape((3, 3, 4))(layers.PReLU()(layers.Dense(36)(z)))
    y = layers.PReLU(shared_axes=[1, 2])(layers.SeparableConv2D(6, 3, padding="same", depth_multiplier=2)(y))
    y = layers.Average()([y, layers.Conv2D(6, 1)(y), layers.RandomFlip()(y)])
    y = layers.Normalization(mean=[0.1] * 6, variance=[0.5] * 6)(layers.Resizing(8, 8, "nearest")(y))
    return z, layers.Conv2D(1, 3, activation="sigmoid", padding="same")(y)


def _of_calculations(layers: Any, ops: Any) -> Any:
    """Return a decoder with functions between its layers."""
    z = layers.Input((4,))
    first, second = ops.split(layers.Dense(12)(z), 2, axis=1)
    parts = [first[:, :3], second[..., 2:5], z[:, 1:], first[:, 0][:, None] * z[:, None][:, 0, :3]]
    y = ops.transpose(ops.reshape(layers.Concatenate()(parts), (-1, 4, 3)), (0, 2, 1))
    y = ops.square(y) - 2.0 * getattr(ops, "nn", ops).softmax(y, axis=-1)
    return z, layers.Dense(16, activation="sigmoid")(layers.Flatten()(ops.expand_dims(y, -1)))


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(
    ("kind", "old", "ending"),
    [
        ("layers", False, "keras"),
        ("layers", True, "h5"),
        ("calculations", False, "keras"),
        ("calculations", False, "h5"),
        ("calculations", True, "h5"),
    ],
)
def test_rarer_layers_and_functions_between_layers(kind: str, old: bool, ending: str, tmp_path: Path) -> None:
    library = old_keras() if old else keras
    functions = tf if old else keras.ops
    made = _of_more_layers(library.layers) if kind == "layers" else _of_calculations(library.layers, functions)
    decoder = library.Model(*made)
    decoder.set_weights([np.random.default_rng(1).normal(0, 0.5, value.shape) for value in decoder.get_weights()])
    decoder.save(tmp_path / f"decoder.{ending}")
    z = np.random.default_rng(0).standard_normal((3, 4)).astype(np.float32)
    same(opened([tmp_path / f"decoder.{ending}"]).decode(z), decoder(z, training=False))


@pytest.mark.filterwarnings("ignore")
def test_a_draw_written_out_in_functions_of_tensorflow(tmp_path: Path) -> None:
    layers = old_keras().layers
    image = layers.Input((36,))
    mean, log_var = tf.split(layers.Dense(4)(image), 2, axis=1)
    z = mean + tf.exp(0.5 * log_var) * tf.random.normal(tf.shape(mean))
    decode = old_keras().Sequential([layers.Input((2,)), layers.Dense(36, "sigmoid")], name="generator")
    vae = old_keras().Model(image, decode(z))
    vae.save(tmp_path / "vae.keras")
    found, points = (
        opened([tmp_path / "vae.keras"]),
        np.random.default_rng(0).standard_normal((3, 2)).astype(np.float32),
    )
    same(found.decode(points), decode(points))
    assert found.architecture.has_encoder
