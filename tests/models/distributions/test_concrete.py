"""The Concrete distribution: its samples, its density and the known bias of its gradient."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.integrate
import scipy.stats
import tensorflow as tf

from models.distributions import Concrete, ParameterError, ShapeError

PROBS = np.array([0.2, 0.3, 0.5])


@pytest.mark.parametrize("temperature", [0.1, 1.0, 10.0])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_largest_entry_is_drawn_with_the_probability_of_its_class(temperature: float, dtype: type) -> None:
    q, n = Concrete(dtype(temperature), np.log(PROBS).astype(dtype)), 20_000
    counts = np.bincount(q.sample(n, seed=5).numpy().argmax(-1), minlength=3)
    assert scipy.stats.chisquare(counts, n * PROBS).pvalue > 1e-4


def toy_gradient(theta: float, temperature: float) -> float:
    """Return the mean of d/dθ (z − 0.45)² for the relaxed Bernoulli variable, on a grid of its logistic noise."""
    u = (np.arange(200_000) + 0.5) / 200_000
    noise = tf.constant(np.stack([np.log(u) - np.log1p(-u), np.zeros_like(u)], -1))
    probability = tf.constant(theta, tf.float64)
    with tf.GradientTape() as tape:
        tape.watch(probability)
        logits = tf.math.log(tf.stack([probability, 1.0 - probability]))
        z = Concrete(np.float64(temperature), logits, validate=False).from_noise(noise)[:, 0]
        loss = tf.reduce_mean(tf.square(z - 0.45))
    return float(tape.gradient(loss, probability))


@pytest.mark.parametrize(
    ("theta", "temperature", "mean"),
    [(0.5, 2.0, 0.0429), (0.5, 1.0, 0.0667), (0.5, 0.5, 0.0858), (0.5, 0.1, 0.0992), (0.3, 1.0, -0.0497)],
)
def test_the_gradient_is_biased_as_published(theta: float, temperature: float, mean: float) -> None:
    assert toy_gradient(theta, temperature) == pytest.approx(mean, abs=1e-3)


@pytest.mark.parametrize("temperature", [0.75, 1.0, 2.0])
def test_the_density_has_mass_one_on_the_simplex(temperature: float) -> None:
    q = Concrete(np.float64(temperature), np.log([0.3, 0.7]))
    density = lambda z: float(q.prob(np.array([z, 1.0 - z])))  # noqa: E731
    assert scipy.integrate.quad(density, 0.0, 1.0)[0] == pytest.approx(1.0, abs=1e-6)


def test_two_classes_are_a_logistic_variable_through_a_sigmoid() -> None:
    temperature, z = 0.7, np.linspace(0.01, 0.99, 21)
    q = Concrete(np.float64(temperature), np.array([0.4, -0.2]))
    line = np.log(z) - np.log1p(-z)
    truth = scipy.stats.logistic(0.6 / temperature, 1 / temperature).logpdf(line) - np.log(z) - np.log1p(-z)
    assert np.allclose(q.log_prob(np.stack([z, 1 - z], -1)), truth, rtol=1e-10)


def test_noise_and_value_recover_each_other() -> None:
    q = Concrete(np.array([0.5, 2.0]), np.log(PROBS))
    z, eps = q.sample(7, seed=1), q.noise(7, seed=1)
    assert z.shape == eps.shape == (7, 2, 3)
    assert np.allclose(q.from_noise(eps), z)
    assert np.allclose(q.from_noise(q.to_noise(z)), z)
    assert np.allclose(q.log_prob_at_noise(eps), q.log_prob(z))


def test_the_density_stays_finite_where_values_underflow() -> None:
    q = Concrete(0.01, np.log(PROBS).astype(np.float32))
    eps = q.noise(100, seed=2)
    assert (q.from_noise(eps).numpy() == 0.0).any()
    assert np.isfinite(q.log_prob_at_noise(eps)).all()


def test_off_the_simplex_there_is_nothing() -> None:
    q = Concrete(1.0, np.log(PROBS).astype(np.float32))
    assert q.prob([[0.5, 0.6, 0.1], [0.5, 0.6, -0.1], [1.0, 0.0, 0.0]]).numpy().tolist() == [0.0, 0.0, 0.0]


def test_wrong_parameters_are_refused_by_name() -> None:
    for temperature in (0.0, -1.0, np.nan, np.inf):
        with pytest.raises(ParameterError, match="temperature must be finite and positive"):
            Concrete(temperature, np.zeros(3))
    with pytest.raises(ParameterError, match="logits must be finite"):
        Concrete(1.0, np.array([0.0, np.nan]))
    with pytest.raises(ShapeError, match="logits needs an event axis"):
        Concrete(1.0, 0.0)
