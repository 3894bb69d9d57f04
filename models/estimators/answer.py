"""Answers a request for gradients: one batch of every estimator, with the truth beside it."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain
from time import perf_counter

import numpy as np
import tensorflow as tf

from models.distributions import FAMILIES
from models.distributions.families import check_family
from models.estimators.continuous import Integrals, integrals_of, pathwise, score
from models.estimators.discrete import discrete_estimates
from models.estimators.objectives import ElboObjective, Objectives, Toy
from models.protocol import (
    NO_SCORE,
    OBJECTIVES,
    Continuous,
    Discrete,
    ElboPoint,
    Estimates,
    Floats64,
    Gradients,
    GradientsReady,
    Objective,
)
from models.vae import VAE

MAX_SAMPLES = 1_000_000
HALF_STEP = 2.0**-54


def draw_gradients(request: Gradients, vae: VAE | None) -> GradientsReady:
    """Answer ``request``; ValueError or ParameterError if a number, family or point cannot be used.

    ``vae`` is the open model, which only the ELBO needs.
    """
    if not 1 <= request.samples <= MAX_SAMPLES:
        raise ValueError(f"the number of samples lies in 1 to {MAX_SAMPLES}, not {request.samples}")
    rng = np.random.default_rng(request.seed)
    if isinstance(request.problem, Discrete):
        uniforms = rng.random(request.samples) + HALF_STEP
        value, gradient, estimates = discrete_estimates(request.problem, uniforms)
        return GradientsReady(request.id, value, {"theta": gradient}, estimates)
    return _continuous(request.id, request.problem, rng.standard_normal(request.samples), vae)


def _continuous(identity: int, problem: Continuous, scores: Floats64, vae: VAE | None) -> GradientsReady:
    _check(problem)
    family, names = problem.family.name, tuple(FAMILIES[problem.family.name].domains)
    values = tuple(float(problem.family.parameters[name]) for name in names)
    if problem.objective == "elbo":
        f, exact = _elbo(problem, family, values, vae)
    else:
        f, exact = _toy(problem.objective, problem.k, family, values)
    if not (math.isfinite(exact.value) and np.isfinite(exact.gradient).all()):
        raise ValueError(f"E[f] does not exist: the tails of {family} are too heavy for the {problem.objective}")
    batches = _batches(f, family, tf.constant(values, tf.float64), tf.constant(scores), exact)
    estimates = tuple(_estimates(batch, names, len(scores)) for batch in batches)
    truth = dict(zip(names, exact.gradient.tolist(), strict=True))
    return GradientsReady(identity, exact.value, truth, tuple(chain.from_iterable(estimates)))


def _check(problem: Continuous) -> None:
    if problem.objective not in OBJECTIVES:
        raise ValueError(f"the objective is one of {', '.join(OBJECTIVES)}, not {problem.objective!r}")
    if not math.isfinite(problem.k):
        raise ValueError(f"k must be finite, it is {problem.k}")
    check_family(problem.family)
    if problem.family.name in NO_SCORE:
        raise ValueError(f"the support of {problem.family.name} moves with its parameters: it has no score estimator")


# Problems are asked for batch after batch: what is exact of them is worked out once.


@lru_cache(maxsize=64)
def _toy(objective: Objective, k: float, family: str, values: tuple[float, ...]) -> tuple[Objectives, Integrals]:
    f = Toy(objective, k)
    return f, integrals_of(f, family, tf.constant(values, tf.float64))


def _elbo(problem: Continuous, family: str, values: tuple[float, ...], vae: VAE | None) -> tuple[Objectives, Integrals]:
    point = problem.point
    if vae is None:
        raise ValueError("the ELBO needs an open model")
    if point is None:
        raise ValueError("the ELBO needs an image, a latent point and a dimension")
    return _elbo_at(vae, vae.version, _Frozen(point), family, values)


@dataclass(frozen=True, eq=False)
class _Frozen:
    """A point that can be looked up."""

    point: ElboPoint

    def _key(self) -> tuple[bytes, bytes, int]:
        return self.point.image.tobytes(), self.point.z.tobytes(), self.point.dim

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Frozen) and self._key() == other._key()

    def __hash__(self) -> int:
        return hash(self._key())


@lru_cache(maxsize=16)
def _elbo_at(
    vae: VAE, version: int, frozen: _Frozen, family: str, values: tuple[float, ...]
) -> tuple[Objectives, Integrals]:
    del version  # part of the key: other weights, other numbers
    f = ElboObjective(vae, frozen.point)
    return f, integrals_of(f, family, tf.constant(values, tf.float64))


@dataclass(frozen=True)
class _Batch:
    """Gradients [m, n] of one estimator, their exact variances [m], and the seconds of its own work."""

    estimator: str
    gradients: Floats64
    variances: Floats64
    seconds: float


def _batches(
    f: Objectives, family: str, parameters: tf.Tensor, scores: tf.Tensor, exact: Integrals
) -> Iterator[_Batch]:
    began = perf_counter()
    path = pathwise(f, family, parameters, scores).numpy()
    yield _Batch("pathwise", path, exact.pathwise, perf_counter() - began)
    if f.has_entropy:
        began = perf_counter()
        landing = pathwise(f, family, parameters, scores, landing=True).numpy()
        yield _Batch("sticking the landing", landing, exact.landing, perf_counter() - began)
    began = perf_counter()
    values, slopes = (part.numpy() for part in score(f, family, parameters, scores))
    seconds, best = perf_counter() - began, exact.baselines[:, np.newaxis]
    yield _Batch("score function", values * slopes, exact.score, seconds)
    yield _Batch("score, mean baseline", (values - exact.value) * slopes, exact.mean_baseline, seconds)
    yield _Batch("score, best baseline", (values - best) * slopes, exact.best_baseline, seconds)


def _estimates(batch: _Batch, names: tuple[str, ...], samples: int) -> list[Estimates]:
    cost = 1e6 * batch.seconds / samples
    variances = [float(value) if math.isfinite(value) else None for value in batch.variances]
    rows = zip(names, batch.gradients, variances, strict=True)
    # A best baseline that does not exist makes no estimator.
    return [
        Estimates(batch.estimator, name, row, variance, False, cost)
        for name, row, variance in rows if np.isfinite(row).all()
    ]  # fmt: skip
