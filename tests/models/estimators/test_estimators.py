"""Gradient estimators against closed forms and each other; the bias of the Concrete; invalid problems."""

from __future__ import annotations

from collections.abc import Callable

import mpmath as mp
import numpy as np
import pytest
import tensorflow as tf
from scipy.optimize import brentq
from scipy.special import expit, gamma, kv
from scipy.stats import norm

from models.core.families import FACTS, FAMILY_PARAMETERS, STANDARD_NORMAL, Family, usual_family
from models.estimators.continuous import pathwise
from models.estimators.discrete import exact_moments
from models.protocol.lab import Continuous, Discrete, Estimates, GradientsReady, Integrand, Problem
from tests.models.estimators.conftest import SOME, ask
from tests.support.kinds import marks_beside_properties

UNIT = Family("Normal", {"loc": 1.0, "scale": 1.0})
MANY = 200_000
POINTS = [(1.0, 1.0, 0.0), (1.0, 1.0, -3.0), (-0.5, 0.3, 2.0), (0.0, 2.0, 0.0)]


def table(answer: GradientsReady) -> dict[tuple[str, str], Estimates]:
    return {(row.estimator, row.parameter): row for row in answer.estimates}


def closed_form(mu: float, sigma: float, k: float) -> dict[tuple[str, str], float]:
    """Return the variances of one sample for (z − k)² and a normal z."""
    d, v = mu - k, sigma**2
    return {
        ("pathwise", "loc"): 4 * v,
        ("pathwise", "scale"): 4 * d**2 + 8 * v,
        ("score function", "loc"): d**4 / v + 14 * d**2 + 15 * v,
        ("score function", "scale"): 2 * d**4 / v + 60 * d**2 + 74 * v,
        ("score, mean baseline", "loc"): 8 * d**2 + 10 * v,
        ("score, best baseline", "loc"): 8 * d**2 + 6 * v,
        ("score, best baseline", "scale"): 40 * d**2 + 24 * v,
    }


@pytest.mark.parametrize(("mu", "sigma", "k"), POINTS)
def test_exact_variances_are_the_closed_forms(mu: float, sigma: float, k: float) -> None:
    rows = table(ask(Continuous("quadratic", Family("Normal", {"loc": mu, "scale": sigma}), k), 10))
    for key, expected in closed_form(mu, sigma, k).items():
        assert rows[key].variance == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize(("mu", "sigma", "k"), POINTS)
def test_the_closed_forms_are_gauss_hermite_integrals(mu: float, sigma: float, k: float) -> None:
    """The moments of the estimators, written out without code of the program, for every cell of the table."""
    eps, weight = np.polynomial.hermite_e.hermegauss(24)
    weight = weight / weight.sum()

    def variance(values: np.ndarray) -> float:
        return float(weight @ values**2 - (weight @ values) ** 2)

    z = mu + sigma * eps
    f, slope = (z - k) ** 2, 2.0 * (z - k)
    scores, paths = {"loc": eps / sigma, "scale": (eps**2 - 1.0) / sigma}, {"loc": slope, "scale": slope * eps}
    found = {}
    for name, score in scores.items():
        best = float(weight @ (f * score**2) / (weight @ score**2))
        found |= {
            ("pathwise", name): variance(paths[name]), ("score function", name): variance(f * score),
            ("score, mean baseline", name): variance((f - weight @ f) * score),
            ("score, best baseline", name): variance((f - best) * score),
        }  # fmt: skip
    for key, expected in closed_form(mu, sigma, k).items():
        assert found[key] == pytest.approx(expected, rel=1e-6), key


@pytest.mark.parametrize(("k", "figures"), [(0.0, (4, 30, 18, 14)), (-3.0, (4, 495, 138, 134))])
def test_the_figures_of_the_table(k: float, figures: tuple[int, ...]) -> None:
    names = ("pathwise", "score function", "score, mean baseline", "score, best baseline")
    forms = closed_form(1.0, 1.0, k)
    assert [forms[name, "loc"] for name in names] == list(figures)


@pytest.mark.parametrize(("mu", "sigma", "k"), POINTS)
def test_sampled_variances_agree_with_the_closed_forms(mu: float, sigma: float, k: float) -> None:
    rows = table(ask(Continuous("quadratic", Family("Normal", {"loc": mu, "scale": sigma}), k), MANY))
    for key, expected in closed_form(mu, sigma, k).items():
        bound = 0.05 if key[0] == "pathwise" else 0.15
        assert rows[key].gradients.var() == pytest.approx(expected, rel=bound), key


