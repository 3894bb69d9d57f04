"""The aggregate posterior of one latent dimension, exactly: the mean over the data of N(μ_n, σ_n²)."""

from __future__ import annotations

from collections.abc import Generator

import numpy as np
import tensorflow as tf

from models.distributions.normal import Normal
from models.protocol import Floats32, Floats64

COMPONENTS_PER_CHUNK = 512


class AggregatePosterior:
    """The mixture q(z) = 1/N Σ_n N(z; μ_n, σ_n²) over N images, evaluated in float64.

    Parameters
    ----------
    loc, scale : array [N]
        Posterior means and standard deviations of the images.
    """

    def __init__(self, loc: Floats32, scale: Floats32) -> None:
        self._loc = np.asarray(loc, np.float64)
        self._scale = np.asarray(scale, np.float64)

    def curves(self, x: Floats64) -> Generator[None, None, tuple[Floats64, Floats64]]:
        """Return density and distribution function [m] on ``x`` [m], yielding after each chunk of components."""
        points = tf.constant(x, tf.float64)
        total = np.zeros((2, len(x)))
        for start in range(0, len(self._loc), COMPONENTS_PER_CHUNK):
            chunk = slice(start, start + COMPONENTS_PER_CHUNK)
            total += _component_sums(points, tf.constant(self._loc[chunk]), tf.constant(self._scale[chunk])).numpy()
            yield
        pdf, cdf = total / len(self._loc)
        return pdf, cdf


@tf.function(
    input_signature=[tf.TensorSpec([None], tf.float64)] * 3,
    autograph=False,
)
def _component_sums(x: tf.Tensor, loc: tf.Tensor, scale: tf.Tensor) -> tf.Tensor:
    """Return the sums over components [k] of density and distribution function on ``x`` [m], as [2, m]."""
    components = Normal(loc, scale, validate=False)
    column = x[:, tf.newaxis]
    return tf.stack([tf.reduce_sum(components.prob(column), 1), tf.reduce_sum(components.cdf(column), 1)])
