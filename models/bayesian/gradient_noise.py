"""Variance of the gradient in μ of −log p(y | w), w ~ N(μ, σ²), from one draw of shared, local or flipped noise.

The likelihood is summed over the points, and the gradient is linear in f: −Σ φⱼ(xᵢ)(yᵢ − fᵢ)/τ².
"""

from __future__ import annotations

import numpy as np
import tensorflow as tf

from models.bayesian.problem import Regression
from models.core.arrays import Floats64
from models.estimators.weight_noise import flipout, local_reparameterization, shared_noise

# Of signs that are flipped at a time.
MOST_NUMBERS = 2_000_000


def exact_gradient_variances(problem: Regression, std: Floats64) -> dict[str, Floats64]:
    """Return the variances [m] for weights of standard deviation ``std`` [m].

    With shared noise f has the covariance ΦVΦᵀ, V = diag σ². The other two leave its diagonal only: signs flipped for
    each point by itself make the outputs of Flipout uncorrelated, if not independent.
    """
    gram = problem.features.T @ problem.features
    outputs = problem.features**2 @ std**2
    shared, apart = gram**2 @ std**2 / problem.noise**4, outputs @ problem.features**2 / problem.noise**4
    return {"shared": shared, "local": apart, "flipout": apart.copy()}


def drawn_gradients(problem: Regression, mean: Floats64, std: Floats64, draws: int, seed: int) -> dict[str, Floats64]:
    """Return gradients [draws, m] by automatic differentiation, from a bank of noise that depends on ``seed`` only."""
    rng = np.random.default_rng(seed)
    most = max(1, MOST_NUMBERS // problem.features.size)
    batches = [_batch(problem, mean, std, min(most, draws - start), rng) for start in range(0, draws, most)]
    return {name: np.concatenate([batch[name] for batch in batches]) for name in batches[0]}


def _batch(
    problem: Regression, mean: Floats64, std: Floats64, draws: int, rng: np.random.Generator
) -> dict[str, Floats64]:
    count, features = problem.features.shape
    x, sigma = tf.constant(problem.features), tf.constant(std[:, np.newaxis])
    whole, each = rng.standard_normal((draws, features, 1)), rng.standard_normal((draws, count, 1))
    flips = [rng.choice([-1.0, 1.0], (draws, count, size)) for size in (features, 1)]
    mus = tf.constant(np.broadcast_to(mean[:, np.newaxis], (draws, features, 1)))
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(mus)
        outputs = {
            "shared": shared_noise(x, mus, sigma, whole),
            "local": local_reparameterization(x, mus, sigma, each),
            "flipout": flipout(x, mus, sigma, whole, *flips),
        }
        misses = {name: tf.square(problem.y[:, np.newaxis] - output) for name, output in outputs.items()}
        losses = {name: 0.5 * tf.reduce_sum(miss) / problem.noise**2 for name, miss in misses.items()}
    return {name: tape.gradient(loss, mus).numpy()[..., 0] for name, loss in losses.items()}
