"""Masses are drawn as stems, a distribution function with steps, and the path from noise as a staircase."""

from __future__ import annotations

import math

import numpy as np
import pytest

from models.core.families import STANDARD_NORMAL, Family
from models.curves.evaluate import evaluate_curves, ks_distance
from models.curves.whole import MOST_STEMS, as_stems, numbers_in, staircase, with_stems
from models.protocol.distribution import Curves, CurvesReady
from tests.models.curves.test_curves import SCORES

COIN = Family("Bernoulli", {"logits": math.log(3.0)})


def test_a_stem_stands_on_its_foot() -> None:
    x = with_stems(np.array([-0.5, 0.5, 1.0, 1.5]), (-0.5, 1.5))
    assert x.tolist() == [-0.5, 0.0, 0.0, 0.0, 0.5, 1.0, 1.0, 1.0, 1.5]
    mass, cdf = np.where(np.isin(x, [0.0, 1.0]), 0.5, 0.0), np.select([x < 0.0, x < 1.0], [0.0, 0.5], 1.0)
    stems, steps = as_stems(x, mass, cdf)
    assert stems.tolist() == [0.0, 0.0, 0.5, 0.0, 0.0, 0.0, 0.5, 0.0, 0.0]
    assert steps.tolist() == [0.0, 0.0, 0.5, 0.5, 0.5, 0.5, 1.0, 1.0, 1.0]


def test_a_range_that_begins_with_a_stem_begins_below_its_step() -> None:
    _, steps = as_stems(np.array([0.0, 0.0, 0.0, 1.0]), np.array([0.25, 0.25, 0.25, 0.0]), np.full(4, 0.25))
    assert steps.tolist() == [0.0, 0.25, 0.25, 0.25]


def test_of_very_many_numbers_evenly_spaced_ones_are_drawn() -> None:
    numbers = numbers_in(-0.5, 1e6)
    assert len(numbers) <= MOST_STEMS
    assert len(set(np.diff(numbers))) == 1


def test_a_staircase_is_level_between_its_steps() -> None:
    eps, z = staircase(np.array([0.0, 1.0, 2.0]), np.array([-1.0, 0.5, 9.0]), (-4.0, 4.0))
    assert eps.tolist() == [-4.0, -1.0, -1.0, 0.5, 0.5, 4.0]
    assert z.tolist() == [0.0, 0.0, 1.0, 1.0, 2.0, 2.0]


def asked(value: float, q: Family = COIN, p: Family = STANDARD_NORMAL) -> CurvesReady:
    return evaluate_curves(Curves(1, q, p, "z", value, SCORES))


def test_a_coin_has_two_stems_and_no_slope() -> None:
    answer = asked(0.6)
    tips = answer.family_pdf > 0.0
    assert answer.x[tips].tolist() == [0.0, 1.0]
    assert answer.family_pdf[tips] == pytest.approx([0.25, 0.75])
    assert (np.diff(answer.family_cdf) >= 0.0).all()
    assert answer.path_z.tolist() == [0.0, 0.0, 1.0, 1.0]
    assert (answer.place.z, answer.place.pdf, answer.place.by_noise) == (1.0, pytest.approx(0.75), 0.0)
    assert answer.place.by_parameter == {"logits": 0.0}
    assert {grip.slope for grip in answer.grips} == {0.0}
    # A mass is no density: between the two the divergence is infinite.
    assert answer.numbers.kl == math.inf
    between = asked(0.4, p=Family("Bernoulli", {"logits": 0.0})).numbers.kl
    assert between == pytest.approx(0.75 * math.log(1.5) + 0.25 * math.log(0.5))


def test_steps_of_a_sample_are_compared_where_those_of_the_distribution_are() -> None:
    half = np.repeat([0.5, 1.0], 50)
    assert ks_distance(half, whole=True) == 0.0
    assert ks_distance(half) == 0.5
