"""Contracts of the vector families: compiled by XLA, traced with a batch of any size, trained in layers."""

from __future__ import annotations

from collections.abc import Callable

import keras
import numpy as np
import pytest
import tensorflow as tf

from models.distributions import Concrete, Dirichlet, MultivariateNormalDiag, MultivariateNormalTriL
from models.distributions.vector import VectorDistribution

SIZE = 3
Make = Callable[[tf.Tensor], VectorDistribution]
FAMILIES: dict[str, Make] = {
    "Concrete": lambda row: Concrete(0.7, row, validate=False),
    "Dirichlet": lambda row: Dirichlet(1.5 + tf.nn.softplus(row), validate=False),
    "MultivariateNormalDiag": lambda row: MultivariateNormalDiag(row, 0.5 + tf.nn.softplus(row), validate=False),
    "MultivariateNormalTriL": lambda row: MultivariateNormalTriL(
        row, tf.linalg.diag(1.0 + tf.nn.softplus(row)) + 0.2 * tf.linalg.band_part(tf.ones([SIZE, SIZE]), -1, 0),
        validate=False,
    ),
}  # fmt: skip
ROWS = tf.constant([[0.3, -0.5, 1.0], [-1.0, 0.2, 0.0]])
everywhere = pytest.mark.parametrize("name", FAMILIES)


def values_and_slopes(make: Make, rows: tf.Tensor, z: tf.Tensor) -> list[tf.Tensor]:
    """Return log p(z) of fixed values, and its gradient in the underlying variables."""
    with tf.GradientTape() as tape:
        tape.watch(rows)
        log_p = make(rows).log_prob(z)
    return [log_p, tape.gradient(log_p, rows)]


@everywhere
def test_density_and_gradient_compile_with_xla(name: str) -> None:
    make = FAMILIES[name]
    z = make(ROWS).sample(1, seed=4)[0]
    compiled = tf.function(lambda rows, z: values_and_slopes(make, rows, z), jit_compile=True, autograph=False)
    for found, plain in zip(compiled(ROWS, z), values_and_slopes(make, ROWS, z), strict=True):
        np.testing.assert_allclose(found, plain, rtol=1e-5, atol=1e-5)


@everywhere
def test_samples_and_their_path_compile_with_xla(name: str) -> None:
    make = FAMILIES[name]

    def draws(rows: tf.Tensor) -> list[tf.Tensor]:
        with tf.GradientTape() as tape:
            tape.watch(rows)
            z = make(rows).sample(4000, seed=3)
            total = tf.reduce_mean(z, axis=0)
        return [total, tape.gradient(total, rows)]

    mean, slope = tf.function(draws, jit_compile=True, autograph=False)(ROWS)
    plain = draws(ROWS)
    assert np.isfinite(slope).all()
    # XLA's noise may differ: both are means of 4 000 draws with a standard deviation below 2.
    np.testing.assert_allclose(mean, plain[0], atol=0.2)


@everywhere
def test_a_batch_of_any_size_is_traced_once(name: str) -> None:
    make, traces = FAMILIES[name], []

    def graph(rows: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        traces.append(name)
        z = make(rows).sample(2, seed=1)
        return z, make(rows).log_prob(z)

    traced = tf.function(graph, input_signature=[tf.TensorSpec([None, SIZE], tf.float32)], autograph=False)
    for count in (1, 2, 7):
        z, log_p = traced(tf.tile(ROWS[:1], [count, 1]))
        assert z.shape == (2, count, SIZE)
        assert log_p.shape == (2, count)
        assert np.isfinite(log_p).all()
    assert len(traces) == 1


@everywhere
def test_parameters_are_trained_in_a_layer(name: str) -> None:
    class Drawing(keras.layers.Layer):
        def __init__(self) -> None:
            super().__init__()
            self.row = self.add_weight(shape=(SIZE,), initializer="zeros", name="row")

        def call(self, inputs: tf.Tensor) -> tf.Tensor:
            z = FAMILIES[name](tf.convert_to_tensor(self.row)[tf.newaxis]).sample(8, seed=1)
            return inputs + tf.reduce_mean(z[..., :1], axis=0)

    layer = Drawing()
    model = keras.Sequential([keras.Input((1,)), layer])
    model.compile(optimizer=keras.optimizers.SGD(1e-2), loss="mse")
    model.fit(np.zeros((4, 1), np.float32), np.ones((4, 1), np.float32), epochs=2, verbose=0)
    moved = np.asarray(layer.row)
    assert np.isfinite(moved).all()
    assert moved.any()
