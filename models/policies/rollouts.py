"""Gradients of single trajectories, rolled out in TensorFlow on a frozen bank of noise.

The path is differentiated through the world (Heess et al. 2015, SVG(∞)), the score through log π alone (Williams 1992,
REINFORCE). The bank depends on the seed only: where the gain or σ moves, the same trajectories move along.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import tensorflow as tf

from models.core.arrays import Floats64
from models.policies.estimates import BEST_BASELINE, MEAN_BASELINE, PATH, REWARD_TO_GO, SCORE, PolicyGradients
from models.policies.linear import Policy, exact_moments
from models.policies.worlds import LinearWorld


@dataclass(frozen=True)
class Rollout:
    """Costs [n, T + 1] of the steps and the last state, and log π(u | x) [n, T], for n trajectories."""

    costs: tf.Tensor
    log_probs: tf.Tensor


def noise_bank(seed: int, samples: int, horizon: int) -> Floats64:
    """Return standard normal noise [samples, horizon] for ``seed``."""
    return np.random.default_rng(seed).standard_normal((samples, horizon))


def linear_estimates(world: LinearWorld, policy: Policy, noise: Floats64) -> PolicyGradients:
    """Return the gradient in K of every trajectory by every estimator, for a bank of noise [n, T]."""
    moments = exact_moments(world, policy)
    gains = tf.tile(tf.constant(policy.gain[np.newaxis]), [len(noise), 1])
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(gains)
        rollout = roll_out(world, gains, policy.sigma, tf.constant(noise))
        total, log_prob = (tf.reduce_sum(part, axis=1) for part in (rollout.costs, rollout.log_probs))
        to_go = tf.cumsum(rollout.costs, axis=1, reverse=True)[:, :-1]
        weighed = tf.reduce_sum(tf.stop_gradient(to_go) * rollout.log_probs, axis=1)
    path, score, onward = (tape.gradient(target, gains).numpy().T for target in (total, log_prob, weighed))
    costs, best = total.numpy(), moments.baselines[:, np.newaxis]
    samples = {
        PATH: path,
        SCORE: costs * score,
        MEAN_BASELINE: (costs - moments.value) * score,
        BEST_BASELINE: (costs - best) * score,
        REWARD_TO_GO: onward,
    }
    return PolicyGradients(moments, samples)


def roll_out(world: LinearWorld, gains: tf.Tensor, sigma: float, noise: tf.Tensor) -> Rollout:
    """Return costs and log-probabilities with a gain [n, d] and the noise [n, T] of each trajectory."""
    A, b, Q, start = (tf.constant(part) for part in (world.A, world.b, world.Q, world.start))
    state, costs, log_probs = tf.zeros_like(gains) + start, [], []
    for eps in tf.unstack(noise, axis=1):
        action = sigma * eps - tf.reduce_sum(gains * state, axis=1)
        log_probs.append(_log_prob(gains, sigma, tf.stop_gradient(state), tf.stop_gradient(action)))
        costs.append(_state_cost(state, Q) + world.r * tf.square(action))
        state = state @ tf.transpose(A) + action[:, tf.newaxis] * b
    costs.append(_state_cost(state, Q))
    return Rollout(tf.stack(costs, axis=1), tf.stack(log_probs, axis=1))


def _state_cost(state: tf.Tensor, Q: tf.Tensor) -> tf.Tensor:
    return tf.reduce_sum((state @ Q) * state, axis=1)


def _log_prob(gains: tf.Tensor, sigma: float, state: tf.Tensor, action: tf.Tensor) -> tf.Tensor:
    """Return log π(u | x) [n] up to a constant, as a function of the gains alone."""
    return -0.5 * tf.square((action + tf.reduce_sum(gains * state, axis=1)) / sigma)
