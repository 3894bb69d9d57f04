"""Coverage and density of predictions, from their cdf and pdf."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import norm

from models.bayesian import coverage, dropout, exact_posterior, log_predictive_density, regression_of
from models.bayesian.points import LINE
from models.bayesian.prediction import predictive_cdf

LEVELS = (0.5, 0.8, 0.95)


def test_predictions_of_a_normal_posterior_are_normal() -> None:
    problem = regression_of(*LINE, "line", noise=0.5, prior=1.0)
    posterior = exact_posterior(problem)
    mean, std = posterior.moments_of_outputs(problem.features)
    expected = norm(mean, np.hypot(std, 0.5))
    assert predictive_cdf(posterior, problem) == pytest.approx(expected.cdf(problem.y))
    assert log_predictive_density(posterior, problem) == pytest.approx(expected.logpdf(problem.y).mean())


def test_the_density_of_a_mixture_is_the_slope_of_its_cdf() -> None:
    step, means = 1e-5, []
    for shift in (-step, step):
        problem = regression_of(np.array([1.0]), np.array([0.4 + shift]), "line", noise=0.5, prior=1.0)
        posterior = dropout(regression_of(*LINE, "line", noise=0.5, prior=1.0), 0.3)
        means.append(predictive_cdf(posterior, problem).item())
    density = np.exp(log_predictive_density(posterior, problem))
    assert (means[1] - means[0]) / (2 * step) == pytest.approx(density, rel=1e-4)


def test_bands_of_the_true_model_cover_what_they_say() -> None:
    rng = np.random.default_rng(5)
    x, counted = np.linspace(-1.0, 1.0, 20), []
    for _ in range(200):
        weights = rng.standard_normal(2)
        values = np.column_stack([np.ones(40), np.tile(x, 2)]) @ weights + 0.5 * rng.standard_normal(40)
        posterior = exact_posterior(regression_of(x, values[:20], "line", noise=0.5, prior=1.0))
        counted.append(coverage(posterior, regression_of(x, values[20:], "line", 0.5, 1.0), LEVELS))
    # Points of one fit are dependent: the spread between fits tells how far chance goes.
    error = np.std(counted, axis=0) / np.sqrt(len(counted))
    assert (np.abs(np.mean(counted, axis=0) - LEVELS) < 4.5 * error).all()
