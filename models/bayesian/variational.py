"""Variational inference by the reparameterization trick: Bayes by Backprop (Blundell et al. 2015).

The noise of the data's term is drawn anew in every step; the divergence from the prior has a closed form.
"""

from __future__ import annotations

import math

import numpy as np
import tensorflow as tf

from models.bayesian.posterior import Posterior
from models.bayesian.problem import Regression
from models.estimators.weight_noise import local_reparameterization
from models.training.optimizer import adam

FIRST_RATE, LAST_RATE = 0.05, 1e-4


def fit_by_gradient(problem: Regression, full_rank: bool, steps: int, draws: int, seed: int) -> Posterior:
    """Return the normal q with the largest ELBO that ``steps`` of Adam find, with ``draws`` of the noise in each.

    Of independent weights the activations are drawn (local reparameterization), of a full covariance the weights.
    The rate falls from FIRST_RATE to LAST_RATE in half a cosine, so that the noise of the gradients dies down.
    """
    size = problem.features.shape[1]
    scale = np.full(size, -2.0) if not full_rank else np.diag(np.full(size, -2.0))
    parameters = {"mean": tf.zeros(size), "scale": tf.constant(scale, tf.float32)}
    zeros = {name: tf.zeros_like(value) for name, value in parameters.items()}
    moments = (zeros, zeros)
    x, y = (tf.constant(part, tf.float32) for part in (problem.features, problem.y))

    @tf.function(reduce_retracing=True)
    def step(parameters, moments, rate, count):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
        with tf.GradientTape() as tape:
            tape.watch(parameters)
            loss = _negative_elbo(problem, (x, y), parameters, draws, tf.stack([seed, count]))
        return adam(parameters, tape.gradient(loss, parameters), moments, rate, count)

    for count in range(steps):
        rate = LAST_RATE + 0.5 * (FIRST_RATE - LAST_RATE) * (1.0 + math.cos(math.pi * count / steps))
        parameters, moments = step(parameters, moments, tf.constant(rate), tf.constant(count))
    factor = _factor(parameters["scale"]).numpy().astype(np.float64)
    return Posterior.normal(parameters["mean"].numpy().astype(np.float64), factor @ factor.T)


def _factor(scale: tf.Tensor) -> tf.Tensor:
    """Return the lower triangular factor [m, m] of the covariance; ``scale`` holds the logarithm of its diagonal."""
    if scale.shape.rank == 1:
        return tf.linalg.diag(tf.exp(scale))
    return tf.linalg.set_diag(tf.linalg.band_part(scale, -1, 0), tf.exp(tf.linalg.diag_part(scale)))


def _negative_elbo(
    problem: Regression,
    points: tuple[tf.Tensor, tf.Tensor],
    parameters: dict[str, tf.Tensor],
    draws: int,
    seed: tf.Tensor,
) -> tf.Tensor:
    x, y = points
    mean, scale = parameters["mean"], parameters["scale"]
    factor = _factor(scale)
    if scale.shape.rank == 1:
        eps = tf.random.stateless_normal([draws, len(problem.y), 1], seed)
        outputs = local_reparameterization(x, mean[:, tf.newaxis], tf.exp(scale)[:, tf.newaxis], eps)[..., 0]
    else:
        weights = mean + tf.random.stateless_normal([draws, len(mean)], seed) @ tf.transpose(factor)
        outputs = weights @ tf.transpose(x)
    misfit = 0.5 * tf.reduce_mean(tf.reduce_sum(tf.square(y - outputs), axis=1)) / problem.noise**2
    spread = (tf.reduce_sum(tf.square(factor)) + tf.reduce_sum(tf.square(mean))) / problem.prior**2
    return misfit + 0.5 * spread - tf.reduce_sum(tf.math.log(tf.linalg.diag_part(factor)))
