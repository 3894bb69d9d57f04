"""Functions of distributions, traced for each family in float64, and called with the parameters of any member."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import tensorflow as tf

from models.core.arrays import Floats64
from models.core.families import Family
from models.distributions import Distribution
from models.distributions.registry import FAMILIES, build
from models.numerics import tracing
from models.numerics.tracing import Recent

Part: TypeAlias = Callable[..., tuple[tf.Tensor, ...]]
Function: TypeAlias = tf.types.experimental.ConcreteFunction
# A family with all its parts takes 5–50 MB, the divergence of two of them 1–2 MB; they are kept apart from each other.
MOST_TRACED = 8
_kept: Recent[tuple[str, ...], dict[tuple[Part, tuple[int, ...]], Function]] = Recent(MOST_TRACED)


@dataclass(frozen=True)
class Member:
    """A member of a family as compiled functions take it: its name, and its parameters in the order of the class."""

    name: str
    values: tuple[float, ...]

    @classmethod
    def of(cls, family: Family) -> Member:
        """Return the member that ``family`` names; its parameters were checked."""
        return cls(family.name, tuple(float(family.parameters[name]) for name in FAMILIES[family.name].domains))


def evaluated(part: Part, *given: Member | float | Floats64) -> tuple[Floats64, ...]:
    """Return what ``part`` makes of one or two members, which come first, and of numbers and vectors."""
    names = tuple(one.name for one in given if isinstance(one, Member))
    arrays = [np.asarray(one.values if isinstance(one, Member) else one, np.float64) for one in given]
    return tuple(made.numpy() for made in traced(part, names, tuple(array.ndim for array in arrays))(*arrays))


def traced(part: Part, names: tuple[str, ...], ranks: tuple[int, ...]) -> Function:
    """Return ``part`` of families ``names``: it takes their parameters [k, ...], then arrays, all of these ``ranks``.

    It is traced at its first use, and again when other families have been used in between.
    """
    kept = _kept.get(names, dict)
    if (part, ranks) not in kept:
        kept[part, ranks] = _trace(part, names, ranks)
    return kept[part, ranks]


def asked(method: str, q: Distribution, given: tf.Tensor) -> tf.Tensor:
    """Return what a ``method`` of q makes of numbers [] or [n], in a graph that is being traced; without derivatives.

    The method is a function of its own, traced once for all the graphs that call it: some need a quantile four times,
    which takes a second to trace.
    """
    with tf.init_scope():
        function = traced(_METHODS[method], (q.name,), (1, 1))
    (made,) = function(tf.stack(list(q.parameters.values())), tf.reshape(given, [-1]))
    return tf.reshape(made, tf.shape(given))


def _method(name: str) -> Part:
    return lambda q, given: (getattr(q, name)(given),)


_METHODS = {name: _method(name) for name in ("quantile", "from_noise", "to_noise", "prob", "cdf", "survival_function")}


def is_traced(part: Part, *names: str) -> bool:
    """Return whether ``part`` of families ``names`` is there."""
    # Another thread may be adding to them.
    return any(kept is part for kept, _ in list(_kept.find(names) or ()))


def hold(name: str, reference: str) -> None:
    """Keep what is traced of a family beside its reference, whatever else is used: those of the open model."""
    _kept.hold([(name,), (reference,), (name, reference)])


def has_room() -> bool:
    """Return whether another family and its divergence can be traced without dropping others."""
    return _kept.room >= 2


def _trace(part: Part, names: tuple[str, ...], ranks: tuple[int, ...]) -> Function:

    def graph(*given: tf.Tensor) -> tuple[tf.Tensor, ...]:
        members = [build(name, parameters) for name, parameters in zip(names, given, strict=False)]
        return part(*members, *given[len(names) :])

    sizes = [[len(FAMILIES[name].domains)] for name in names] + [[] for _ in ranks[len(names) :]]
    shapes = [size + [None] * (rank - len(size)) for size, rank in zip(sizes, ranks, strict=True)]
    signature = [tf.TensorSpec(shape, tf.float64) for shape in shapes]
    return tracing.traced(graph, signature)
