"""The mutual information gap of codes with known gaps, and the means and spreads by factor value."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import chi2_contingency
from scipy.stats.contingency import crosstab

from models.core.errors import UserError
from models.core.factors import Disentanglement
from models.core.steps import finished
from models.data.opening import open_data
from models.vae.disentanglement import BINS, KnownFactors, disentanglement, factors_of

COUNT = 20_000
RNG = np.random.default_rng(0)
FACTORS = RNG.integers(0, (4, 10), (COUNT, 2))


def _measured(mu: np.ndarray, factors: np.ndarray = FACTORS) -> Disentanglement:
    known = KnownFactors(("a", "b")[: factors.shape[1]], factors)
    return finished(disentanglement(mu.astype(np.float32), known))


def test_a_dimension_for_each_factor_has_the_gap_one() -> None:
    result = _measured(FACTORS * (0.3, -2.0) + (5.0, 1.0))
    entropies = [-(share * np.log(share)).sum() for share in (np.bincount(f) / COUNT for f in FACTORS.T)]
    assert [factor.entropy for factor in result.factors] == pytest.approx(entropies, rel=1e-12)
    assert np.diag(result.information) == pytest.approx(entropies, rel=1e-12)
    # The other dimension seems to know something only by chance.
    chance = [(4 - 1) * (10 - 1) / (2 * COUNT) / entropy for entropy in entropies]
    assert 1.0 - result.gaps == pytest.approx(chance, rel=1.0)
    assert result.gap == pytest.approx(result.gaps.mean(), rel=1e-12)


def test_balanced_factors_have_the_gap_one_exactly() -> None:
    grid = np.stack(np.unravel_index(np.arange(40 * 50), (4, 10, 50)), axis=1)[:, :2]
    result = _measured(grid.astype(float), grid)
    assert result.gaps == pytest.approx([1.0, 1.0], abs=1e-12)
    assert result.normalized == pytest.approx(np.eye(2), abs=1e-12)


def test_a_factor_in_two_dimensions_has_no_gap() -> None:
    code = FACTORS[:, [0, 0, 1, 1]] * (1.0, -3.0, 0.5, 7.0)
    assert _measured(code).gaps == pytest.approx([0.0, 0.0], abs=1e-12)


def test_modularity_is_one_for_a_permutation_and_nothing_for_noise() -> None:
    noise = RNG.normal(size=(COUNT, 3))
    permuted = np.hstack([-2.0 * FACTORS[:, 1:], noise[:, :1], FACTORS[:, :1]])
    assert _measured(permuted).modularity == pytest.approx(1.0, abs=1e-12)
    # Two dimensions for one factor are modular, too: that is what the gap sees.
    assert _measured(FACTORS[:, [0, 0, 1, 1]] * 1.0).modularity == pytest.approx(1.0, abs=1e-12)
    assert _measured(noise).modularity == 0.0
    assert np.isnan(_measured(FACTORS[:, :1] * 1.0, FACTORS[:, :1]).modularity)


def test_factors_that_are_rotated_by_45_degrees_are_not_modular() -> None:
    factors = RNG.integers(0, 10, (COUNT, 2))
    rotated = _measured(factors @ np.array([[1.0, 1.0], [1.0, -1.0]]), factors)
    assert rotated.modularity == pytest.approx(0.0, abs=0.05)
    # One dimension of each that tells the other factor half as much: 1 − (1/2)².
    told = np.array([[2.0, 1.0], [1.0, 2.0]])
    bias = np.array([[factor.bias] for factor in rotated.factors])
    assert replace(rotated, information=told + bias).modularity == pytest.approx(0.75, rel=1e-12)


def test_half_of_what_there_is_to_know_is_a_gap_of_a_half() -> None:
    quarters = np.arange(4000)[:, np.newaxis] % 4
    result = _measured(np.hstack([quarters // 2, 0 * quarters]).astype(float), quarters)
    assert result.information[0, 0] == pytest.approx(np.log(2.0), rel=1e-12)
    assert result.gaps == pytest.approx([0.5], rel=1e-12)


def test_independent_codes_know_what_chance_tells() -> None:
    count, dims = 2000, 400
    factor = RNG.integers(0, 8, (count, 1))
    result = _measured(RNG.uniform(size=(count, dims)), factor)
    bias = (BINS - 1) * (8 - 1) / (2 * count)
    assert result.factors[0].bias == pytest.approx(bias, rel=1e-12)
    # 2n times the information is χ² with (B − 1)(v − 1) degrees of freedom, so its mean over the dimensions is known.
    error = np.sqrt(2 * 133) / (2 * count) / np.sqrt(dims)
    assert result.information.mean() == pytest.approx(bias, abs=4 * error + 0.03 * bias)
    assert 0.0 < result.gap < 0.02


def test_information_is_the_likelihood_ratio_of_scipy() -> None:
    mu = RNG.normal(size=(3000, 3)).astype(np.float32)
    factors = np.clip(np.rint(mu[:, :1] + RNG.normal(size=(3000, 2))), -3, 3).astype(np.int64)
    result = _measured(mu, factors)
    for dim in range(3):
        code = mu[:, dim].astype(float)
        bins = np.digitize(code, np.linspace(code.min(), code.max(), BINS + 1)[1:-1])
        for column in range(2):
            table = crosstab(factors[:, column], bins).count
            ratio = chi2_contingency(table, correction=False, lambda_="log-likelihood").statistic
            assert result.information[column, dim] == pytest.approx(ratio / (2 * len(mu)), rel=1e-9)


def test_means_and_spreads_are_those_of_the_images_of_each_value() -> None:
    mu = (1e3 + RNG.normal(size=(COUNT, 3))).astype(np.float32)
    result = _measured(mu)
    for column, factor in enumerate(result.factors):
        for row, value in enumerate(factor.values):
            part = mu[FACTORS[:, column] == value].astype(float)
            np.testing.assert_allclose(factor.means[row], part.mean(axis=0), rtol=1e-12)
            np.testing.assert_allclose(factor.deviations[row], part.std(axis=0), rtol=1e-9)


def test_dimensions_that_never_move_and_factors_of_one_value_are_no_faults() -> None:
    factors = np.hstack([FACTORS[:, :1], np.full((COUNT, 1), 7)])
    result = _measured(np.hstack([FACTORS[:, :1], np.zeros((COUNT, 1))]).astype(float), factors)
    assert result.information[:, 1] == pytest.approx([0.0, 0.0], abs=1e-12)
    assert np.isnan(result.gaps[1])
    assert result.gap == pytest.approx(1.0)
    assert result.factors[1].values.tolist() == [7]
    assert np.isnan(_measured(np.zeros((COUNT, 2)), factors[:, 1:]).gap)


def test_a_single_dimension_has_all_it_knows_as_its_gap() -> None:
    assert _measured(FACTORS[:, :1].astype(float), FACTORS[:, :1]).gaps == pytest.approx([1.0])


def test_names_of_images_are_no_factor() -> None:
    with pytest.raises(UserError, match="has 1,000 values, factors of up to 256"):
        _measured(np.zeros((1000, 2)), np.arange(1000)[:, np.newaxis])


def test_it_comes_in_slices() -> None:
    steps = disentanglement(np.zeros((50_000, 10), np.float32), KnownFactors(("a",), np.zeros((50_000, 1), np.int64)))
    assert sum(1 for _ in steps) >= 10


def test_factors_are_those_of_the_data(tmp_path: Path) -> None:
    sprites = factors_of(open_data("sprites:300"))
    assert sprites is not None
    assert sprites.names == ("shape", "scale", "orientation", "x", "y")
    images = np.zeros((6, 4, 4), np.uint8)
    np.savez(tmp_path / "labelled.npz", images=images, labels=np.array([5, 5, 9, 9, 9, 5]))
    labelled = factors_of(open_data(tmp_path / "labelled.npz"))
    assert labelled is not None
    assert labelled.names == ("class",)
    result = _measured(RNG.normal(size=(6, 2)), np.asarray(labelled.values))
    assert result.factors[0].values.tolist() == [5, 9]
    assert result.factors[0].value_names == ()
    np.save(tmp_path / "bare.npy", images)
    assert factors_of(open_data(tmp_path / "bare.npy")) is None


def test_values_that_have_names_bring_them() -> None:
    info = open_data("sprites:300")
    known = factors_of(info)
    assert known is not None
    result = finished(disentanglement(np.asarray(known.values, np.float32), known))
    assert result.factors[0].value_names == ("square", "ellipse", "heart")
    assert result.factors[1].value_names == ()
    assert all((np.diff(result.factors[row].means[:, row]) == 1.0).all() for row in range(5))
    assert all(a <= b for a, b in pairwise(result.factors[4].values))
