"""What is told of an estimator of a policy's gradient."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from models.core.arrays import Floats64

PATH, SCORE, MEAN_BASELINE, BEST_BASELINE, REWARD_TO_GO = (
    "path",
    "score",
    "score, mean baseline",
    "score, best baseline",
    "score, reward-to-go",
)


@dataclass(frozen=True)
class Moments:
    """Exact moments of the estimators of one gradient in m parameters.

    Attributes
    ----------
    value : float
        The expected cost or reward.
    gradient : array [m]
        Its gradient in the parameters of the policy.
    variances : mapping of str to array [m]
        The variance of one sample, by the name of the estimator.
    baselines : array [m]
        E[C s²]/E[s²] for cost or reward C and score s: the constant that makes the variance smallest.
    """

    value: float
    gradient: Floats64
    variances: Mapping[str, Floats64]
    baselines: Floats64


@dataclass(frozen=True)
class PolicyGradients:
    """Single-sample gradients [m, n] by the name of the estimator, and the exact ``moments`` beside them."""

    moments: Moments
    samples: Mapping[str, Floats64]
