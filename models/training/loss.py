"""The loss of a training step on one batch with given noise: bounds on log p(x) and their gradients.

K draws of z are taken for each image. Kingma & Welling 2014 (ELBO); Roeder, Wu & Duvenaud 2017 (sticking the landing);
Burda, Grosse & Salakhutdinov 2016 (IWAE); Tucker, Lawson, Gu & Maddison 2019 (DReG); Kingma et al. 2016 (free bits).
"""

from __future__ import annotations

from dataclasses import dataclass

import tensorflow as tf

from models.core.settings import IMPORTANCE_WEIGHTED, TrainSettings
from models.distributions import Distribution
from models.vae import bounds, networks
from models.vae.architecture import Architecture
from models.vae.latent_space import LatentSpace
from models.vae.likelihoods import log_likelihood
from models.vae.networks import Tensors


@dataclass(frozen=True)
class BatchLoss:
    """Means over a batch, in nats.

    Attributes
    ----------
    loss : tensor
        The quantity minimized.
    surrogate : tensor
        Its gradient in the encoder's parameters is taken instead of that of ``loss``; another tensor for DReG only.
    reconstruction : tensor
        −E_q[log p(x|z)].
    kl : tensor [d]
        KL(q ‖ p) of each dimension at β = 1, in closed form or by Monte Carlo, as :meth:`TrainingLoss.describe` says.
    """

    loss: tf.Tensor
    surrogate: tf.Tensor
    reconstruction: tf.Tensor
    kl: tf.Tensor


class TrainingLoss:
    """The loss of one architecture and one set of settings."""

    def __init__(self, architecture: Architecture, settings: TrainSettings) -> None:
        self._architecture, self._settings = architecture, settings
        self.space = LatentSpace(architecture.posterior, architecture.prior)

    @property
    def closed_kl(self) -> bool:
        """Whether the KL is in closed form; if not, it is the mean over the draws."""
        return self._settings.objective == "elbo" and self.space.closed

    def describe(self) -> str:
        """Return in words what is minimized and where its KL comes from."""
        names = {"elbo": "ELBO", "elbo_mc": "ELBO", "stl": "ELBO, sticking the landing", "iwae": "IWAE", "dreg": "DReG"}
        draws = self._settings.samples
        source = "in closed form" if self.closed_kl else f"by Monte Carlo, {draws} draw{'s' if draws > 1 else ''}"
        return f"{names[self._settings.objective]}, KL {source}"

    def __call__(self, parameters: Tensors, x: tf.Tensor, eps: tf.Tensor, beta: tf.Tensor) -> BatchLoss:
        """Return the loss on ``x`` [b, pixels] in 0–1 with noise ``eps`` [K, b, d] of the posterior's family."""
        return self.at(parameters, x, networks.encode(self._architecture, parameters, x), eps, beta)

    def at(
        self, parameters: Tensors, x: tf.Tensor, posterior: tuple[tf.Tensor, tf.Tensor], eps: tf.Tensor, beta: tf.Tensor
    ) -> BatchLoss:
        """Return the loss with locations and scales [b, d] of the ``posterior`` given."""
        loc, scale = posterior
        q, z = self.space.q(loc, scale), loc + scale * eps
        draws, batch, latent_dim = eps.shape
        logits = networks.decode(self._architecture, parameters, tf.reshape(z, [-1, latent_dim]))
        log_p = log_likelihood(
            parameters, self._architecture.likelihood, tf.reshape(logits, [draws, batch, x.shape[-1]]), x
        )
        reconstruction, log_ratio = -tf.reduce_mean(log_p), self._log_ratio(q, z)
        kl = self.space.kl(loc, scale) if self.closed_kl else tf.reduce_mean(log_ratio, axis=0)
        kl = tf.reduce_mean(kl, axis=0)
        if self._settings.objective in IMPORTANCE_WEIGHTED:
            return self._importance_weighted(log_p, log_ratio, reconstruction, kl)
        counted = tf.maximum(kl, self._settings.free_bits) if self._settings.free_bits > 0.0 else kl
        loss = reconstruction + beta * tf.reduce_sum(counted)
        return BatchLoss(loss, loss, reconstruction, kl)

    def _log_ratio(self, q: Distribution, z: tf.Tensor) -> tf.Tensor:
        """Return log q(z|x) − log p(z) [K, b, d]; where only the path counts, the parameters of q are constants."""
        constant = self._settings.objective in ("stl", "dreg")
        return (bounds.constant_parameters(q) if constant else q).log_prob(z) - self.space.p().log_prob(z)

    def _importance_weighted(
        self, log_p: tf.Tensor, log_ratio: tf.Tensor, reconstruction: tf.Tensor, kl: tf.Tensor
    ) -> BatchLoss:
        log_w = log_p - tf.reduce_sum(log_ratio, axis=-1)
        loss = -tf.reduce_mean(bounds.iwae(log_w))
        doubly = self._settings.objective == "dreg"
        return BatchLoss(loss, -tf.reduce_mean(bounds.dreg(log_w)) if doubly else loss, reconstruction, kl)


def gradients_of(tape: tf.GradientTape, loss: BatchLoss, parameters: Tensors) -> Tensors:
    """Return the gradients of a loss formed under ``tape``, persistent where the surrogate is another tensor."""
    zero = tf.UnconnectedGradients.ZERO
    gradients: Tensors = tape.gradient(loss.loss, parameters, unconnected_gradients=zero)
    if loss.surrogate is not loss.loss:
        encoder = {name: value for name, value in parameters.items() if name.startswith(("encoder.", "encoder/"))}
        gradients |= tape.gradient(loss.surrogate, encoder, unconnected_gradients=zero)
    return gradients
