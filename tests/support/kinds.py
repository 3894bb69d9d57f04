"""One family for each kind of noise and of path: for what takes seconds a family; --slow takes the others."""

from __future__ import annotations

import pytest

A_KIND_EACH = frozenset({
    "Normal",
    "Gumbel",
    "Exponential",
    "Gamma",
    "StudentT",
    "VonMises",
    "NormalMixture",
})  # fmt: skip

# tests/models/distributions/test_properties.py asks these in the fast suite, all at once; --slow asks them one by one.
ASKED_AT_ONCE = frozenset({
    "HalfCauchy",
    "Pareto",
    "InverseGaussian",
    "GeneralizedNormal",
    "Bernoulli",
    "Binomial",
    "NegativeBinomial",
})  # fmt: skip


def marks_of(family: str) -> list[pytest.MarkDecorator]:
    """Return the marks of a test of ``family``."""
    return [] if family in A_KIND_EACH else [pytest.mark.slow]


def marks_beside_properties(family: str) -> list[pytest.MarkDecorator]:
    """Return the marks of a test of ``family`` that repeats what the property tests ask of it."""
    return [pytest.mark.slow] if family in ASKED_AT_ONCE else []