def test_a_cosine_crosses_where_it_should() -> None:
    def ratio(k: float, mu: float = 0.0) -> float:
        rows = table(ask(Continuous("cosine", Family("Normal", {"loc": mu, "scale": 1.0}), k), 10))
        path, score = rows["pathwise", "loc"].variance, rows["score function", "loc"].variance
        assert path is not None
        assert score is not None
        return path / score

    # ½k²(1 − e) = ½(1 + (1 − 4k²)e) with e = exp(−2k²), both from E[cos 2kz] and E[z² cos 2kz].
    crossing = brentq(lambda k: k * k - (1 + np.exp(-2 * k * k)) / (1 + 3 * np.exp(-2 * k * k)), 0.5, 1.5)
    assert crossing == pytest.approx(0.851, abs=1e-3)
    assert ratio(crossing - 1e-3) < 1.0 < ratio(crossing + 1e-3)
    assert ratio(1.063, 1.0) < 1.0 < ratio(1.0645, 1.0)
    rows = table(ask(Continuous("cosine", STANDARD_NORMAL, 5.0), 10))
    assert rows["pathwise", "loc"].variance == pytest.approx(12.5, rel=1e-6)
    assert rows["score function", "loc"].variance == pytest.approx(0.5, rel=1e-6)


def test_a_narrow_bump_is_better_seen_by_its_height() -> None:
    rows = table(ask(Continuous("bump", UNIT, 10.0), MANY))
    path, score = rows["pathwise", "loc"], rows["score function", "loc"]
    # E[f′²] − E[f′]² with the Gaussian integrals of z² exp(−20z²) and z exp(−10z²) under N(1, 1).
    square = 400.0 * (1 / 41 + 1 / 41**2) * np.exp(-20 / 41) / np.sqrt(41)
    mean = -20.0 / 21.0 * np.exp(-10 / 21) / np.sqrt(21)
    assert path.variance == pytest.approx(square - mean**2, rel=1e-6)
    assert path.variance == pytest.approx(0.944, rel=0.01)
    assert score.variance == pytest.approx(0.077, rel=0.02)
    assert path.gradients.var() == pytest.approx(path.variance, rel=0.05)
    assert score.gradients.var() == pytest.approx(score.variance, rel=0.15)


@pytest.mark.parametrize("integrand", ["quadratic", "cosine", "bump"])
@pytest.mark.parametrize("family", ["Normal", "Laplace", "Logistic", "Gumbel", "Gamma", "LogNormal", "Beta", "Weibull"])
def test_every_estimator_means_the_true_gradient(family: str, integrand: Integrand) -> None:
    answer = ask(Continuous(integrand, usual_family(family), 1.5))
    assert {row.parameter for row in answer.estimates} == set(answer.truth)
    for row in answer.estimates:
        error = row.gradients.std() / np.sqrt(SOME)
        assert abs(row.gradients.mean() - answer.truth[row.parameter]) < 4.5 * error


def gamma_cosine(k: float, concentration: float, rate: float) -> float:
    """E[cos kz], the real part of the characteristic function."""
    return float(((1.0 - 1j * k / rate) ** -concentration).real)


def student_cosine(k: float, df: float, loc: float, scale: float) -> float:
    """The same with the Bessel function of the second kind: the distribution is symmetric about loc."""
    s = abs(k) * scale * np.sqrt(df)
    return float(np.cos(k * loc) * kv(df / 2, s) * s ** (df / 2) / (gamma(df / 2) * 2 ** (df / 2 - 1)))


def logit_normal_cosine(k: float, loc: float, scale: float) -> float:
    """The same, a sum over the normal noise: the function is smooth."""
    eps = np.linspace(-12.0, 12.0, 4801)
    return float(np.cos(k * expit(loc + scale * eps)) @ norm.pdf(eps) * (eps[1] - eps[0]))


