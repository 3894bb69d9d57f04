"""Errors of TensorFlow Probability 0.25: our results against SciPy or mpmath, and TFP's own where it is installed.

A test of its error fails once a newer one is right: then the row leaves the table.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import mpmath as mp
import numpy as np
import pytest
import scipy.integrate
import scipy.stats as st
import tensorflow as tf

import models.distributions as md
from models.distributions import Beta, Distribution, Normal, ParameterError, TanhNormal, TruncatedNormal
from tests.models.distributions.cases import EXACT

LOW, HIGH = -1.0, 2.0
NEVER_THERE: list[tuple[str, tuple[float, ...], str, float, float]] = [
    ("Exponential", (1.0,), "prob", -1.0, np.e), ("Weibull", (2.0, 1.0), "cdf", -1.0, 1.0 - np.exp(-1.0)),
    ("LogNormal", (0.0, 1.0), "cdf", -1.0, np.nan), ("Chi2", (3.0,), "cdf", -1.0, np.nan),
    ("LogitNormal", (0.0, 1.0), "cdf", -1.0, np.nan), ("LogitNormal", (0.0, 1.0), "cdf", 2.0, np.nan),
    ("Gamma", (2.0, 1.0), "prob", -1.0, np.nan), ("Beta", (2.0, 2.0), "prob", -1.0, np.nan),
    ("Beta", (2.0, 2.0), "prob", 2.0, np.nan),
]  # fmt: skip
THIN_TAILS = {
    "Gamma": (2.0, 1.0), "Beta": (2.0, 3.0), "Chi2": (3.0,), "Gumbel": (0.0, 1.0), "Weibull": (2.0, 1.0),
    "Cauchy": (0.0, 1.0), "VonMises": (0.0, 4.0), "Exponential": (1.0,),
}  # fmt: skip


def slopes(function: Callable[..., tf.Tensor]) -> list[float]:
    """Return the derivatives in loc and scale at (0.3, 1.2)."""
    parameters = [tf.constant(0.3, tf.float64), tf.constant(1.2, tf.float64)]
    with tf.GradientTape() as tape:
        tape.watch(parameters)
        value = function(*parameters)
    return [float(part) for part in tape.gradient(value, parameters)]


def mean_of(q: Any, n: int) -> tf.Tensor:
    return tf.reduce_mean(q.sample(n, seed=4))


def true_slopes() -> list[float]:
    """Return the derivatives of SciPy's mean of the truncated normal, by differences."""

    def mean(loc: float, scale: float) -> float:
        return float(st.truncnorm((LOW - loc) / scale, (HIGH - loc) / scale, loc, scale).mean())

    h = 1e-4
    return [
        (mean(0.3 + h, 1.2) - mean(0.3 - h, 1.2)) / (2 * h), (mean(0.3, 1.2 + h) - mean(0.3, 1.2 - h)) / (2 * h),
    ]  # fmt: skip


def test_truncated_normal_moves_with_its_location_and_scale() -> None:
    truth = true_slopes()
    assert truth == pytest.approx([0.4186, 0.1095], abs=5e-5)
    assert slopes(lambda *at: TruncatedNormal(*at, LOW, HIGH).mean()) == pytest.approx(truth, rel=1e-6)
    sampled = slopes(lambda *at: mean_of(TruncatedNormal(*at, LOW, HIGH), 200_000))
    assert sampled == pytest.approx(truth, abs=2e-3)


def test_theirs_moves_as_if_its_bounds_moved_along(tfp: Any) -> None:
    low, high = np.float64(LOW), np.float64(HIGH)
    wrong = slopes(lambda *at: mean_of(tfp.distributions.TruncatedNormal(*at, low, high), 200_000))
    # z = loc + scale·ε with ε of fixed bounds would move by 1 and E[ε].
    noise = (float(TruncatedNormal(0.3, 1.2, low, high).mean()) - 0.3) / 1.2
    assert noise == pytest.approx(0.0966, abs=5e-5)
    assert wrong == pytest.approx([1.0, noise], abs=6e-3)
    assert np.abs(np.array(wrong) - true_slopes()).min() > 8e-3


@pytest.mark.parametrize(("family", "values", "method", "point"), [row[:4] for row in NEVER_THERE])
def test_outside_the_support_there_is_nothing(
    family: str, values: tuple[float, ...], method: str, point: float
) -> None:
    for dtype in (np.float32, np.float64):
        found = float(getattr(getattr(md, family)(*(dtype(value) for value in values)), method)(dtype(point)))
        assert found == (1.0 if method == "cdf" and point > 0.0 else 0.0)


@pytest.mark.parametrize(("family", "values", "method", "point", "wrong"), NEVER_THERE)
def test_theirs_finds_something_outside_the_support(
    tfp: Any, family: str, values: tuple[float, ...], method: str, point: float, wrong: float
) -> None:
    found = float(getattr(getattr(tfp.distributions, family)(*values), method)(point))
    assert found == pytest.approx(wrong, rel=1e-5, nan_ok=True)


