"""What TensorFlow Probability 0.25 gets wrong: our answers always, its own where it is installed."""

from __future__ import annotations

from importlib.util import find_spec

import numpy as np
import pytest
import tensorflow as tf

from models.distributions import (
    Beta,
    Cauchy,
    Chi2,
    Exponential,
    Gamma,
    Gumbel,
    LogitNormal,
    LogNormal,
    Normal,
    ParameterError,
    TanhNormal,
    TruncatedNormal,
    VonMises,
    Weibull,
)

TFP_HERE = find_spec("tensorflow_probability") is not None and find_spec("tf_keras") is not None
needs_tfp = pytest.mark.skipif(not TFP_HERE, reason="TensorFlow Probability is not installed")


def test_truncated_normal_moves_with_its_location_and_scale() -> None:
    loc, scale = tf.constant(0.3, tf.float64), tf.constant(1.2, tf.float64)
    with tf.GradientTape() as tape:
        tape.watch([loc, scale])
        mean = tf.reduce_mean(TruncatedNormal(loc, scale, -1.0, 2.0).sample(200_000, seed=4))
    assert [float(part) for part in tape.gradient(mean, [loc, scale])] == pytest.approx([0.4186, 0.1095], abs=2e-3)


def test_truncated_normal_moves_with_its_location_and_scale_exactly() -> None:
    loc, scale = tf.constant(0.3, tf.float64), tf.constant(1.2, tf.float64)
    with tf.GradientTape() as tape:
        tape.watch([loc, scale])
        mean = TruncatedNormal(loc, scale, -1.0, 2.0).mean()
    assert [float(part) for part in tape.gradient(mean, [loc, scale])] == pytest.approx([0.4186, 0.1095], abs=5e-5)


def test_outside_the_support_there_is_nothing() -> None:
    assert float(Exponential(1.0).prob(-1.0)) == 0.0
    assert float(Weibull(2.0, 1.0).cdf(-1.0)) == 0.0
    for q in (LogNormal(0.0, 1.0), Chi2(3.0), LogitNormal(0.0, 1.0)):
        assert float(q.cdf(-1.0)) == 0.0
    assert float(LogitNormal(0.0, 1.0).cdf(2.0)) == 1.0
    assert [float(q.prob(-1.0)) for q in (Gamma(2.0, 1.0), Beta(2.0, 2.0))] == [0.0, 0.0]
    assert float(Beta(2.0, 2.0).prob(2.0)) == 0.0


def test_a_negative_scale_is_an_error() -> None:
    with pytest.raises(ParameterError, match="scale must be finite and positive"):
        Normal(0.0, -1.0)


@pytest.mark.parametrize(
    "q",
    [
        Gamma(2.0, 1.0), Beta(2.0, 3.0), Chi2(3.0), Gumbel(0.0, 1.0), Weibull(2.0, 1.0), Cauchy(0.0, 1.0),
        VonMises(0.0, 4.0), Exponential(1.0),
    ],
    ids=lambda q: q.name,
)  # fmt: skip
def test_upper_tails_keep_five_digits_in_float32(q: object) -> None:
    exact = type(q)(*(tf.cast(part, tf.float64) for part in q.parameters.values()))
    z = exact.quantile(1 - 1e-9).numpy().astype(np.float32)
    assert float(q.survival_function(z)) == pytest.approx(float(exact.survival_function(np.float64(z))), rel=1e-5)


def test_a_large_mean_keeps_the_digits() -> None:
    q = Normal(np.float32(1e7), np.float32(1.0))
    assert float(q.log_prob(np.float32(1e7 + 2))) == pytest.approx(-2.0 - 0.5 * np.log(2 * np.pi), abs=1e-6)


def test_tanh_normal_beyond_the_last_float_below_one() -> None:
    eps = 10.0
    slope = float(Normal(0.0, 1.0).log_prob(eps) - TanhNormal(0.0, 1.0).log_prob_at_noise(eps))
    assert slope == pytest.approx(2 * (np.log(2) - eps - np.log1p(np.exp(-2 * eps))), rel=1e-6)
    assert slope == pytest.approx(-18.61, abs=0.005)


@needs_tfp
@pytest.mark.filterwarnings("ignore")
def test_tensorflow_probability_is_wrong_there() -> None:
    import tensorflow_probability as tfp

    tfd = tfp.distributions
    assert float(tfd.Exponential(1.0).prob(-1.0)) == pytest.approx(2.718, abs=1e-3)
    assert float(tfd.Weibull(2.0, 1.0).cdf(-1.0)) == pytest.approx(0.632, abs=1e-3)
    assert np.isnan(float(tfd.LogNormal(0.0, 1.0).cdf(-1.0)))
    assert float(tfd.Normal(0.0, -1.0).cdf(1.0)) == pytest.approx(0.158655, abs=1e-5)
    loc = tf.constant(0.3)
    with tf.GradientTape() as tape:
        tape.watch(loc)
        mean = tf.reduce_mean(tfd.TruncatedNormal(loc, 1.2, -1.0, 2.0).sample(100_000, seed=4))
    assert float(tape.gradient(mean, loc)) == pytest.approx(1.0, abs=1e-3)


@needs_tfp
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", ["Normal", "Laplace", "Logistic", "Gumbel", "Gamma", "Beta", "StudentT", "VonMises"])
def test_where_tensorflow_probability_is_right_we_agree(name: str) -> None:
    import tensorflow_probability as tfp

    from models.distributions import FAMILIES

    values = [tf.constant(value, tf.float64) for value in (2.5, 0.5, 1.5)[: len(FAMILIES[name].domains)]]
    ours, theirs = FAMILIES[name](*values), getattr(tfp.distributions, name)(*values)
    z = ours.quantile(np.linspace(0.05, 0.95, 19))
    assert np.allclose(ours.log_prob(z), theirs.log_prob(z), rtol=1e-9)
    assert np.allclose(ours.cdf(z), theirs.cdf(z), rtol=1e-6)
