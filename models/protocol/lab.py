"""Requests to the decoder for the laboratory of gradient estimators, and its answers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from models.core.arrays import Floats32, Floats64
from models.core.families import Family

Integrand = Literal["quadratic", "cosine", "bump", "elbo"]
INTEGRANDS: tuple[Integrand, ...] = get_args(Integrand)
# The k of an integrand with which there is something to see.
USUAL_K: dict[Integrand, float] = {"quadratic": 0.0, "cosine": 5.0, "bump": 10.0, "elbo": 0.0}


@dataclass(frozen=True)
class ElboPoint:
    """The point of the loaded model's own ELBO: one image and one latent dimension, the others held at ``z``.

    ``image`` is uint8 [1, h, w, c], ``z`` [d]; the distribution of the problem is q(z_i|x) of dimension ``dim``.
    """

    image: NDArray[np.uint8]
    z: Floats32
    dim: int


@dataclass(frozen=True)
class Continuous:
    """The gradient of E_q[f(z)] in the parameters of a family q.

    f is (z − k)², cos kz, exp(−kz²) or, at ``point``, log p(x|z) + log p(z_i) − log q(z_i).
    """

    integrand: Integrand
    family: Family
    k: float = 0.0
    point: ElboPoint | None = None


@dataclass(frozen=True)
class Discrete:
    """The gradient in θ of E[(b − target)²], b ~ Bernoulli(θ), relaxed by the Concrete at ``temperature`` τ."""

    theta: float
    target: float
    temperature: float


Problem = Continuous | Discrete


@dataclass(frozen=True)
class Gradients:
    """Draw ``samples`` single-sample gradients of every estimator, from ``seed``; :class:`GradientsReady` answers."""

    id: int
    problem: Problem
    samples: int
    seed: int


@dataclass(frozen=True)
class Estimates:
    """Single-sample gradients [n] of one estimator in one parameter.

    Attributes
    ----------
    estimator, parameter : str
        Such as ``pathwise`` and ``scale``.
    gradients : array [n]
    variance : float or None
        Variance of one of them in closed form, where there is one.
    biased : bool
        Whether its mean is not the true gradient: of the Concrete, and of scores where the support moves.
    microseconds : float
        Cost of one sample in this batch.
    """

    estimator: str
    parameter: str
    gradients: Floats64
    variance: float | None
    biased: bool
    microseconds: float


@dataclass(frozen=True)
class GradientsReady:
    """Estimates of every estimator and parameter; ``value`` and ``truth`` are E[f] and its exact gradient."""

    id: int
    value: float
    truth: dict[str, float]
    estimates: tuple[Estimates, ...]
