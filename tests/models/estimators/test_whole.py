"""Families of whole numbers have no path: the score function is their only estimator."""

from __future__ import annotations

import pytest

from models.core.families import Family
from models.protocol.lab import Continuous
from tests.models.estimators.conftest import ask


def test_of_whole_numbers_only_the_score_function_is_an_estimator() -> None:
    answer = ask(Continuous("quadratic", Family("Poisson", {"rate": 4.0}), 1.0), 20_000)
    assert {row.estimator.partition(",")[0] for row in answer.estimates} == {"score function", "score"}
    assert answer.value == pytest.approx(13.0, rel=1e-12)
    assert answer.truth["rate"] == pytest.approx(7.0, rel=1e-12)
    plain = answer.estimates[0]
    assert plain.variance == pytest.approx(382.0, rel=1e-9)
    assert plain.gradients.var() == pytest.approx(382.0, rel=0.15)
