"""Single-sample gradients in the parameters of a univariate family, and their exact moments by quadrature."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeAlias, TypeVar

import numpy as np
import tensorflow as tf

from models.distributions import FAMILIES
from models.estimators.objectives import Averaged, Kind
from models.protocol import Floats64
from models.triad_graphs import QUADRATURE_SCORES, QUADRATURE_WEIGHTS, build, noise_at

Compiled: TypeAlias = tf.types.experimental.PolymorphicFunction
Result = TypeVar("Result")
# Work in slices, with what it comes to in the end.
Sliced = Generator[None, None, Result]
# A quadrature whose outermost nodes still add more than this fraction of the whole has not come to an end.
ENDED = 1e-8


@dataclass(frozen=True)
class Integrals:
    """Exact moments of an estimator in every parameter [m]; a variance that does not exist is NaN.

    Attributes
    ----------
    value : float
        E[f].
    gradient : array [m]
        The true gradient ∇E[f].
    pathwise, score, mean_baseline, best_baseline, landing : array [m]
        Variances of one sample.
    baselines : array [m]
        E[f s²]/E[s²], s = ∂ log q/∂θ: the constant that makes the variance smallest.
    """

    value: float
    gradient: Floats64
    pathwise: Floats64
    score: Floats64
    mean_baseline: Floats64
    best_baseline: Floats64
    landing: Floats64
    baselines: Floats64


def pathwise(f: Averaged, name: str, parameters: tf.Tensor, scores: tf.Tensor, landing: bool = False) -> tf.Tensor:
    """Return ∂f(z(ε; θ))/∂θ [m, n] for the noise at normal ``scores`` [n].

    With ``landing``, log q within f sees its parameters as constants (sticking the landing).
    """
    wide = tf.tile(parameters[:, tf.newaxis], [1, tf.size(scores)])
    with tf.GradientTape() as tape:
        tape.watch(wide)
        q = build(name, wide)
        z = q.from_noise(noise_at(q, scores))
        total = tf.reduce_sum(f(z, build(name, tf.stop_gradient(wide)) if landing else q))
    return tape.gradient(total, wide)


def score(f: Averaged, name: str, parameters: tf.Tensor, scores: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Return f [n] and s = ∂ log q(z)/∂θ [m, n] at samples; (f − b)·s is the estimator with baseline b."""
    wide = tf.tile(parameters[:, tf.newaxis], [1, tf.size(scores)])
    fixed = build(name, tf.stop_gradient(wide))
    z = tf.stop_gradient(fixed.from_noise(noise_at(fixed, scores)))
    with tf.GradientTape() as tape:
        tape.watch(wide)
        log_prob = build(name, wide).log_prob(z)
    return f(z, fixed), tape.gradient(log_prob, wide)


@dataclass(frozen=True, eq=False)
class Estimators:
    """The estimators of one kind of objective and one family, compiled; each takes (arguments, parameters, scores)."""

    pathwise: Compiled
    landing: Compiled | None
    score: Compiled

    def trace(self) -> Iterator[Callable[[], object]]:
        """Return the tracing of each, to be called where nobody waits for it."""
        for graph in (self.pathwise, self.landing, self.score):
            if graph is not None:
                yield graph.get_concrete_function


@lru_cache(maxsize=32)
def estimators_of(kind: Kind, name: str) -> Estimators:
    """Return the estimators; nothing is traced yet."""
    size = len(FAMILIES[name].domains)
    signature = [kind.signature, tf.TensorSpec([size], tf.float64), tf.TensorSpec([None], tf.float64)]

    def compiled(estimator: Callable[..., object], **options: bool) -> Compiled:
        def graph(arguments: tuple[tf.Tensor, ...], parameters: tf.Tensor, scores: tf.Tensor) -> object:
            return estimator(kind.at(*arguments), name, parameters, scores, **options)

        return tf.function(graph, input_signature=signature, autograph=False)

    landing = compiled(pathwise, landing=True) if kind.has_entropy else None
    return Estimators(compiled(pathwise), landing, compiled(score))


def integrals_of(
    by: Estimators, arguments: tuple[tf.Tensor, ...], parameters: tf.Tensor, nodes: int
) -> Sliced[Integrals]:
    """Return the exact moments, by quadrature over the normal score of z; yields after every ``nodes`` nodes."""
    parts: list[tuple[Floats64, ...]] = []
    for start in range(0, len(QUADRATURE_SCORES), nodes):
        scores = tf.constant(QUADRATURE_SCORES[start : start + nodes])
        path = by.pathwise(arguments, parameters, scores).numpy()
        yield None
        landing = path if by.landing is None else by.landing(arguments, parameters, scores).numpy()
        yield None
        values, slopes = (part.numpy() for part in by.score(arguments, parameters, scores))
        parts.append((path, landing, values, slopes))
        yield None
    return _moments(*(np.concatenate(rows, axis=-1) for rows in zip(*parts, strict=True)))


def _moments(path: Floats64, landing: Floats64, values: Floats64, scores: Floats64) -> Integrals:
    mean, squares = _integral(values), scores * scores
    best = _integral(values * squares) / _integral(squares)
    gradient = _integral(path)
    return Integrals(
        float(mean), gradient, _variance(path), _variance(values * scores), _variance((values - mean) * scores),
        _variance((values - best[:, np.newaxis]) * scores), _variance(landing), best,
    )  # fmt: skip


def _integral(values: Floats64) -> Floats64:
    """Return the mean over q of ``values`` [..., nodes]; NaN where the tails do not come to an end."""
    parts = values * QUADRATURE_WEIGHTS
    total, outer = parts.sum(axis=-1), np.maximum(np.abs(parts[..., 0]), np.abs(parts[..., -1]))
    return np.where(outer <= ENDED * np.maximum(np.abs(parts).sum(axis=-1), 1e-300), total, np.nan)


def _variance(values: Floats64) -> Floats64:
    mean = _integral(values)
    return _integral(np.square(values - mean[..., np.newaxis]))
