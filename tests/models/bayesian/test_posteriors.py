"""Posteriors of a linear model: figures known to ten digits, and what the approximations make of them."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import multivariate_normal

from models.bayesian import (
    Posterior,
    Regression,
    dropout,
    elbo,
    ensemble,
    exact_posterior,
    fit_by_gradient,
    laplace,
    log_evidence,
    mean_field,
    regression_of,
)
from models.bayesian.points import LINE


@pytest.fixture(scope="module")
def line() -> Regression:
    return regression_of(*LINE, "line", noise=0.5, prior=1.0)


def test_the_exact_posterior_of_the_line(line: Regression) -> None:
    found = exact_posterior(line)
    assert found.mean() == pytest.approx([0.1793416572, 0.9116912599], abs=1e-10)
    covariance = [0.0692395006, -0.0227014756, -0.0227014756, 0.0238365494]
    assert found.covariance().ravel() == pytest.approx(covariance, abs=1e-10)
    assert found.std() == pytest.approx([0.2631339974, 0.1543908980], abs=1e-10)
    assert log_evidence(line) == pytest.approx(-5.1406660529, abs=1e-10)


def test_the_best_independent_weights_are_too_narrow(line: Regression) -> None:
    found = mean_field(line)
    assert found.mean() == pytest.approx([0.1793416572, 0.9116912599], abs=1e-10)
    assert found.std() == pytest.approx([0.2182178902, 0.1280368799], abs=1e-10)
    assert elbo(line, found) == pytest.approx(-5.3278353909, abs=1e-10)
    assert log_evidence(line) - elbo(line, found) == pytest.approx(0.1871693380, abs=1e-10)


def test_mean_field_is_too_wide_among_the_data_and_too_narrow_away_from_them(line: Regression) -> None:
    places = np.array([1.0, -4.0, 0.5, 6.0])
    features = np.column_stack([np.ones(4), places])
    _, exact = exact_posterior(line).moments_of_outputs(features)
    _, field = mean_field(line).moments_of_outputs(features)
    assert exact == pytest.approx([0.218342, 0.795133, 0.229123, 0.809282], abs=5e-7)
    assert field == pytest.approx([0.253007, 0.556699, 0.227415, 0.798613], abs=5e-7)


@pytest.mark.parametrize("basis", ["line", "cubic", "bumps"])
def test_the_evidence_is_the_density_of_the_data(basis: str) -> None:
    problem = regression_of(*LINE, basis, noise=0.4, prior=0.7)
    covariance = 0.4**2 * np.eye(5) + 0.7**2 * problem.features @ problem.features.T
    expected = multivariate_normal(np.zeros(5), covariance).logpdf(problem.y)
    assert log_evidence(problem) == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("basis", ["cubic", "bumps"])
def test_laplace_finds_the_exact_posterior_where_it_is_normal(basis: str) -> None:
    problem = regression_of(*LINE, basis, noise=0.4, prior=0.7)
    exact, found = exact_posterior(problem), laplace(problem)
    assert found.mean() == pytest.approx(exact.mean(), rel=1e-7)
    assert found.covariance().ravel() == pytest.approx(exact.covariance().ravel(), rel=1e-6, abs=1e-9)


@pytest.mark.parametrize("full_rank", [False, True])
def test_bayes_by_backprop_arrives_at_the_optimum(line: Regression, full_rank: bool) -> None:
    best = exact_posterior(line) if full_rank else mean_field(line)
    found = fit_by_gradient(line, full_rank, steps=500, draws=32, seed=1)
    assert elbo(line, best) - 0.01 < elbo(line, found) <= elbo(line, best)
    assert found.mean() == pytest.approx(best.mean(), abs=0.03)
    assert found.std() == pytest.approx(best.std(), rel=0.08)


def test_dropout_of_a_linear_layer() -> None:
    weights, masks = np.array([0.7, -1.2, 0.4]), np.array(np.meshgrid(*[[0.0, 1.0]] * 3)).reshape(3, -1).T
    shares = np.prod(np.where(masks == 1.0, 0.8, 0.2), axis=1)
    mean, std = Posterior.points(shares, masks * weights / 0.8).moments_of_outputs(np.array([[1.0, 2.0, -1.0]]))
    assert (mean.item(), std.item() ** 2) == pytest.approx((-2.1, 1.6025))


def test_dropout_finds_the_weights_with_the_least_error_over_its_masks(line: Regression) -> None:
    found = dropout(line, 0.2)
    assert found.shares.sum() == pytest.approx(1.0)
    assert found.std() == pytest.approx(np.abs(found.mean()) * np.sqrt(0.2 / 0.8))

    def loss(weights: np.ndarray) -> float:
        outputs = (np.where(found.means != 0.0, 1.0, 0.0) * weights / 0.8) @ line.features.T
        errors = found.shares @ np.square(line.y - outputs).sum(axis=1)
        return float(errors / line.noise**2 + np.square(weights).sum() / line.prior**2)

    shifts = 0.01 * np.array([[1.0, 0.0], [-1.0, 0.0], [0.0, 1.0], [0.0, -1.0]])
    assert all(loss(found.mean()) < loss(found.mean() + shift) for shift in shifts)


def test_without_dropout_all_masks_leave_the_mode(line: Regression) -> None:
    found = dropout(line, 0.0)
    assert found.mean() == pytest.approx(exact_posterior(line).mean())
    assert found.std() == pytest.approx(np.zeros(2), abs=1e-12)


def test_members_of_an_ensemble_are_draws_of_the_posterior(line: Regression) -> None:
    exact, found = exact_posterior(line), ensemble(line, 20_000, seed=3)
    assert not found.has_density()
    assert (np.abs(found.mean() - exact.mean()) < 4.5 * exact.std() / np.sqrt(20_000)).all()
    assert found.covariance().ravel() == pytest.approx(exact.covariance().ravel(), rel=0.05)
