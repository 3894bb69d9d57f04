"""The aggregate posterior of one latent dimension, exactly: the mean over the data of its posteriors q(z|x_n)."""

from __future__ import annotations

from collections.abc import Callable, Generator
from functools import lru_cache

import numpy as np
import tensorflow as tf

from models.core.arrays import Floats32, Floats64
from models.distributions.base import Distribution
from models.numerics.tracing import traced

MemberOf = Callable[[tf.Tensor, tf.Tensor], Distribution]
COMPONENTS_PER_CHUNK = 512


class AggregatePosterior:
    """The mixture q(z) = 1/N Σ_n q(z; μ_n, σ_n) over N images, evaluated in float64.

    Parameters
    ----------
    loc, scale : array [N]
        Locations and scales of the posteriors of the images.
    member : callable
        Makes the family's distribution of locations and scales.
    chunk : int
        Components between two yields.
    """

    def __init__(self, loc: Floats32, scale: Floats32, member: MemberOf, chunk: int = COMPONENTS_PER_CHUNK) -> None:
        self._sums, self._chunk = _component_sums(member), chunk
        self._loc = np.asarray(loc, np.float64)
        self._scale = np.asarray(scale, np.float64)

    def curves(self, x: Floats64) -> Generator[None, None, tuple[Floats64, Floats64]]:
        """Return density and distribution function [m] on ``x`` [m], yielding after each chunk of components."""
        points = tf.constant(x, tf.float64)
        total = np.zeros((2, len(x)))
        for start in range(0, len(self._loc), self._chunk):
            chunk = slice(start, start + self._chunk)
            total += self._sums(points, tf.constant(self._loc[chunk]), tf.constant(self._scale[chunk])).numpy()
            yield
        pdf, cdf = total / len(self._loc)
        return pdf, cdf


@lru_cache(maxsize=8)
def _component_sums(member: MemberOf) -> Callable[..., tf.Tensor]:
    """Return the function of (x [m], loc [k], scale [k]) that sums density and distribution function, as [2, m]."""

    def graph(x: tf.Tensor, loc: tf.Tensor, scale: tf.Tensor) -> tf.Tensor:
        components, column = member(loc, scale), x[:, tf.newaxis]
        return tf.stack([tf.reduce_sum(components.prob(column), 1), tf.reduce_sum(components.cdf(column), 1)])

    sums: Callable[..., tf.Tensor] = traced(graph, [tf.TensorSpec([None], tf.float64)] * 3)
    return sums
