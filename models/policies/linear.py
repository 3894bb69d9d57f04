"""Exact moments of the estimators of ∇J in the gain of a linear policy with normal noise.

With u = −Kx + σε a state is affine in ε, so that the cost, its derivative along the path and the score are quadratic
forms of ε: every moment of their products is known.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from models.core.arrays import Floats64
from models.policies.estimates import BEST_BASELINE, MEAN_BASELINE, PATH, REWARD_TO_GO, SCORE, Moments
from models.policies.quadratic_forms import mean_of, minus, product_of
from models.policies.worlds import LinearWorld

# The work for the variance of the reward-to-go grows with the fifth power of the steps: 50 take about a second.
MOST_STEPS_TO_GO = 50


@dataclass(frozen=True)
class Policy:
    """The policy u = −Kx + σε for ``horizon`` steps, with K [d] and σ > 0."""

    gain: Floats64
    sigma: float
    horizon: int


@dataclass(frozen=True)
class Forms:
    """Quadratic forms of v = (1, ε), 1 + T numbers for T steps, with d parameters.

    Attributes
    ----------
    costs : array [T + 1, 1 + T, 1 + T]
        Of each step, and of the last state.
    path : array [d, 1 + T, 1 + T]
        ∂J/∂K with ε held fixed.
    scores : array [T, d, 1 + T, 1 + T]
        ∂ log π(uₜ | xₜ)/∂K.
    """

    costs: Floats64
    path: Floats64
    scores: Floats64


def forms_of(world: LinearWorld, policy: Policy) -> Forms:
    """Return the cost, its derivative along the path and the scores as quadratic forms of the noise."""
    steps, dims = policy.horizon, len(policy.gain)
    state, slopes = np.zeros((dims, 1 + steps)), np.zeros((dims, dims, 1 + steps))
    state[:, 0] = world.start
    costs, path, scores = [], np.zeros((dims, 1 + steps, 1 + steps)), []
    for step in range(steps):
        noise = np.zeros(1 + steps)
        noise[1 + step] = 1.0
        action = policy.sigma * noise - policy.gain @ state
        # slopes[i] is ∂x/∂Kᵢ.
        pushes = -state - policy.gain @ slopes
        costs.append(_bilinear(state, world.Q, state) + world.r * product_of(action, action))
        path += 2.0 * (_bilinear(slopes, world.Q, state) + world.r * product_of(pushes, action))
        scores.append(product_of(-state / policy.sigma, noise))
        slopes = world.A @ slopes + world.b[:, np.newaxis] * pushes[:, np.newaxis, :]
        state = world.A @ state + np.outer(world.b, action)
    costs.append(_bilinear(state, world.Q, state))
    path += 2.0 * _bilinear(slopes, world.Q, state)
    return Forms(np.array(costs), path, np.array(scores))


def _bilinear(first: Floats64, Q: Floats64, second: Floats64) -> Floats64:
    """Return the form of xᵀQy for x [..., d, 1 + T] and y [d, 1 + T]."""
    product = np.swapaxes(first, -1, -2) @ Q @ second
    return np.asarray(0.5 * (product + np.swapaxes(product, -1, -2)))


def exact_moments(world: LinearWorld, policy: Policy) -> Moments:
    """Return J, its gradient in K, and the variance of one trajectory's estimate by every estimator.

    That of the reward-to-go is left out beyond ``MOST_STEPS_TO_GO`` steps.
    """
    forms = forms_of(world, policy)
    cost, score = forms.costs.sum(axis=0), forms.scores.sum(axis=0)
    value, gradient = float(mean_of(cost)), mean_of(forms.path)
    best = mean_of(cost, score, score) / mean_of(score, score)
    squared = {
        PATH: mean_of(forms.path, forms.path),
        SCORE: _squared(cost, score),
        MEAN_BASELINE: _squared(minus(cost, value), score),
        BEST_BASELINE: _squared(minus(cost, best), score),
    }
    if policy.horizon <= MOST_STEPS_TO_GO:
        squared[REWARD_TO_GO] = _squared_to_go(forms)
    return Moments(value, gradient, {name: mean - gradient**2 for name, mean in squared.items()}, best)


def _squared(cost: Floats64, score: Floats64) -> Floats64:
    return mean_of(cost, cost, score, score)


def _squared_to_go(forms: Forms) -> Floats64:
    """Return E[(Σₜ sₜ Cₜ)²] [d] with Cₜ, what is still to be paid from step t on."""
    to_go = np.cumsum(forms.costs[::-1], axis=0)[::-1][:-1, np.newaxis]
    total = np.zeros(forms.scores.shape[1])
    for step in range(len(forms.scores)):
        pairs = mean_of(to_go[step], forms.scores[step], to_go[step:], forms.scores[step:])
        total += 2.0 * pairs.sum(axis=0) - pairs[0]
    return total
