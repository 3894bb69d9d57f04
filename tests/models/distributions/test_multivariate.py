"""Distributions over vectors against SciPy."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.stats
import tensorflow as tf

from models.distributions import (
    Dirichlet,
    MultivariateNormalDiag,
    MultivariateNormalTriL,
    ParameterError,
    ShapeError,
    kl_divergence,
)

LOC = np.array([0.5, -1.0, 2.0])
ROOT = np.array([[1.0, 0.0, 0.0], [0.5, 2.0, 0.0], [-0.25, 0.75, 0.5]])
ALPHA = np.array([0.5, 2.0, 3.5])
FAMILIES = [MultivariateNormalDiag(LOC, np.array([1.0, 2.0, 0.5])), MultivariateNormalTriL(LOC, ROOT), Dirichlet(ALPHA)]
OTHERS = [
    MultivariateNormalDiag(np.zeros(3), np.ones(3)), MultivariateNormalTriL(np.zeros(3), 1.5 * np.eye(3)),
    Dirichlet(np.array([1.0, 1.5, 2.0])),
]  # fmt: skip
ORACLES = [
    scipy.stats.multivariate_normal(LOC, np.diag([1.0, 4.0, 0.25])),
    scipy.stats.multivariate_normal(LOC, ROOT @ ROOT.T),
    scipy.stats.dirichlet(ALPHA),
]  # fmt: skip
by_name = {"ids": ["diagonal", "triangular", "dirichlet"]}


@pytest.mark.parametrize(("q", "oracle"), list(zip(FAMILIES, ORACLES, strict=True)), **by_name)
def test_density_entropy_and_samples(q: object, oracle: object) -> None:
    z = q.sample(20_000, seed=7).numpy()
    at = z[:50].T if isinstance(q, Dirichlet) else z[:50]
    assert np.allclose(q.log_prob(z[:50]), oracle.logpdf(at), rtol=1e-9, atol=1e-9)
    assert float(q.entropy()) == pytest.approx(float(oracle.entropy()), rel=1e-9)
    away = (z - q.mean().numpy()) ** 2
    assert (np.abs(z.mean(0) - q.mean()) < 4 * z.std(0) / np.sqrt(len(z))).all()
    assert (np.abs(away.mean(0) - q.variance()) < 4 * away.std(0) / np.sqrt(len(z))).all()
    assert np.allclose(q.from_noise(q.to_noise(z[:9])), z[:9], rtol=1e-9)


@pytest.mark.parametrize(("q", "p"), list(zip(FAMILIES, OTHERS, strict=True)), **by_name)
def test_divergence_is_the_mean_of_the_log_ratio(q: object, p: object) -> None:
    z = q.sample(20_000, seed=8)
    ratio = (q.log_prob(z) - p.log_prob(z)).numpy()
    assert abs(ratio.mean() - float(kl_divergence(q, p))) < 4 * ratio.std() / np.sqrt(20_000)
    assert float(kl_divergence(q, q)) == pytest.approx(0.0, abs=1e-6)


def test_a_thousand_dimensions_do_not_underflow() -> None:
    q = MultivariateNormalDiag(np.zeros(1000, np.float32), np.full(1000, 2.0, np.float32))
    exact = -1000 * (np.log(2) + 0.5 * np.log(2 * np.pi) + 0.5)
    assert float(q.log_prob(np.full(1000, 2.0, np.float32))) == pytest.approx(exact, rel=1e-6)


def test_the_path_of_a_dirichlet_follows_its_concentration() -> None:
    alpha = tf.constant(ALPHA)
    with tf.GradientTape() as tape:
        tape.watch(alpha)
        mean = tf.reduce_mean(Dirichlet(alpha).sample(100_000, seed=9)[:, 0])
    total = ALPHA.sum()
    truth = np.array([total - ALPHA[0], -ALPHA[0], -ALPHA[0]]) / total**2
    assert np.allclose(tape.gradient(mean, alpha), truth, atol=2e-3)


def test_wrong_parameters_are_refused_by_name() -> None:
    with pytest.raises(ParameterError, match="scale_diag must be finite and positive"):
        MultivariateNormalDiag(np.zeros(2), np.array([1.0, -1.0]))
    with pytest.raises(ParameterError, match="lower triangular with a positive diagonal"):
        MultivariateNormalTriL(np.zeros(2), np.ones((2, 2)))
    with pytest.raises(ParameterError, match="concentration must be finite and positive"):
        Dirichlet(np.array([1.0, 0.0]))
    with pytest.raises(ShapeError, match="do not broadcast"):
        MultivariateNormalDiag(np.zeros(3), np.ones(2))
    with pytest.raises(ShapeError, match="the last axis must be 3"):
        FAMILIES[0].log_prob(np.zeros(1))


def test_outside_the_simplex_there_is_nothing() -> None:
    assert float(Dirichlet(ALPHA).prob(np.array([0.5, 0.6, -0.1]))) == 0.0
    assert float(Dirichlet(ALPHA).prob(np.array([0.5, 0.6, 0.1]))) == 0.0


def test_the_moments_of_a_dirichlet_variable_are_scipys() -> None:
    assert np.allclose(FAMILIES[2].mean(), ORACLES[2].mean(), rtol=1e-12)
    assert np.allclose(FAMILIES[2].variance(), ORACLES[2].var(), rtol=1e-12)
