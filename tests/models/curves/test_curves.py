"""Curves of families at the limits of their parameters: finite everywhere, and divergences against mpmath."""

from __future__ import annotations

import math
import subprocess
import sys
from collections.abc import Callable, Iterator
from itertools import cycle

import mpmath
import numpy as np
import pytest
import scipy.stats

from models.core.families import FAMILY_PARAMETERS, STANDARD_NORMAL, Family, usual_family
from models.curves import compiled, evaluate, graphs
from models.curves.evaluate import evaluate_curves, is_prepared, ks_distance, ks_p_value, preparing
from models.numerics.tracing import Recent
from models.protocol.distribution import Anchor, Curves, CurvesReady
from tests.models.distributions.cases import EXACT
from tests.support.kinds import marks_of
from tests.support.places import ROOT

SCORES = np.sort(np.random.default_rng(7).standard_normal(512))


@pytest.fixture(autouse=True, scope="module")
def every_family_is_kept() -> Iterator[None]:
    """Trace each family once for all tests, which take them in turn."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(compiled, "_kept", Recent(1000))
        yield


def curves(q: Family, p: Family = STANDARD_NORMAL, anchor: Anchor = "u", value: float = 0.7) -> CurvesReady:
    return evaluate_curves(Curves(1, q, p, anchor, value, SCORES))


def beta(a: float, b: float) -> Family:
    return Family("Beta", {"concentration1": a, "concentration0": b})


def kumaraswamy(a: float, b: float) -> Family:
    return Family("Kumaraswamy", {"concentration1": a, "concentration0": b})


def ends(name: str) -> Iterator[Family]:
    """Yield the family with each parameter, and with all of them, at its lower and its upper limit."""
    usual, parameters = usual_family(name).parameters, FAMILY_PARAMETERS[name]
    for end in ("least", "most"):
        far = {p.name: float(getattr(p, end)) for p in parameters}
        for chosen in (far, *({**usual, key: value} for key, value in far.items())):
            if chosen.get("low", -np.inf) < chosen.get("high", np.inf):
                yield Family(name, chosen)


ANCHORS: tuple[tuple[Anchor, float], ...] = (("u", 1e-12), ("z", 1e300), ("u", 1.0 - 1e-12), ("eps", -1e300))


def _far_cut(family: Family) -> bool:
    """Return whether a truncated normal lies too far from its mean for its slopes to be precise."""
    if family.name != "TruncatedNormal":
        return False
    loc, scale, low, high = family.parameters.values()
    return low > loc + 300.0 * scale or high < loc - 300.0 * scale


def _marks(name: str) -> list[pytest.MarkDecorator]:
    """Return the marks of a family: tracing takes seconds, and that of two components in each other's tails most."""
    return [pytest.mark.slow] if name == "NormalMixture" else marks_of(name)


@pytest.mark.parametrize("name", [pytest.param(name, marks=_marks(name)) for name in FAMILY_PARAMETERS])
def test_all_that_is_drawn_is_finite_at_the_ends_of_every_parameter(name: str) -> None:
    for family, (anchor, value) in zip(ends(name), cycle(ANCHORS), strict=False):
        if _far_cut(family):
            with pytest.raises(ValueError, match="low and high lie more than 300 σ from μ"):
                curves(family, anchor=anchor, value=value)
            continue
        answer = curves(family, anchor=anchor, value=value)
        place = answer.place
        assert np.isfinite([place.z, place.eps, place.u, place.survival, *answer.span]).all(), family
        for values in (answer.x, answer.family_cdf, answer.path_z, answer.bank_z, answer.bank_eps):
            assert np.isfinite(values).all(), family
        assert not np.isnan(answer.family_pdf).any(), family
        assert not answer.numbers.kl < -1e-6, family


@pytest.mark.parametrize(
    ("family", "height"),
    [(Family("Exponential", {"rate": 2.5}), 2.5), (Family("HalfNormal", {"scale": 1.5}), np.sqrt(2.0 / np.pi) / 1.5)],
)
def test_an_edge_at_0_is_vertical(family: Family, height: float) -> None:
    """TensorFlow takes numbers below the smallest normal one for 0, where the density is that of the inside."""
    answer = curves(family)
    below = answer.x < 0.0
    assert below.any()
    assert not answer.family_pdf[below].any()
    assert answer.family_pdf[~below][0] == pytest.approx(height)
    assert answer.x[~below][0] - answer.x[below][-1] < 1e-300


