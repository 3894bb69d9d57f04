"""What is averaged: f(z) of the toys, and one dimension of a model's own ELBO."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import tensorflow as tf

from models.distributions import Distribution
from models.distributions.families import distribution_of
from models.objectives import log_likelihood
from models.protocol import ElboPoint, Objective, latent_member
from models.vae import VAE

FORMULAS: dict[Objective, Callable[[tf.Tensor, float], tf.Tensor]] = {
    "quadratic": lambda z, k: tf.square(z - k),
    "cosine": lambda z, k: tf.cos(k * z),
    "bump": lambda z, k: tf.exp(-k * tf.square(z)),
}


class Toy:
    """f(z) = (z − k)², cos kz or exp(−kz²)."""

    has_entropy = False

    def __init__(self, objective: Objective, k: float) -> None:
        self._formula, self._k = FORMULAS[objective], k

    def __call__(self, z: tf.Tensor, q: Distribution) -> tf.Tensor:
        """Return f at ``z`` [n]."""
        del q
        return self._formula(z, self._k)


class ElboObjective:
    """f(z_i) = log p(x|z) + log p(z_i) − log q(z_i), all other dimensions of z held; its mean is their ELBO's part.

    Parameters
    ----------
    vae : VAE
        The open model.
    point : ElboPoint
        ValueError if image, z or dimension do not fit the model.
    """

    has_entropy = True

    def __init__(self, vae: VAE, point: ElboPoint) -> None:
        shape, latent_dim = vae.architecture.image_shape, vae.architecture.latent_dim
        if point.image.dtype != np.uint8 or point.image.shape != (1, *shape):
            raise ValueError(
                f"the image must be uint8 {[1, *shape]}, not {point.image.dtype} {list(point.image.shape)}"
            )
        if point.z.shape != (latent_dim,) or not np.isfinite(point.z).all():
            raise ValueError(f"the latent point must be {latent_dim} finite numbers")
        if not 0 <= point.dim < latent_dim:
            raise ValueError(f"there is no latent dimension {point.dim}")
        self._vae, self._likelihood = vae, vae.architecture.likelihood
        self._x = tf.constant(point.image.reshape(1, -1) / np.float32(255.0), tf.float32)
        self._base = tf.constant(point.z[np.newaxis], tf.float32)
        self._axis = tf.one_hot([point.dim], latent_dim, dtype=tf.float32)

    def __call__(self, z: tf.Tensor, q: Distribution) -> tf.Tensor:
        """Return f at ``z`` [n]; all samples are decoded in one call."""
        moved = self._base * (1.0 - self._axis) + tf.cast(z, tf.float32)[:, tf.newaxis] * self._axis
        parameters = self._vae.parameters()
        logits = self._vae.logits(moved)
        likelihood = log_likelihood(parameters, self._likelihood, logits, self._x)
        prior = distribution_of(latent_member(self._vae.space.prior))
        return tf.cast(likelihood, tf.float64) + prior.log_prob(z) - q.log_prob(z)


Objectives = Toy | ElboObjective
