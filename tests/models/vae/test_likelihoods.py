"""The parts of the ELBO against NumPy and mpmath in higher precision."""

from __future__ import annotations

import mpmath
import numpy as np
import pytest
import scipy.stats
import tensorflow as tf

from models.distributions.continuous_bernoulli import log_normalizer
from models.vae.architecture import LOG_VARIANCE, Architecture
from models.vae.latent_space import LatentSpace
from models.vae.likelihoods import (
    bernoulli_log_prob,
    continuous_bernoulli_log_prob,
    gaussian_log_prob,
    log_likelihood,
    mean_image,
)
from models.vae.networks import decode, encode

LOGITS = np.array([-90.0, -20.0, -3.0, -0.6, -0.2001, -0.1999, -1e-3, 0.0, 1e-4, 0.4999, 0.5001, 2.0, 15.0, 88.0])


def _exact_log_normalizer(logit: float) -> float:
    """Return log C = log[2 artanh(1 − 2λ)/(1 − 2λ)] with 60 digits."""
    with mpmath.workdps(60):
        rate = 1 / (1 + mpmath.exp(-mpmath.mpf(logit)))
        if rate == mpmath.mpf(1) / 2:
            return float(mpmath.log(2))
        return float(mpmath.log(2 * mpmath.atanh(1 - 2 * rate) / (1 - 2 * rate)))


def test_bernoulli_agrees_with_the_definition() -> None:
    logits = np.linspace(-6, 6, 40).reshape(4, 10).astype(np.float32)
    x = (np.arange(40).reshape(4, 10) % 2).astype(np.float32)
    rate = 1 / (1 + np.exp(-logits.astype(np.float64)))
    expected = (x * np.log(rate) + (1 - x) * np.log1p(-rate)).sum(axis=1)
    assert np.allclose(bernoulli_log_prob(logits, x).numpy(), expected, rtol=1e-6)


def test_bernoulli_of_an_extreme_logit_is_not_clipped() -> None:
    x = tf.constant([[0.0], [1.0]])
    assert bernoulli_log_prob(tf.constant([[90.0], [-90.0]]), x).numpy().tolist() == [-90.0, -90.0]


def test_continuous_bernoulli_normalizer_is_exact_and_finite_at_one_half() -> None:
    exact = [_exact_log_normalizer(float(logit)) for logit in LOGITS]
    wide = log_normalizer(tf.constant(LOGITS, tf.float64)).numpy()
    narrow = log_normalizer(tf.constant(LOGITS, tf.float32)).numpy()
    assert np.allclose(wide, exact, rtol=1e-14)
    assert np.allclose(narrow, exact, rtol=1e-6)


def test_continuous_bernoulli_integrates_to_one_and_has_the_mean_that_is_drawn() -> None:
    x = np.linspace(0.0, 1.0, 20_001)
    for logit in (-12.0, -0.3, 0.0, 0.49, 0.51, 4.0):
        log_prob = continuous_bernoulli_log_prob(tf.fill([len(x), 1], tf.constant(logit, tf.float64)), x[:, None])
        density = np.exp(log_prob.numpy())
        assert np.trapezoid(density, x) == pytest.approx(1.0, abs=1e-6)
        drawn = float(mean_image(tf.constant(logit, tf.float64), "continuous_bernoulli"))
        assert np.trapezoid(x * density, x) == pytest.approx(drawn, abs=1e-6)


def test_gradients_are_finite_everywhere() -> None:
    logits = tf.constant(LOGITS, tf.float32)
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(logits)
        normalizer = log_normalizer(logits)
        image = mean_image(logits, "continuous_bernoulli")
    assert np.isfinite(tape.gradient(normalizer, logits).numpy()).all()
    assert np.isfinite(tape.gradient(image, logits).numpy()).all()


