"""Posteriors of single points: dropout on the features, and an ensemble of fits."""

from __future__ import annotations

from itertools import product

import numpy as np

from models.bayesian.posterior import Posterior
from models.bayesian.problem import Regression


def dropout(problem: Regression, rate: float) -> Posterior:
    """Return the masked weights wⱼ·bⱼ/(1 − p), bⱼ = 1 with probability 1 − p, at the best w: all 2ᵐ of them.

    The mean of the squared error over the masks has a closed form (Wager, Wang & Liang 2013, Dropout training as
    adaptive regularization), and so has its optimum: a ridge of p/(1 − p) Σᵢ φⱼ(xᵢ)² beside that of the prior. Masks at
    prediction too make it a posterior (Gal & Ghahramani 2016, Dropout as a Bayesian approximation).
    """
    odds = rate / (1.0 - rate)
    ridge = np.diag(odds * np.sum(problem.features**2, axis=0) / problem.noise**2)
    right = problem.features.T @ problem.y / problem.noise**2
    weights = np.linalg.solve(problem.precision() + ridge, right)
    masks = np.array(list(product([0.0, 1.0], repeat=len(weights))))
    kept = masks.sum(axis=1)
    shares = (1.0 - rate) ** kept * rate ** (len(weights) - kept)
    return Posterior.points(shares, masks * weights / (1.0 - rate))


def ensemble(problem: Regression, members: int, seed: int) -> Posterior:
    """Return ``members`` fits, each to measurements and a prior mean with noise of their own.

    Each is a draw of the exact posterior (Pearce et al. 2020, Uncertainty in neural networks: approximately Bayesian
    ensembling). Fits of the same points from different starts would all be equal: a linear model has one optimum.
    """
    rng = np.random.default_rng(seed)
    count, features = problem.features.shape
    y = problem.y + problem.noise * rng.standard_normal((members, count))
    anchors = problem.prior * rng.standard_normal((members, features))
    right = y @ problem.features / problem.noise**2 + anchors / problem.prior**2
    fits = np.asarray(np.linalg.solve(problem.precision(), right.T).T, np.float64)
    return Posterior.points(np.full(members, 1.0 / members), fits)
