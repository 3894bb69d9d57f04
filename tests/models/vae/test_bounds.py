"""Bounds and surrogates where log p(x) is known: probabilistic PCA, and the toy problems of the papers."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.stats
import tensorflow as tf

from models.distributions import Distribution, Normal
from models.vae.bounds import constant_parameters, dreg, iwae

PIXELS, NOISE = 6, 0.7
RNG = np.random.default_rng(4)
LOADINGS = RNG.standard_normal((PIXELS, 1))
X = RNG.standard_normal((5, PIXELS))


def normal(loc: object, scale: object) -> Normal:
    return Normal(tf.convert_to_tensor(loc, tf.float64), tf.convert_to_tensor(scale, tf.float64))


def exact_log_p() -> np.ndarray:
    """Return log N(x; 0, WWᵀ + σ²I), the evidence of a linear VAE with one latent dimension."""
    covariance = LOADINGS @ LOADINGS.T + NOISE**2 * np.eye(PIXELS)
    return np.asarray(scipy.stats.multivariate_normal(np.zeros(PIXELS), covariance).logpdf(X))


def posterior() -> Normal:
    """Return N(M⁻¹Wᵀx, σ²M⁻¹), M = WᵀW + σ²."""
    m = float((LOADINGS**2).sum()) + NOISE**2
    return normal((X @ LOADINGS)[:, 0] / m, np.full(len(X), NOISE / np.sqrt(m)))


def likelihood(z: tf.Tensor) -> tf.Tensor:
    """Return log p(x|z) [K, n] of z [K, n]."""
    mean = z[..., tf.newaxis] * tf.constant(LOADINGS[:, 0])
    return tf.reduce_sum(normal(mean, NOISE).log_prob(X), axis=-1)


def weights(q: Distribution, z: tf.Tensor) -> tf.Tensor:
    return likelihood(z) + normal(0.0, 1.0).log_prob(z) - q.log_prob(z)


def test_with_the_true_posterior_every_weight_is_the_evidence() -> None:
    q = posterior()
    z = q.sample(7, seed=1)
    np.testing.assert_allclose(weights(q, z), np.tile(exact_log_p(), (7, 1)), rtol=1e-12)
    np.testing.assert_allclose(iwae(weights(q, z)), exact_log_p(), rtol=1e-12)


def test_bounds_rise_in_k_towards_the_evidence() -> None:
    q = normal(posterior().loc + 0.4, 1.5 * posterior().scale)
    gaps = []
    for count in (1, 4, 32):
        bounds = iwae(tf.reshape(weights(q, q.sample(count * 4000, seed=3)), [count, 4000, len(X)])).numpy()
        gaps.append((exact_log_p() - bounds.mean(0)).mean())
        error = bounds.std(0).max() / np.sqrt(4000)
        assert (bounds.mean(0) <= exact_log_p() + 4 * error).all()
    assert gaps[0] > 2 * gaps[1] > 4 * gaps[2] > 0


def gradient_in_loc(kind: str, m: float, s: float, sigma: float, seed: int, count: int) -> np.ndarray:
    """Return single-sample gradients in μ of E_q[log p − log q], target N(m, s²), q = N(m, σ²)."""
    loc = tf.fill([count], tf.constant(m, tf.float64))
    with tf.GradientTape() as tape:
        tape.watch(loc)
        q = normal(loc, sigma)
        z = q.sample(1, seed)[0]
        value = normal(m, s).log_prob(z) - (constant_parameters(q) if kind == "landing" else q).log_prob(z)
    return np.asarray(tape.gradient(value, loc))


@pytest.mark.parametrize(("s", "sigma"), [(1.0, 1.0), (1.0, 0.8), (1.0, 0.4), (2.0, 1.5)])
def test_sticking_the_landing_has_the_variance_of_its_closed_form(s: float, sigma: float) -> None:
    total, landing = (gradient_in_loc(kind, 0.3, s, sigma, 8, 50_000).var() for kind in ("total", "landing"))
    assert total == pytest.approx(sigma**2 / s**4, rel=0.05)
    assert landing == pytest.approx(sigma**2 * (1 / sigma**2 - 1 / s**2) ** 2, rel=0.05, abs=1e-20)
    assert (landing > total) == (sigma**2 < s**2 / 2)


DIMENSIONS = 20


def importance_toy(count: int, batch: int, seed: int, shift: float, kind: str) -> tuple[np.ndarray, np.ndarray]:
    """Return bounds [batch] and gradients in b of the IWAE toy: prior N(θ, I), likelihood N(z, I), q = N(x/2 + b, ⅔I).

    θ = 0, x = 0: the optimum is b = 0, and log p(x) = log N(0; 0, 2I).
    """
    b = tf.fill([batch, DIMENSIONS], tf.constant(shift, tf.float64))
    with tf.GradientTape() as tape:
        tape.watch(b)
        q = normal(b, np.sqrt(2.0 / 3.0))
        z = q.sample(count, seed)
        inner = constant_parameters(q) if kind == "dreg" else q
        parts = normal(z, 1.0).log_prob(np.zeros(DIMENSIONS)), normal(0.0, 1.0).log_prob(z), inner.log_prob(z)
        log_likelihood, log_prior, log_posterior = (tf.reduce_sum(part, axis=-1) for part in parts)
        log_w = log_likelihood + log_prior - log_posterior
        value = dreg(log_w) if kind == "dreg" else iwae(log_w)
    return iwae(log_w).numpy(), tape.gradient(value, b).numpy()


@pytest.mark.parametrize(("count", "gap"), [(1, 0.455), (8, 0.052), (64, 0.009)])
def test_the_gap_of_the_importance_weighted_bound(count: int, gap: float) -> None:
    bounds, _ = importance_toy(count, 8000, 5, 0.0, "iwae")
    exact = scipy.stats.norm(0, np.sqrt(2)).logpdf(0) * DIMENSIONS
    error = bounds.std() / np.sqrt(len(bounds))
    assert exact - bounds.mean() == pytest.approx(gap, abs=4 * error + 2e-3)


def test_the_doubly_reparameterized_gradient_is_the_same_in_the_mean_and_quieter_with_every_draw() -> None:
    ratios = []
    for count in (1, 4, 16):
        _, plain = importance_toy(count, 8000, 6, 0.1, "iwae")
        _, double = importance_toy(count, 8000, 7, 0.1, "dreg")
        error = np.hypot(plain.std() / np.sqrt(plain.size), double.std() / np.sqrt(double.size))
        assert abs(plain.mean() - double.mean()) < 4.5 * error
        ratios.append(plain.var(axis=0).mean() / double.var(axis=0).mean())
    assert ratios[0] > 5
    assert ratios == sorted(ratios)
    _, plain = importance_toy(64, 2000, 6, 0.0, "iwae")
    _, double = importance_toy(64, 2000, 7, 0.0, "dreg")
    assert plain.var(axis=0).mean() / double.var(axis=0).mean() > 1000
