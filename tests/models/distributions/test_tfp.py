"""Comparison with every family in TensorFlow Probability: several parameters as a batch, in float32 and float64.

Only where it is right: what it gets wrong is in test_truth.py, and what it lacks is asserted here, so that a newer
one with more to compare is noticed.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

import models.distributions as md
from models.distributions import FAMILIES, kl_divergence
from tests.models.distributions.cases import CASES, CONTINUOUS
from tests.models.distributions.test_divergences import PAIRS, TO_NORMAL

LEVELS = np.array([1e-3, 0.02, 0.1, 0.3, 0.45, 0.7, 0.9, 0.98, 0.999])
DTYPES = [np.float32, np.float64]
OF_VALUES = ("prob", "log_prob", "cdf", "log_cdf", "survival_function", "log_survival_function")
OF_BATCH = ("mean", "variance", "entropy")
LACKING = {
    **dict.fromkeys(["LogitNormal", "TanhNormal"], OF_BATCH),
    "VonMises": ("quantile",),
    "NormalMixture": ("quantile", "entropy"),
    **dict.fromkeys(["Pareto", "InverseGaussian"], ("quantile", "entropy")),
}
# TFP's variance of a von Mises variable is that of the direction, 1 − E[cos]; ours is that of the value itself. Moments
# of a half-Cauchy variable are NaN there, ours infinite.
OTHERWISE_DEFINED = {("VonMises", "variance"), ("HalfCauchy", "mean"), ("HalfCauchy", "variance")}
# TFP's quantile of the continuous Bernoulli mixes a float32 constant with float64; its tails of an inverse Gaussian
# variable are NaN where exp(2λ/μ) overflows.
BROKEN = {
    ("ContinuousBernoulli", "quantile", np.float64),
    *(("InverseGaussian", tail, np.float32) for tail in OF_VALUES[2:]),
}
# TFP's own errors, by family and dtype, relative to the larger of the truth and FLOOR.
USUAL = {np.float32: 1e-4, np.float64: 2e-12}
THEIR_ERRORS = {
    ("VonMises", np.float64): 2e-8,  # a series cut short after eight digits
    ("Pareto", np.float32): 1e-3,  # 1 − (scale/z)^concentration beside the scale
    ("TruncatedNormal", np.float32): 1e-3,  # a difference of two cdfs that both lie near 1
    ("ContinuousBernoulli", np.float64): 1e-7,  # a Taylor polynomial around logits 0
}
FLOOR = {"prob": 1e-3, "cdf": 1e-3, "survival_function": 1e-3, "quantile": 0.1}


def build(family: str, parameters: list[tf.Tensor]) -> Any:
    return FAMILIES[family](**dict(zip(FAMILIES[family].domains, parameters, strict=True)))


def theirs(tfp: Any, family: str, parameters: list[tf.Tensor]) -> Any:
    tfd = tfp.distributions
    if family == "TanhNormal":
        return tfd.TransformedDistribution(tfd.Normal(*parameters), tfp.bijectors.Tanh())
    if family == "NormalMixture":
        weight, loc1, scale1, loc2, scale2 = parameters
        weights = tfd.Categorical(probs=tf.stack([weight, 1.0 - weight], -1))
        return tfd.MixtureSameFamily(weights, tfd.Normal(tf.stack([loc1, loc2], -1), tf.stack([scale1, scale2], -1)))
    return getattr(tfd, family)(**dict(zip(FAMILIES[family].domains, parameters, strict=True)))


def batch(family: str, dtype: type) -> list[tf.Tensor]:
    """Return the parameters of all cases, also with the positive ones a quarter larger: [cases, 2]."""
    rows = [case.values for case in CASES if case.family == family]
    factors = [(1.0, 1.25 if domain == "positive" else 1.0) for domain in FAMILIES[family].domains.values()]
    return [
        tf.constant([[row[index] * part for part in pair] for row in rows], dtype) for index, pair in enumerate(factors)
    ]


def error(ours: tf.Tensor, other: tf.Tensor, method: str) -> float:
    """Return the worst error relative to TFP's value or a floor; infinite where one alone is NaN or ±∞."""
    found, truth = (np.asarray(part, np.float64) for part in (ours, other))
    finite = np.isfinite(truth)
    if found.shape != truth.shape or not np.array_equal(found[~finite], truth[~finite], equal_nan=True):
        return np.inf
    apart = np.abs(found[finite] - truth[finite]) / np.maximum(np.abs(truth[finite]), FLOOR.get(method, 1.0))
    return float(np.max(apart, initial=0.0))


def comparable(family: str, methods: tuple[str, ...], dtype: type) -> list[str]:
    out = {*LACKING.get(family, ()), *(m for f, m in OTHERWISE_DEFINED if f == family)}
    out |= {m for f, m, kind in BROKEN if (f, kind) == (family, dtype)}
    return [method for method in methods if method not in out]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("family", CONTINUOUS)
def test_values_and_moments_agree(tfp: Any, family: str, dtype: type) -> None:
    parameters = batch(family, dtype)
    q, p = build(family, parameters), theirs(tfp, family, parameters)
    level = LEVELS.astype(dtype)[:, None, None]
    z = q.quantile(level)
    pairs = {method: (method_of(q, method)(z), getattr(p, method)(z))
             for method in comparable(family, OF_VALUES, dtype)}  # fmt: skip
    pairs |= {method: (getattr(q, method)(), getattr(p, method)()) for method in comparable(family, OF_BATCH, dtype)}
    if comparable(family, ("quantile",), dtype):
        pairs["quantile"] = z, p.quantile(level)
    bound = THEIR_ERRORS.get((family, dtype), USUAL[dtype])
    errors = {method: error(*pair, method) for method, pair in pairs.items()}
    assert {method: worst for method, worst in errors.items() if not worst <= bound} == {}


