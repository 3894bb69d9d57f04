"""Every registered divergence against the Monte Carlo estimate and against itself."""

from __future__ import annotations

import mpmath
import numpy as np
import pytest
import tensorflow as tf

import models.distributions as md
from models.distributions import Distribution, kl_divergence
from models.distributions.kl import _REGISTRY

TO_NORMAL = [
    (md.Laplace, (0.25, 1.5)), (md.Logistic, (0.25, 0.5)), (md.StudentT, (5.0, 0.25, 0.5)), (md.Gumbel, (0.25, 1.0)),
    (md.Uniform, (0.0, 1.0)), (md.Exponential, (1.5,)), (md.Weibull, (1.5, 2.0)), (md.LogNormal, (0.25, 0.5)),
    (md.HalfNormal, (1.5,)), (md.Gamma, (2.5, 1.5)), (md.Chi2, (3.0,)), (md.InverseGamma, (6.0, 1.5)),
    (md.Beta, (2.5, 1.5)), (md.Kumaraswamy, (2.5, 1.5)), (md.ContinuousBernoulli, (1.5,)),
    (md.TruncatedNormal, (0.25, 1.25, -1.0, 2.0)), (md.VonMises, (0.25, 1.5)),
    (md.Pareto, (6.0, 0.5)), (md.InverseGaussian, (1.5, 2.5)), (md.GeneralizedNormal, (0.25, 1.5, 1.25)),
]  # fmt: skip
PAIRS = [
    (md.Laplace, (0.25, 1.5), md.Laplace, (-0.5, 1.0)),
    *((kind, values, md.Normal, (-0.5, 2.0)) for kind, values in TO_NORMAL),
    (md.Normal, (0.25, 1.5), md.Laplace, (-0.5, 1.0)), (md.Normal, (0.25, 1.5), md.Normal, (-0.5, 1.0)),
    (md.Logistic, (0.25, 0.5), md.Laplace, (-0.5, 1.0)), (md.StudentT, (5.0, 0.25, 0.5), md.Laplace, (-0.5, 1.0)),
    (md.Cauchy, (0.25, 1.5), md.Cauchy, (-0.5, 1.0)), (md.Gumbel, (0.25, 1.0), md.Gumbel, (-0.5, 1.5)),
    (md.Uniform, (0.0, 1.0), md.Uniform, (-0.5, 1.5)), (md.Exponential, (1.5,), md.Exponential, (0.5,)),
    (md.Weibull, (1.5, 2.0), md.Weibull, (1.25, 1.0)), (md.HalfNormal, (1.5,), md.HalfNormal, (2.5,)),
    (md.LogNormal, (0.25, 0.5), md.LogNormal, (0.0, 1.0)), (md.LogitNormal, (0.25, 0.5), md.LogitNormal, (0.0, 1.0)),
    (md.TanhNormal, (0.25, 0.5), md.TanhNormal, (0.0, 1.0)), (md.Gamma, (2.5, 1.5), md.Gamma, (1.5, 0.5)),
    (md.Chi2, (3.0,), md.Chi2, (5.0,)), (md.Chi2, (3.0,), md.Gamma, (2.0, 0.25)),
    (md.Gamma, (2.0, 0.75), md.Chi2, (3.0,)),
    (md.InverseGamma, (6.0, 1.5), md.InverseGamma, (4.0, 1.0)), (md.Beta, (2.5, 1.5), md.Beta, (1.5, 2.0)),
    (md.ContinuousBernoulli, (1.5,), md.ContinuousBernoulli, (-0.5,)),
    (md.TruncatedNormal, (0.25, 1.25, -1.0, 2.0), md.TruncatedNormal, (-0.5, 1.0, -1.5, 2.5)),
    (md.VonMises, (0.0, 1.5), md.VonMises, (0.0, 3.0)), (md.Pareto, (6.0, 0.5), md.Pareto, (1.5, 0.25)),
    (md.InverseGaussian, (1.5, 2.5), md.InverseGaussian, (0.5, 4.0)),
]  # fmt: skip


def build(kind: type[Distribution], values: tuple[float, ...]) -> Distribution:
    return kind(*(tf.constant(value, tf.float64) for value in values))


@pytest.mark.parametrize(
    ("q_kind", "q_values", "p_kind", "p_values"), PAIRS, ids=lambda part: getattr(part, "__name__", "")
)
def test_divergence_is_the_mean_of_the_log_ratio(
    q_kind: type[Distribution], q_values: tuple[float, ...], p_kind: type[Distribution], p_values: tuple[float, ...]
) -> None:
    q, p, n = build(q_kind, q_values), build(p_kind, p_values), 20_000
    z = q.sample(n, seed=31)
    ratio = (q.log_prob(z) - p.log_prob(z)).numpy()
    assert abs(ratio.mean() - float(kl_divergence(q, p))) <= 4 * ratio.std() / np.sqrt(n) + 1e-9
    if q_kind is p_kind:
        assert float(kl_divergence(q, q)) == pytest.approx(0.0, abs=1e-6)


def test_every_registered_pair_is_asked() -> None:
    vectors = [md.MultivariateNormalDiag, md.MultivariateNormalTriL, md.Dirichlet]  # in test_multivariate.py
    asked = {(q, p) for q, _, p, _ in PAIRS} | {(kind, kind) for kind in vectors}
    asked |= {(md.HalfCauchy, md.Normal)}  # infinite, see below
    known = {(q, p) for q, p in _REGISTRY if q.__module__.startswith("models.") and p.__module__.startswith("models.")}
    assert known == asked


