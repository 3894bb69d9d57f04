"""The normal family against SciPy and mpmath: the battery of checks that every family has to pass."""

from __future__ import annotations

import mpmath
import numpy as np
import pytest
import scipy.stats
import tensorflow as tf
from hypothesis import given
from hypothesis import strategies as st

from models.distributions import Normal, kl_divergence

DTYPES = [np.float32, np.float64]
LOC, SCALE = 0.3, 1.7
FLOATS = st.floats(-1e3, 1e3)
SCALES = st.floats(1e-3, 1e3)


def normal(dtype: type = np.float64, loc: float = LOC, scale: float = SCALE) -> Normal:
    return Normal(np.asarray(loc, dtype), np.asarray(scale, dtype))


def oracle() -> object:
    return scipy.stats.norm(LOC, SCALE)


@pytest.mark.parametrize("dtype", DTYPES)
def test_quantile_inverts_cdf(dtype: type) -> None:
    u = np.linspace(0.02, 0.98, 97).astype(dtype)
    assert np.abs(normal(dtype).cdf(normal(dtype).quantile(u)).numpy() - u).max() <= 1e-6


@pytest.mark.parametrize("dtype", DTYPES)
def test_noise_and_value_are_mutually_recoverable(dtype: type) -> None:
    z = np.linspace(-6, 7, 101).astype(dtype)
    back = normal(dtype).from_noise(normal(dtype).to_noise(z)).numpy()
    assert np.allclose(back, z, rtol=1e-5, atol=1e-6)


def test_density_is_the_slope_of_cdf_and_integrates_to_one() -> None:
    z, h = np.linspace(-8, 9, 2001), 1e-5
    q = normal()
    slope = (q.cdf(z + h) - q.cdf(z - h)).numpy() / (2 * h)
    density = q.prob(z).numpy()
    assert np.abs(slope - density).max() <= 2e-8 * density.max() + 1e-11
    wide = np.linspace(LOC - 12 * SCALE, LOC + 12 * SCALE, 20_001)
    assert abs(np.trapezoid(q.prob(wide).numpy(), wide) - 1.0) <= 1e-6


@pytest.mark.parametrize("dtype", DTYPES)
def test_samples_follow_cdf_mean_and_variance(dtype: type) -> None:
    n, q = 20_000, normal(dtype)
    z = q.sample(n, seed=3).numpy().astype(np.float64)
    assert scipy.stats.kstest(z, oracle().cdf).pvalue > 1e-4
    assert abs(z.mean() - LOC) < 4 * SCALE / np.sqrt(n)
    assert abs(z.var() - SCALE**2) < 4 * SCALE**2 * np.sqrt(2 / n)
    assert np.array_equal(z, q.sample(n, seed=3).numpy())
    assert not np.array_equal(z, q.sample(n, seed=4).numpy())


def test_noise_makes_the_samples() -> None:
    q = Normal(np.array([0.0, 4.0]), np.array([1.0, 0.1]))
    eps = q.noise(50, seed=8)
    assert eps.shape == (50, 2)
    assert np.array_equal(q.from_noise(eps).numpy(), q.sample(50, seed=8).numpy())


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [("prob", "pdf"), ("log_prob", "logpdf"), ("cdf", "cdf"), ("log_cdf", "logcdf"), ("survival_function", "sf")],
)
def test_float64_agrees_with_scipy(ours: str, theirs: str) -> None:
    z = np.concatenate([np.linspace(-60, 60, 1201), [LOC, -1e4, 1e4]])
    expected = getattr(oracle(), theirs)(z)
    assert np.allclose(getattr(normal(), ours)(z).numpy(), expected, rtol=2e-12, atol=0)


def test_quantile_agrees_with_scipy_and_has_the_edges_of_the_support() -> None:
    u = np.array([1e-300, 1e-9, 0.02, 0.5, 0.98, 1 - 1e-9])
    assert np.allclose(normal().quantile(u).numpy(), oracle().ppf(u), rtol=1e-12)
    assert normal().quantile(np.array([0.0, 1.0])).numpy().tolist() == [-np.inf, np.inf]
    assert np.isnan(normal().quantile(np.array([-0.1, 1.1])).numpy()).all()


@pytest.mark.parametrize("dtype", DTYPES)
def test_tails_keep_five_digits_to_a_billionth(dtype: type) -> None:
    u = np.array([1e-3, 1e-6, 1e-9])
    upper = oracle().isf(u).astype(dtype)
    lower = oracle().ppf(u).astype(dtype)
    # In float32 the parameters themselves are rounded; the oracle uses the rounded ones.
    q = normal(dtype)
    loc, scale = (mpmath.mpf(float(value)) for value in (dtype(LOC), dtype(SCALE)))
    exact = [float(mpmath.ncdf((loc - mpmath.mpf(float(z))) / scale)) for z in upper]
    assert np.allclose(q.survival_function(upper).numpy(), exact, rtol=1e-5, atol=0)
    exact_log = [float(mpmath.log(mpmath.ncdf((mpmath.mpf(float(z)) - loc) / scale))) for z in lower]
    assert np.allclose(q.log_cdf(lower).numpy(), exact_log, rtol=1e-5, atol=0)


