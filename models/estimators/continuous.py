"""Single-sample gradients in the parameters of a univariate family, compiled for every integrand and family."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from functools import partial
from typing import TypeAlias, TypeVar

import tensorflow as tf

from models.core.families import FACTS
from models.distributions import FAMILIES
from models.distributions.registry import build, value_at
from models.estimators.integrands import Averaged, Kind
from models.numerics.tracing import Recent, forget_gradients

Compiled: TypeAlias = tf.types.experimental.PolymorphicFunction
Result = TypeVar("Result")
# Work in slices, with what it comes to in the end.
Sliced = Generator[None, None, Result]
# They take up to 30 MB each.
MOST_ESTIMATORS = 6


def pathwise(f: Averaged, name: str, parameters: tf.Tensor, scores: tf.Tensor, landing: bool = False) -> tf.Tensor:
    """Return ∂f(z(ε; θ))/∂θ [m, n] for the noise at normal ``scores`` [n].

    With ``landing``, log q within f sees its parameters as constants (sticking the landing).
    """
    wide = tf.tile(parameters[:, tf.newaxis], [1, tf.size(scores)])
    with tf.GradientTape() as tape:
        tape.watch(wide)
        q = build(name, wide)
        z = value_at(q, scores)
        total = tf.reduce_sum(f(z, build(name, tf.stop_gradient(wide)) if landing else q))
    return tape.gradient(total, wide)


def score(f: Averaged, name: str, parameters: tf.Tensor, scores: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Return f [n] and s = ∂ log q(z)/∂θ [m, n] at samples; (f − b)·s is the estimator with baseline b."""
    wide = tf.tile(parameters[:, tf.newaxis], [1, tf.size(scores)])
    fixed = build(name, tf.stop_gradient(wide))
    z = tf.stop_gradient(value_at(fixed, scores))
    with tf.GradientTape() as tape:
        tape.watch(wide)
        log_prob = build(name, wide).log_prob(z)
    return f(z, fixed), tape.gradient(log_prob, wide)


@dataclass(frozen=True, eq=False)
class Estimators:
    """The estimators of one kind of integrand and one family, compiled; each takes (arguments, parameters, scores).

    Along a staircase there is no path, and its estimators are None.
    """

    name: str
    pathwise: Compiled | None
    landing: Compiled | None
    score: Compiled

    @property
    def gaps(self) -> bool:
        """Whether there may be next to no density between two modes."""
        return FACTS[self.name].modes > 1

    def prepare(self, arguments: tuple[tf.Tensor, ...], parameters: tf.Tensor) -> Iterator[Callable[[], object]]:
        """Return the tracing and first call of each, to be made where nobody waits: both take tens of milliseconds."""
        for graph in (self.pathwise, self.landing, self.score):
            if graph is not None:
                yield partial(_prepare, graph, arguments, parameters)


def _prepare(graph: Compiled, arguments: tuple[tf.Tensor, ...], parameters: tf.Tensor) -> None:
    forget_gradients(graph.get_concrete_function().graph)
    graph(arguments, parameters, tf.zeros([1], tf.float64))


_kept: Recent[tuple[Kind, str], Estimators] = Recent(MOST_ESTIMATORS)


def estimators_of(kind: Kind, name: str) -> Estimators:
    """Return the estimators; nothing is traced before it is used."""
    return _kept.get((kind, name), partial(_estimators, kind, name))


def _estimators(kind: Kind, name: str) -> Estimators:
    size = len(FAMILIES[name].domains)
    signature = [kind.signature, tf.TensorSpec([size], tf.float64), tf.TensorSpec([None], tf.float64)]

    def compiled(estimator: Callable[..., object], **options: bool) -> Compiled:
        def graph(arguments: tuple[tf.Tensor, ...], parameters: tf.Tensor, scores: tf.Tensor) -> object:
            return estimator(kind.at(*arguments), name, parameters, scores, **options)

        return tf.function(graph, input_signature=signature, autograph=False)

    if FACTS[name].whole:
        return Estimators(name, None, None, compiled(score))
    landing = compiled(pathwise, landing=True) if kind.has_entropy else None
    return Estimators(name, compiled(pathwise), landing, compiled(score))
