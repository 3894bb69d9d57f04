"""Noise of Bayesian weights: the same mean gradient three ways, and variances in closed form."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import tensorflow as tf

from models.estimators.weight_noise import flipout, local_reparameterization, shared_noise

MU, SIGMA, DRAWS = 0.75, 0.5, 20_000
Layer = Callable[[tf.Tensor, tf.Tensor, tf.Tensor], tf.Tensor]


def _normal(*shape: int, seed: int) -> tf.Tensor:
    return tf.random.stateless_normal(shape, (seed, 7), dtype=tf.float64)


def _signs(*shape: int, seed: int) -> tf.Tensor:
    return tf.sign(_normal(*shape, seed=seed))


def _layers(examples: int) -> dict[str, Layer]:
    """Return the three methods for one weight and DRAWS batches of this many examples."""
    whole, each = _normal(DRAWS, 1, 1, seed=1), _normal(DRAWS, examples, 1, seed=2)
    flips = [_signs(DRAWS, examples, 1, seed=seed) for seed in (3, 4)]
    return {
        "shared": lambda x, mu, sigma: shared_noise(x, mu, sigma, whole),
        "local": lambda x, mu, sigma: local_reparameterization(x, mu, sigma, each),
        "flipout": lambda x, mu, sigma: flipout(x, mu, sigma, whole, *flips),
    }


def _gradients(layer: Layer, examples: int) -> np.ndarray:
    """Return ∂/∂μ [DRAWS] of the mean over the batch of w², with x = 1."""
    mu = tf.fill([DRAWS, 1, 1], tf.constant(MU, tf.float64))
    sigma, x = tf.constant([[SIGMA]], tf.float64), tf.ones([DRAWS, examples, 1], tf.float64)
    with tf.GradientTape() as tape:
        tape.watch(mu)
        total = tf.reduce_sum(tf.reduce_mean(tf.square(layer(x, mu, sigma)), axis=[-2, -1]))
    return np.asarray(tape.gradient(total, mu).numpy().ravel())


@pytest.mark.parametrize("examples", [1, 4, 32])
@pytest.mark.parametrize("way", ["shared", "local", "flipout"])
def test_the_variance_of_the_gradient_is_that_of_the_closed_form(way: str, examples: int) -> None:
    found = _gradients(_layers(examples)[way], examples)
    variance = 4.0 * SIGMA**2 / (1 if way == "shared" else examples)
    assert abs(found.mean() - 2.0 * MU) < 4.5 * np.sqrt(variance / DRAWS)
    assert found.var() == pytest.approx(variance, rel=0.05)


def test_with_its_own_noise_for_every_example_the_activations_are_those_of_drawn_weights() -> None:
    x, mu, sigma = (_normal(*shape, seed=seed) for shape, seed in (((3, 5), 11), ((5, 2), 12), ((5, 2), 13)))
    sigma = tf.abs(sigma)
    drawn = {
        "shared": shared_noise(x, mu, sigma, _normal(DRAWS, 5, 2, seed=14)),
        "local": local_reparameterization(x, mu, sigma, _normal(DRAWS, 3, 2, seed=15)),
        "flipout": flipout(
            x, mu, sigma, _normal(DRAWS, 5, 2, seed=16), _signs(DRAWS, 3, 5, seed=17), _signs(DRAWS, 3, 2, seed=18)
        ),
    }
    mean, variance = (x @ mu).numpy(), (tf.square(x) @ tf.square(sigma)).numpy()
    for activations in drawn.values():
        assert (np.abs(activations.numpy().mean(axis=0) - mean) < 4.5 * np.sqrt(variance / DRAWS)).all()
        assert np.allclose(activations.numpy().var(axis=0), variance, rtol=0.06)


def test_flipped_inputs_tell_the_sizes_of_examples_apart() -> None:
    inputs = 5
    x, mu = tf.ones([2, inputs], tf.float64), tf.zeros([inputs, 1], tf.float64)
    drawn = flipout(
        x,
        mu,
        mu + 1.0,
        _normal(DRAWS, inputs, 1, seed=21),
        _signs(DRAWS, 2, inputs, seed=22),
        _signs(DRAWS, 2, 1, seed=23),
    )
    first, second = np.square(drawn.numpy()[..., 0]).T
    # Cov(a², b²)/Var(a²) = 2n/2n² for a = Σ εᵢ, b = Σ ±εᵢ over n inputs; without flips of these it would be 1.
    assert np.corrcoef(first, second)[0, 1] == pytest.approx(1.0 / inputs, abs=0.06)


def test_each_example_has_weights_whose_noise_is_flipped_on_both_sides() -> None:
    x, mu, eps = (_normal(*shape, seed=seed) for shape, seed in (((3, 5), 31), ((5, 2), 32), ((5, 2), 33)))
    sigma, flips_in, flips_out = tf.abs(mu) + 0.1, _signs(3, 5, seed=34), _signs(3, 2, seed=35)
    weights = mu + sigma * eps * (flips_in[:, :, tf.newaxis] * flips_out[:, tf.newaxis, :])
    expected = tf.einsum("ni,nio->no", x, weights).numpy()
    assert flipout(x, mu, sigma, eps, flips_in, flips_out).numpy() == pytest.approx(expected)
