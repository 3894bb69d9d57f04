"""Variance of the gradient with three kinds of noise: exact, drawn, and with more data."""

from __future__ import annotations

import numpy as np
import pytest

from models.bayesian import exact_gradient_variances, mean_field, regression_of
from models.bayesian.gradient_noise import drawn_gradients
from models.bayesian.points import LINE


def test_variances_at_the_optimum_of_the_line() -> None:
    problem = regression_of(*LINE, "line", noise=0.5, prior=1.0)
    found = exact_gradient_variances(problem, mean_field(problem).std())
    assert found["shared"] == pytest.approx([25.604996, 78.064012], abs=5e-7)
    assert found["local"] == pytest.approx([7.743950, 37.395785], abs=1e-6)


@pytest.mark.parametrize("basis", ["line", "bumps"])
def test_drawn_gradients_have_these_variances(basis: str) -> None:
    problem = regression_of(*LINE, basis, noise=0.5, prior=1.0)
    optimum, draws = mean_field(problem), 20_000
    exact = exact_gradient_variances(problem, optimum.std())
    truth = problem.features.T @ (problem.features @ optimum.mean() - problem.y) / problem.noise**2
    for name, gradients in drawn_gradients(problem, optimum.mean(), optimum.std(), draws, seed=1).items():
        assert (np.abs(gradients.mean(axis=0) - truth) < 4.5 * np.sqrt(exact[name] / draws)).all()
        assert gradients.var(axis=0) == pytest.approx(exact[name], rel=0.06)


@pytest.mark.parametrize("times", [1, 2, 10])
def test_only_noise_of_its_own_for_each_point_dies_down_with_more_of_them(times: int) -> None:
    x, y = (np.tile(part, times) for part in LINE)
    once = regression_of(*LINE, "line", noise=0.5, prior=1.0)
    found = exact_gradient_variances(regression_of(x, y, "line", 0.5, 1.0), mean_field(once).std())
    # Of the mean over the points.
    shared, local, flipout = (found[name] / len(x) ** 2 for name in ("shared", "local", "flipout"))
    assert shared == pytest.approx([1.0242, 3.12256], abs=1e-5)
    assert local == pytest.approx(np.array([0.30976, 1.49583]) / times, abs=1e-5)
    assert (local <= flipout).all()
    assert (flipout <= shared).all()
