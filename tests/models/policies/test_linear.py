"""Policies of linear worlds: best gains, exact moments, and trajectories that agree with them."""

from __future__ import annotations

import numpy as np
import pytest

from models.policies import Policy, double_integrator, exact_moments, linear_estimates, noise_bank, scalar_world
from models.policies.estimates import BEST_BASELINE, MEAN_BASELINE, PATH, REWARD_TO_GO, SCORE
from models.policies.quadratic_forms import cumulant, mean_of, partitions

K = 0.6180339888
# k, σ, T; J and its gradient; the variances of path, score, score with the mean and with the best constant baseline.
TABLE = [
    (0.3, 0.3, 1, 1.76, -0.8, 1.44, 53.3778, 4.88, 3.44),
    (0.3, 0.3, 5, 3.32187, -4.95109, 29.5312, 815.468, 206.954, 128.085),
    (0.3, 0.3, 10, 4.75934, -7.50931, 68.3072, 2176.88, 523.178, 333.354),
    (0.3, 0.3, 20, 7.58362, -11.7547, 119.076, 6553.07, 1109.00, 755.201),
    (0.3, 0.1, 10, 2.42779, -4.97733, 5.44674, 1587.94, 79.6926, 66.0941),
    (0.3, 1.0, 10, 31.2808, -36.3105, 3196.57, 69305.1, 24792.0, 14152.2),
    (K, 0.3, 10, 3.90914, 0.0582493, 4.99728, 522.190, 43.5312, 33.1198),
    (0.0, 0.3, 20, 41.7, -659.4, 535842, 7.94456e6, 4.63026e6, 2.27713e6),
]


@pytest.mark.parametrize(
    ("a", "b", "r", "P", "gain"),
    [
        (1.0, 1.0, 1.0, 1.6180339888, 0.6180339888),
        (1.1, 1.0, 1.0, 1.7737707217, 0.7034279289),
        (0.9, 0.5, 0.1, 1.2452266594, 1.3623703300),
        (1.2, 1.0, 10.0, 6.8581245773, 0.4881770481),
    ],
)
def test_the_best_gain_of_a_scalar_world(a: float, b: float, r: float, P: float, gain: float) -> None:
    world = scalar_world(a, b, r=r)
    assert world.cost_to_go().item() == pytest.approx(P, abs=1e-10)
    assert world.best_gain().item() == pytest.approx(gain, abs=1e-10)


def test_the_best_gain_of_the_double_integrator() -> None:
    assert double_integrator().best_gain() == pytest.approx([7.61295797, 4.58493499], abs=1e-8)


@pytest.mark.parametrize("row", TABLE)
def test_exact_moments_are_those_of_the_table(row: tuple[float, ...]) -> None:
    k, sigma, horizon, value, gradient, *variances = row
    found = exact_moments(scalar_world(), Policy(np.array([k]), sigma, int(horizon)))
    names = (PATH, SCORE, MEAN_BASELINE, BEST_BASELINE)
    numbers = [found.value, found.gradient.item(), *(found.variances[name].item() for name in names)]
    # To the six digits given.
    assert numbers == pytest.approx([value, gradient, *variances], rel=6e-6)


def _agree(samples: np.ndarray, mean: float, variance: float) -> None:
    """Check mean and variance within what chance allows; a heavy tail makes the variance of few samples uncertain."""
    spread = np.square(samples - samples.mean()).std() / np.sqrt(len(samples))
    assert abs(samples.mean() - mean) < 4.5 * np.sqrt(variance / len(samples))
    assert abs(samples.var() - variance) < 4.5 * spread


def test_drawn_trajectories_have_the_exact_moments() -> None:
    policies = [
        (scalar_world(), Policy(np.array([0.3]), 0.3, 10)),
        (double_integrator(), Policy(np.array([6.0, 3.0]), 0.5, 8)),
    ]
    for world, policy in policies:
        found = linear_estimates(world, policy, noise_bank(3, 40_000, policy.horizon))
        assert set(found.samples) == {PATH, SCORE, MEAN_BASELINE, BEST_BASELINE, REWARD_TO_GO}
        for name, samples in found.samples.items():
            for place, gradients in enumerate(samples):
                _agree(gradients, found.moments.gradient[place], found.moments.variances[name][place])


def test_the_gradient_is_the_slope_of_the_cost() -> None:
    world, gain, step = double_integrator(), np.array([6.0, 3.0]), 1e-5
    found = exact_moments(world, Policy(gain, 0.5, 8)).gradient
    for place, shift in enumerate(step * np.eye(2)):
        costs = [exact_moments(world, Policy(gain + sign * shift, 0.5, 8)).value for sign in (1, -1)]
        assert found[place] == pytest.approx((costs[0] - costs[1]) / (2 * step), rel=1e-7)


def test_a_frozen_bank_moves_with_the_gain() -> None:
    world, noise, step = scalar_world(), noise_bank(5, 4, 6), 1e-6
    near = [linear_estimates(world, Policy(np.array([0.3 + shift]), 0.3, 6), noise) for shift in (-step, 0.0, step)]
    # Two baselines tell cost and score apart; with the same noise, the slope of the cost is the path's gradient.
    costs = []
    for found in near:
        score = (found.samples[SCORE] - found.samples[MEAN_BASELINE]) / found.moments.value
        costs.append(found.samples[SCORE] / score)
    assert (costs[2] - costs[0]) / (2 * step) == pytest.approx(near[1].samples[PATH], rel=1e-5)


def test_joint_cumulants_of_equal_forms_are_those_of_one() -> None:
    rng = np.random.default_rng(0)
    form = rng.standard_normal((5, 5))
    form += form.T
    H, h = form[1:, 1:], form[1:, 0]
    for count, factor in ((2, 1), (3, 2), (4, 6)):
        power = np.linalg.matrix_power
        linear = h @ power(H, count - 2) @ h
        expected = 2 ** (count - 1) * factor * (np.trace(power(H, count)) + count * linear)
        assert cumulant(*[form] * count) == pytest.approx(expected)


def test_means_of_products_of_one_normal_number() -> None:
    square = np.diag([0.0, 1.0])  # ε²
    assert [mean_of(*[square] * count).item() for count in (1, 2, 3, 4)] == pytest.approx([1, 3, 15, 105])
    assert [len(partitions(count)) for count in (1, 2, 3, 4)] == [1, 2, 5, 15]
