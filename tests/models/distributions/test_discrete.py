"""Distributions of whole numbers, against SciPy in both tails, and what they refuse."""

from __future__ import annotations

import warnings
from collections.abc import Callable

import numpy as np
import pytest
import scipy.stats as st
import tensorflow as tf
from scipy.special import expit

import models.distributions as md
from models.distributions.discrete import Discrete

SCORES = np.array([-6.0, -3.0, -1.0, 0.0, 1.0, 3.0, 6.0])
# One call of each for all parameters: the rows are batches.
RATES = np.array([1e-4, 0.5, 2.5, 50.0, 1e4])
COUNTS, TRIAL_LOGITS = np.array([1.0, 10.0, 20.0, 1e3, 1e6]), np.array([0.5, -2.0, -30.0, 4.0, 0.25])
FAILURES, LOGITS = np.array([1e-3, 0.5, 2.5, 30.0, 1e4]), np.array([1.0, -3.0, 3.0, 0.0, -8.0])
FAMILIES: dict[str, tuple[Callable[..., Discrete], tuple[np.ndarray, ...], Callable[..., object]]] = {
    "Poisson": (md.Poisson, (RATES,), st.poisson),
    "Bernoulli": (md.Bernoulli, (TRIAL_LOGITS,), lambda logits: st.bernoulli(expit(logits))),
    "Binomial": (md.Binomial, (COUNTS, TRIAL_LOGITS), lambda n, logits: st.binom(n, expit(logits))),
    "NegativeBinomial": (md.NegativeBinomial, (FAILURES, LOGITS), lambda r, logits: st.nbinom(r, expit(-logits))),
}
each = pytest.mark.parametrize("name", FAMILIES)


def build(name: str, dtype: type = np.float64) -> Discrete:
    kind, parameters, _ = FAMILIES[name]
    return kind(*(part.astype(dtype) for part in parameters))


def law_of(name: str, dtype: type = np.float64) -> st.rv_discrete:
    _, parameters, law = FAMILIES[name]
    return law(*(part.astype(dtype).astype(float) for part in parameters))


def close(found: object, truth: np.ndarray, relative: float) -> bool:
    return np.allclose(np.asarray(found, float), truth, rtol=relative, atol=1e-300)


@each
@pytest.mark.parametrize("dtype", [np.float64, pytest.param(np.float32, marks=pytest.mark.slow)])
def test_masses_and_both_tails_are_scipys(name: str, dtype: type) -> None:
    q, law = build(name, dtype), law_of(name, dtype)
    z = build(name).from_noise(SCORES[:, np.newaxis]).numpy().astype(dtype)
    k = z.astype(float)
    # Cephes' and Boost's own errors at a million trials.
    digits = 1e-9 if dtype is np.float64 else 2e-5
    assert close(q.prob(z), law.pmf(k), digits)
    assert close(q.log_prob(z), law.logpmf(k), digits)
    assert close(q.cdf(z), law.cdf(k), digits)
    assert close(q.survival_function(z), law.sf(k), digits)
    between = q.cdf(z + dtype(0.5)).numpy()
    assert np.array_equal(between, q.cdf(z).numpy())
    assert (q.prob(z + dtype(0.25)).numpy() == 0.0)[k < 1e6].all()


@each
def test_a_quantile_is_the_least_number_that_reaches_a_level(name: str) -> None:
    q, law = build(name), law_of(name)
    levels = np.array([1e-9, 0.02, 0.3, 0.5, 0.9, 1.0 - 1e-9])[:, np.newaxis]
    assert np.array_equal(q.quantile(levels), law.ppf(levels))
    z = q.from_noise(SCORES[:, np.newaxis])
    below_one = q.cdf(z).numpy() < 1.0
    assert np.array_equal(q.quantile(q.cdf(z)).numpy()[below_one], z.numpy()[below_one])
    assert np.array_equal(q.from_noise(q.to_noise(z)), z)
    ends = q.quantile(np.array([0.0, 1.0, 1.5, np.nan])[:, np.newaxis]).numpy()
    assert np.array_equal(ends[:2], [law.support()[0] + 0.0 * z[0], law.support()[1] + 0.0 * z[0]])
    assert np.isnan(ends[2:]).all()


@each
def test_moments_are_scipys(name: str) -> None:
    q, law = build(name), law_of(name)
    assert close(q.mean(), law.mean(), 1e-12)
    assert close(q.variance(), law.var(), 1e-12)
    k, mass = q.masses()
    assert np.allclose(np.sum(mass, -1), 1.0, rtol=1e-11)
    assert close(np.sum(mass * k, -1), np.asarray(q.mean()), 1e-10)
    # SciPy sums, too, and not far enough where a variable is wide, as it says.
    narrow = np.asarray(law.std()) < 50.0
    with warnings.catch_warnings(action="ignore"):
        theirs = law.entropy()
    assert np.allclose(q.entropy().numpy()[narrow], theirs[narrow], rtol=1e-6, atol=1e-9)


@each
def test_outside_the_support_there_is_nothing_and_nan_stays(name: str) -> None:
    q = build(name)
    z = np.array([-np.inf, -1.0, -0.5, np.inf, np.nan])[:, np.newaxis] + 0.0 * np.asarray(q.mean())
    assert np.array_equal(q.prob(z)[:4], np.zeros_like(z[:4]))
    assert np.array_equal(q.cdf(z)[:4], np.where(z[:4] > 0.0, 1.0, 0.0))
    assert np.array_equal(q.survival_function(z)[:4], np.where(z[:4] > 0.0, 0.0, 1.0))
    for found in (q.prob(z), q.log_prob(z), q.cdf(z), q.survival_function(z)):
        assert np.isnan(found.numpy()[4]).all()