def test_a_negative_scale_is_an_error() -> None:
    with pytest.raises(ParameterError, match="scale must be finite and positive"):
        Normal(0.0, -1.0)


def test_theirs_mirrors_the_cdf_at_a_negative_scale(tfp: Any) -> None:
    assert float(tfp.distributions.Normal(0.0, -1.0).cdf(1.0)) == pytest.approx(st.norm.cdf(-1.0), rel=1e-5)


def thin_tail(family: str) -> tuple[np.float32, float]:
    """Return a float32 whose upper tail is about 1e-9, and that tail by mpmath."""
    values = THIN_TAILS[family]
    z = getattr(md, family)(*(np.float64(value) for value in values)).quantile(1 - 1e-9).numpy().astype(np.float32)
    return z, float(EXACT[family][2](mp.mpf(float(z)), *map(mp.mpf, values)))


@pytest.mark.parametrize("family", THIN_TAILS)
def test_upper_tails_keep_five_digits_in_float32(family: str) -> None:
    z, truth = thin_tail(family)
    q: Distribution = getattr(md, family)(*THIN_TAILS[family])
    assert q.dtype == tf.float32
    assert truth == pytest.approx(1e-9, rel=0.05)
    assert float(q.survival_function(z)) == pytest.approx(truth, rel=1e-5)


@pytest.mark.parametrize("family", THIN_TAILS)
def test_theirs_loses_the_upper_tail_in_float32(tfp: Any, family: str) -> None:
    z, truth = thin_tail(family)
    found = float(getattr(tfp.distributions, family)(*THIN_TAILS[family]).survival_function(z))
    assert abs(found - truth) > 0.5 * truth


def far_away(dtype: type, loc: float, scale: float) -> tuple[np.floating[Any], float]:
    """Return a value near ``loc`` and SciPy's log density there, for the parameters as float32 holds them."""
    z, m, s = dtype(loc + scale), float(dtype(loc)), float(dtype(scale))
    return z, float(st.norm.logpdf((float(z) - m) / s) - np.log(s))


@pytest.mark.parametrize(("loc", "scale"), [(1e7, 1.0), (1e4, 1e-3), (-3e6, 0.3)])
def test_a_large_mean_keeps_the_digits(loc: float, scale: float) -> None:
    z, truth = far_away(np.float32, loc, scale)
    assert float(Normal(np.float32(loc), np.float32(scale)).log_prob(z)) == pytest.approx(truth, abs=1e-6)


def test_theirs_loses_the_digits_at_a_large_mean(tfp: Any) -> None:
    z, truth = far_away(np.float32, 1e4, 1e-3)
    found = float(tfp.distributions.Normal(np.float32(1e4), np.float32(1e-3)).log_prob(z))
    assert 5e-3 < abs(found - truth) < 0.5


def test_tanh_normal_beyond_the_last_float_below_one() -> None:
    eps = 10.0
    truth = float(mp.log(1 - mp.tanh(eps) ** 2))
    assert truth == pytest.approx(-18.61, abs=0.005)
    for dtype in (np.float32, np.float64):
        q, line = TanhNormal(dtype(0.0), dtype(1.0)), Normal(dtype(0.0), dtype(1.0))
        assert float(line.log_prob(dtype(eps)) - q.log_prob_at_noise(dtype(eps))) == pytest.approx(truth, rel=1e-6)


def test_theirs_has_no_density_beyond_the_last_float_below_one(tfp: Any) -> None:
    q = tfp.distributions.TransformedDistribution(tfp.distributions.Normal(0.0, 1.0), tfp.bijectors.Tanh())
    z = tf.tanh(10.0)  # 1 in float32, as the sample that made it; what others write instead is no better
    assert np.isnan(float(q.log_prob(z)))
    assert float(tf.math.log(1.0 - z * z)) == -np.inf
    assert float(tf.math.log(1.0 - z * z + 1e-6)) == pytest.approx(-13.82, abs=0.005)


@pytest.mark.parametrize("values", [(2.5, 1.5), (0.5, 0.75), (32.0, 64.0)])
def test_the_median_of_a_beta(values: tuple[float, float]) -> None:
    q = Beta(*(np.float64(value) for value in values))
    assert float(q.quantile(0.5)) == pytest.approx(st.beta(*values).ppf(0.5), rel=1e-12)
    half = scipy.integrate.quad(st.beta(*values).pdf, 0.0, float(q.quantile(0.5)), epsabs=1e-12)[0]
    assert half == pytest.approx(0.5, rel=1e-6)


@pytest.mark.parametrize(("values", "wrong"), [((2.5, 1.5), -0.0198), ((0.5, 0.75), -0.2156)])
def test_theirs_misses_the_median_of_a_beta(tfp: Any, values: tuple[float, float], wrong: float) -> None:
    found = float(tfp.distributions.Beta(*(np.float64(value) for value in values)).quantile(np.float64(0.5)))
    assert found / st.beta(*values).ppf(0.5) - 1.0 == pytest.approx(wrong, abs=1e-3)