def test_a_support_that_does_not_contain_the_other_is_infinitely_far() -> None:
    assert float(kl_divergence(md.Uniform(0.0, 2.0), md.Uniform(0.0, 1.0))) == np.inf
    wide, narrow = md.TruncatedNormal(0.0, 1.0, -2.0, 2.0), md.TruncatedNormal(0.0, 1.0, -1.0, 1.0)
    assert float(kl_divergence(wide, narrow)) == np.inf


@pytest.mark.parametrize("kind", [md.StudentT, md.InverseGamma])
@pytest.mark.parametrize(("shape", "moments"), [(0.5, "no mean"), (1.5, "no variance"), (2.0, "no variance")])
def test_without_two_moments_all_is_infinitely_far_from_a_normal(
    kind: type[Distribution], shape: float, moments: str
) -> None:
    q = build(kind, (shape, 0.25, 1.5) if kind is md.StudentT else (shape, 1.5))
    assert not np.isfinite(float(q.variance())), moments
    assert float(kl_divergence(q, md.Normal(*np.float64([0.0, 1.0])))) == np.inf


def test_what_has_no_moments_at_all_is_infinitely_far_from_a_normal() -> None:
    assert float(kl_divergence(build(md.HalfCauchy, (0.0, 1.5)), build(md.Normal, (0.0, 1.0)))) == np.inf


def test_a_heavy_tail_counts_in_full() -> None:
    """With 25 digits: a quadrature up to 8 normal scores misses a tenth of the contribution of such a tail."""
    q = build(md.InverseGamma, (2.125, 12.25))
    with mpmath.workdps(25):
        a, b = mpmath.mpf("2.125"), mpmath.mpf("12.25")
        entropy = a + mpmath.log(b * mpmath.gamma(a)) - (1 + a) * mpmath.psi(0, a)
        square = b**2 / ((a - 1) * (a - 2))
        exact = float(square / 2 + mpmath.log(2 * mpmath.pi) / 2 - entropy)
    assert float(kl_divergence(q, build(md.Normal, (0.0, 1.0)))) == pytest.approx(exact, rel=1e-12)


@pytest.mark.parametrize("kappa", [0.5, 150.0, 1e3, 1e5])
@pytest.mark.parametrize(("dtype", "near", "slope"), [(np.float32, 1e-6, 1e-7), (np.float64, 1e-12, 1e-14)])
def test_a_narrow_von_mises_keeps_its_digits(kappa: float, dtype: type, near: float, slope: float) -> None:
    with mpmath.workdps(40):
        k = mpmath.mpf(kappa)

        def exact(k: mpmath.mpf) -> mpmath.mpf:
            reach = min(mpmath.pi, 14 / mpmath.sqrt(k))
            edges, fall = mpmath.linspace(0, reach, 9), lambda t: mpmath.exp(k * (mpmath.cos(t) - 1))
            square = mpmath.quad(lambda t: t * t * fall(t), edges) / mpmath.quad(fall, edges)
            length = mpmath.besseli(1, k) / mpmath.besseli(0, k)
            entropy = mpmath.log(2 * mpmath.pi * mpmath.besseli(0, k)) - k * length
            return square / 2 + mpmath.log(2 * mpmath.pi) / 2 - entropy

        step = k * mpmath.mpf("1e-10")
        value, rising = float(exact(k)), float((exact(k + step) - exact(k - step)) / (2 * step))
    concentration = tf.constant(kappa, dtype)
    with tf.GradientTape() as tape:
        tape.watch(concentration)
        found = kl_divergence(md.VonMises(dtype(0.0), concentration), md.Normal(dtype(0.0), dtype(1.0)))
    assert float(found) == pytest.approx(value, rel=near)
    assert float(tape.gradient(found, concentration)) == pytest.approx(rising, rel=10 * near, abs=slope)


COMPILED = [
    (md.Gamma, (2.5, 1.5)),
    (md.Beta, (2.5, 1.5)),
    (md.TruncatedNormal, (0.0, 1.0, -1.0, 2.0)),
    (md.VonMises, (0.5, 2.0)),
]


@pytest.mark.parametrize(("kind", "values"), COMPILED)
def test_values_and_gradients_compile(kind: type[Distribution], values: tuple[float, ...]) -> None:
    def path(*parameters: tf.Tensor) -> list[tf.Tensor]:
        with tf.GradientTape() as tape:
            tape.watch(parameters)
            z = kind(*parameters, validate=False).from_noise([-1.0, 0.5])
        return [z, *tape.gradient(z, parameters)]

    given = [tf.constant(value) for value in values]
    compiled = tf.function(path, jit_compile=True, autograph=False)(*given)
    for found, plain in zip(compiled, path(*given), strict=True):
        assert np.allclose(found, plain, rtol=1e-4, atol=1e-6)


def test_a_reference_cut_far_from_its_location_has_the_divergence_of_the_integral() -> None:
    q = md.TruncatedNormal(*map(np.float64, (0.0, 1.0, 0.5, 1.5)))
    p = md.TruncatedNormal(*map(np.float64, (-1.0, 0.75, 0.25, 2.0)))
    nodes, weights = np.polynomial.legendre.leggauss(40)
    z = 1.0 + 0.5 * nodes
    truth = float(np.sum(0.5 * weights * q.prob(z) * (q.log_prob(z) - p.log_prob(z))))
    assert float(kl_divergence(q, p)) == pytest.approx(truth, rel=1e-10)
