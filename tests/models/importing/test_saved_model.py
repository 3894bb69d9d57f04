"""SavedModels are loaded once somebody trusts them; what is read of them gives what the model gives."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from models.core.errors import UserError
from models.core.foreign import is_model
from models.importing.answers import recalled, remember
from models.importing.choices import Choices
from models.importing.opening import read_model
from models.vae.foreign import Reader, identity
from models.vae.inspection import inspected
from tests.fixtures.make_keras import PAIRS
from tests.models.importing.opening import opened, same

TRUSTED = Choices(trust=True)
Z = np.random.default_rng(0).standard_normal((3, 4)).astype(np.float32)


class _Split(keras.layers.Layer):  # type: ignore[misc]
    """Draws z with a generator that keeps its state in a variable, as Keras 3 does."""

    def __init__(self) -> None:
        super().__init__()
        self.generator = keras.random.SeedGenerator(1)

    def call(self, both: Any) -> Any:
        mean, log_var = keras.ops.split(both, 2, axis=-1)
        noise = keras.random.normal(keras.ops.shape(mean), seed=self.generator)
        return mean, log_var, mean + keras.ops.exp(0.5 * log_var) * noise


def _halves() -> tuple[Any, Any]:
    encoder, decoder = PAIRS["convolutional"](keras)
    return keras.Model(encoder.input, encoder.outputs[:2]), decoder


def _module(folder: Path) -> tuple[Path, Any, Any]:
    """Save a module of two functions."""
    encoder, decoder = _halves()
    module = tf.Module()
    module.models = [encoder, decoder]
    images, codes = (tf.TensorSpec([None, *model.input_shape[1:]]) for model in (encoder, decoder))
    module.encode = tf.function(lambda x: dict(zip(("mu", "log_var"), encoder(x), strict=True)), [images])
    module.decode = tf.function(decoder, [codes])
    tf.saved_model.save(module, str(folder / "saved"))
    return folder / "saved", encoder, decoder


@pytest.fixture(scope="module")
def module(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Any, Any]:
    return _module(tmp_path_factory.mktemp("module"))


def test_functions_of_a_module(module: tuple[Path, Any, Any]) -> None:
    path, encoder, decoder = module
    vae = opened([path], TRUSTED)
    same(vae.decode(Z), decoder(Z))
    images = np.random.default_rng(1).integers(0, 256, (3, 12, 10, 3), np.uint8)
    mean, log_var = encoder(images.astype(np.float32) / 255)
    mu, sigma = vae.encode(images)
    same(mu, mean)
    same(sigma, np.exp(0.5 * np.asarray(log_var)))


def test_a_whole_model_of_keras_that_draws(tmp_path: Path) -> None:
    image = keras.Input((4, 4, 1))
    both = keras.layers.Dense(4)(keras.layers.Flatten()(image))
    mean, log_var, z = _Split()(both)
    decoder = keras.Sequential([keras.Input((2,)), keras.layers.Dense(16, "sigmoid"), keras.layers.Reshape((4, 4, 1))])
    whole = keras.Model(image, [decoder(z), mean, log_var])
    whole.export(tmp_path / "saved", verbose=False)
    vae = opened([tmp_path / "saved"], TRUSTED)
    same(vae.decode(Z[:, :2]), decoder(Z[:, :2]))
    images = np.random.default_rng(1).integers(0, 256, (3, 4, 4, 1), np.uint8)
    _, wanted, spread = whole(images.astype(np.float32) / 255)
    mu, sigma = vae.encode(images)
    same(mu, wanted)
    same(sigma, np.exp(0.5 * np.asarray(spread)))


def test_operations_of_several_outputs(tmp_path: Path) -> None:
    def decode(z: Any) -> Any:
        count, _ = tf.unstack(tf.shape(z))
        one, rest = tf.split(z, [1, -1], axis=1)
        others = tf.unstack(rest, axis=1)
        row = tf.concat([one, *(tf.expand_dims(part, 1) for part in others)], 1)
        return tf.reshape(tf.sigmoid(tf.concat([row, -row, row, 2 * row], 1)), [count, 4, 4, 1])

    module = tf.Module()
    module.decode = tf.function(decode, [tf.TensorSpec([None, 4])])
    tf.saved_model.save(module, str(tmp_path / "saved"))
    same(opened([tmp_path / "saved"], TRUSTED).decode(Z), decode(Z))


FUNCTIONS: dict[str, Callable[[Any], Any]] = {
    "a new axis": lambda z: z[:, None] + z[..., tf.newaxis],
    "an ellipsis": lambda z: (
        tf.reshape(z, [-1, 2, 2])[..., :: -1 + 2] * tf.reshape(z, [-1, 2, 2])[..., 1, :][:, tf.newaxis]
    ),
    "places": lambda z: tf.stack([z[:, 0] * z[:, -1], z[:, 1], z[:, -2], z[..., 3]], 1)[:, :, None] * z[:, None, :],
    "repeated, with channels that become pixels": lambda z: tf.nn.depth_to_space(
        tf.reshape(tf.tile(z, [1, 4]), [-1, 2, 2, 4]), 2
    ),
    "a choice": lambda z: (
        tf.where(z > 0.2, tf.math.squared_difference(z, 1.0), tf.ones_like(z))[:, None] * z[:, :, None]
    ),
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_parts_and_choices(name: str, tmp_path: Path) -> None:
    def decode(z: Any) -> Any:
        return tf.reshape(tf.sigmoid(FUNCTIONS[name](z)), [-1, 4, 4, 1] if name != "an ellipsis" else [-1, 2, 2, 1])

    module = tf.Module()
    module.decode = tf.function(decode, [tf.TensorSpec([None, 4])])
    tf.saved_model.save(module, str(tmp_path / "saved"))
    same(opened([tmp_path / "saved"], TRUSTED).decode(Z), decode(Z))


def test_what_picks_an_image_of_the_batch_is_refused(tmp_path: Path) -> None:
    module = tf.Module()
    module.decode = tf.function(lambda z: tf.reshape(z[0], [-1, 2, 2, 1]), [tf.TensorSpec([None, 4])])
    tf.saved_model.save(module, str(tmp_path / "saved"))
    with pytest.raises(UserError, match="picks an image of the batch, or moves it"):
        read_model(tmp_path / "saved", TRUSTED)


def test_classes_by_number(tmp_path: Path) -> None:
    layers, z, label = keras.layers, keras.Input((4,)), keras.Input((1,), name="label", dtype="int32")
    both = layers.Concatenate()([z, layers.Flatten()(layers.Embedding(5, 3)(label))])
    decoder = keras.Model([z, label], layers.Dense(16, "sigmoid")(layers.PReLU()(layers.Dense(6)(both))))
    decoder.export(tmp_path / "saved", verbose=False)
    vae = opened([tmp_path / "saved"], Choices(trust=True, label=2))
    same(vae.decode(Z), decoder([Z, np.full((3, 1), 2)]))


def test_nothing_is_loaded_before_it_is_trusted(module: tuple[Path, Any, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    path, loaded = module[0], []
    load = tf.saved_model.load
    monkeypatch.setattr(tf.saved_model, "load", lambda place: (loaded.append(place), load(place))[1])
    reader = Reader()
    assert is_model(path)
    for answers in (None, {}, {"range": "unit"}):
        shown = inspected(1, path, reader.understand(path, answers), None)
        assert (shown.program, shown.questions, len(shown.images)) == (True, (), 0)
        assert shown.fault.startswith("saved: this is a TensorFlow SavedModel, a program")
    for way_in in (read_model, reader.open):
        with pytest.raises(UserError, match=r"saved: this is .* a program.* latentscape import --trust"):
            way_in(path)
    assert loaded == []


def test_trust_is_remembered_by_the_content_of_all_files(module: tuple[Path, Any, Any], tmp_path: Path) -> None:
    path = tmp_path / "saved"
    shutil.copytree(module[0], path)
    remember(identity(path), {"trust": "yes"})
    reader = Reader()
    first = reader.open(path / "saved_model.pb").info
    assert (first.name, first.has_encoder) == ("saved", True)
    assert first.understood["format"] == f"a SavedModel of TensorFlow {tf.__version__}"
    assert "--trust --out" in first.recipe
    assert reader.open(path).info.digest == first.digest
    (path / "assets").mkdir(exist_ok=True)
    (path / "assets" / "words.txt").write_text("other")
    assert recalled(identity(path)) is None
    with pytest.raises(UserError, match="a program"):
        reader.open(path)


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (lambda path: (path / "saved_model.pb").write_bytes(b"\x08\x01\xff"), "saved: "),
        (lambda path: next(path.glob("variables/*.data*")).write_bytes(b""), "saved: it makes no sense"),
        (lambda path: (path / "far").symlink_to("/etc"), "saved: a folder in it is a link"),
    ],
)
def test_what_is_damaged_is_refused(
    module: tuple[Path, Any, Any], damage: Callable[[Path], object], reason: str, tmp_path: Path
) -> None:
    shutil.copytree(module[0], tmp_path / "saved")
    damage(tmp_path / "saved")
    with pytest.raises(UserError, match=reason):
        read_model(tmp_path / "saved", TRUSTED)