@pytest.mark.parametrize(("family", "mean"), [
    ("Gamma", gamma_cosine), ("StudentT", student_cosine), ("LogitNormal", logit_normal_cosine),
])  # fmt: skip
def test_true_gradients_are_differences_of_exact_means(family: str, mean: Callable[..., float]) -> None:
    step, q = 1e-4, usual_family(family)
    answer = ask(Continuous("cosine", q, 1.5), 10)
    assert answer.value == pytest.approx(mean(1.5, **q.parameters), rel=1e-8)
    for name, value in q.parameters.items():
        upper, lower = (mean(1.5, **{**q.parameters, name: value + sign * step}) for sign in (1, -1))
        assert answer.truth[name] == pytest.approx((upper - lower) / (2 * step), rel=1e-5, abs=1e-8)


@pytest.mark.parametrize(("theta", "tau", "mean"), [
    (0.5, 2.0, 0.0429), (0.5, 1.0, 0.0667), (0.5, 0.5, 0.0858), (0.5, 0.1, 0.0992), (0.3, 1.0, -0.0497),
])  # fmt: skip
def test_the_concrete_is_biased_and_may_have_the_wrong_sign(theta: float, tau: float, mean: float) -> None:
    problem = Discrete(theta, 0.45, tau)
    row = table(ask(problem, MANY))["Concrete", "theta"]
    assert exact_moments("Concrete", problem)[0] == pytest.approx(mean, abs=1e-3)
    assert abs(row.gradients.mean() - mean) < 1e-3 + 4.5 * row.gradients.std() / np.sqrt(MANY)
    assert row.biased
    assert row.gradients.var() == pytest.approx(row.variance, rel=0.05)


@pytest.mark.parametrize("theta", [1e-4, 0.3, 0.999])
@pytest.mark.parametrize("tau", [0.01, 0.5, 1.0, 20.0])
def test_the_moments_of_the_concrete_are_those_of_mpmath(theta: float, tau: float) -> None:
    problem = Discrete(theta, 0.45, tau)
    with mp.workdps(30):
        shift, scale = mp.log(theta) - mp.log1p(-theta), mp.mpf(tau)

        def slope(v: mp.mpf) -> mp.mpf:
            relaxed = 1 / (1 + mp.exp(-v))
            return 2 * (relaxed - mp.mpf("0.45")) * relaxed * (1 - relaxed) / (scale * theta * (1 - theta))

        def moment(power: int) -> mp.mpf:
            # Over v = (logit θ + L)/τ; L is logistic.
            density = lambda v: scale * mp.sech((scale * v - shift) / 2) ** 2 / 4  # noqa: E731
            edges = sorted({mp.mpf(0), shift / scale, *(mp.mpf(edge) for edge in (-90, -30, -9, -3, 3, 9, 30, 90))})
            return mp.quad(lambda v: slope(v) ** power * density(v), edges)

        mean, square = moment(1), moment(2)
    found = exact_moments("Concrete", problem)
    assert found == pytest.approx((float(mean), float(square - mean**2)), rel=1e-7)


def test_reinforce_means_the_true_gradient_of_a_choice() -> None:
    answer = ask(Discrete(0.3, 0.45, 1.0), MANY)
    assert answer.truth == {"theta": pytest.approx(0.1)}
    assert answer.value == pytest.approx(0.3 * 0.55**2 + 0.7 * 0.45**2)
    for name in ("REINFORCE", "REINFORCE, mean baseline"):
        row = table(answer)[name, "theta"]
        assert abs(row.gradients.mean() - 0.1) < 4.5 * row.gradients.std() / np.sqrt(MANY)
        assert row.gradients.var() == pytest.approx(row.variance, rel=0.05)


def test_sticking_the_landing_holds_the_parameters_within_log_q() -> None:
    """The slopes of −log q along the path are 0 and 1/σ; with the parameters within q held, ε/σ and ε²/σ."""
    eps, sigma = np.array([-1.5, 0.2, 0.9]), 2.0
    parameters = tf.constant([0.3, sigma], tf.float64)
    whole, stuck = (
        pathwise(lambda z, q: -q.log_prob(z), "Normal", parameters, tf.constant(eps), landing)
        for landing in (False, True)
    )
    np.testing.assert_allclose(whole, [0.0 * eps, 0.0 * eps + 1.0 / sigma], atol=1e-12)
    np.testing.assert_allclose(stuck, [eps / sigma, eps**2 / sigma], rtol=1e-12)


