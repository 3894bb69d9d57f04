"""Functions of distributions, traced once for each family in float64, and called with the parameters of any member."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeAlias

import numpy as np
import tensorflow as tf

from models.core.arrays import Floats64
from models.core.families import Family
from models.distributions.registry import FAMILIES, build

Part: TypeAlias = Callable[..., tuple[tf.Tensor, ...]]
# A part of a drawing is traced for 22 families, and a divergence for every two of them.
MOST_TRACED = 1024


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


@lru_cache(maxsize=MOST_TRACED)
def traced(part: Part, names: tuple[str, ...], ranks: tuple[int, ...]) -> tf.types.experimental.ConcreteFunction:
    """Trace ``part`` of families ``names``: it takes their parameters [k, ...], then arrays, all of these ``ranks``."""

    def graph(*given: tf.Tensor) -> tuple[tf.Tensor, ...]:
        members = [build(name, parameters) for name, parameters in zip(names, given, strict=False)]
        return part(*members, *given[len(names) :])

    sizes = [[len(FAMILIES[name].domains)] for name in names] + [[] for _ in ranks[len(names) :]]
    shapes = [size + [None] * (rank - len(size)) for size, rank in zip(sizes, ranks, strict=True)]
    signature = [tf.TensorSpec(shape, tf.float64) for shape in shapes]
    return tf.function(graph, input_signature=signature, autograph=False).get_concrete_function()
