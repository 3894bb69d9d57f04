"""Every family passes the same battery, in float32 and float64, with SciPy and mpmath as oracles."""

from __future__ import annotations

import mpmath as mp
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from models.core.families import FACTS
from models.distributions import FAMILIES, Gamma
from tests.models.distributions.battery import DOCUMENT, TABLES, agree, document, families, here, read, worst
from tests.models.distributions.cases import CASES, Case
from tests.models.distributions.exact import kept, names_kept, said_of
from tests.models.distributions.measures import MEASURES, exact, measured, moments_of, points_of
from tests.support.kinds import marks_beside_properties

LAST_EACH = list({case.family: case for case in CASES}.values())


# Two seconds a case: --slow takes the others, and with them the figures of the document, which are the worst of all.
@pytest.mark.parametrize(
    "case",
    [
        pytest.param(case, marks=marks_beside_properties(case.family) if case in LAST_EACH else pytest.mark.slow)
        for case in CASES
    ],
    ids=str,
)
def test_family_keeps_every_bound(case: Case) -> None:
    wrong = {}
    for (name, dtype), error in measured(case).items():
        bound = MEASURES[name].bounds[dtype]
        if error is not None and not error <= bound:
            wrong[f"{name}, {dtype.__name__}"] = (error, bound)
    assert wrong == {}


def test_the_table_of_mpmath_holds_every_case() -> None:
    assert names_kept() == [str(case) for case in CASES]


@pytest.mark.slow
@pytest.mark.parametrize("case", CASES, ids=str)
def test_the_table_is_what_mpmath_says(case: Case) -> None:
    assert said_of(case, kept(case).points) == kept(case).values
    assert moments_of(case) == pytest.approx(kept(case).moments, rel=1e-11, abs=1e-13)
    # Another processor may round a quantile to the float32 beside.
    assert points_of(case) == pytest.approx(kept(case).points, rel=1e-6)


SAID = DOCUMENT.read_text(encoding="utf-8")
PLACE, TEXTS = read(SAID)


def test_the_document_has_the_form_that_the_command_gives_it() -> None:
    assert document(PLACE, TEXTS) == SAID
    assert list(TEXTS) == families()
    assert [name for names in TABLES.values() for name in names] == list(MEASURES)


@pytest.mark.slow
@pytest.mark.parametrize("family", families())
def test_the_document_says_what_is_measured(family: str) -> None:
    found = worst(family)
    wrong = {key: (said, found[key]) for key, said in TEXTS[family].items()
             if not agree(said, found[key], key, here() == PLACE)}  # fmt: skip
    assert wrong == {}


@pytest.mark.parametrize(("said", "found", "name", "here", "elsewhere"), [
    ("3.3e-06", 3.3e-6, "cdf, mpmath", True, True), ("3.4e-06", 3.3e-6, "cdf, mpmath", False, True),
    ("3.3e-07", 3.3e-5, "cdf, mpmath", False, False), ("0", 1e-7, "cdf, mpmath", False, True),
    ("–", 1e-7, "cdf, mpmath", False, False), ("0", None, "cdf, mpmath", False, False),
    ("1.2", 1.24, "KS, −log₁₀ p", True, True), ("1.2", 1.26, "KS, −log₁₀ p", False, True),
    ("1.2", 1.4, "KS, −log₁₀ p", False, False), ("2e-11", 9e-11, "difference of cdf − prob", False, True),
])  # fmt: skip
def test_a_figure_that_nobody_measured_does_not_agree(
    said: str, found: float | None, name: str, here: bool, elsewhere: bool
) -> None:
    assert agree(said, found, (name, np.float32), same_place=True) == here
    assert agree(said, found, (name, np.float32), same_place=False) == elsewhere


# Near an edge other than 0, floats are further apart than this tail is long: a lower and an upper edge.
NO_FLOAT_THERE = {("Uniform", "cdf"), ("Uniform", "sf"), ("TruncatedNormal", "cdf"), ("Pareto", "cdf")}


@pytest.mark.parametrize("family", families())
def test_both_tails_are_visited_to_a_billionth(family: str) -> None:
    cases = [case for case in CASES if case.family == family]
    for what, end in (("cdf", 0), ("sf", -1)):
        thinnest = min(float(exact(case, what)[end]) for case in cases)
        assert thinnest <= (2e-6 if (family, what) in NO_FLOAT_THERE else 1e-9), what


