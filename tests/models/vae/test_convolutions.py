"""Convolutional networks: against explicit sums in NumPy, at all sizes, trained, saved and resumed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from numpy.typing import NDArray

from models.core.errors import UserError
from models.core.settings import TrainSettings
from models.export.keras import keras_models
from models.training.flops import gigaflop_per_image, model_gigaflop_per_image
from models.training.loop import TrainingLoop, initial_state
from models.training.loss import TrainingLoss
from models.vae import networks
from models.vae.architecture import Architecture, architecture_of
from models.vae.evaluation import Evaluator
from models.vae.model import VAE
from models.vae.model_file import open_model
from tests.models.conftest import blobs, finish, info_of
from tests.support.kept_files import write_model

Array = NDArray[np.float64]
SETTINGS = TrainSettings(
    network="conv", channels=(4, 6), hidden=(10,), latent_dim=3, batch_size=8, likelihood="continuous_bernoulli"
)
SHAPES = [(28, 28, 1), (45, 28, 3), (96, 33, 3), (128, 128, 1)]


def wide(architecture: Architecture, seed: int = 1) -> dict[str, Array]:
    """Return parameters in float64 with nonzero biases, so that each of them matters."""
    rng = np.random.default_rng(seed)
    return {name: rng.normal(0.0, 0.1, shape) for name, shape in architecture.shapes().items()}


def convolution(grid: Array, kernel: Array) -> Array:
    """Return the sum over the kernel of the padded image, stride 2: out[i, j] = Σ x[2i + a − 1, 2j + b − 1] k[a, b]."""
    padded = np.pad(grid, ((0, 0), (1, 1), (1, 1), (0, 0)))
    height, width = grid.shape[1] // 2, grid.shape[2] // 2
    result = np.zeros((len(grid), height, width, kernel.shape[3]))
    for a in range(4):
        for b in range(4):
            result += padded[:, a : a + 2 * height : 2, b : b + 2 * width : 2] @ kernel[a, b]
    return result


def transposed(grid: Array, kernel: Array) -> Array:
    """Spread a kernel for each value over a grid of twice the size: out[2i + a − 1, 2j + b − 1] += x[i, j] k[a, b]."""
    count, height, width, _ = grid.shape
    padded = np.zeros((count, 2 * height + 2, 2 * width + 2, kernel.shape[2]))
    for a in range(4):
        for b in range(4):
            padded[:, a : a + 2 * height : 2, b : b + 2 * width : 2] += grid @ kernel[a, b].T
    return padded[:, 1:-1, 1:-1]


def affine(weights: dict[str, Array], name: str, values: Array) -> Array:
    return values @ weights[f"{name}.kernel"] + weights[f"{name}.bias"]


def relu(values: Array) -> Array:
    return np.maximum(values, 0.0)


def expected_posterior(shape: tuple[int, int, int], weights: dict[str, Array], x: Array) -> tuple[Array, Array]:
    """Return μ and σ of a network with two convolutions and one hidden layer."""
    rows, columns = (-shape[0] % 4, -shape[1] % 4)
    margins = ((rows // 2, rows - rows // 2), (columns // 2, columns - columns // 2))
    grid = np.pad(x.reshape(-1, *shape), ((0, 0), *margins, (0, 0)))
    for index in range(2):
        kernel, bias = weights[f"encoder.conv.{index}.kernel"], weights[f"encoder.conv.{index}.bias"]
        grid = relu(convolution(grid, kernel) + bias)
    hidden = relu(affine(weights, "encoder.hidden.0", grid.reshape(len(grid), -1)))
    return affine(weights, "encoder.loc", hidden), np.log1p(np.exp(affine(weights, "encoder.scale", hidden))) + 1e-4


def expected_logits(shape: tuple[int, int, int], weights: dict[str, Array], z: Array) -> Array:
    """Return the logits of the same network."""
    height, width = -(-shape[0] // 4), -(-shape[1] // 4)
    grid = relu(affine(weights, "decoder.grid", relu(affine(weights, "decoder.hidden.0", z))))
    grid = grid.reshape(len(z), height, width, 6)
    grid = relu(transposed(grid, weights["decoder.conv.0.kernel"]) + weights["decoder.conv.0.bias"])
    grid = transposed(grid, weights["decoder.logits.kernel"]) + weights["decoder.logits.bias"]
    top, left = (4 * height - shape[0]) // 2, (4 * width - shape[1]) // 2
    return grid[:, top : top + shape[0], left : left + shape[1]].reshape(len(z), -1)


@pytest.mark.parametrize("shape", SHAPES)
def test_networks_are_the_sums_written_out(shape: tuple[int, int, int]) -> None:
    architecture = architecture_of(SETTINGS, shape)
    weights = wide(architecture)
    tensors = {name: tf.constant(value) for name, value in weights.items()}
    rng = np.random.default_rng(2)
    x, z = rng.random((2, architecture.pixels)), rng.normal(size=(2, 3))
    for found, wanted in zip(
        networks.encode(architecture, tensors, tf.constant(x)), expected_posterior(shape, weights, x), strict=True
    ):
        np.testing.assert_allclose(found.numpy(), wanted, rtol=1e-10, atol=1e-12)
    logits = networks.decode(architecture, tensors, tf.constant(z)).numpy()
    np.testing.assert_allclose(logits, expected_logits(shape, weights, z), rtol=1e-10, atol=1e-12)


def test_gradients_are_the_slopes_of_the_loss() -> None:
    architecture = architecture_of(SETTINGS, (30, 29, 3))
    weights = {name: tf.constant(value) for name, value in wide(architecture).items()}
    rng = np.random.default_rng(3)
    x = tf.constant(rng.random((3, architecture.pixels)))
    eps = tf.constant(rng.normal(size=(1, 3, 3)))

    def loss(parameters: dict[str, tf.Tensor]) -> tf.Tensor:
        loc, scale = networks.encode(architecture, parameters, x)
        logits = networks.decode(architecture, parameters, (loc + scale * eps)[0])
        return tf.reduce_mean(tf.square(tf.sigmoid(logits) - x)) + tf.reduce_mean(tf.square(loc))

    with tf.GradientTape() as tape:
        tape.watch(weights)
        value = loss(weights)
    gradients = tape.gradient(value, weights)
    for name, gradient in gradients.items():
        direction = tf.constant(rng.normal(size=gradient.shape))
        ends = [loss({**weights, name: weights[name] + sign * 1e-5 * direction}) for sign in (1.0, -1.0)]
        slope = float(ends[0] - ends[1]) / 2e-5
        assert slope == pytest.approx(float(tf.reduce_sum(gradient * direction)), rel=1e-5, abs=1e-9), name


def test_work_counts_each_place_of_a_kernel() -> None:
    work = architecture_of(SETTINGS, (45, 28, 3)).multiply_adds()
    assert work == {
        "encoder.conv.0": 24 * 14 * 16 * 3 * 4,
        "encoder.conv.1": 12 * 7 * 16 * 4 * 6,
        "encoder.hidden.0": 12 * 7 * 6 * 10,
        "encoder.loc": 30,
        "encoder.scale": 30,
        "decoder.hidden.0": 30,
        "decoder.grid": 10 * 12 * 7 * 6,
        "decoder.conv.0": 12 * 7 * 16 * 4 * 6,
        "decoder.logits": 24 * 14 * 16 * 3 * 4,
    }
    total = sum(work.values())
    architecture = architecture_of(SETTINGS, (45, 28, 3))
    assert model_gigaflop_per_image(architecture, 1) == pytest.approx(6e-9 * total)
    assert gigaflop_per_image(architecture, 1) == pytest.approx(2e-9 * (3 * total - work["encoder.conv.0"]))


@pytest.mark.parametrize(
    ("shape", "changes", "reason"),
    [
        ((27, 64, 1), {}, "images of 28 to 128 pixels a side with 1 or 3 channels, not 27 × 64 × 1"),
        ((64, 129, 3), {}, "not 64 × 129 × 3"),
        ((64, 64, 2), {}, "not 64 × 64 × 2"),
        ((64, 64, 3), {"channels": ()}, "channels must be 1 to 5 numbers between 1 and 512"),
        ((64, 64, 3), {"channels": (8,) * 6}, "channels must be 1 to 5 numbers between 1 and 512"),
        ((64, 64, 3), {"channels": (8, 0)}, "channels must be 1 to 5 numbers between 1 and 512, not 8, 0"),
        ((64, 64, 3), {"network": "convolutional"}, "network must be dense or conv, "),
    ],
)
def test_what_no_network_can_be_made_of_is_refused(
    shape: tuple[int, int, int], changes: dict[str, object], reason: str
) -> None:
    settings = TrainSettings(**{"network": "conv", **changes})  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=reason):
        architecture_of(settings, shape)


def saved(path: Path, shape: tuple[int, int, int]) -> tuple[Architecture, dict[str, NDArray[np.float32]]]:
    architecture = architecture_of(SETTINGS, shape)
    weights = {name: value.astype(np.float32) for name, value in wide(architecture).items()}
    write_model(path, info_of(architecture, SETTINGS), weights)
    return architecture, weights


def test_a_kept_model_decodes_and_encodes_as_before(tmp_path: Path) -> None:
    shape = (45, 28, 3)
    _, weights = saved(tmp_path / "conv.safetensors", shape)
    opened = open_model(tmp_path / "conv.safetensors")
    assert opened.info.settings == SETTINGS
    vae = VAE(opened.architecture, opened.parameters)
    z, images = np.random.default_rng(4).normal(size=(3, 3)), blobs(3, shape=shape)
    exact = {name: value.astype(np.float64) for name, value in weights.items()}
    logits = expected_logits(shape, exact, z)
    wanted = 0.5 + 0.5 / np.tanh(0.5 * logits) - 1.0 / logits
    for count in (1, 3):
        found = vae.decode(z[:count].astype(np.float32))
        np.testing.assert_allclose(found.reshape(count, -1), wanted[:count], atol=2e-5)
    loc, scale = expected_posterior(shape, exact, images.reshape(3, -1) / 255.0)
    np.testing.assert_allclose(vae.encode(images)[0], loc, atol=1e-5)
    np.testing.assert_allclose(vae.encode(images)[1], scale, atol=1e-5)


def test_a_kernel_of_another_size_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "conv.safetensors"
    architecture, weights = saved(path, (28, 28, 1))
    weights["encoder.conv.0.kernel"] = np.zeros((3, 3, 1, 4), np.float32)
    write_model(path, info_of(architecture, SETTINGS), weights)
    with pytest.raises(UserError, match=r"encoder.conv.0.kernel is F32 \[3, 3, 1, 4\]"):
        open_model(path)


@pytest.mark.parametrize("shape", [(28, 28, 1), (45, 30, 3)])
def test_the_keras_model_is_the_same(tmp_path: Path, shape: tuple[int, int, int]) -> None:
    saved(tmp_path / "conv.safetensors", shape)
    opened = open_model(tmp_path / "conv.safetensors")
    exported, vae = keras_models(opened, "image"), VAE(opened.architecture, opened.parameters)
    images, z = blobs(2, shape=shape), np.random.default_rng(5).normal(size=(2, 3)).astype(np.float32)
    loc, scale = exported["encoder"].predict(images / np.float32(255.0), verbose=0)
    np.testing.assert_allclose(loc, vae.encode(images)[0], atol=1e-5)
    np.testing.assert_allclose(scale, vae.encode(images)[1], atol=1e-5)
    np.testing.assert_allclose(exported["decoder"].predict(z, verbose=0), vae.decode(z), atol=1e-5)


def test_training_learns_and_repeats_itself_bit_for_bit() -> None:
    images = blobs(40, shape=(28, 28, 1))
    architecture = architecture_of(SETTINGS, (28, 28, 1))
    loop = TrainingLoop(architecture, SETTINGS, images)
    whole = initial_state(architecture, 0)
    losses = [loop.run(whole, loop.epoch_order(epoch), 0, loop.steps_per_epoch).means().loss for epoch in range(12)]
    assert losses[-1] < losses[0] - 50.0
    parts = initial_state(architecture, 0)
    again = TrainingLoop(architecture, SETTINGS, images)
    for epoch in range(12):
        for first, steps in ((0, 2), (2, 1), (3, again.steps_per_epoch - 3)):
            again.run(parts, again.epoch_order(epoch), first, steps)
    for name, value in whole.average.items():
        np.testing.assert_array_equal(parts.average[name], value, name)
    np.testing.assert_array_equal(parts.sums, whole.sums)


def test_a_step_of_the_loop_is_adam_on_the_gradient_of_the_loss() -> None:
    images = blobs(8, shape=(28, 28, 1))
    architecture = architecture_of(SETTINGS, (28, 28, 1))
    loop, state = TrainingLoop(architecture, SETTINGS, images), initial_state(architecture, 0)
    before, order = dict(state.parameters), loop.epoch_order(0)
    fed = loop.feed.at(order, 0)
    x, eps = loop.steps.batch(fed.images, fed.order, tf.constant(0), tf.constant(0), loop.seed)
    with tf.GradientTape() as tape:
        tape.watch(before)
        loss = TrainingLoss(architecture, SETTINGS)(before, x, eps, tf.constant(1.0)).loss
    gradients = tape.gradient(loss, before)
    loop.run(state, order, 0, 1)
    for name, gradient in gradients.items():
        # Adam's first moment after one step is (1 − β₁) of the gradient.
        np.testing.assert_allclose(state.first[name], 0.1 * gradient, rtol=1e-3, atol=1e-3, err_msg=name)


def test_a_test_set_is_evaluated() -> None:
    architecture = architecture_of(SETTINGS, (45, 28, 3))
    evaluator = Evaluator(architecture, blobs(6, shape=(45, 28, 3)))
    parameters = initial_state(architecture, 0).parameters
    evaluation = finish(evaluator.bound(parameters))
    evidence = finish(evaluator.evidence(parameters)).bounds[500][0]
    assert evaluation.terms.elbo <= evidence + 3.0 * evaluation.error
    assert np.isfinite(evidence)
