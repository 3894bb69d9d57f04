"""The trick in Bayesian layers: three ways to give a batch its noise when weights are w ~ N(μ, σ²).

All have the same mean and the same mean gradient. With one draw for the whole batch its examples share their noise, and
a larger batch does not quieten the gradient; the other two decorrelate the examples, so that its variance falls with
their number: by drawing activations instead of weights (Kingma, Salimans & Welling 2015, Variational dropout and the
local reparameterization trick), or by flipping the signs of one draw for each (Wen et al. 2018, Flipout).
"""

from __future__ import annotations

import tensorflow as tf


def shared_noise(x: tf.Tensor, mu: tf.Tensor, sigma: tf.Tensor, eps: tf.Tensor) -> tf.Tensor:
    """Return x·(μ + σ·ε) [..., n, out] for ``x`` [..., n, in], μ and σ [in, out] and one ε [..., in, out] for all."""
    return x @ (mu + sigma * eps)


def local_reparameterization(x: tf.Tensor, mu: tf.Tensor, sigma: tf.Tensor, eps: tf.Tensor) -> tf.Tensor:
    """Return activations [..., n, out] drawn where those of ``x`` [..., n, in] would fall, with ε [..., n, out]."""
    return x @ mu + tf.sqrt(tf.square(x) @ tf.square(sigma)) * eps


def flipout(
    x: tf.Tensor, mu: tf.Tensor, sigma: tf.Tensor, eps: tf.Tensor, flips_in: tf.Tensor, flips_out: tf.Tensor
) -> tf.Tensor:
    """Return activations [..., n, out]: one ε [..., in, out], its signs flipped for each example.

    ``flips_in`` [..., n, in] and ``flips_out`` [..., n, out] are ±1, drawn independently with equal probability.
    """
    return x @ mu + ((x * flips_in) @ (sigma * eps)) * flips_out