@pytest.mark.parametrize("case", CASES, ids=str)
def test_whatever_moves_or_stretches_a_family_is_asked_for_equivariance(case: Case) -> None:
    roles = {parameter.name: parameter.role for parameter in FACTS[case.family].parameters}
    moving = [name for name in case.names if roles[name] in {"location", "low", "high"}]
    assert list(case.location) == moving
    if case.family != "VonMises":  # a circle is not stretched
        rest = [name for name in case.names if roles[name] in {"scale", "rate"}]
        assert {name for name, _ in case.scaling} == {*moving, *rest}


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("case", CASES, ids=str)
def test_outside_the_support_there_is_nothing_and_nan_stays(case: Case, dtype: type) -> None:
    q, (low, high) = case.build(dtype), case.support
    outside = np.array([-np.inf, low - 0.5, low - 1e3, high + 0.5, high + 1e3, np.inf, np.nan], dtype)
    finite_edge = np.isfinite([low, low, low, high, high, high, True])
    lower = np.array([0, 0, 0, 1, 1, 1, np.nan])
    infinite = np.isinf(outside)
    keep = finite_edge | infinite
    nothing = np.where(np.isnan(lower), np.nan, 0.0)
    for found, wanted in [
        (q.prob(outside), nothing), (q.log_prob(outside), np.where(np.isnan(lower), np.nan, -np.inf)),
        (q.cdf(outside), lower), (q.survival_function(outside), 1 - lower),
        (q.log_cdf(outside), np.log(lower, where=lower != 0, out=np.full(7, -np.inf))),
    ]:  # fmt: skip
        assert np.array_equal(found.numpy()[keep], wanted[keep], equal_nan=True)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_quantiles_end_at_the_edges_and_exist_between_0_and_1_only(case: Case) -> None:
    found = case.build().quantile(np.array([0.0, 1.0, -0.1, 1.1, np.nan])).numpy()
    assert tuple(found[:2]) == case.support
    assert np.isnan(found[2:]).all()


@pytest.mark.parametrize("case", CASES, ids=str)
def test_noise_makes_the_samples_and_batches_keep_their_shape(case: Case) -> None:
    q = case.build(parameters=[tf.constant([[value], [value]], tf.float64) for value in case.values])
    assert q.batch_shape == (2, 1)
    z, eps = q.sample(5, seed=3), q.noise(5, seed=3)
    assert z.shape == eps.shape == (5, 2, 1)
    assert np.allclose(q.from_noise(eps), z, rtol=1e-9, atol=1e-12)
    assert q.prob(np.full(3, 0.5)).shape == (2, 3)
    assert q.mean().shape == q.variance().shape == q.entropy().shape == (2, 1)


@pytest.mark.parametrize("case", [case for case in CASES if not FACTS[case.family].moving], ids=str)
def test_expected_score_is_zero(case: Case) -> None:
    n = 20_000
    z = tf.stop_gradient(case.build().sample(n, seed=21))
    wide = [tf.fill([n], tf.constant(value, tf.float64)) for value in case.values]
    with tf.GradientTape() as tape:
        tape.watch(wide)
        log_prob = case.build(parameters=wide).log_prob(z)
    for score in tape.gradient(log_prob, wide):
        assert abs(score.numpy().mean()) < 4 * score.numpy().std() / np.sqrt(n)


@settings(max_examples=15, deadline=None)
@given(case=st.sampled_from(CASES), u=st.floats(1e-6, 1 - 1e-6), factor=st.floats(0.5, 2.0))
def test_any_value_noise_and_probability_recover_each_other(case: Case, u: float, factor: float) -> None:
    positive = [domain == "positive" for domain in FAMILIES[case.family].domains.values()]
    values = [value * factor if scaled else value for value, scaled in zip(case.values, positive, strict=True)]
    q = case.build(parameters=[tf.constant(value, tf.float64) for value in values])
    z = q.quantile(u)
    assert float(q.cdf(z)) == pytest.approx(u, rel=1e-7)
    assert float(q.cdf(q.from_noise(q.to_noise(z)))) == pytest.approx(u, rel=1e-7)
    assert float(q.survival_function(z)) == pytest.approx(1 - u, rel=1e-7)


@pytest.mark.parametrize("alpha", [0.125, 0.5, 1.0, 3.0, 10.0, 100.0])
def test_the_path_of_a_gamma_follows_its_shape(alpha: float) -> None:
    concentration = tf.fill([200], np.float32(alpha))
    with tf.GradientTape() as tape:
        tape.watch(concentration)
        z = Gamma(concentration, np.float32(1.0)).sample(1, seed=2)[0]
    slope, errors = tape.gradient(z, concentration).numpy(), []
    for value, found in list(zip(z.numpy().astype(float), slope, strict=True))[:12]:
        moved = mp.diff(lambda a, value=value: mp.gammainc(a, 0, mp.mpf(value), regularized=True), alpha)
        errors.append(abs(float(-moved / (mp.mpf(value) ** (alpha - 1) * mp.exp(-value) / mp.gamma(alpha))) - found))
    assert np.mean(errors) <= 5e-6


@pytest.mark.parametrize("family", ["Laplace", "Logistic", "Cauchy", "LogitNormal", "TanhNormal"])
def test_derivatives_hold_at_the_very_middle(family: str) -> None:
    q = FAMILIES[family](np.float64(0.0), np.float64(1.0))
    middle = tf.constant(0.5 if family == "LogitNormal" else 0.0, tf.float64)
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(middle)
        lower, upper, log_lower = q.cdf(middle), q.survival_function(middle), q.log_cdf(middle)
    density = float(q.prob(middle))
    slopes = [float(tape.gradient(part, middle)) for part in (lower, upper, log_lower)]
    assert slopes == pytest.approx([density, -density, 2 * density])
    with tf.GradientTape() as tape:
        noise = tf.constant(0.0, tf.float64)
        tape.watch(noise)
        z = q.from_noise(noise)
    assert float(tape.gradient(z, noise)) == pytest.approx(float(q.noise_distribution().prob(0.0)) / density)
