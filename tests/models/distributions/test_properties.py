"""Every family, method, parameter and point that Hypothesis thinks of, against mpmath with 30 digits.

An example is a set of parameters with a point of a family; ten are asked in one call. The fast suite asks 300 of them,
``--slow`` 20 000. What has failed is kept in KEPT, shrunk, and asked again each time.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import mpmath as mp
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from models.core.families import FACTS
from models.distributions import FAMILIES, Distribution
from tests.models.distributions.cases import EXACT, Formula, phi, upper
from tests.models.distributions.masses import MASSES

DIGITS = 30


def between(left: mp.mpf, right: mp.mpf) -> mp.mpf:
    """Return the probability of a normal interval, from the tail in which it does not cancel."""
    return upper(left) - upper(right) if left + right > 0 else upper(-right) - upper(-left)


TRUNCATED: tuple[Formula, Formula, Formula] = (
    lambda z, m, s, a, b: phi((z - m) / s) / s / between((a - m) / s, (b - m) / s),
    lambda z, m, s, a, b: between((a - m) / s, (z - m) / s) / between((a - m) / s, (b - m) / s),
    lambda z, m, s, a, b: between((z - m) / s, (b - m) / s) / between((a - m) / s, (b - m) / s),
)
ORACLES: dict[str, tuple[Formula, Formula, Formula]] = {**EXACT, **MASSES, "TruncatedNormal": TRUNCATED}
ROWS = 10
BATCHES = {"fast": 1, "slow": 34}
# Farther out there are no floats of float32 beside an edge other than 0.
FARTHEST = {np.float64: 7.0, np.float32: 5.9}
USUAL = {np.float64: 1e-9, np.float32: 2e-5}
# An error of so many roundings of what goes into a formula is its own.
ROUNDINGS = 40.0


def numbers(low: float, high: float) -> SearchStrategy[float]:
    """Return positive numbers of every size that float32 holds."""
    return st.floats(math.log(low), math.log(high), allow_nan=False).map(lambda x: float(np.float32(math.exp(x))))


LOC, SCALE, SHAPE = st.floats(-50.0, 50.0, width=32), numbers(1e-2, 1e2), numbers(0.1, 200.0)
# mpmath needs minutes for incomplete beta functions and circles at larger parameters.
SMALL, LOGITS, LINE = numbers(0.2, 40.0), st.floats(-9.0, 9.0, width=32), st.floats(-3.0, 3.0, width=32)
PARAMETERS: dict[str, tuple[SearchStrategy[float], ...]] = {
    "StudentT": (SMALL, LOC, SCALE), "Gamma": (SHAPE, SCALE), "InverseGamma": (SHAPE, SCALE), "Chi2": (SHAPE,),
    "Weibull": (numbers(0.2, 40.0), SCALE), "Beta": (SMALL, SMALL), "Kumaraswamy": (SMALL, SMALL),
    "LogNormal": (LINE, numbers(0.05, 3.0)), "LogitNormal": (LINE, numbers(0.05, 2.0)),
    "TanhNormal": (st.floats(-1.0, 1.0, width=32), numbers(0.05, 0.75)), "VonMises": (LINE, numbers(0.05, 20.0)),
    "ContinuousBernoulli": (LOGITS,), "Exponential": (SCALE,), "HalfNormal": (SCALE,),
    "NormalMixture": (st.floats(0.125, 0.875, width=32), LINE, numbers(0.3, 3.0), LINE, numbers(0.3, 3.0)),
    "Pareto": (numbers(0.2, 40.0), SCALE), "InverseGaussian": (SCALE, SCALE),
    "GeneralizedNormal": (LOC, SCALE, numbers(0.3, 20.0)),
    "Bernoulli": (LOGITS,), "Binomial": (st.integers(1, 60).map(float), LOGITS), "Poisson": (numbers(1e-3, 200.0),),
    "NegativeBinomial": (numbers(0.05, 50.0), st.floats(-6.0, 3.0, width=32)),
}  # fmt: skip


@dataclass(frozen=True)
class Row:
    """Parameters of a family, and a point by its normal score."""

    values: tuple[float, ...]
    score: float


KEPT: dict[str, tuple[Row, ...]] = {}


def rows_of(family: str) -> SearchStrategy[list[Row]]:
    strategies = PARAMETERS.get(family, (LOC, SCALE))
    values = st.tuples(*strategies)
    if FAMILIES[family].ordered is not None:
        width = numbers(0.1, 20.0)
        pair = st.tuples(LINE, width).map(lambda two: (two[0], float(np.float32(two[0] + two[1]))))
        values = (
            pair if family == "Uniform" else st.tuples(LINE, numbers(0.2, 5.0), pair).map(lambda t: (*t[:2], *t[2]))
        )
    row = st.builds(Row, values, st.floats(-1.0, 1.0, width=32))
    # Ten that differ: the first example of Hypothesis would be ten times the simplest.
    return st.lists(row, min_size=ROWS, max_size=ROWS, unique=True)


def build(family: str, rows: list[Row], dtype: type) -> Distribution:
    columns = np.array([row.values for row in rows]).T.astype(dtype)
    names = FAMILIES[family].domains
    return FAMILIES[family](**{name: tf.constant(column) for name, column in zip(names, columns, strict=True)})


def points_of(family: str, rows: list[Row], dtype: type) -> np.ndarray:
    """Return a point for each row, inside the support."""
    q = build(family, rows, np.float64)
    scores = np.array([row.score for row in rows]) * FARTHEST[dtype]
    z = q.quantile(0.5 * np.array([math.erfc(-score / math.sqrt(2.0)) for score in scores])).numpy().astype(dtype)
    low, high = (q.quantile(end).numpy() for end in (0.0, 1.0))
    return np.where((z > low) & (z < high), z, q.quantile(0.5).numpy().astype(dtype))


def faults(family: str, rows: list[Row], dtype: type) -> list[tuple[str, Row, float, float]]:
    """Return the method, row, error and bound of each value that is wrong."""
    q, z = build(family, rows, dtype), points_of(family, rows, dtype)
    found = {name: getattr(q, name)(z).numpy() for name in ("prob", "cdf", "survival_function", "log_cdf")}
    level = q.quantile(found["cdf"]).numpy()
    wrong = []
    for index, row in enumerate(rows):
        values = [float(dtype(value)) for value in row.values]
        with mp.workdps(DIGITS):
            point, given = mp.mpf(float(z[index])), [mp.mpf(value) for value in values]
            pdf, cdf, sf = (function(point, *given) for function in ORACLES[family])
            log_cdf = mp.log(cdf) if cdf < 0.5 else mp.log1p(-sf)
            truth = {"prob": pdf, "cdf": cdf, "survival_function": sf, "log_cdf": log_cdf}
            size = abs(point) + sum(abs(value) for value in given)
            for name, exact in truth.items():
                away = abs(mp.mpf(float(found[name][index])) - exact)
                error = away / abs(exact) if exact else away
                bound = bound_of(family, dtype, size, pdf, min(cdf, sf), point, given)
                if not error <= bound:
                    wrong.append((name, row, float(error), float(bound)))
            # Nearer to 1, levels are the same for several numbers.
            if FACTS[family].whole and sf > 1e3 * np.finfo(dtype).eps and level[index] != z[index]:
                wrong.append(("quantile", row, float(level[index] - z[index]), 0.0))
    return wrong


def bound_of(
    family: str, dtype: type, size: mp.mpf, pdf: mp.mpf, tail: mp.mpf, z: mp.mpf, given: list[mp.mpf]
) -> float:
    """Return the usual error, or what roundings of z and of the parameters make of it."""
    if FACTS[family].whole:
        return USUAL[dtype]
    slope = abs(mp.diff(lambda at: mp.log(ORACLES[family][0](at, *given)), z, h=mp.mpf(10) ** -9 * size))
    steep = size * max(pdf / tail, slope)
    return USUAL[dtype] + ROUNDINGS * float(np.finfo(dtype).eps) * float(steep)


# The fast suite asks each family in one dtype.
FAST = [(family, "fast", (np.float64, np.float32)[index % 2]) for index, family in enumerate(FAMILIES)]
SLOW = [(family, "slow", dtype) for family in FAMILIES for dtype in (np.float64, np.float32)]


@pytest.mark.parametrize(
    ("family", "speed", "dtype"), [*FAST, *(pytest.param(*each, marks=pytest.mark.slow) for each in SLOW)]
)
def test_every_value_is_what_mpmath_says(family: str, speed: str, dtype: type) -> None:
    # To shrink takes minutes.
    phases = (Phase.generate,) if speed == "fast" else (Phase.generate, Phase.shrink)

    @settings(max_examples=BATCHES[speed], deadline=None, derandomize=True, database=None, phases=phases)
    @given(rows=rows_of(family))
    def asked(rows: list[Row]) -> None:
        assert faults(family, [*rows, *KEPT.get(family, ())], dtype) == []

    asked()
