"""Mixtures against sums of SciPy's families and against their own numerical integrals."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
import scipy.integrate
import scipy.stats as st
import tensorflow as tf

import models.distributions as md
from models.distributions import Distribution, Mixture, ParameterError, ShapeError, kl_divergence, kl_monte_carlo

PROBS = (0.25, 0.45, 0.3)
KINDS = ((md.Normal, (-1.0, 0.75)), (md.Gamma, (2.5, 1.5)), (md.StudentT, (5.0, 2.0, 0.5)))
ORACLES = (st.norm(-1.0, 0.75), st.gamma(2.5, scale=1 / 1.5), st.t(5.0, 2.0, 0.5))
CUTS = (-60.0, -4.0, -1.0, 0.0, 1.0, 2.0, 4.0, 60.0)


def build(probs: object = PROBS, flat: list[tf.Tensor] | None = None) -> Mixture:
    given = list(flat or [tf.constant(value, tf.float64) for _, values in KINDS for value in values])
    parts: list[Distribution] = [kind(*(given.pop(0) for _ in values)) for kind, values in KINDS]
    return Mixture(parts, probs=probs)


def blend(what: str, z: np.ndarray) -> np.ndarray:
    return sum(weight * getattr(part, what)(z) for weight, part in zip(PROBS, ORACLES, strict=True))


Q = build()
Z = np.array([-30.0, -5.0, -1.0, 0.125, 1.0, 2.0, 3.5, 9.0, 40.0])


@pytest.mark.parametrize(("ours", "theirs"), [("prob", "pdf"), ("cdf", "cdf"), ("survival_function", "sf")])
def test_densities_and_tails_are_the_weighted_sums(ours: str, theirs: str) -> None:
    assert np.allclose(getattr(Q, ours)(Z), blend(theirs, Z), rtol=1e-9, atol=0.0)
    assert np.allclose(getattr(Q, f"log_{ours}")(Z) if ours != "survival_function" else 0.0,
                       np.log(blend(theirs, Z)) if ours != "survival_function" else 0.0, rtol=1e-9)  # fmt: skip


def test_quantiles_invert_both_tails() -> None:
    level = np.array([1e-12, 1e-6, 0.02, 0.3, 0.5, 0.9, 1 - 1e-6])
    z = Q.quantile(level)
    assert np.allclose(Q.cdf(z), level, rtol=1e-9)
    assert np.allclose(blend("cdf", z.numpy()), level, rtol=1e-9)
    score = np.array([-8.0, -3.0, 0.0, 2.0, 9.0])
    assert np.allclose(Q.to_noise(Q.from_noise(score)), score, rtol=1e-9, atol=1e-9)
    assert np.allclose(Q.survival_function(Q.from_noise(score)), st.norm.sf(score), rtol=1e-9)


def test_quantiles_cross_a_gap() -> None:
    gap = Mixture([md.Uniform(np.float64(0.0), np.float64(1.0)), md.Uniform(np.float64(5.0), np.float64(7.0))],
                  probs=[0.5, 0.5])  # fmt: skip
    assert gap.quantile(np.array([0.0, 0.25, 0.75, 1.0])).numpy() == pytest.approx([0.0, 0.5, 6.0, 7.0])
    assert float(gap.entropy()) == pytest.approx(np.log(2.0) + 0.5 * np.log(2.0), rel=1e-9)
    assert float(gap.prob(3.0)) == 0.0
    assert float(gap.log_prob(-1.0)) == -np.inf


def test_moments_and_entropy_are_the_integrals() -> None:
    def over(function: object) -> float:
        return sum(scipy.integrate.quad(function, a, b, epsabs=1e-12)[0] for a, b in pairwise(CUTS))

    mean = over(lambda z: z * blend("pdf", z))
    assert float(Q.mean()) == pytest.approx(mean, rel=1e-6)
    assert float(Q.variance()) == pytest.approx(over(lambda z: (z - mean) ** 2 * blend("pdf", z)), rel=1e-4)
    assert float(Q.entropy()) == pytest.approx(over(lambda z: -blend("pdf", z) * np.log(blend("pdf", z))), rel=1e-6)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_samples_follow_the_distribution(dtype: type) -> None:
    q = Mixture([kind(*(dtype(value) for value in values)) for kind, values in KINDS], probs=PROBS)
    z = q.sample(20_000, seed=11)
    assert z.dtype == q.dtype == dtype
    assert st.kstest(z.numpy(), lambda value: blend("cdf", value)).pvalue > 1e-4
    assert np.allclose(q.from_noise(q.noise(50, seed=11)), q.sample(50, seed=11), rtol=1e-4, atol=1e-4)


def test_the_path_is_implicit_in_every_parameter() -> None:
    flat = [tf.constant(value, tf.float64) for _, values in KINDS for value in values]
    score = tf.constant([-2.0, -0.5, 0.25, 1.5], tf.float64)
    z, h = Q.from_noise(score).numpy(), 1e-5
    weights = tf.constant(PROBS, tf.float64)
    for index in range(len(flat)):
        with tf.GradientTape() as tape:
            wide = [tf.fill([4], part) if i == index else part for i, part in enumerate(flat)]
            tape.watch(wide[index])
            value = build(weights, wide).from_noise(score)
        shifted = [build(weights, [part + h * step * (i == index) for i, part in enumerate(flat)]).cdf(z).numpy()
                   for step in (-1, 1)]  # fmt: skip
        implicit = -(shifted[1] - shifted[0]) / (2 * h) / Q.prob(z).numpy()
        assert np.allclose(tape.gradient(value, wide[index]), implicit, rtol=1e-6, atol=1e-7)


def test_the_path_is_implicit_in_the_weights_and_the_noise() -> None:
    probs, score = tf.constant(PROBS, tf.float64), tf.constant(0.5, tf.float64)
    with tf.GradientTape() as tape:
        tape.watch([probs, score])
        z = build(probs).from_noise(score)
    on_probs, on_score = tape.gradient(z, [probs, score])
    tails = np.array([part.cdf(float(z)) for part in ORACLES])
    density = blend("pdf", float(z))
    assert np.allclose(on_probs, -(tails - blend("cdf", float(z))) / density, rtol=1e-8)
    assert float(on_score) == pytest.approx(st.norm.pdf(0.5) / density, rel=1e-8)


def test_samples_follow_a_mean_that_moves() -> None:
    loc = tf.constant(-1.0, tf.float64)
    with tf.GradientTape() as tape:
        tape.watch(loc)
        q = Mixture([md.Normal(loc, np.float64(0.75)), md.Laplace(np.float64(1.0), np.float64(0.5))], probs=PROBS[:2])
        mean = tf.reduce_mean(q.sample(50_000, seed=3))
    assert float(tape.gradient(mean, loc)) == pytest.approx(PROBS[0] / sum(PROBS[:2]), abs=2e-2)


def test_batches_broadcast() -> None:
    q = Mixture(
        [md.Normal(np.zeros((3, 1)), 1.0), md.Uniform(np.float64(0.0), np.float64(2.0))], logits=np.zeros((4, 2))
    )
    assert q.batch_shape == q.mean().shape == q.variance().shape == q.entropy().shape == (3, 4)
    assert q.sample(5, seed=1).shape == q.noise(5, seed=1).shape == (5, 3, 4)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_probabilities_end_at_one_whatever_the_weights_add_up_to(dtype: type) -> None:
    logits = np.stack([np.linspace(-4.0, 4.0, 33), np.zeros(33)], -1).astype(dtype)
    q = Mixture([md.Normal(dtype(0.0), dtype(1.0)), md.Laplace(dtype(0.0), dtype(1.0))], logits=logits)
    assert (tf.reduce_sum(q.probs, -1) != 1.0).numpy().any()
    for side, ends in ((-1.0, (0.0, 1.0)), (1.0, (1.0, 0.0))):
        far = np.full(33, side * np.inf, dtype)
        assert [set(part.numpy()) for part in (q.cdf(far), q.survival_function(far))] == [{end} for end in ends]


def test_wrong_mixtures_are_refused() -> None:
    normal = md.Normal(0.0, 1.0)
    with pytest.raises(ParameterError, match="components must be"):
        Mixture([], probs=[1.0])
    with pytest.raises(ParameterError, match="none of them a mixture"):
        Mixture([Mixture([normal], probs=[1.0])], probs=[1.0])
    with pytest.raises(ParameterError, match="either logits or probs"):
        Mixture([normal])
    with pytest.raises(ParameterError, match="probs must be finite and positive"):
        Mixture([normal, normal], probs=[1.0, 0.0])
    with pytest.raises(ParameterError, match="logits must be finite"):
        Mixture([normal, normal], logits=[1.0, np.nan])
    with pytest.raises(ShapeError, match="2 components need weights"):
        Mixture([normal, normal], probs=[1.0])
    with pytest.raises(TypeError, match="different dtypes"):
        Mixture([normal, md.Normal(np.float64(0.0), 1.0)], probs=[0.5, 0.5])


def test_a_divergence_without_closed_form_is_estimated() -> None:
    truth = scipy.integrate.quad(lambda z: blend("pdf", z) * np.log(blend("pdf", z) / st.norm.pdf(z, 1, 2)), -15, 15)[0]
    estimate, error = kl_monte_carlo(Q, md.Normal(np.float64(1.0), np.float64(2.0)), 50_000, seed=8)
    assert abs(float(estimate) - truth) < 4 * float(error)


def test_the_estimate_of_a_divergence_agrees_with_its_closed_form() -> None:
    q, p = md.Normal(np.array([0.0, 1.0]), 1.0), md.Normal(np.float64(1.0), 2.0)
    estimate, error = kl_monte_carlo(q, p, 50_000, seed=8)
    assert estimate.shape == error.shape == (2,)
    assert (np.abs(estimate - kl_divergence(q, p)) < 4 * error.numpy()).all()
    vectors = [md.Dirichlet(np.array(alpha)) for alpha in ([2.0, 1.0], [1.0, 1.5])]
    estimate, error = kl_monte_carlo(*vectors, 50_000, seed=8)
    assert abs(float(estimate - kl_divergence(*vectors))) < 4 * float(error)