@pytest.mark.parametrize(("k", "sigma"), [(10.0, 7.0), (10.0, 10.0), (1000.0, 1.0)])
def test_a_quick_cosine_is_integrated_all_the_same(k: float, sigma: float) -> None:
    answer = ask(Continuous("cosine", Family("Normal", {"loc": 0.0, "scale": sigma}), k), 10)
    assert answer.value == pytest.approx(0.0, abs=1e-9)
    assert answer.truth == pytest.approx({"loc": 0.0, "scale": 0.0}, abs=1e-9)
    rows = table(answer)
    # k² E[sin² kz], and for the scale also E[ε²] = 1; the mean of cos 2kz is no more than rounding.
    assert rows["pathwise", "loc"].variance == pytest.approx(0.5 * k * k, rel=1e-9)
    assert rows["pathwise", "scale"].variance == pytest.approx(0.5 * k * k, rel=1e-9)
    assert rows["score function", "loc"].variance == pytest.approx(0.5 / sigma**2, rel=1e-9)


def test_a_bump_narrower_than_the_nodes_is_integrated_all_the_same() -> None:
    k, sigma = 1000.0, 10.0
    answer = ask(Continuous("bump", Family("Normal", {"loc": 0.0, "scale": sigma}), k), 10)
    expected = (1.0 + 2.0 * k * sigma**2) ** -0.5
    assert answer.value == pytest.approx(expected, rel=1e-9)
    assert answer.truth["scale"] == pytest.approx(-2.0 * k * sigma * expected**3, rel=1e-9)


def t_family(df: float) -> Family:
    return Family("StudentT", {"df": df, "loc": 0.7, "scale": 1.3})


def gamma_family(concentration: float) -> Family:
    return Family("InverseGamma", {"concentration": concentration, "scale": 1.5})


@pytest.mark.parametrize(
    ("family", "mean", "moved"),
    [
        *((t_family(df), 1.69 * df / (df - 2.0) + 0.04, {"loc": 0.4, "scale": 2.6 * df / (df - 2.0),
                                                         "df": -3.38 / (df - 2.0) ** 2})
          for df in (2.2, 3.0, 3.5, 5.0)),
        *((gamma_family(a), 2.25 / ((a - 1.0) * (a - 2.0)) - 1.5 / (a - 1.0) + 0.25,
           {"scale": 3.0 / ((a - 1.0) * (a - 2.0)) - 1.0 / (a - 1.0)}) for a in (2.2, 3.5)),
    ],
)  # fmt: skip
def test_a_mean_over_a_heavy_tail_that_exists_is_known(family: Family, mean: float, moved: dict[str, float]) -> None:
    answer = ask(Continuous("quadratic", family, 0.5), 8)
    assert answer.value == pytest.approx(mean, rel=1e-7)
    assert {name: answer.truth[name] for name in moved} == pytest.approx(moved, rel=1e-6)


def test_a_variance_over_a_heavy_tail_is_known_if_it_exists() -> None:
    def variances(df: float) -> dict[tuple[str, str], float | None]:
        rows = table(ask(Continuous("quadratic", t_family(df), 0.5), 8))
        return {key: row.variance for key, row in rows.items()}

    # Of 2(z − k)·∂z/∂loc, with a second moment of z, and of 2(z − k)·y, with a fourth.
    assert variances(5.0)["pathwise", "loc"] == pytest.approx(4.0 * 1.69 * 5.0 / 3.0, rel=1e-7)
    second, fourth = 5.0 / 3.0, 25.0
    assert variances(5.0)["pathwise", "scale"] == pytest.approx(
        4.0 * (1.69 * fourth + 0.04 * second) - (2.0 * 1.3 * second) ** 2, rel=1e-7
    )
    assert variances(3.5)["pathwise", "scale"] is None


def test_the_same_seed_gives_the_same_gradients() -> None:
    first, again = (table(ask(Continuous("quadratic", UNIT), 100))["pathwise", "loc"].gradients for _ in range(2))
    assert np.array_equal(first, again)


