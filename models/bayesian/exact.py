"""Closed forms of Bayesian linear regression: posterior, evidence, mean-field optimum, ELBO; and Laplace's method.

Source: Bishop 2006, Pattern recognition and machine learning, sections 3.3, 3.5, 4.4 and 10.1.
"""

from __future__ import annotations

import math

import numpy as np
import tensorflow as tf

from models.bayesian.posterior import Posterior
from models.bayesian.problem import Regression
from models.core.arrays import Floats64


def exact_posterior(problem: Regression) -> Posterior:
    """Return the posterior N(Λ⁻¹Φᵀy/τ², Λ⁻¹), Λ = ΦᵀΦ/τ² + I/s²."""
    return Posterior.normal(_mean(problem), _inverse(problem.precision()))


def _inverse(matrix: Floats64) -> Floats64:
    return np.asarray(np.linalg.inv(matrix), np.float64)


def _mean(problem: Regression) -> Floats64:
    right = problem.features.T @ problem.y / problem.noise**2
    return np.asarray(np.linalg.solve(problem.precision(), right))


def mean_field(problem: Regression) -> Posterior:
    """Return the independent normal weights with the largest ELBO: the exact mean, and variances 1/Λⱼⱼ.

    They are too narrow where the features are correlated.
    """
    return Posterior.normal(_mean(problem), np.diag(1.0 / np.diag(problem.precision())))


def log_evidence(problem: Regression) -> float:
    """Return log p(y) in nats; it is the ELBO of the exact posterior."""
    return elbo(problem, exact_posterior(problem))


def elbo(problem: Regression, posterior: Posterior) -> float:
    """Return E_q[log p(y | w)] − KL(q ‖ p) in nats for a single normal q."""
    mean, covariance = posterior.means[0], posterior.covariances[0]
    features, count = problem.features, len(problem.y)
    misfit = np.sum((problem.y - features @ mean) ** 2) + np.sum((features @ covariance) * features)
    fit = -0.5 * count * math.log(2.0 * math.pi * problem.noise**2) - 0.5 * misfit / problem.noise**2
    return float(fit - _divergence(mean, covariance, problem.prior))


def _divergence(mean: Floats64, covariance: Floats64, prior: float) -> float:
    """Return KL(N(mean, covariance) ‖ N(0, prior² I)) in nats."""
    spread = (np.trace(covariance) + mean @ mean) / prior**2 - len(mean)
    return float(0.5 * (spread + 2.0 * len(mean) * math.log(prior) - np.linalg.slogdet(covariance)[1]))


def laplace(problem: Regression) -> Posterior:
    """Return the normal distribution at the mode of the posterior, with the curvature there.

    Mode and curvature come from automatic differentiation: one step of Newton's method, exact where log p is quadratic.
    """
    start = tf.zeros(problem.features.shape[1], tf.float64)
    gradient, curvature = _curvature(problem, start)
    mode = -_inverse(curvature) @ gradient
    return Posterior.normal(mode, _inverse(_curvature(problem, tf.constant(mode))[1]))


def _curvature(problem: Regression, weights: tf.Tensor) -> tuple[Floats64, Floats64]:
    """Return gradient [m] and Hessian [m, m] of −log p(y, w)."""
    with tf.GradientTape(persistent=True) as outer:
        outer.watch(weights)
        with tf.GradientTape() as inner:
            inner.watch(weights)
            misses = tf.constant(problem.y) - tf.linalg.matvec(tf.constant(problem.features), weights)
            fit = tf.reduce_sum(tf.square(misses)) / problem.noise**2
            energy = 0.5 * (fit + tf.reduce_sum(tf.square(weights)) / problem.prior**2)
        gradient = inner.gradient(energy, weights)
    return gradient.numpy(), outer.jacobian(gradient, weights, experimental_use_pfor=False).numpy()
