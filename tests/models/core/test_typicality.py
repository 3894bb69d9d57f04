"""The typicality of a point in numbers and words; SciPy's χ² is the oracle of its tails."""

from __future__ import annotations

import pytest
from scipy import stats

from models.core.typicality import Typicality, percent


def _at(norm: float, dims: int = 50) -> Typicality:
    exact = stats.chi2(dims)
    return Typicality(float(exact.cdf(norm**2)), float(exact.sf(norm**2)))


@pytest.mark.parametrize(
    ("norm", "sentence"),
    [
        (0.0, "closer to the centre than all of the prior"),
        (5.0, "closer to the centre than all but 0.1 % of the prior"),
        (7.02, "as far from the centre as most of the prior"),
        (8.5, "farther from the centre than all but 2.1 % of the prior"),
        (15.0, "farther from the centre than all but 4.8e-22 % of the prior"),
        (1005.0, "farther from the centre than all of the prior"),
    ],
)
def test_both_sides_are_measured_and_said(norm: float, sentence: str) -> None:
    known, exact = _at(norm), stats.chi2(50)
    assert known.share == pytest.approx(2.0 * min(exact.cdf(norm**2), exact.sf(norm**2)))
    assert known.sentence == sentence


def test_the_median_distance_is_the_most_typical() -> None:
    median = float(stats.chi2(50).median()) ** 0.5
    assert _at(median).share == pytest.approx(1.0)
    assert max(_at(median - 0.3).share, _at(median + 0.3).share) < 0.9


@pytest.mark.parametrize(("share", "text"), [(0.0, "0.0 %"), (0.5, "50.0 %"), (4.5e-4, "0.045 %"), (1e-20, "1e-18 %")])
def test_a_small_share_is_never_said_to_be_none(share: float, text: str) -> None:
    assert percent(share) == text
