"""The minimum of smooth functions, against SciPy's."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import rosen, rosen_der

from models.core.steps import finished
from models.numerics.minimum import minimizing


def test_the_valley_of_rosenbrock_is_walked_to_its_end() -> None:
    found = finished(minimizing(lambda x: (rosen(x), rosen_der(x)), np.full(4, -1.2), settled=1e-12))
    assert np.abs(found - 1.0).max() < 1e-4


def test_a_quadratic_is_solved_and_shares_rise() -> None:
    rng = np.random.default_rng(0)
    factor = rng.standard_normal((12, 12))
    matrix, target = factor @ factor.T + np.eye(12), rng.standard_normal(12)
    shares: list[float] = []
    solve = minimizing(lambda x: (0.5 * x @ matrix @ x - target @ x, matrix @ x - target), np.zeros(12), 1e-14)
    assert np.abs(finished(solve, shares.append) - np.linalg.solve(matrix, target)).max() < 1e-5
    assert shares == sorted(shares)
    assert 0.0 <= shares[0] < shares[-1] < 1.0


def test_at_the_minimum_it_stays() -> None:
    assert finished(minimizing(lambda x: (float(x @ x), 2.0 * x), np.zeros(3))).tolist() == [0.0, 0.0, 0.0]


@pytest.mark.filterwarnings("ignore:.*encountered:RuntimeWarning")
def test_steps_to_where_there_is_no_value_are_halved() -> None:
    found = finished(minimizing(lambda x: (float(x[0] - np.log(x[0])), 1.0 - 1.0 / x), np.array([0.01]), 1e-12))
    assert found[0] == pytest.approx(1.0, abs=1e-4)
