"""Bayesian layers in plain Keras models: their outputs, their loss, and a file."""

from __future__ import annotations

from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf

from models.bayesian.layers import BayesianDense
from models.distributions import Laplace, Logistic, Normal, kl_divergence

WAYS = [("local", Normal), ("flipout", Normal), ("shared", Normal), ("flipout", Laplace), ("shared", Logistic)]


@pytest.mark.parametrize(("noise", "posterior"), WAYS)
def test_outputs_have_the_mean_and_variance_of_drawn_weights(noise: str, posterior: type) -> None:
    layer, x = BayesianDense(4000, posterior, noise, initial_scale=0.4), np.array([[1.0, -2.0]], np.float32)
    # Units have noise of their own, whichever way the examples share theirs.
    away = (layer(x) - x @ layer.loc).numpy()[0]
    variance = float(posterior(0.0, 0.4).variance()) * 5.0
    assert abs(away.mean()) < 4.5 * np.sqrt(variance / 4000)
    assert away.var() == pytest.approx(variance, rel=0.15)
    assert not np.array_equal(layer(x), layer(x))


@pytest.mark.parametrize("posterior", [Normal, Laplace])
def test_the_divergence_is_added_to_the_loss(posterior: type) -> None:
    layer = BayesianDense(2, posterior, "shared", prior_scale=0.7, kl_weight=0.1)
    layer(np.ones((1, 3), np.float32))
    exact = kl_divergence(posterior(layer.loc.numpy(), tf.fill([3, 2], 0.05)), Normal(0.0, 0.7))
    assert float(layer.losses[0]) == pytest.approx(0.1 * float(tf.reduce_sum(exact)), rel=1e-5)


def test_a_model_is_trained_saved_and_loaded(tmp_path: Path) -> None:
    x = np.linspace(-1.0, 1.0, 64, dtype=np.float32)[:, np.newaxis]
    keras.utils.set_random_seed(1)
    model = keras.Sequential([BayesianDense(1, noise="flipout", kl_weight=1 / 64)])
    model.compile(optimizer=keras.optimizers.Adam(0.2), loss="mse")
    losses = model.fit(x, 2.0 * x, batch_size=32, epochs=8, verbose=0).history["loss"]
    assert losses[-1] < 0.5 * losses[0]
    model.save(tmp_path / "line.keras")
    loaded = keras.saving.load_model(tmp_path / "line.keras")
    assert loaded.layers[0].get_config() == model.layers[0].get_config()
    for weights, saved in zip(loaded.layers[0].trainable_weights, model.layers[0].trainable_weights, strict=True):
        assert np.array_equal(weights, saved)
    assert loaded.predict(x, verbose=0).shape == (64, 1)


@pytest.mark.parametrize(
    ("noise", "posterior", "reason"),
    [
        ("local", Laplace, "with local noise the posterior is one of Normal, not"),
        ("shared", "Gamma", "with shared noise the posterior is one of Normal, Laplace, Logistic, not Gamma"),
        ("none", Normal, "noise is one of local, flipout, shared, not 'none'"),
    ],
)
def test_what_does_not_go_together_is_refused(noise: str, posterior: type | str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        BayesianDense(2, posterior, noise)
