"""What independent variables show of each other by chance: against shuffled samples, and where it must end."""

from __future__ import annotations

import numpy as np
import pytest

from models.vae.chance import ENOUGH_PER_CELL, information_by_chance
from models.vae.disentanglement import entropy, mutual_information

RNG = np.random.default_rng(5)


def counts_of(values: np.ndarray) -> np.ndarray:
    return np.unique(values, return_counts=True)[1]


@pytest.mark.parametrize(("count", "bins", "kinds"), [(100, 20, 30), (60, 6, 4), (300, 20, 10)])
def test_few_images_show_on_average_what_shuffled_ones_do(count: int, bins: int, kinds: int) -> None:
    rows, columns = RNG.integers(0, bins, count), RNG.integers(0, kinds, count)
    tables = []
    for _ in range(2000):
        joint = np.bincount(rows * kinds + RNG.permutation(columns), minlength=bins * kinds)
        tables.append(joint.reshape(bins, kinds))
    shown = mutual_information(np.array(tables))
    error = shown.std() / np.sqrt(len(shown))
    assert information_by_chance(counts_of(rows), counts_of(columns)) == pytest.approx(shown.mean(), abs=4.0 * error)


def test_names_of_images_tell_all_and_no_more() -> None:
    rows = counts_of(RNG.integers(0, 20, 100))
    chance = information_by_chance(rows, np.ones(100, np.int64))
    assert chance == pytest.approx(float(entropy(rows / 100.0)), rel=1e-12)


def test_both_formulas_agree_where_they_meet() -> None:
    rows, columns = (np.full(size, ENOUGH_PER_CELL * 160 // size) for size in (20, 8))
    many = information_by_chance(rows, columns)
    columns[0] -= 1
    rows[0] -= 1
    assert information_by_chance(rows, columns) == pytest.approx(many, rel=0.1)