def test_values_beyond_the_numbers_of_the_computer_are_refused() -> None:
    with pytest.raises(ValueError, match="leave the range"):
        curves(Family("LogNormal", {"loc": 0.0, "scale": 800.0}))


@pytest.mark.parametrize(("a", "b"), [(0.1, 0.1), (0.05, 0.05), (0.5, 0.5), (30.0, 0.1), (2.5, 1.5)])
def test_a_divergence_from_a_density_with_infinite_ends_is_exact(a: float, b: float) -> None:
    with mpmath.workdps(30):
        x, y = mpmath.mpf(a), mpmath.mpf(b)
        entropy = mpmath.log(mpmath.beta(x, y)) - (x - 1) * mpmath.psi(0, x) - (y - 1) * mpmath.psi(0, y)
        entropy += (x + y - 2) * mpmath.psi(0, x + y)
        square = x * (x + 1) / ((x + y) * (x + y + 1))
        exact = float(-entropy + mpmath.log(2 * mpmath.pi) / 2 + square / 2)
    assert curves(beta(a, b)).numbers.kl == pytest.approx(exact, rel=1e-9)


def test_divergences_without_closed_form_are_the_integrals() -> None:
    def ratio(z: mpmath.mpf) -> mpmath.mpf:
        q = 6 * z * (1 - z * z) ** 2
        return q * mpmath.log(q / (12 * z * (1 - z) ** 2))

    exact = float(mpmath.quad(ratio, [0, 0.5, 1]))
    assert curves(kumaraswamy(2.0, 3.0), beta(2.0, 3.0)).numbers.kl == pytest.approx(exact, rel=1e-9)
    assert curves(kumaraswamy(2.5, 1.5), kumaraswamy(2.5, 1.5)).numbers.kl == pytest.approx(0.0, abs=1e-10)
    assert curves(STANDARD_NORMAL, beta(2.0, 2.0)).numbers.kl == np.inf


