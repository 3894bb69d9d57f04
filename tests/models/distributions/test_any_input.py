"""Parameters, shapes and points by Hypothesis, far out and at the edges: limits or clear errors, never NaN."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from models.distributions import FAMILIES, Distribution, ParameterError, ShapeError
from tests.models.distributions.cases import CONTINUOUS, Case

# TensorFlow flushes subnormal numbers to 0, so that a bound there would be a different one.
REAL = st.floats(-50.0, 50.0, width=32, allow_subnormal=False)
POSITIVE = st.floats(2.0**-5, 50.0, width=32)
DOMAINS = {"real": REAL, "bound": REAL, "positive": POSITIVE, "fraction": st.floats(2.0**-10, 1.0 - 2.0**-10, width=32)}
POINTS = st.one_of(
    st.sampled_from([-np.inf, np.inf, 0.0, -0.0, 1.0, -1.0, 1e-30, -1e30, 1e30]),
    st.floats(-1e3, 1e3, width=32, allow_subnormal=False),
)
LEVELS = st.one_of(
    st.sampled_from([0.0, 1.0, 0.5, 2.0**-126, 1.0 - 2.0**-24]), st.floats(0.0, 1.0, width=32, allow_subnormal=False)
)
DTYPES = st.sampled_from([np.float32, np.float64])
families = st.sampled_from(list(CONTINUOUS))
often = settings(max_examples=60, deadline=None)


@st.composite
def cases(draw: st.DrawFn) -> Case:
    """Draw a family and parameters that float32 holds; a lower bound lies below the upper one by a hundredth."""
    family = draw(families)
    values = [draw(DOMAINS[domain]) for domain in FAMILIES[family].domains.values()]
    if family in {"Uniform", "TruncatedNormal"}:
        low, width = values[-2], draw(st.floats(2.0**-6, 50.0, width=32))
        values[-1] = float(np.float32(low + width))
    return Case(family, tuple(values))


def found_at(q: Distribution, z: np.ndarray) -> dict[str, np.ndarray]:
    methods = ("prob", "log_prob", "cdf", "survival_function", "log_cdf")
    return {method: getattr(q, method)(z).numpy() for method in methods}


@often
@given(case=cases(), dtype=DTYPES, points=st.lists(POINTS, min_size=1, max_size=8))
def test_any_point_has_a_density_and_two_tails(case: Case, dtype: type, points: list[float]) -> None:
    q, z = case.build(dtype), np.sort(np.array([*points, *case.support], dtype))
    found = found_at(q, z)
    assert {method: values for method, values in found.items() if np.isnan(values).any()} == {}
    assert (found["prob"] >= 0.0).all()
    lower, upper = found["cdf"].astype(float), found["survival_function"].astype(float)
    slack = 1e-5 if dtype is np.float32 else 1e-9
    assert ((lower >= 0.0) & (lower <= 1.0) & (upper >= 0.0) & (upper <= 1.0)).all()
    assert np.abs(lower + upper - 1.0).max() <= slack
    assert (np.diff(lower) >= -slack).all()
    assert (found["log_cdf"] <= 0.0).all()
    assert np.allclose(np.exp(found["log_cdf"].astype(float)), lower, rtol=1e-4, atol=1e-30)


@often
@given(case=cases(), dtype=DTYPES, distance=st.one_of(st.just(np.inf), st.floats(2.0**-7, 1e6, width=32)))
def test_beyond_the_support_there_is_nothing(case: Case, dtype: type, distance: float) -> None:
    q, (low, high) = case.build(dtype), case.support
    for end, side in ((low, -1.0), (high, 1.0)):
        if np.isinf(end) and np.isfinite(distance):
            continue
        found = found_at(q, np.array([end + side * distance], dtype))
        above = float(side > 0.0)
        assert {method: float(values[0]) for method, values in found.items()} == {
            "prob": 0.0, "log_prob": -np.inf, "cdf": above, "survival_function": 1.0 - above,
            "log_cdf": 0.0 if above else -np.inf,
        }  # fmt: skip


@often
@given(case=cases(), dtype=DTYPES, levels=st.lists(LEVELS, min_size=1, max_size=6))
def test_any_level_has_a_quantile_in_the_support(case: Case, dtype: type, levels: list[float]) -> None:
    q = case.build(dtype)
    found = q.quantile(np.sort(np.array([0.0, *levels, 1.0], dtype))).numpy().astype(float)
    low, high = (float(dtype(end)) for end in case.support)
    assert not np.isnan(found).any()
    if case.family != "VonMises":  # cut open at loc ± π, which the addition rounds
        assert (found[0], found[-1]) == (low, high)
    slack = 1e-5 * np.abs(np.where(np.isfinite(found), found, 1.0)).clip(1.0)
    assert (found[1:] >= found[:-1] - slack[1:]).all()
    assert ((found >= low - slack) & (found <= high + slack)).all()
    assert np.isnan(q.quantile(np.array([-0.25, 1.25, np.nan], dtype))).all()


@often
@given(case=cases(), dtype=DTYPES, n=st.integers(1, 5), seed=st.integers(0, 2**40))
def test_samples_of_any_parameters_are_values_of_the_support(case: Case, dtype: type, n: int, seed: int) -> None:
    z = case.build(dtype).sample(n, seed).numpy()
    low, high = (float(dtype(end)) for end in case.support)
    slack = 1e-5 * max(1.0, abs(low if np.isfinite(low) else 1.0))
    assert not np.isnan(z).any()
    assert ((z >= low - slack) & (z <= high + slack)).all()


@settings(max_examples=100, deadline=None)
@given(data=st.data(), family=st.sampled_from(list(CONTINUOUS)), dtype=DTYPES)
def test_a_bad_entry_anywhere_is_refused_by_name(data: st.DataObject, family: str, dtype: type) -> None:
    kind = FAMILIES[family]
    name = data.draw(st.sampled_from(list(kind.domains)))
    bad = st.just(np.nan) if kind.domains[name] == "bound" else st.sampled_from([np.nan, np.inf, -np.inf])
    if kind.domains[name] not in {"real", "bound"}:
        bad = st.one_of(bad, st.floats(max_value=0.0, allow_infinity=False, width=32))
    if kind.domains[name] == "fraction":
        bad = st.one_of(bad, st.floats(min_value=1.0, allow_infinity=False, width=32))
    given = {key: np.arange(1.0, 4.0, dtype=dtype) * (index + 1) for index, key in enumerate(kind.domains)}
    given |= {key: given[key] / 8 for key, domain in kind.domains.items() if domain == "fraction"}
    given[name][data.draw(st.integers(0, 2))] = data.draw(bad)
    with pytest.raises(ParameterError, match=rf"{family}: {name} must be (finite|a number|between 0 and 1)"):
        kind(**given)


@settings(max_examples=50, deadline=None)
@given(family=st.sampled_from(["Uniform", "TruncatedNormal"]), low=REAL, width=st.floats(-50.0, 0.0, width=32))
def test_bounds_out_of_order_are_refused(family: str, low: float, width: float) -> None:
    given = dict.fromkeys(FAMILIES[family].domains, np.float32(1.0))
    with pytest.raises(ParameterError, match=f"{family}: low must be less than high"):
        FAMILIES[family](**{**given, "low": np.float32(low), "high": np.float32(low + width)})


@settings(max_examples=50, deadline=None)
@given(family=st.sampled_from(list(CONTINUOUS)), sizes=st.lists(st.integers(2, 5), min_size=2, max_size=2, unique=True))
def test_shapes_that_do_not_broadcast_are_refused(family: str, sizes: list[int]) -> None:
    kind: Any = FAMILIES[family]
    names, (one, other) = list(kind.domains), sizes
    whole = {name: np.full(one, 1.0 + index) for index, name in enumerate(names)}
    whole |= {name: np.full(one, 0.5) for name, domain in kind.domains.items() if domain == "fraction"}
    for method in ("prob", "log_prob", "cdf", "log_cdf", "survival_function", "quantile", "from_noise", "to_noise"):
        with pytest.raises(ShapeError, match="do not broadcast"):
            getattr(kind(**whole), method)(np.full(other, 0.5))
    for name in names if len(names) > 1 else []:
        with pytest.raises(ShapeError, match="do not broadcast"):
            kind(**{**whole, name: np.full(other, whole[name][0])})


@settings(max_examples=30, deadline=None)
@given(case=cases(), values=st.lists(st.integers(-3, 60), min_size=0, max_size=4))
def test_whole_numbers_and_empty_arrays_are_values_too(case: Case, values: list[int]) -> None:
    q = case.build()
    whole, floating = np.array(values, np.int64), np.array(values, np.float64)
    for method in ("log_prob", "cdf", "survival_function"):
        found = getattr(q, method)(whole)
        assert found.shape == whole.shape
        assert found.dtype == tf.float64
        assert np.array_equal(found, getattr(q, method)(floating))
