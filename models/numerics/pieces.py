"""Pieces of graphs without derivatives that are traced once, and then called wherever a graph needs them."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache, reduce, wraps
from typing import ParamSpec, TypeVar

import tensorflow as tf

from models.numerics.special import inside_vectorized_map, inside_xla

# Of each function: inside XLA and outside, for arguments of some ranks.
KEPT = 8
Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")


def piece(function: Callable[Arguments, Result]) -> Callable[Arguments, Result]:
    """Return ``function`` as a graph calls it: by its name, instead of holding its operations once more for each call.

    Its arguments are float64 tensors of known rank, its results tensors of the shape to which they broadcast, without
    derivatives. The curves of a gamma variable need its quantile a dozen times, which takes half a second to trace.
    """

    @wraps(function)
    def called(*arguments: Arguments.args, **options: Arguments.kwargs) -> Result:
        shapes = [part.shape for part in tf.nest.flatten(arguments)]
        if tf.executing_eagerly() or inside_vectorized_map() or any(shape.rank is None for shape in shapes):
            return function(*arguments, **options)
        found: Result = traced(inside_xla(), tuple(shape.rank for shape in shapes))(*arguments)
        for part in tf.nest.flatten(found):
            part.set_shape(reduce(tf.broadcast_static_shape, shapes))
        return found

    @lru_cache(maxsize=KEPT)
    def traced(_xla: bool, ranks: tuple[int, ...]) -> Callable[..., Result]:
        signature = [tf.TensorSpec([None] * rank, tf.float64) for rank in ranks]
        made: Callable[..., Result] = tf.function(function, input_signature=signature, autograph=False)
        return made

    return called