@pytest.mark.parametrize(("dtype", "tolerance"), [(np.float32, 5e-6), (np.float64, 5e-14)])
def test_log_cdf_is_exact_and_smooth_through_its_three_branches(dtype: type, tolerance: float) -> None:
    x = np.concatenate([np.linspace(-45, 8, 213), [-10.001, -9.999, -20.001, -19.999, -0.001, 0.001]]).astype(dtype)
    with mpmath.workdps(50):
        exact = [float(mpmath.log(mpmath.ncdf(mpmath.mpf(float(value))))) for value in x]
        ratio = [float(mpmath.npdf(mpmath.mpf(float(v))) / mpmath.ncdf(mpmath.mpf(float(v)))) for v in x]
    standard = Normal(np.asarray(0, dtype), np.asarray(1, dtype))
    worst = np.abs(standard.log_cdf(x).numpy() / exact - 1).max()
    assert worst <= tolerance
    points = tf.constant(x)
    with tf.GradientTape() as tape:
        tape.watch(points)
        value = standard.log_cdf(points)
    slope = tape.gradient(value, points).numpy()
    assert np.allclose(slope, ratio, rtol=1e-4, atol=1e-7)


def test_log_prob_keeps_its_digits_at_a_large_mean() -> None:
    q = Normal(np.float32(1e7), np.float32(1.0))
    assert abs(float(q.log_prob(np.float32(1e7 + 2))) - (-2.0 - 0.5 * np.log(2 * np.pi))) < 1e-6


@given(z=FLOATS, loc=FLOATS, scale=SCALES)
def test_path_derivative_is_the_implicit_one_and_equivariant(z: float, loc: float, scale: float) -> None:
    parameters = [tf.constant(loc, tf.float64), tf.constant(scale, tf.float64)]
    eps = (z - loc) / scale
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(parameters)
        value = Normal(*parameters).from_noise(eps)
    along = [float(tape.gradient(value, parameter)) for parameter in parameters]
    assert along[0] == pytest.approx(1.0, abs=1e-12)
    assert loc * along[0] + scale * along[1] == pytest.approx(z, rel=1e-9, abs=1e-9)
    if abs(eps) < 5:
        with tf.GradientTape(persistent=True) as tape:
            tape.watch(parameters)
            cdf = Normal(*parameters).cdf(tf.constant(z, tf.float64))
        density = scipy.stats.norm(loc, scale).pdf(z)
        implicit = [-float(tape.gradient(cdf, parameter)) / density for parameter in parameters]
        assert implicit == pytest.approx(along, rel=1e-8, abs=1e-8)


def test_moments_and_entropy() -> None:
    q = Normal(np.array([0.0, 2.0]), np.float64(1.5))
    assert q.mean().numpy().tolist() == [0.0, 2.0]
    assert q.variance().numpy().tolist() == [2.25, 2.25]
    assert q.entropy().numpy() == pytest.approx(scipy.stats.norm(0, 1.5).entropy())


@given(m=st.floats(-5, 5), s=st.floats(0.05, 5), prior_m=st.floats(-5, 5), prior_s=st.floats(0.2, 5))
def test_kl_is_the_integral_it_claims_to_be(m: float, s: float, prior_m: float, prior_s: float) -> None:
    q, p = normal(loc=m, scale=s), normal(loc=prior_m, scale=prior_s)
    nodes, weights = np.polynomial.hermite_e.hermegauss(32)
    z = m + s * nodes
    integral = weights @ (q.log_prob(z) - p.log_prob(z)).numpy() / weights.sum()
    assert float(kl_divergence(q, p)) == pytest.approx(integral, rel=1e-9, abs=1e-9)
    assert float(kl_divergence(q, q)) == pytest.approx(0.0, abs=1e-12)


def test_kl_agrees_with_monte_carlo() -> None:
    mu, sigma, n = 0.7, 0.4, 100_000
    q, p = normal(loc=mu, scale=sigma), normal(loc=0.0, scale=1.0)
    z = q.sample(n, seed=1)
    estimate = float(tf.reduce_mean(q.log_prob(z) - p.log_prob(z)))
    deviation = np.sqrt(0.5 * (sigma**2 - 1) ** 2 + mu**2 * sigma**2)
    assert abs(estimate - float(kl_divergence(q, p))) < 4 * deviation / np.sqrt(n)


def test_expected_score_is_zero() -> None:
    parameters = [tf.constant(0.7, tf.float64), tf.constant(0.4, tf.float64)]
    z = Normal(*parameters).sample(50_000, seed=2)
    for parameter in parameters:
        with tf.GradientTape() as tape:
            tape.watch(parameter)
            mean_log_prob = tf.reduce_mean(Normal(*parameters).log_prob(z))
        # Fisher information is 1/σ² for the mean and 2/σ² for the scale.
        assert abs(float(tape.gradient(mean_log_prob, parameter))) < 4 * np.sqrt(2 / 0.16 / 50_000)