@pytest.mark.parametrize(("problem", "samples", "message"), [
    (Continuous("quadratic", STANDARD_NORMAL), 0, "the number of samples lies in 1 to"),
    (Continuous("quadratic", Family("Normal", {"loc": 0.0, "scale": 0.0})), 9, "scale must be finite and positive"),
    (Continuous("quadratic", Family("Normal", {"loc": np.nan, "scale": 1.0})), 9, "loc must be finite"),
    (Continuous("quadratic", STANDARD_NORMAL, np.inf), 9, "k must be finite"),
    (Continuous("cubic", STANDARD_NORMAL), 9, "the integrand is one of"),  # type: ignore[arg-type]
    (Continuous("elbo", STANDARD_NORMAL), 9, "the ELBO needs an open model"),
    (Continuous("quadratic", usual_family("Cauchy")), 9, "does not exist: the tails of Cauchy are too heavy"),
    (Continuous("quadratic", t_family(2.0)), 9, "does not exist: the tails of StudentT"),
    (Continuous("quadratic", t_family(2.01)), 9, "is not known: the tails of StudentT"),
    (Continuous("cosine", Family("Normal", {"loc": 0.0, "scale": 10.0}), 1000.0), 9, "changes too fast for the width"),
    (Discrete(0.0, 0.45, 1.0), 9, "θ must lie between 0 and 1"),
    (Discrete(0.5, np.nan, 1.0), 9, "the target must be finite"),
    (Discrete(0.5, 0.45, 0.0), 9, "the temperature must be finite and positive"),
])  # fmt: skip
def test_bad_problems_are_refused(problem: Problem, samples: int, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        ask(problem, samples)


@pytest.mark.parametrize(
    ("values", "path_known"),
    [
        ((0.5, -1.5, 0.75, 1.5, 1.0), True), ((0.5, -3.0, 0.75, 3.0, 1.0), True), ((0.3, -4.0, 0.5, 4.0, 0.5), False),
        ((0.3, -5.0, 0.05, 5.0, 0.05), False), ((0.5, -5.0, 10.0, 5.0, 0.05), True),
    ],
)  # fmt: skip
def test_the_gradient_of_a_mixture_is_known_whatever_lies_between_its_modes(
    values: tuple[float, ...], path_known: bool
) -> None:
    """Between the modes the path moves infinitely fast in the weight: float64 cannot resolve how its variance grows."""
    names = ("weight", "loc1", "scale1", "loc2", "scale2")
    answer = ask(Continuous("quadratic", Family("NormalMixture", dict(zip(names, values, strict=True))), 1.0), 100)
    w, m1, s1, m2, s2 = values
    squares = ((m1 - 1.0) ** 2 + s1**2, (m2 - 1.0) ** 2 + s2**2)
    slopes = (squares[0] - squares[1], 2 * w * (m1 - 1), 2 * w * s1, 2 * (1 - w) * (m2 - 1), 2 * (1 - w) * s2)
    assert answer.value == pytest.approx(w * squares[0] + (1 - w) * squares[1], rel=1e-9)
    assert [answer.truth[name] for name in names] == pytest.approx(slopes, abs=1e-7)
    path = next(row for row in answer.estimates if (row.estimator, row.parameter) == ("pathwise", "weight"))
    assert (path.variance is not None) == path_known


def test_of_two_equal_components_the_weight_has_no_gradient() -> None:
    same = {"weight": 0.9, "loc1": 0.0, "scale1": 1.0, "loc2": 0.0, "scale2": 1.0}
    answer = ask(Continuous("quadratic", Family("NormalMixture", same), 1.0), 100)
    assert answer.truth["weight"] == 0.0
    assert answer.truth["loc1"] == pytest.approx(-1.8, rel=1e-9)


# Families of which neither a square nor a cosine has a mean that can be followed into the tail.
BUMPS = {"Cauchy": 1.0, "HalfCauchy": 0.25, "Pareto": 1.25}


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=marks_beside_properties(name)) for name in FAMILY_PARAMETERS]
)
def test_of_every_family_the_marked_estimators_are_biased_and_no_others(name: str) -> None:
    integrand: Integrand = "bump" if name in BUMPS else "quadratic" if FACTS[name].moving else "cosine"
    answer = ask(Continuous(integrand, usual_family(name), BUMPS.get(name, 1.0)), 20_000)
    for row in answer.estimates:
        error = row.gradients.std() / np.sqrt(len(row.gradients))
        away = abs(row.gradients.mean() - answer.truth[row.parameter])
        marked = row.estimator.startswith("score") and row.parameter in FACTS[name].moving
        assert row.biased == marked, (row.estimator, row.parameter)
        assert marked or away <= 4.5 * error + 1e-9, (row.estimator, row.parameter)
        # The mean baseline of a uniform's score happens to be right about the mean, so check the plain score.
        if row.estimator == "score function" and marked:
            assert away > 4.5 * error, row.parameter
