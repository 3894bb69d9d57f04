"""Draws and derivatives from series, used where many float32 values are drawn for each parameter."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import mpmath as mp
import numpy as np
import pytest
import scipy.special as sp
import scipy.stats as st
import tensorflow as tf

from models.distributions import Beta, Distribution, Gamma, InverseGamma, StudentT, TruncatedNormal, VonMises
from models.distributions.von_mises import _slope
from models.numerics.gamma_series import LEAST_CONCENTRATION, REACH, log_ratio_of_score
from models.numerics.special import cotangent, drawn_score, normal_score, standard_normal
from models.numerics.von_mises_series import slope_by_series

SCORES = np.linspace(-6.3, 6.3, 43).astype(np.float32)
SHAPES = (LEAST_CONCENTRATION, 0.4, 0.999, 1.0, 1.001, 2.5, 30.0, 1e4)
SEED = tf.constant([3, 0], tf.int64)


def exact_log_ratio(alpha: float, score: float) -> float:
    """Return log(z/α) of the gamma value with this normal score, by SciPy in the smaller tail."""
    inverse = sp.gammaincinv if score < 0 else sp.gammainccinv
    return float(np.log(inverse(alpha, sp.ndtr(-abs(score))) / alpha))


def gamma_slope(alpha: float, z: float) -> float:
    """Return ∂z/∂α at fixed F by mpmath."""
    moved = mp.diff(lambda a: mp.gammainc(a, 0, mp.mpf(z), regularized=True), alpha)
    return float(-moved / (mp.mpf(z) ** (alpha - 1) * mp.exp(-z) / mp.gamma(alpha)))


def drawn(kind: Callable[..., Distribution], n: int, *values: tf.Tensor) -> tuple[tf.Tensor, list[tf.Tensor]]:
    """Draw inside XLA and return the samples and the derivatives of their sum."""

    @tf.function(jit_compile=True, autograph=False)
    def step(*given: tf.Tensor) -> tuple[tf.Tensor, list[tf.Tensor]]:
        with tf.GradientTape() as tape:
            tape.watch(given)
            z = kind(*given, validate=False).sample(n, seed=4)
            total = tf.reduce_sum(z)
        return z, tape.gradient(total, given)

    return step(*values)


@pytest.mark.parametrize("alpha", SHAPES)
def test_a_gamma_quantile_is_its_series(alpha: float) -> None:
    alpha = float(np.float32(alpha))
    found, elasticity = log_ratio_of_score(tf.constant(alpha, tf.float32), tf.constant(SCORES))
    truth = np.array([exact_log_ratio(alpha, float(score)) for score in SCORES])
    assert np.max(np.abs(found - truth) / np.maximum(1.0, np.abs(truth))) < 4e-6
    step = 1e-3 * alpha
    near = [np.array([exact_log_ratio(alpha + k * step, float(score)) for score in SCORES]) for k in (-2, -1, 1, 2)]
    slope = 1.0 + alpha * (near[0] - 8.0 * near[1] + 8.0 * near[2] - near[3]) / (12.0 * step)
    assert np.max(np.abs(elasticity - slope) / np.maximum(1.0, np.abs(slope))) < 4e-5
    assert np.mean(np.abs(elasticity - slope) * np.exp(-0.5 * SCORES**2)) < 1e-6


def test_the_series_is_the_normal_score_at_huge_concentrations_and_reaches_every_draw() -> None:
    ratio, elasticity = log_ratio_of_score(tf.constant(1e12), tf.constant(SCORES))
    assert np.allclose(1e6 * ratio.numpy(), SCORES, rtol=0.0, atol=1e-5)  # the next term is s(1/3 + ε²/6)
    assert np.allclose(elasticity, 1.0, atol=1e-5)
    assert -sp.ndtri(0.5 * 2.0**-32) < REACH


def test_the_series_compiles_to_what_it_is() -> None:
    shapes = tf.constant([0.25, 1.0, 2.5, 40.0])
    plain = log_ratio_of_score(shapes, tf.constant(SCORES[:, np.newaxis]))
    compiled = tf.function(log_ratio_of_score, jit_compile=True)(shapes, tf.constant(SCORES[:, np.newaxis]))
    for one, other in zip(plain, compiled, strict=True):
        assert one.shape == (43, 4)
        assert np.allclose(one, other, rtol=2e-6, atol=2e-6)


def test_gammas_of_any_concentration_follow_their_law_inside_xla() -> None:
    shapes = np.array([[0.1, 0.2], [0.25, 0.9], [2.5, 300.0]], np.float32)
    z, _ = drawn(Gamma, 4000, tf.constant(shapes), tf.constant(1.0))
    assert z.shape == (4000, 3, 2)
    assert np.all(z.numpy() > 0.0)
    for index in np.ndindex(shapes.shape):
        law = st.gamma(float(shapes[index]))
        assert st.kstest(z.numpy()[(slice(None), *index)].astype(float), law.cdf).pvalue > 1e-4, shapes[index]
    again, _ = drawn(Gamma, 4000, tf.constant(shapes), tf.constant(1.0))
    assert np.array_equal(z, again)


@pytest.mark.parametrize("shapes", [(0.125, 3.0), (0.5, 1.0, 3.0, 10.0, 100.0)], ids=["one is small", "none is"])
def test_the_path_of_gammas_follows_their_shapes_inside_xla(shapes: tuple[float, ...]) -> None:
    z, (slope, _) = drawn(Gamma, 20, tf.constant(shapes), tf.constant(1.0))
    for alpha, values, found in zip(shapes, z.numpy().astype(float).T, slope.numpy(), strict=True):
        truth = sum(gamma_slope(alpha, value) for value in values)
        assert abs(truth - found) / len(values) <= 5e-6


def test_float64_is_left_to_the_exact_derivative() -> None:
    shapes = tf.constant([0.5, 2.5], tf.float64)
    z, (slope, _) = drawn(Gamma, 20, shapes, tf.constant(1.0, tf.float64))
    for alpha, values, found in zip((0.5, 2.5), z.numpy().T, slope.numpy(), strict=True):
        assert sum(gamma_slope(alpha, value) for value in values) == pytest.approx(found, rel=1e-8)


def test_noise_and_samples_of_one_seed_belong_together_inside_xla() -> None:
    shapes = tf.constant([0.3, 1.5, 20.0])
    both = tf.function(lambda q: (Gamma(q, 1.0).sample(50, 3), Gamma(q, 1.0).noise(50, 3)), jit_compile=True)
    z, eps = both(shapes)
    assert np.allclose(Gamma(shapes, 1.0).from_noise(eps), z, rtol=2e-5)
    assert np.allclose(eps, standard_normal([50, 3], SEED, tf.float32), atol=2e-5)


@pytest.mark.parametrize(
    ("kind", "values"),
    [(Beta, (2.5, 1.5)), (Beta, (0.125, 0.75)), (InverseGamma, (6.0, 1.5)), (StudentT, (7.0, 0.25, 1.5)),
     (VonMises, (0.25, 1.5)), (TruncatedNormal, (0.25, 1.5, -9.0, 9.0)), (TruncatedNormal, (0.25, 1.5, 4.0, 9.0))],
)  # fmt: skip
def test_draws_keep_their_law_and_the_slopes_of_their_mean_inside_xla(
    kind: Callable[..., Distribution], values: tuple[float, ...]
) -> None:
    n = 40_000
    given = [tf.constant(value) for value in values]
    z, slopes = drawn(kind, n, *given)
    exact = kind(*(np.float64(value) for value in values))
    assert st.kstest(z.numpy().astype(float), lambda value: exact.cdf(value).numpy()).pvalue > 1e-4
    with tf.GradientTape() as tape:
        tape.watch(given)
        mean = kind(*given).mean()
    truth = tape.gradient(mean, given, unconnected_gradients=tf.UnconnectedGradients.ZERO)
    for found, wanted in zip(slopes, truth, strict=True):
        assert float(found) / n == pytest.approx(float(wanted), abs=0.02)


@pytest.mark.parametrize("kappa", [1e-4, 0.5, 1.5, 8.0, 9.9, 10.1, 40.0, 1e4])
def test_a_von_mises_path_is_its_series(kappa: float) -> None:
    exact = tf.constant(np.float64(np.float32(kappa)))
    angle = VonMises(np.float64(0.0), exact).quantile(np.linspace(1e-6, 1 - 1e-6, 201)).numpy().astype(np.float32)
    truth = _slope(tf.constant(angle.astype(float)), exact).numpy()
    found = slope_by_series(_slope, tf.constant(angle), tf.constant(kappa, tf.float32)).numpy()
    assert np.abs(found - truth).max() < 1e-6 * np.abs(truth).max()


def test_few_and_many_draws_of_von_mises_have_the_same_path() -> None:
    kappa = tf.constant([0.5, 4.0])
    with tf.GradientTape() as tape:
        tape.watch(kappa)
        z = VonMises(0.5, kappa).sample(40, seed=2)
    slope = tape.gradient(z, kappa).numpy()
    each = _slope(tf.constant(z.numpy().astype(float) - 0.5), tf.constant([0.5, 4.0], tf.float64)).numpy()
    assert np.allclose(slope, each.sum(0), atol=1e-5)
    few = partial(VonMises(0.5, kappa).sample, 1)
    assert np.array_equal(few(seed=2), few(seed=2))


def test_the_normal_noise_is_the_same_compiled_and_reaches_far() -> None:
    plain = standard_normal([1_000_000], SEED, tf.float32).numpy()
    compiled = tf.function(lambda: standard_normal([1_000_000], SEED, tf.float32), jit_compile=True)().numpy()
    assert np.allclose(plain, compiled, rtol=2e-6, atol=2e-6)
    assert st.kstest(plain.astype(float), "norm").pvalue > 1e-4
    # Neighbouring draws in the tail are not on a lattice, as they would be if ε came from 24 bits.
    assert len(np.unique(plain[plain < -3.5])) > 0.99 * (plain < -3.5).sum()
    assert 4.5 < np.abs(plain).max() < REACH
    assert abs(float(np.corrcoef(plain[:-1], plain[1:])[0, 1])) < 4e-3


def test_the_score_of_a_level_keeps_its_digits_in_both_tails_inside_xla() -> None:
    level = np.concatenate([np.geomspace(1.17e-10, 0.5, 500), 1.0 - np.geomspace(1e-6, 0.5, 100)]).astype(np.float32)
    truth = sp.ndtri(level.astype(float))
    for score in (drawn_score, normal_score):
        found = tf.function(score, jit_compile=True)(tf.constant(level)).numpy()
        assert np.max(np.abs(found - truth) / np.maximum(np.abs(truth), 0.1)) < 1e-6
    below, above = tf.function(drawn_score, jit_compile=True)(tf.constant([0.0, 1.0])).numpy()
    assert -np.inf < below < -REACH < REACH < above < np.inf


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_score_of_any_level_is_the_same_inside_xla_and_ends_at_infinity(dtype: type) -> None:
    least = 1e-37 if dtype is np.float32 else 1e-300
    level = np.concatenate([[0.0], np.geomspace(least, 0.5, 40), [1.0 - 1e-6, 1.0]]).astype(dtype)
    compiled = tf.function(normal_score, jit_compile=True)(tf.constant(level)).numpy()
    plain = normal_score(tf.constant(level)).numpy()
    assert (compiled[0], compiled[-1], plain[0], plain[-1]) == (-np.inf, np.inf, -np.inf, np.inf)
    few = 2e-6 if dtype is np.float32 else 1e-13
    assert np.allclose(compiled[1:-1], plain[1:-1], rtol=few, atol=few)


def test_the_cotangent_keeps_its_digits_from_0_to_a_quarter_turn() -> None:
    share = np.concatenate([np.geomspace(1e-8, 0.25, 500), 0.5 - np.geomspace(1e-7, 0.25, 500)]).astype(np.float32)
    truth = np.array([float(mp.cot(mp.pi * mp.mpf(float(value)))) for value in share])
    assert np.max(np.abs(cotangent(tf.constant(share)).numpy() / truth - 1.0)) < 4e-7
    assert np.allclose(cotangent(tf.constant(share.astype(float))), truth, rtol=1e-8)
