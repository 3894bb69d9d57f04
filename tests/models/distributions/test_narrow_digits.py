"""Digits that roundings on the way lose and a parameter shows: float32 answers as float64 does at the same numbers."""

from __future__ import annotations

from collections.abc import Callable

import mpmath as mp
import numpy as np
import pytest
import tensorflow as tf

import models.distributions as md
from models.distributions import Distribution

LEVELS = np.array([1e-9, 1e-4, 0.02, 0.3, 0.7, 0.98, 1.0 - 1e-6])
STEEP: list[tuple[Callable[..., Distribution], tuple[float, ...]]] = [
    (md.Weibull, (1e6, 3.7e4)), (md.Weibull, (300.0, 1e-6)), (md.GeneralizedNormal, (0.7, 1e-3, 1e3)),
    (md.Gamma, (1e8, 3.7e4)), (md.InverseGamma, (1e8, 3.7e4)), (md.Pareto, (1e4, 0.3)),
    (md.LogNormal, (-5.0, 1e-6)), (md.LogNormal, (50.0, 1e-3)), (md.LogitNormal, (-5.0, 1e-6)),
    (md.LogitNormal, (0.0, 1e-3)), (md.TanhNormal, (-2.0, 1e-6)),
]  # fmt: skip


def both(kind: Callable[..., Distribution], values: tuple[float, ...]) -> tuple[Distribution, Distribution, np.ndarray]:
    """Return the distribution in float32 and in float64, of the same numbers, and values that float32 holds."""
    narrow = [np.float32(value) for value in values]
    wide = kind(*map(np.float64, narrow))
    z = wide.quantile(LEVELS).numpy().astype(np.float32)
    return kind(*narrow), wide, z[(wide.cdf(z.astype(float)).numpy() > 0.0) & (wide.survival_function(z).numpy() > 0.0)]


@pytest.mark.parametrize(("kind", "values"), STEEP, ids=str)
def test_float32_answers_as_float64_does(kind: Callable[..., Distribution], values: tuple[float, ...]) -> None:
    narrow, wide, z = both(kind, values)
    assert z.size >= 3
    for method in ("cdf", "survival_function", "log_cdf", "prob"):
        truth = getattr(wide, method)(z.astype(float)).numpy()
        assert getattr(narrow, method)(z).numpy() == pytest.approx(truth, rel=1e-4), method


@pytest.mark.parametrize("kind", [md.LogNormal, pytest.param(md.TanhNormal, marks=pytest.mark.slow)])
def test_a_narrow_density_keeps_its_digits_inside_xla_and_its_slopes(kind: Callable[..., Distribution]) -> None:
    narrow, wide, z = both(kind, (-2.0, 1e-5))

    def found(q: Distribution, at: np.ndarray) -> list[np.ndarray]:
        given = [q.parameters["loc"], q.parameters["scale"], tf.constant(at)]
        with tf.GradientTape() as tape:
            tape.watch(given)
            value = kind(*given[:2], validate=False).log_prob(given[2])
        return [value, *tape.gradient(value, given)]

    inside = tf.function(lambda: found(narrow, z), jit_compile=True)()
    for part, truth in zip(inside, found(wide, z.astype(float)), strict=True):
        assert part.numpy() == pytest.approx(truth.numpy(), rel=1e-4)


def test_logarithms_of_tails_of_a_generalized_normal_variable_do_not_underflow() -> None:
    steep = md.GeneralizedNormal(np.float64(0.0), np.float64(1.0), np.float64(2.0))
    normal = md.Normal(np.float64(0.0), np.float64(np.sqrt(0.5)))
    y = np.array([-1e3, -40.0, -32.0])
    assert steep.log_cdf(y).numpy() == pytest.approx(normal.log_cdf(y).numpy(), rel=1e-12)
    heavy = md.GeneralizedNormal(np.float64(0.0), np.float64(1.0), np.float64(0.01))
    assert heavy.cdf(heavy.quantile(1e-300)).numpy() == pytest.approx(1e-300, rel=1e-9)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_no_failure_before_a_rare_success_keeps_both_tails(dtype: type) -> None:
    r, logits = np.array([0.05, 2.5, 100.0], dtype), dtype(-20.0)
    q = md.NegativeBinomial(r, logits)
    failing = -r.astype(float) * np.log1p(np.exp(-20.0))
    assert q.survival_function(dtype(0.0)).numpy() == pytest.approx(-np.expm1(failing), rel=1e-6)
    assert q.log_cdf(dtype(0.0)).numpy() == pytest.approx(failing, rel=1e-6)


def test_a_tail_beside_the_cut_of_a_circle_keeps_its_digits_wherever_it_is_turned() -> None:
    loc, kappa = np.float64(0.7), np.float64(1e-4)
    z = np.float64(3.8415926535835094)
    left = float(mp.mpf(float(loc)) + mp.pi - mp.mpf(float(z)))
    turned = md.VonMises(loc, kappa)
    density = float(turned.prob(z))
    assert float(turned.survival_function(z)) == pytest.approx(left * density, rel=1e-9)
    inside = tf.function(turned.survival_function, jit_compile=True)(z)
    assert float(inside) == pytest.approx(left * density, rel=1e-9)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_tail_of_a_uniform_variable_moves_with_the_bound_behind_it(dtype: type) -> None:
    bounds, z = [tf.constant(value, dtype) for value in (0.0, 1e-6)], dtype(1e-15)
    with tf.GradientTape() as tape:
        tape.watch(bounds)
        above = md.Uniform(*bounds).survival_function(z)
    low, high = (float(part) for part in tape.gradient(above, bounds))
    assert (low, high) == (pytest.approx(1e6, rel=1e-6), pytest.approx(1e-3, rel=1e-6))
    assert float(md.Uniform(dtype(-3.0), dtype(1e-6)).quantile(dtype(1.0 - 2.0**-20))) == pytest.approx(
        1e-6 - 3.000001 * 2.0**-20, rel=1e-6
    )


@pytest.mark.parametrize("kind", [md.LogNormal, md.Gumbel, md.Weibull, md.VonMises, md.ContinuousBernoulli, md.Gamma])
def test_the_divergence_of_close_distributions_keeps_its_digits(kind: Callable[..., Distribution]) -> None:
    ends = [(np.float32(0.7),) * (len(kind.domains) - 1) + (np.float32(last),) for last in (1.3, 1.301)]
    narrow = md.kl_divergence(*(kind(*values) for values in ends))
    wide = md.kl_divergence(*(kind(*map(np.float64, values)) for values in ends))
    assert narrow.dtype == tf.float32
    assert 0.0 < float(wide) < 1e-6
    assert float(narrow) == pytest.approx(float(wide), rel=1e-5)