def test_gaussian_agrees_with_scipy_and_its_best_variance_is_the_squared_error() -> None:
    rng = np.random.default_rng(0)
    logits, x = rng.normal(size=(3, 50)), rng.uniform(size=(3, 50))
    mean = 1 / (1 + np.exp(-logits))
    for log_variance in (-3.0, 0.5):
        expected = scipy.stats.norm(mean, np.exp(0.5 * log_variance)).logpdf(x).sum(axis=1)
        result = gaussian_log_prob(tf.constant(logits), tf.constant(x), tf.constant(log_variance, tf.float64))
        assert np.allclose(result.numpy(), expected, rtol=1e-12)
    best = tf.constant(np.log(np.mean((x - mean) ** 2)))
    with tf.GradientTape() as tape:
        tape.watch(best)
        total = tf.reduce_sum(gaussian_log_prob(tf.constant(logits), tf.constant(x), best))
    assert float(tape.gradient(total, best)) == pytest.approx(0.0, abs=1e-9)


def test_kl_agrees_with_the_definition_and_vanishes_at_the_prior() -> None:
    rng = np.random.default_rng(1)
    loc, scale = rng.normal(size=200), rng.uniform(1e-3, 3.0, 200)
    expected = 0.5 * (loc**2 + scale**2 - 1 - 2 * np.log(scale))
    result = LatentSpace().kl(tf.constant(loc, tf.float32), tf.constant(scale, tf.float32)).numpy()
    assert np.allclose(result, expected, rtol=1e-5, atol=1e-6)
    assert float(LatentSpace().kl(tf.constant(0.0), tf.constant(1.0))) == 0.0


def test_a_collapsed_scale_stays_positive_with_a_finite_gradient() -> None:
    architecture = Architecture((1, 1, 1), (), 1, "bernoulli")
    parameters = {name: tf.zeros(shape) for name, shape in architecture.shapes().items()}
    parameters["encoder.scale.bias"] = tf.constant([-90.0])
    with tf.GradientTape() as tape:
        tape.watch(parameters)
        loc, scale = encode(architecture, parameters, tf.zeros([1, 1]))
        kl = tf.reduce_sum(LatentSpace().kl(loc, scale))
    assert float(scale[0, 0]) == pytest.approx(1e-4)
    assert np.isfinite(tape.gradient(kl, parameters)["encoder.scale.bias"].numpy()).all()


def test_the_network_is_the_one_that_numpy_computes() -> None:
    architecture = Architecture((2, 3, 1), (5, 4), 2, "gaussian")
    values = architecture.initial_parameters(3)
    x = np.random.default_rng(0).uniform(size=(7, 6)).astype(np.float32)

    def layer(name: str, inputs: np.ndarray) -> np.ndarray:
        return inputs @ values[f"{name}.kernel"] + values[f"{name}.bias"]

    hidden = np.maximum(layer("encoder.hidden.1", np.maximum(layer("encoder.hidden.0", x), 0)), 0)
    loc, scale = encode(architecture, values, tf.constant(x))
    assert np.allclose(loc.numpy(), layer("encoder.loc", hidden), atol=1e-6)
    assert np.allclose(scale.numpy(), np.log1p(np.exp(layer("encoder.scale", hidden))) + 1e-4, atol=1e-6)
    z = loc.numpy()
    hidden = np.maximum(layer("decoder.hidden.1", np.maximum(layer("decoder.hidden.0", z), 0)), 0)
    assert values["decoder.hidden.0.kernel"].shape == (2, 4)
    assert np.allclose(decode(architecture, values, tf.constant(z)).numpy(), layer("decoder.logits", hidden), atol=1e-6)


def test_the_named_likelihood_is_used() -> None:
    logits, x = tf.constant([[0.3, -1.0]]), tf.constant([[0.2, 0.9]])
    parameters = {LOG_VARIANCE: tf.constant(-1.0)}
    results = {
        name: float(log_likelihood(parameters, name, logits, x)[0])
        for name in ("bernoulli", "continuous_bernoulli", "gaussian")
    }
    assert results["bernoulli"] == pytest.approx(float(bernoulli_log_prob(logits, x)[0]))
    assert results["continuous_bernoulli"] == pytest.approx(float(continuous_bernoulli_log_prob(logits, x)[0]))
    assert results["gaussian"] == pytest.approx(float(gaussian_log_prob(logits, x, tf.constant(-1.0))[0]))
    assert len(set(results.values())) == 3