def method_of(q: md.Distribution, method: str) -> Callable[[tf.Tensor], tf.Tensor]:
    """Return a method; the log survival function, which is private in ours, is taken as the log of its value."""
    if method == "log_survival_function":
        return lambda z: tf.math.log(q.survival_function(z))
    return getattr(q, method)


@pytest.mark.parametrize("family", LACKING)
def test_what_it_lacks_is_still_lacking(tfp: Any, family: str) -> None:
    p = theirs(tfp, family, batch(family, np.float64))
    for method in LACKING[family]:
        with pytest.raises(NotImplementedError):
            getattr(p, method)(*([np.float64(0.3)] if method == "quantile" else []))


def test_what_is_broken_or_otherwise_defined_still_is(tfp: Any) -> None:
    continuous = theirs(tfp, "ContinuousBernoulli", batch("ContinuousBernoulli", np.float64))
    with pytest.raises(tf.errors.InvalidArgumentError, match=r"float.*double|double.*float"):
        continuous.quantile(np.float64(0.3))
    parameters = batch("VonMises", np.float64)
    length = tf.math.bessel_i1e(parameters[1]) / tf.math.bessel_i0e(parameters[1])
    assert np.allclose(theirs(tfp, "VonMises", parameters).variance(), 1.0 - length, rtol=1e-12)


NO_DIVERGENCE = {
    ("Logistic", "Laplace"), ("StudentT", "Laplace"),
    ("Normal", "Laplace"), ("InverseGamma", "InverseGamma"), ("TruncatedNormal", "TruncatedNormal"),
    ("InverseGaussian", "InverseGaussian"),
    *((kind.__name__, "Normal") for kind, _ in TO_NORMAL),
}  # fmt: skip


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(
    ("q_kind", "q_values", "p_kind", "p_values"), PAIRS, ids=lambda part: getattr(part, "__name__", "")
)
def test_divergences_agree(
    tfp: Any,
    q_kind: type[md.Distribution],
    q_values: tuple[float, ...],
    p_kind: type[md.Distribution],
    p_values: tuple[float, ...],
    dtype: type,
) -> None:
    sides = [(kind.__name__, [tf.constant(value, dtype) * tf.constant([1.0, 1.25], dtype) for value in values])
             for kind, values in ((q_kind, q_values), (p_kind, p_values))]  # fmt: skip
    others = [theirs(tfp, *side) for side in sides]
    if (q_kind.__name__, p_kind.__name__) in NO_DIVERGENCE:
        with pytest.raises(NotImplementedError):
            tfp.distributions.kl_divergence(*others)
        return
    ours = kl_divergence(*(build(*side) for side in sides))
    assert error(ours, tfp.distributions.kl_divergence(*others), "kl") <= (5e-6 if dtype is np.float32 else 1e-12)


ROOTS = np.array([[[1.0, 0.0, 0.0], [0.5, 2.0, 0.0], [-0.25, 0.75, 0.5]], 0.25 * np.eye(3)])
LOCS = np.array([[0.5, -1.0, 2.0], [0.0, 0.25, -3.0]])
ALPHAS = np.array([[0.5, 2.0, 3.5], [1.0, 1.0, 1.0], [12.0, 0.75, 40.0]])
LOGITS = np.array([[0.0, 1.0, -2.0, 0.5], [3.0, 0.0, 0.0, -1.0]])
VECTORS: dict[str, tuple[str, tuple[np.ndarray, ...], tuple[np.ndarray, ...]]] = {
    "MultivariateNormalDiag": (
        "MultivariateNormalDiag", (LOCS, np.array([1.0, 2.0, 0.5])), (LOCS[::-1], np.array([1.5, 0.75, 4.0])),
    ),
    "MultivariateNormalTriL": ("MultivariateNormalTriL", (LOCS, ROOTS), (LOCS[::-1], ROOTS[::-1])),
    "Dirichlet": ("Dirichlet", (ALPHAS,), (ALPHAS[::-1],)),
    "Concrete": ("RelaxedOneHotCategorical", (np.array([0.5, 2.0]), LOGITS), ()),
}  # fmt: skip
OF_VECTORS = {"Concrete": ()}


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("family", VECTORS)
def test_vectors_agree(tfp: Any, family: str, dtype: type) -> None:
    name, first, second = VECTORS[family]
    q, p = (kind(*(part.astype(dtype) for part in first))
            for kind in (getattr(md, family), getattr(tfp.distributions, name)))  # fmt: skip
    z = q.sample(50, seed=3)
    bound = 2e-5 if dtype is np.float32 else 1e-12
    assert error(q.log_prob(z), p.log_prob(z), "log_prob") <= bound
    assert error(q.prob(z), p.prob(z), "prob") <= 10 * bound  # the exponential multiplies the error of a logarithm
    for method in OF_VECTORS.get(family, OF_BATCH):
        assert error(getattr(q, method)(), getattr(p, method)(), method) <= bound, method
    if family == "MultivariateNormalTriL":
        assert error(q.covariance(), p.covariance(), "covariance") <= bound
    if second:
        ours, other = (kind(*(part.astype(dtype) for part in second)) for kind in (type(q), type(p)))
        assert error(kl_divergence(q, ours), tfp.distributions.kl_divergence(p, other), "kl") <= bound


@pytest.mark.parametrize("method", OF_BATCH)
def test_a_relaxed_choice_still_has_no_moments_there(tfp: Any, method: str) -> None:
    with pytest.raises(NotImplementedError):
        getattr(tfp.distributions.RelaxedOneHotCategorical(0.5, logits=[0.0, 1.0]), method)()
