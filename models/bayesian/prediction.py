"""What a posterior predicts at points, judged by the pdf and the cdf of the prediction."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.special import logsumexp, ndtr

from models.bayesian.posterior import Posterior
from models.bayesian.problem import Regression
from models.core.arrays import Floats64


def predictive_cdf(posterior: Posterior, problem: Regression) -> Floats64:
    """Return P(Y ≤ yᵢ | xᵢ) [n], the probability integral transform of the points of ``problem``."""
    scores, _ = _standardized(posterior, problem)
    return np.asarray(posterior.shares @ ndtr(scores))


def coverage(posterior: Posterior, problem: Regression, levels: Sequence[float]) -> list[float]:
    """Return which share of the points lies in the central band of every level of probability."""
    away = np.abs(predictive_cdf(posterior, problem) - 0.5)
    return [float(np.mean(away <= 0.5 * level)) for level in levels]


def log_predictive_density(posterior: Posterior, problem: Regression) -> float:
    """Return the mean over the points of log p(yᵢ | xᵢ) in nats."""
    scores, scales = _standardized(posterior, problem)
    logs = -0.5 * scores**2 - np.log(scales) - 0.5 * np.log(2.0 * np.pi)
    return float(np.mean(logsumexp(logs, axis=0, b=posterior.shares[:, np.newaxis])))


def _standardized(posterior: Posterior, problem: Regression) -> tuple[Floats64, Floats64]:
    """Return the standardized distance and the scale [c, n] of each point in every component."""
    means, variances = posterior.outputs(problem.features)
    scales = np.sqrt(variances + problem.noise**2)
    return (problem.y - means) / scales, scales
