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


def marks_of(family: str) -> list[pytest.MarkDecorator]:
    """Return the marks of a test of ``family``."""
    return [] if family in A_KIND_EACH else [pytest.mark.slow]
