"""A bandit of one step: the gradient in μ of E[R(a)], a ~ N(μ, σ²), for rewards that suit the path and that do not."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import tensorflow as tf
from scipy.special import expit

from models.core.arrays import Floats64
from models.numerics.quadrature import panelled
from models.policies.estimates import BEST_BASELINE, MEAN_BASELINE, PATH, SCORE, Moments, PolicyGradients

REACH = 10.0


@dataclass(frozen=True)
class Reward:
    """R(a) with a number k: its values and slopes in NumPy, and its values in TensorFlow."""

    values: Callable[[Floats64, float], Floats64]
    slopes: Callable[[Floats64, float], Floats64]
    tensors: Callable[[tf.Tensor, float], tf.Tensor]


REWARDS = {
    # −(a − k)²: the best action is k.
    "quadratic": Reward(lambda a, k: -((a - k) ** 2), lambda a, k: -2.0 * (a - k), lambda a, k: -tf.square(a - k)),
    # 1/(1 + exp(−ka)).
    "sigmoid": Reward(
        lambda a, k: np.asarray(expit(k * a)),
        lambda a, k: np.asarray(k * expit(k * a) * expit(-k * a)),
        lambda a, k: tf.sigmoid(k * a),
    ),
    # 1 for a > k, else 0: its slope is 0 wherever it has one.
    "step": Reward(
        lambda a, k: np.where(a > k, 1.0, 0.0),
        lambda a, k: 0.0 * (a - k),
        lambda a, k: tf.where(a > k, tf.ones_like(a), tf.zeros_like(a)),
    ),
}


@dataclass(frozen=True)
class Bandit:
    """The reward called ``reward`` with its number ``k``, for an action N(μ, σ²).

    k is the best action of the quadratic reward, the steepness β of the sigmoid one, and where the step is.
    """

    reward: str
    k: float
    mu: float
    sigma: float

    @property
    def biased(self) -> tuple[str, ...]:
        """The estimators whose mean is not the gradient: the path never sees a step."""
        return (PATH,) if self.reward == "step" else ()


def exact_moments(bandit: Bandit) -> Moments:
    """Return E[R], ∂E[R]/∂μ and the variances of single samples, by quadrature over the noise."""
    reward = REWARDS[bandit.reward]
    rule = panelled(_edges(bandit), lambda eps: (eps, _normal_density(eps)))
    actions, score = bandit.mu + bandit.sigma * rule.scores, rule.scores / bandit.sigma
    values, slopes = reward.values(actions, bandit.k), reward.slopes(actions, bandit.k)
    value, gradient = float(values @ rule.weights), float((values * score) @ rule.weights)
    best = float((values * score**2) @ rule.weights) * bandit.sigma**2
    samples = {
        PATH: slopes,
        SCORE: values * score,
        MEAN_BASELINE: (values - value) * score,
        BEST_BASELINE: (values - best) * score,
    }
    variances = {name: _variance(sample, rule.weights) for name, sample in samples.items()}
    return Moments(value, np.array([gradient]), variances, np.array([best]))


def _edges(bandit: Bandit) -> Floats64:
    """Return the edges of the panels: half a σ wide, and finer and finer towards where the reward changes."""
    width = 1.0 / max(abs(bandit.k), 1.0) if bandit.reward == "sigmoid" else 1.0
    center = ((bandit.k if bandit.reward == "step" else 0.0) - bandit.mu) / bandit.sigma
    near = width / bandit.sigma * np.geomspace(0.5, max(1.0, 2.0 * REACH * bandit.sigma / width), 24)
    edges = np.concatenate([np.linspace(-REACH, REACH, 41), center - near, [center], center + near])
    return np.unique(edges[np.abs(edges) <= REACH])


def _normal_density(eps: Floats64) -> Floats64:
    return np.asarray(np.exp(-0.5 * eps**2) / math.sqrt(2.0 * math.pi))


def _variance(values: Floats64, weights: Floats64) -> Floats64:
    mean = values @ weights
    return np.array([(values - mean) ** 2 @ weights])


def bandit_estimates(bandit: Bandit, noise: Floats64) -> PolicyGradients:
    """Return the gradient in μ of every action by every estimator, for a bank of noise [n]."""
    moments, reward = exact_moments(bandit), REWARDS[bandit.reward]
    mus = tf.fill([len(noise)], tf.constant(bandit.mu, tf.float64))
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(mus)
        actions = mus + bandit.sigma * tf.constant(noise)
        rewards = reward.tensors(actions, bandit.k)
        log_probs = -0.5 * tf.square((tf.stop_gradient(actions) - mus) / bandit.sigma)
    path = tape.gradient(rewards, mus, unconnected_gradients=tf.UnconnectedGradients.ZERO).numpy()
    score, values = tape.gradient(log_probs, mus).numpy(), rewards.numpy()
    samples = {
        PATH: path,
        SCORE: values * score,
        MEAN_BASELINE: (values - moments.value) * score,
        BEST_BASELINE: (values - moments.baselines) * score,
    }
    return PolicyGradients(moments, {name: sample[np.newaxis] for name, sample in samples.items()})
