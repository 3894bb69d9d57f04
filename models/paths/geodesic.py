"""Geodesics of the decoder's pull-back metric JᵀJ (Arvanitidis et al. 2018): the picture changes least on them.

A curve of n segments has the energy E = n/2 Σ wᵢ‖f(zᵢ₊₁) − f(zᵢ)‖², where f is the decoder; its minimum is the
geodesic, walked at an even speed in the picture. The weight w is 1, or grows away from the data. Lengths and energies
can be identified, coordinates cannot: where the decoder ignores a dimension, any way is as good.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from models.core.arrays import Floats64
from models.numerics.minimum import minimizing
from models.numerics.tracing import traced

Picture = Callable[[tf.Tensor], tf.Tensor]
# Of a curve z [n + 1, d], μ and σ [a, d] and the weight: the energy and its gradient.
Energies = Callable[[tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor], tuple[tf.Tensor, tf.Tensor]]


@dataclass(frozen=True)
class OffData:
    """Posteriors near the path, [a, d] each, and how much more a change of the picture costs away from them."""

    mu: NDArray[np.floating]
    sigma: NDArray[np.floating]
    weight: float


def energy_graph(picture: Picture, latent_dim: int, dtype: tf.DType = tf.float32) -> Energies:
    """Trace the energy of a curve [n + 1, d] and its gradient, of a decoder from z [n, d] to pixels [n, p].

    The further arguments are μ and σ [a, d] of the posteriors near the path, which may be none, and the weight.
    """

    def graph(z: tf.Tensor, mu: tf.Tensor, sigma: tf.Tensor, weight: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        with tf.GradientTape() as tape:
            tape.watch(z)
            images = picture(z)
            squares = tf.reduce_sum(tf.square(images[1:] - images[:-1]), axis=1)
            middles = 0.5 * (z[1:] + z[:-1])
            weights = 1.0 + weight * _off_data(middles, mu, sigma)
            energy = 0.5 * tf.cast(tf.shape(squares)[0], dtype) * tf.reduce_sum(weights * squares)
        return energy, tape.gradient(energy, z)

    row = tf.TensorSpec([None, latent_dim], dtype)
    energies: Energies = traced(graph, [row, row, row, tf.TensorSpec([], dtype)])
    return energies


def _off_data(z: tf.Tensor, mu: tf.Tensor, sigma: tf.Tensor) -> tf.Tensor:
    """Return the mean squared distance [n] of ``z`` [n, d] to the nearest of the posteriors, in units of their σ.

    The minimum is a soft one; 0 if there are no posteriors.
    """
    deviations = (z[:, tf.newaxis] - mu) / sigma
    squares = tf.reduce_sum(tf.square(deviations), axis=2)
    soft = -2.0 * tf.reduce_logsumexp(-0.5 * squares, axis=1) / tf.cast(tf.shape(z)[1], z.dtype)
    return tf.where(tf.shape(mu)[0] > 0, tf.nn.relu(soft), tf.zeros_like(soft))


def minimizing_energy(
    energies: Energies, start: Floats64, off_data: OffData, dtype: tf.DType = tf.float32
) -> Generator[float, None, Floats64]:
    """Return the curve [n + 1, d] of least energy that has the ends of ``start``, yielding the share that is done.

    The inner points move by sums of sines, scaled so that in a flat space all of them are equally stiff: else the
    number of steps would grow with n.
    """
    others = [tf.constant(values, dtype) for values in (off_data.mu, off_data.sigma, off_data.weight)]
    sines = _sines(len(start) - 1)

    def energy(moves: Floats64) -> tuple[float, Floats64]:
        z = start.copy()
        z[1:-1] += sines @ moves.reshape(len(sines), -1)
        value, slope = energies(tf.constant(z, dtype), *others)
        inner = slope.numpy().astype(np.float64)[1:-1]
        return float(value), (sines.T @ inner).ravel()

    moves = yield from minimizing(energy, np.zeros((len(start) - 2) * start.shape[1]))
    end = start.copy()
    end[1:-1] += sines @ moves.reshape(len(sines), -1)
    return end


def _sines(segments: int) -> Floats64:
    """Return sin(πjk/n) [n − 1, n − 1] of the inner points j, scaled by the stiffness of each k."""
    inner = np.arange(1, segments)
    stiffness = 0.5 * segments**2 * (2.0 - 2.0 * np.cos(np.pi * inner / segments))
    scaled: Floats64 = np.sin(np.pi * np.outer(inner, inner) / segments) / np.sqrt(stiffness)
    return scaled