@each
def test_samples_follow_the_masses_and_have_no_gradient(name: str) -> None:
    kind, parameters, _ = FAMILIES[name]
    given = [tf.constant(part[:3]) for part in parameters]
    with tf.GradientTape() as tape:
        tape.watch(given)
        q = kind(*given)
        z = q.sample(4000, seed=3)
    assert tape.gradient(z, given) == [None] * len(given)
    assert q.reparameterization_type == "none"
    away = z.numpy().mean(0) - q.mean().numpy()
    assert (np.abs(away) <= 4.5 * np.sqrt(q.variance().numpy() / 4000) + 3e-3).all()
    assert np.array_equal(q.from_noise(q.noise(50, seed=8)), q.sample(50, seed=8))


@each
def test_the_score_is_the_derivative_of_the_log_mass(name: str) -> None:
    kind, parameters, _ = FAMILIES[name]
    index = len(parameters) - 1
    rows = [part[1:4] for part in parameters]
    k, h = np.array([0.0, 1.0, 1.0]), 1e-6

    def at(step: float, method: str) -> np.ndarray:
        moved = [part + step * (position == index) for position, part in enumerate(rows)]
        return getattr(kind(*moved), method)(k).numpy()

    given = [tf.constant(part) for part in rows]
    for method in ("log_prob", "cdf", "survival_function"):
        with tf.GradientTape() as tape:
            tape.watch(given[index])
            value = getattr(kind(*given), method)(k)
        slope = (at(h, method) - at(-h, method)) / (2.0 * h)
        assert np.allclose(tape.gradient(value, given[index]), slope, rtol=1e-6, atol=1e-9), method


def test_a_tail_moves_with_the_number_of_failures() -> None:
    failures = tf.constant(FAILURES)
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(failures)
        q = md.NegativeBinomial(failures, LOGITS)
        lower, upper, masses = q.cdf(1.0), q.survival_function(1.0), q.prob(0.0) + q.prob(1.0)
    slope = tape.gradient(masses, failures)
    assert close(tape.gradient(lower, failures), slope, 3e-8)
    assert close(tape.gradient(upper, failures), -np.asarray(slope), 3e-8)


def test_probabilities_stand_for_logits() -> None:
    assert float(md.Bernoulli(probs=0.25).prob(1.0)) == pytest.approx(0.25, rel=1e-6)
    assert float(md.Binomial(4, probs=0.25).mean()) == pytest.approx(1.0, rel=1e-6)
    for make in (md.Bernoulli, lambda **given: md.Binomial(4, **given), md.Categorical):
        with pytest.raises(md.ParameterError, match="takes either logits or probs"):
            make()
        with pytest.raises(md.ParameterError, match="probs must be strictly between 0 and 1"):
            make(probs=[0.5, 1.5])


@pytest.mark.parametrize("count", [0.0, 2.5, -1.0, np.nan, np.inf])
def test_a_number_of_trials_is_whole(count: float) -> None:
    with pytest.raises(md.ParameterError, match="total_count must be a whole number of at least 1"):
        md.Binomial(count, 0.0)


def test_a_choice_among_several() -> None:
    probs = np.array([[0.1, 0.2, 0.7], [0.5, 0.25, 0.25]])
    q = md.Categorical(probs=probs)
    assert q.batch_shape == (2,)
    z = np.array([0.0, 1.0, 2.0, 3.0, 0.5, -1.0])[:, np.newaxis]
    assert np.allclose(q.prob(z), [*probs.T, [0, 0], [0, 0], [0, 0]])
    assert np.allclose(q.cdf(z), [probs[:, 0], probs[:, :2].sum(1), [1, 1], [1, 1], probs[:, 0], [0, 0]])
    assert np.allclose(q.cdf(z) + q.survival_function(z), 1.0)
    assert np.array_equal(
        q.quantile(np.array([[0.0], [0.1], [0.3], [0.9], [1.0]])), [[0, 0], [0, 0], [1, 0], [2, 2], [2, 2]]
    )
    assert np.allclose(q.mean(), [1.6, 0.75])
    assert np.allclose(q.variance(), [0.44, 0.6875])
    assert np.allclose(q.entropy(), st.entropy(probs, axis=1))
    drawn = q.sample(20_000, seed=4).numpy()
    counts = np.stack([np.bincount(column.astype(int), minlength=3) for column in drawn.T])
    assert st.chisquare(counts, 20_000 * probs, axis=1).pvalue.min() > 1e-4
    assert np.array_equal(q.from_noise(q.to_noise(drawn[:50])), drawn[:50])
    with pytest.raises(md.ShapeError, match="a vector of logits or probs"):
        md.Categorical(0.5)


def test_a_graph_and_xla_say_the_same() -> None:
    q, eps = build("NegativeBinomial"), tf.constant(SCORES[1:6, np.newaxis])
    for xla in (False, True):
        found = tf.function(q.from_noise, jit_compile=xla, autograph=False)(eps)
        assert np.array_equal(found, q.from_noise(eps)), xla
