"""Truncated normals far from their cut, close to a bound and with open ends, against mpmath."""

from __future__ import annotations

import math

import mpmath as mp
import numpy as np
import pytest

import models.distributions as md
from tests.models.distributions.test_far_parameters import BOTH, DIGITS, build, relative, slopes

INF = math.inf
# From a usual cut to one a thousand deviations out, a sharp one far from its mean, and bounds beyond all squares.
CUTS = [
    (0.0, 1.0, -2.0, 3.0), (0.0, 1.0, 0.0, 10.0), (0.0, 1.0, 20.0, 30.0), (0.0, 1.0, 100.0, 200.0),
    (0.0, 1.0, 1000.0, 1001.0), (0.0, 1e-3, 0.0, 1.0), (2.0, 1e-4, 0.0, 1.0), (5.0, 1.0, -1000.0, 1000.0),
    (0.0, 1.0, -1e30, 1e30), (0.0, 1.0, 10.0, INF), (2.0, 2.0, -INF, 0.0), (1.0, 2.0, -INF, INF),
]  # fmt: skip


def upper(x: mp.mpf) -> mp.mpf:
    return mp.erfc(x / mp.sqrt(2)) / 2


def share(x: mp.mpf, y: mp.mpf) -> mp.mpf:
    """Return the probability between two standard normal values, of the smaller tail."""
    if x >= 0:
        return upper(x) - upper(y)
    return upper(-y) - upper(-x) if y < 0 else 1 - upper(-x) - upper(y)


@pytest.mark.parametrize("dtype", BOTH)
@pytest.mark.parametrize("cut", CUTS)
def test_tails_densities_and_quantiles_keep_their_digits(cut: tuple[float, ...], dtype: type) -> None:
    q, tolerance = build(md.TruncatedNormal, dtype, *cut), DIGITS[dtype]
    levels = np.array([1e-300, 1e-15, 1e-9, 1e-4, 0.3, 0.9][0 if dtype is np.float64 else 2 :], dtype)
    values = np.asarray(q.quantile(levels))
    found = zip(q.cdf(values), q.survival_function(values), q.log_prob(values), strict=True)
    loc, scale, low, high = (mp.mpf(float(dtype(part))) for part in cut)
    with mp.workdps(340):
        mass = share((low - loc) / scale, (high - loc) / scale)
        for u, value, (cdf, sf, log_prob) in zip(levels.tolist(), values.tolist(), found, strict=True):
            z = mp.mpf(value)
            below = share((low - loc) / scale, (z - loc) / scale) / mass
            height = -(((z - loc) / scale) ** 2) / 2 - mp.log(scale * mp.sqrt(2 * mp.pi) * mass)
            assert float(log_prob) == pytest.approx(float(height), rel=tolerance, abs=tolerance)
            assert float(sf) == pytest.approx(float(1 - below), rel=tolerance)
            assert float(cdf) == pytest.approx(float(below), rel=tolerance)
            # The nearest float to a quantile is as good as the quantile.
            assert abs((below - u) / mp.exp(height)) <= max(tolerance, np.finfo(dtype).eps) * max(abs(z), 1e-300)


@pytest.mark.parametrize("dtype", BOTH)
@pytest.mark.parametrize(
    ("cut", "mean", "variance"),
    [
        ((2.0, 2.0, 0.0, INF), 2.57519994, 2.51874514),
        ((0.0, 1.0, 10.0, INF), 10.09809323, 0.00944537782),
        ((0.0, 1.0, -INF, -10.0), -10.09809323, 0.00944537782),
        ((1.0, 2.0, -INF, INF), 1.0, 4.0),
    ],
)
def test_an_open_end_has_its_moments(cut: tuple[float, ...], mean: float, variance: float, dtype: type) -> None:
    q = build(md.TruncatedNormal, dtype, *cut)
    assert relative(q.mean(), mean) < 1e-8 if dtype is np.float64 else 1e-6
    assert relative(q.variance(), variance) < 1e-8 if dtype is np.float64 else 1e-6
    ends = np.asarray(q.quantile(np.array([0.0, 1.0], dtype)), float)
    assert ends.tolist() == [float(part) for part in cut[2:]]
    assert q.cdf(np.array([-INF, INF], dtype)).numpy().tolist() == [0.0, 1.0]
    assert q.prob(np.array([-INF, INF], dtype)).numpy().tolist() == [0.0, 0.0]
    drawn = np.asarray(q.sample(20_000, 7), float)
    assert abs(drawn.mean() - mean) < 4.0 * math.sqrt(variance / 20_000)


@pytest.mark.parametrize("dtype", BOTH)
def test_an_open_end_moves_with_the_other_parameters(dtype: type) -> None:
    """Of (μ, σ, 0, ∞): z = μ − σ·Φ⁻¹((1 − u)·Φ(μ/σ)); by finite differences in 40 digits."""
    u = dtype(0.3)

    def quantile(loc: mp.mpf, scale: mp.mpf) -> mp.mpf:
        level = (1 - mp.mpf(float(u))) * mp.ncdf(loc / scale)
        return loc - scale * mp.sqrt(2) * mp.erfinv(2 * level - 1)

    with mp.workdps(40):
        truths = [mp.diff(quantile, (2, 2), order) for order in ((1, 0), (0, 1))]
    zero, open_end = dtype(0.0), dtype(INF)
    for index, truth in enumerate(truths):

        def of(part: object, at: int = index) -> md.Distribution:
            given = [dtype(2.0), dtype(2.0)]
            return md.TruncatedNormal(*given[:at], part, *given[at + 1 :], zero, open_end)

        found = slopes(lambda part, of=of: of(part).quantile(u), np.array([2.0], dtype))
        assert relative(found, float(truth)) < DIGITS[dtype]
        assert np.isfinite(slopes(lambda part, of=of: of(part).sample(50, 1), np.array([2.0], dtype))).all()


def test_bounds_in_the_wrong_order_are_refused() -> None:
    for low, high in ((INF, INF), (-INF, -INF), (1.0, -INF), (0.0, math.nan)):
        with pytest.raises(md.ParameterError, match="must be"):
            md.TruncatedNormal(0.0, 1.0, low, high)


def test_a_divergence_between_open_ends_is_the_integral() -> None:
    q, p = (build(md.TruncatedNormal, np.float64, *cut) for cut in ((2.0, 2.0, 0.0, INF), (1.0, 1.5, -1.0, INF)))

    def ratio(z: mp.mpf) -> mp.mpf:
        ours, theirs = (mp.npdf(z, loc, scale) / share((low - loc) / scale, mp.inf)
                        for loc, scale, low in ((2, 2, mp.mpf(0)), (1, mp.mpf(1.5), mp.mpf(-1))))  # fmt: skip
        return ours * mp.log(ours / theirs)

    exact = float(mp.quad(ratio, [0, 2, 5, 10, 20, 40]))
    assert float(md.kl_divergence(q, p)) == pytest.approx(exact, rel=1e-9)
    assert float(md.kl_divergence(p, q)) == INF
