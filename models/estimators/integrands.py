"""The integrands: f(z) of the toys, and one dimension of a model's own ELBO."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import ClassVar, TypeAlias

import numpy as np
import tensorflow as tf

from models.core.families import latent_member
from models.distributions import Distribution
from models.distributions.registry import distribution_of
from models.protocol.lab import ElboPoint, Integrand
from models.vae.likelihoods import log_likelihood
from models.vae.model import VAE

FORMULAS: dict[Integrand, Callable[[tf.Tensor, tf.Tensor], tf.Tensor]] = {
    "quadratic": lambda z, k: tf.square(z - k),
    "cosine": lambda z, k: tf.cos(k * z),
    "bump": lambda z, k: tf.exp(-k * tf.square(z)),
}
# f(z, q) at z [n].
Averaged: TypeAlias = Callable[[tf.Tensor, Distribution], tf.Tensor]


@dataclass(frozen=True)
class ToyKind:
    """(z − k)², cos kz or exp(−kz²), for every k: what is compiled once."""

    integrand: Integrand
    has_entropy: ClassVar[bool] = False

    @property
    def signature(self) -> tuple[tf.TensorSpec, ...]:
        """The arguments of :meth:`at`."""
        return (tf.TensorSpec([], tf.float64),)

    def at(self, k: tf.Tensor) -> Averaged:
        """Return f with this k."""
        formula = FORMULAS[self.integrand]

        def f(z: tf.Tensor, q: Distribution) -> tf.Tensor:
            del q
            return formula(z, k)

        return f


@dataclass(frozen=True, eq=False)
class ElboKind:
    """f(z_i) = log p(x|z) + log p(z_i) − log q(z_i) of a model, for every image, point and dimension."""

    vae: VAE
    has_entropy: ClassVar[bool] = True

    @property
    def signature(self) -> tuple[tf.TensorSpec, ...]:
        """The arguments of :meth:`at`: x [1, pixels], the latent point [1, d] and the one-hot dimension [1, d]."""
        return tuple(tf.TensorSpec([1, None], tf.float32) for _ in range(3))

    def at(self, x: tf.Tensor, base: tf.Tensor, axis: tf.Tensor) -> Averaged:
        """Return f of one image and dimension, all other dimensions of z held; its mean is their ELBO's part."""
        likelihood = self.vae.architecture.likelihood

        def f(z: tf.Tensor, q: Distribution) -> tf.Tensor:
            moved = base * (1.0 - axis) + tf.cast(z, tf.float32)[:, tf.newaxis] * axis
            # All samples are decoded in one call.
            evidence = log_likelihood(self.vae.parameters(), likelihood, self.vae.logits(moved), x)
            prior = distribution_of(latent_member(self.vae.space.prior))
            return tf.cast(evidence, tf.float64) + prior.log_prob(z) - q.log_prob(z)

        return f

    def arguments(self, point: ElboPoint) -> tuple[tf.Tensor, ...]:
        """Return what :meth:`at` takes for ``point``; ValueError if image, z or dimension do not fit the model."""
        shape, latent_dim = self.vae.architecture.image_shape, self.vae.architecture.latent_dim
        if point.image.dtype != np.uint8 or point.image.shape != (1, *shape):
            raise ValueError(
                f"the image must be uint8 {[1, *shape]}, not {point.image.dtype} {list(point.image.shape)}"
            )
        if point.z.shape != (latent_dim,) or not np.isfinite(point.z).all():
            raise ValueError(f"the latent point must be {latent_dim} finite numbers")
        if not 0 <= point.dim < latent_dim:
            raise ValueError(f"there is no latent dimension {point.dim}")
        return (
            tf.constant(point.image.reshape(1, -1) / np.float32(255.0), tf.float32),
            tf.constant(point.z[np.newaxis], tf.float32), tf.one_hot([point.dim], latent_dim, dtype=tf.float32),
        )  # fmt: skip


@lru_cache(maxsize=1)
def elbo_kind(vae: VAE) -> ElboKind:
    """Return the one kind of ``vae``: what was compiled for it is found again."""
    return ElboKind(vae)


Kind = ToyKind | ElboKind
