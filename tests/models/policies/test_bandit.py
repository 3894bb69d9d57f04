"""A bandit of one step: closed forms, and where the path loses."""

from __future__ import annotations

import math

import numpy as np
import pytest

from models.policies import Bandit, bandit_estimates, noise_bank
from models.policies.bandit import exact_moments
from models.policies.estimates import BEST_BASELINE, MEAN_BASELINE, PATH, SCORE


@pytest.mark.parametrize(("distance", "sigma"), [(0.0, 1.0), (2.0, 0.5), (-3.0, 2.0)])
def test_variances_of_the_quadratic_reward(distance: float, sigma: float) -> None:
    found = exact_moments(Bandit("quadratic", 0.7, 0.7 + distance, sigma))
    square, noise = distance**2, sigma**2
    assert found.value == pytest.approx(-(square + noise))
    assert found.gradient == pytest.approx([-2.0 * distance], abs=1e-12)
    expected = {
        PATH: 4 * noise,
        SCORE: square**2 / noise + 14 * square + 15 * noise,
        MEAN_BASELINE: 8 * square + 10 * noise,
        BEST_BASELINE: 8 * square + 6 * noise,
    }
    assert {name: value.item() for name, value in found.variances.items()} == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize(
    ("beta", "path", "score"),
    [
        (1, 0.00214, 0.31308),
        (4, 0.12292, 0.35253),
        (8, 0.37518, 0.34621),
        (20, 1.1698, 0.34198),
        (100, 6.4895, 0.34090),
    ],
)
def test_the_steeper_the_reward_the_more_the_path_loses(beta: float, path: float, score: float) -> None:
    found = exact_moments(Bandit("sigmoid", beta, 0.0, 1.0)).variances
    assert found[PATH].item() == pytest.approx(path, abs=5e-5 if beta > 8 else 5e-6)
    assert found[SCORE].item() == pytest.approx(score, abs=5e-6)


def test_path_and_score_cross_and_the_path_grows_without_end() -> None:
    def ratio(beta: float) -> float:
        variances = exact_moments(Bandit("sigmoid", beta, 0.0, 1.0)).variances
        return float(variances[PATH].item() / variances[SCORE].item())

    assert ratio(7.55) < 1.0 < ratio(7.65)
    limit = 5000.0 / (6.0 * math.sqrt(2.0 * math.pi)) - 1.0 / (2.0 * math.pi)
    assert exact_moments(Bandit("sigmoid", 5000.0, 0.0, 1.0)).variances[PATH].item() == pytest.approx(limit, rel=1e-5)


def test_the_path_never_sees_a_step() -> None:
    bandit = Bandit("step", 0.0, 0.0, 1.0)
    found = bandit_estimates(bandit, noise_bank(1, 20_000, 1)[:, 0])
    assert found.moments.gradient == pytest.approx([0.398942], abs=5e-7)
    assert not found.samples[PATH].any()
    assert bandit.biased == (PATH,)


@pytest.mark.parametrize("bandit", [Bandit("quadratic", 1.0, 0.2, 0.7), Bandit("sigmoid", 4.0, -0.3, 1.2)])
def test_drawn_actions_have_the_exact_moments(bandit: Bandit) -> None:
    found = bandit_estimates(bandit, noise_bank(2, 40_000, 1)[:, 0])
    assert bandit.biased == ()
    for name, (samples,) in found.samples.items():
        variance = found.moments.variances[name].item()
        error = np.square(samples - samples.mean()).std() / np.sqrt(len(samples))
        assert abs(samples.mean() - found.moments.gradient.item()) < 4.5 * np.sqrt(variance / len(samples))
        assert abs(samples.var() - variance) < 4.5 * error
