"""Small shapes, slopes and distances from an edge, where a difference from 1 or a derivative loses its digits."""

from __future__ import annotations

import mpmath as mp
import numpy as np
import pytest

import models.distributions as md
from tests.models.distributions.test_far_parameters import BOTH, DIGITS, build, slopes

SLOPES = [1.0, 20.0, 1e-7, -1e-7, 2e-4, -2e-4, 1e-9, 1e-5, 1e-3, 0.3, -5.0, 80.0, 120.0, -500.0, 500.0]


def close(found: object, truths: list[mp.mpf], dtype: type, least: float = 0.0) -> bool:
    """Return whether all are within the digits promised, or within ``least`` units of rounding."""
    ours, theirs = np.asarray(found, float).ravel(), np.array([float(truth) for truth in truths])
    return bool(np.all(np.abs(ours - theirs) <= DIGITS[dtype] * np.abs(theirs) + least * np.finfo(dtype).eps))


def exact_quantile(u: float, logits: float) -> mp.mpf:
    return mp.log1p(mp.mpf(u) * mp.expm1(mp.mpf(logits))) / mp.mpf(logits)


@pytest.mark.parametrize("dtype", BOTH)
def test_a_continuous_bernoulli_keeps_its_digits_at_any_slope(dtype: type) -> None:
    logits = np.array(SLOPES, dtype)
    levels = np.array([1e-9, 1e-4, 0.3, 0.9, *([1e-300, 1e-15] if dtype is np.float64 else [])], dtype)[:, np.newaxis]
    q = md.ContinuousBernoulli(logits)
    with mp.workdps(60):
        exact = [exact_quantile(u, x) for u in levels.ravel().tolist() for x in logits.tolist()]
        assert close(q.quantile(levels), exact, dtype)
        scores = np.array([-5.0, -3.0, 1.0], dtype)[:, np.newaxis]
        exact = [exact_quantile(mp.ncdf(e), x) for e in scores.ravel().tolist() for x in logits.tolist()]
        assert close(q.from_noise(scores), exact, dtype)
        exact = [mp.log(mp.expm1(x) / x) - x * (mp.exp(x) / mp.expm1(x) - 1 / x) for x in map(mp.mpf, logits.tolist())]
        assert close(q.entropy(), exact, dtype)


@pytest.mark.parametrize("dtype", BOTH)
@pytest.mark.parametrize("level", [1e-9, 0.3])
def test_a_continuous_bernoulli_moves_with_its_slope(dtype: type, level: float) -> None:
    logits, u = np.array(SLOPES, dtype), dtype(level)
    with mp.workdps(60):
        moved = [mp.diff(lambda x: exact_quantile(float(u), x), mp.mpf(y), h=mp.mpf("1e-15")) for y in logits.tolist()]
        assert close(slopes(lambda x: md.ContinuousBernoulli(x).quantile(u), logits), moved, dtype, 1e-4)
        at = dtype(0.3)
        shares = [mp.diff(lambda x: mp.expm1(x * float(at)) / mp.expm1(x), mp.mpf(y), h=mp.mpf("1e-15"))
                  for y in logits.tolist()]  # fmt: skip
        found = slopes(lambda x: md.ContinuousBernoulli(x).cdf(at), logits)
        assert close(found, shares, dtype, 2.0)
        found = slopes(lambda x: md.ContinuousBernoulli(x).survival_function(at), logits)
        assert close(-found, shares, dtype, 2.0)


@pytest.mark.parametrize("dtype", BOTH)
@pytest.mark.parametrize(("a", "b"), [(0.001, 0.001), (0.1, 0.001), (0.01, 0.01), (1000.0, 1e-3)])
def test_a_power_near_1_is_not_rounded_on_its_way(a: float, b: float, dtype: type) -> None:
    q = build(md.Kumaraswamy, dtype, a, b)
    levels = np.array([0.005, 0.015, 0.02, 0.0232], dtype)
    with mp.workdps(80):
        x, y = (mp.mpf(float(dtype(part))) for part in (a, b))
        exact = [(1 - (1 - mp.mpf(u)) ** (1 / y)) ** (1 / x) for u in levels.astype(float).tolist()]
    assert close(q.quantile(levels), exact, dtype, 1.0)


@pytest.mark.parametrize("dtype", BOTH)
def test_a_quantile_that_is_below_all_numbers_is_0(dtype: type) -> None:
    """Of Gamma(0.01) a quarter lies below 1e-60; what can be told is told."""
    a, tiny = dtype(0.01), float(np.finfo(dtype).tiny)
    levels = np.array([1e-5, 0.25, 0.43, 0.5], dtype)
    with mp.workdps(30):
        exact = [(mp.mpf(u) * mp.gamma(mp.mpf(float(a)) + 1)) ** (1 / mp.mpf(float(a))) for u in levels.astype(float)]
    gamma = np.asarray(md.Gamma(a, dtype(1.0)).quantile(levels), float)
    chi2 = np.asarray(md.Chi2(dtype(2.0) * a).quantile(levels), float)
    for found, truth, double in zip(gamma, map(float, exact), chi2, strict=True):
        assert found == pytest.approx(truth if truth > tiny else 0.0, rel=DIGITS[dtype])
        assert double == pytest.approx(2.0 * found, rel=DIGITS[dtype])


@pytest.mark.parametrize("dtype", BOTH)
@pytest.mark.parametrize("level", [0.2, 0.5, 0.8])
def test_a_beta_variable_moves_with_small_shapes(dtype: type, level: float) -> None:
    """With b = 1 it is u^(1/a), of which ∂F/∂a = zᵃ log z."""
    a = np.array([0.1, 0.03, *([0.01, 0.005, 0.003] if dtype is np.float64 else [])], dtype)
    z = np.asarray(md.Beta(a, dtype(1.0)).quantile(dtype(level)))
    log_z = np.log(z.astype(float))
    found = slopes(lambda x: md.Beta(x, dtype(1.0)).cdf(z), a)
    assert np.allclose(found, np.exp(a * log_z) * log_z, rtol=DIGITS[dtype])
    moved = slopes(lambda x: md.Beta(x, dtype(1.0)).quantile(dtype(level)), a)
    assert np.allclose(moved, -z * log_z / a, rtol=DIGITS[dtype], atol=0.0)