def test_a_divergence_in_closed_form_is_worked_out_once(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[object] = []

    def evaluated(part: compiled.Part, *given: compiled.Member) -> tuple[np.ndarray, ...]:
        asked.append(part)
        return compiled.evaluated(part, *given)

    monkeypatch.setattr(evaluate, "evaluated", evaluated)
    assert curves(Family("Normal", {"loc": 0.25, "scale": 0.5})).numbers.kl_closed
    assert asked.count(graphs.divergence) == 1
    assert graphs.scores_of not in asked


def test_a_divergence_that_rounding_hides_is_not_stated() -> None:
    # One percent of q rounds to 1, where log p is infinite.
    assert np.isnan(curves(kumaraswamy(0.1, 0.1), kumaraswamy(0.2, 0.1)).numbers.kl)
    assert np.isnan(curves(usual_family("Cauchy")).numbers.kl)


def mixture(weight: float, loc1: float, scale1: float, loc2: float, scale2: float) -> Family:
    given = {"weight": weight, "loc1": loc1, "scale1": scale1, "loc2": loc2, "scale2": scale2}
    return Family("NormalMixture", given)


@pytest.mark.parametrize("values", [(0.3, -1.0, 0.5, 6.0, 0.5), (0.3, -1.0, 0.1, 6.0, 0.1), (0.1, 0.0, 1.0, 20.0, 1.0)])
def test_a_divergence_across_the_gap_between_two_modes_is_the_integral(values: tuple[float, ...]) -> None:
    """There z jumps with its score, so that no quadrature over the score of the whole can follow it."""
    w, m1, s1, m2, s2 = map(mpmath.mpf, values)

    def q(z: mpmath.mpf) -> mpmath.mpf:
        return w * mpmath.npdf(z, m1, s1) + (1 - w) * mpmath.npdf(z, m2, s2)

    edges = sorted({m + s * step for m, s in ((m1, s1), (m2, s2)) for step in range(-12, 13, 2)})
    exact = float(mpmath.quad(lambda z: q(z) * (mpmath.log(q(z)) + z * z / 2 + mpmath.log(2 * mpmath.pi) / 2), edges))
    assert curves(mixture(*values)).numbers.kl == pytest.approx(exact, rel=1e-9)


def density(family: Family) -> Callable[[mpmath.mpf], mpmath.mpf]:
    if family.name == "NormalMixture":
        return lambda z: family_mixture(z, *map(mpmath.mpf, family.parameters.values()))
    exact = EXACT[family.name][0]
    return lambda z: exact(z, *map(mpmath.mpf, family.parameters.values()))


def family_mixture(z: mpmath.mpf, w: mpmath.mpf, m1: mpmath.mpf, s1: mpmath.mpf, *other: mpmath.mpf) -> mpmath.mpf:
    return w * mpmath.npdf(z, m1, s1) + (1 - w) * mpmath.npdf(z, *other)


def located(name: str, scale: float, **shapes: float) -> Family:
    return Family(name, {**shapes, "loc": 0.3, "scale": scale})


GUMBEL = Family("Gumbel", {"loc": 0.0, "scale": 1.0})
# A kink of the reference, its narrow middle, or that of one of its modes, whose share may be small.
BENT = [
    (GUMBEL, Family("Laplace", {"loc": 0.0, "scale": 1.0})),
    (GUMBEL, located("Laplace", 0.02)),
    (STANDARD_NORMAL, located("Cauchy", 1e-3)),
    (STANDARD_NORMAL, located("Logistic", 1e-3)),
    (STANDARD_NORMAL, mixture(0.5, 0.3, 1e-2, 0.0, 1.0)),
    (STANDARD_NORMAL, mixture(0.01, 0.3, 1e-2, 0.0, 1.0)),
    *(pytest.param(q, p, marks=pytest.mark.slow) for q, p in (
        (STANDARD_NORMAL, located("StudentT", 1e-3, df=3.0)),
        (STANDARD_NORMAL, located("Cauchy", 1e-6)),
        (STANDARD_NORMAL, mixture(1e-3, 0.3, 1e-2, 0.0, 1.0)),
        (Family("Weibull", {"concentration": 1.5, "scale": 2.0}), located("Laplace", 0.05)),
        (beta(2.5, 1.5), located("Laplace", 0.1)),
        (mixture(0.3, -1.0, 0.5, 2.0, 1.0), located("Laplace", 0.02)),
    )),
]  # fmt: skip


@pytest.mark.parametrize(("q", "p"), BENT)
def test_a_divergence_from_a_reference_with_a_kink_or_a_narrow_mode_is_the_integral(q: Family, p: Family) -> None:
    low, high = (end if math.isfinite(end) else math.copysign(40.0, end) for end in q.support)
    narrow = min(value for name, value in p.parameters.items() if name.startswith("scale"))
    near = [0.3 + sign * narrow * 2.0**k for sign in (-1.0, 1.0) for k in range(-1, 24)]
    edges = [low, *sorted({edge for edge in [*near, 0.0, 0.3, 1.0, 3.0] if low < edge < high}), high]
    with mpmath.workdps(20):
        above, below = density(q), density(p)
        exact = float(mpmath.quad(lambda z: above(z) * mpmath.log(above(z) / below(z)), edges))
    assert curves(q, p).numbers.kl == pytest.approx(exact, rel=1e-7)


def test_a_mode_far_out_with_little_mass_is_drawn() -> None:
    low, high = curves(mixture(0.92, 0.0, 0.5, 8.0, 0.5)).span
    assert low < -1.5
    assert high > 9.0


def test_a_family_is_prepared_part_by_part() -> None:
    parts = preparing("Logistic", "Gumbel")
    assert not is_prepared("Logistic", "Gumbel")
    assert sum(1 for _ in parts) >= 9
    assert is_prepared("Logistic", "Gumbel")


@pytest.mark.parametrize("size", [1, 2, 20, 512])
def test_the_distance_of_a_sample_and_its_p_value_are_scipys(size: int) -> None:
    sample = np.sort(np.random.default_rng(size).normal(0.1, 1.2, size))
    distance = ks_distance(scipy.stats.norm.cdf(sample))
    expected = scipy.stats.kstest(sample, "norm", method="exact")
    assert distance == pytest.approx(expected.statistic, rel=1e-12)
    assert ks_p_value(distance, size) == pytest.approx(expected.pvalue, rel=1e-9)


def test_statistics_are_imported_before_the_first_curves() -> None:
    script = (
        "import sys; from models.curves.evaluate import preparing;"
        "before = 'scipy.stats' in sys.modules; next(preparing('Normal', 'Normal'), None);"
        "print(before, 'scipy.stats' in sys.modules)"
    )
    answer = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=ROOT)
    assert answer.stdout.split() == ["False", "True"]
