"""Answer a request for gradients: one batch of every estimator, with the truth beside it."""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Hashable, Iterator
from dataclasses import dataclass
from time import perf_counter
from typing import TypeAlias
from weakref import WeakKeyDictionary

import numpy as np
import tensorflow as tf

from models.core.arrays import Floats64
from models.core.steps import finished
from models.distributions import FAMILIES
from models.distributions.registry import check_family
from models.estimators.continuous import Estimators, Sliced, estimators_of
from models.estimators.discrete import discrete_estimates
from models.estimators.integrands import Kind, ToyKind, elbo_kind
from models.estimators.moments import Integrals, integrals_of
from models.numerics.tracing import beside
from models.protocol.lab import INTEGRANDS, Continuous, Discrete, Estimates, Gradients, GradientsReady
from models.vae.model import VAE

Arguments: TypeAlias = tuple[tf.Tensor, ...]
MOST_GRADIENTS = 1_000_000
HALF_STEP = 2.0**-54
MOST_KNOWN = 64
# So many nodes of the quadrature take about 3 ms.
ELBO_NODES, TOY_NODES = 32, 256


def draw_gradients(request: Gradients, vae: VAE | None) -> GradientsReady:
    """Answer ``request``; ValueError or ParameterError if a number, family or point cannot be used.

    ``vae`` is the open model, which only the ELBO needs.
    """
    return finished(drawing_gradients(request, vae))


def drawing_gradients(request: Gradients, vae: VAE | None) -> Sliced[GradientsReady]:
    """Do the work of :func:`draw_gradients` in slices of a few milliseconds, so that drags are answered in between."""
    if not 1 <= request.samples <= MOST_GRADIENTS:
        raise ValueError(f"the number of samples lies in 1 to {MOST_GRADIENTS}, not {request.samples}")
    rng = np.random.default_rng(request.seed)
    if isinstance(request.problem, Discrete):
        uniforms = rng.random(request.samples) + HALF_STEP
        value, gradient, estimates = discrete_estimates(request.problem, uniforms)
        return GradientsReady(request.id, value, {"theta": gradient}, estimates)
    return (yield from _continuous(request.id, request.problem, rng.standard_normal(request.samples), vae))


def _continuous(identity: int, problem: Continuous, scores: Floats64, vae: VAE | None) -> Sliced[GradientsReady]:
    _check(problem)
    family, names = problem.family.name, tuple(FAMILIES[problem.family.name].domains)
    values = tuple(float(problem.family.parameters[name]) for name in names)
    kind, arguments, key = _integrand(problem, vae)
    by, parameters = estimators_of(kind, family), tf.constant(values, tf.float64)
    if by not in _known:
        for work in by.prepare(arguments, parameters):
            yield from beside(work)
        _known[by] = OrderedDict()
    exact = yield from _exact(by, arguments, parameters, (key, values))
    if not exact.resolved:
        raise ValueError(f"the {problem.integrand} with k = {problem.k:g} changes too fast for the width of {family}")
    if not (math.isfinite(exact.value) and np.isfinite(exact.gradient).all()):
        fault = "is not known" if exact.exists else "does not exist"
        raise ValueError(f"E[f] {fault}: the tails of {family} are too heavy for the {problem.integrand}")
    estimates: list[Estimates] = []
    for batch in _batches(by, arguments, parameters, tf.constant(scores), exact):
        estimates.extend(_estimates(batch, names, problem.family.facts.moving, len(scores)))
        yield None
    truth = dict(zip(names, exact.gradient.tolist(), strict=True))
    return GradientsReady(identity, exact.value, truth, tuple(estimates))


def _check(problem: Continuous) -> None:
    if problem.integrand not in INTEGRANDS:
        raise ValueError(f"the integrand is one of {', '.join(INTEGRANDS)}, not {problem.integrand!r}")
    if not math.isfinite(problem.k):
        raise ValueError(f"k must be finite, it is {problem.k}")
    check_family(problem.family)


def _integrand(problem: Continuous, vae: VAE | None) -> tuple[Kind, Arguments, Hashable]:
    """Return the kind of f, what it takes, and what tells it from others of its kind."""
    if problem.integrand != "elbo":
        return ToyKind(problem.integrand), (tf.constant(problem.k, tf.float64),), problem.k
    point = problem.point
    if vae is None:
        raise ValueError("the ELBO needs an open model")
    if point is None:
        raise ValueError("the ELBO needs an image, a latent point and a dimension")
    kind = elbo_kind(vae)
    # Other weights, other numbers.
    return kind, kind.arguments(point), (vae.version, point.image.tobytes(), point.z.tobytes(), point.dim)


# Problems are asked for batch after batch: what is exact of them is worked out once, of estimators that are traced.
_known: WeakKeyDictionary[Estimators, OrderedDict[Hashable, Integrals]] = WeakKeyDictionary()


def _exact(by: Estimators, arguments: Arguments, parameters: tf.Tensor, key: Hashable) -> Sliced[Integrals]:
    known = _known[by]
    if key not in known:
        nodes = TOY_NODES if by.landing is None else ELBO_NODES
        known[key] = yield from integrals_of(by, arguments, parameters, nodes)
        while len(known) > MOST_KNOWN:
            known.popitem(last=False)
    return known[key]


@dataclass(frozen=True)
class _Batch:
    """Gradients [m, n] of one estimator, their exact variances [m], and the seconds of its own work."""

    estimator: str
    gradients: Floats64
    variances: Floats64
    seconds: float
    by_score: bool = False


def _batches(
    by: Estimators, arguments: Arguments, parameters: tf.Tensor, scores: tf.Tensor, exact: Integrals
) -> Iterator[_Batch]:
    if by.pathwise is not None:
        began = perf_counter()
        path = by.pathwise(arguments, parameters, scores).numpy()
        yield _Batch("pathwise", path, exact.pathwise, perf_counter() - began)
    if by.landing is not None:
        began = perf_counter()
        landing = by.landing(arguments, parameters, scores).numpy()
        yield _Batch("sticking the landing", landing, exact.landing, perf_counter() - began)
    began = perf_counter()
    values, slopes = (part.numpy() for part in by.score(arguments, parameters, scores))
    seconds, best = perf_counter() - began, exact.baselines[:, np.newaxis]
    yield _Batch("score function", values * slopes, exact.score, seconds, by_score=True)
    yield _Batch("score, mean baseline", (values - exact.value) * slopes, exact.mean_baseline, seconds, by_score=True)
    yield _Batch("score, best baseline", (values - best) * slopes, exact.best_baseline, seconds, by_score=True)


def _estimates(batch: _Batch, names: tuple[str, ...], moving: tuple[str, ...], samples: int) -> list[Estimates]:
    """Return the estimates in every parameter; scores in those of ``moving`` supports are biased."""
    cost = 1e6 * batch.seconds / samples
    variances = [float(value) if math.isfinite(value) else None for value in batch.variances]
    rows = zip(names, batch.gradients, variances, strict=True)
    # A best baseline that does not exist makes no estimator.
    return [
        Estimates(batch.estimator, name, row, variance, batch.by_score and name in moving, cost)
        for name, row, variance in rows if np.isfinite(row).all()
    ]  # fmt: skip
