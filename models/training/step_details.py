"""Show a single step: the noise and draw of the first image of a batch, and the gradients that reach its μ and σ."""

from __future__ import annotations

import numpy as np
import tensorflow as tf

from models.core.arrays import Floats32
from models.core.history import terms_of
from models.core.settings import IMPORTANCE_WEIGHTED, Dials
from models.protocol.training import StepShown
from models.training.loop import LoopState, TrainingLoop
from models.vae import networks
from models.vae.likelihoods import mean_image
from models.vae.networks import Tensors

ROWS = ("mu", "sigma", "eps", "z", "kl", "by_mu", "by_sigma", "by_mu_from_kl", "by_sigma_from_kl")


class StepDetails:
    """Details of steps of one loop, compiled once; the noise is that of the step itself, and nothing is changed."""

    def __init__(self, loop: TrainingLoop, objective: str) -> None:
        self._loop = loop
        self._splits = objective not in IMPORTANCE_WEIGHTED
        self._run = tf.function(self._graph, jit_compile=True, autograph=False)

    def look(self, identity: int, state: LoopState, order: tf.Tensor, dials: Dials) -> StepShown:
        """Return the details of the next step of ``state``, for the first image of its batch."""
        batch, epoch = state.step % self._loop.steps_per_epoch, (state.step + 1) / self._loop.steps_per_epoch
        fed = self._loop.feed.at(order, batch)
        integers = [tf.constant(value, tf.int32) for value in (fed.batch, state.step)]
        turned = tf.constant([dials.learning_rate, dials.beta], tf.float32)
        rows, images, (loss, reconstruction, beta) = self._run(
            state.parameters, fed.images, fed.order, *integers, turned
        )
        named: dict[str, Floats32] = dict(zip(ROWS, rows.numpy(), strict=True))
        x, mean = images.numpy().reshape(2, *self._loop.architecture.image_shape)
        terms = terms_of(float(reconstruction), float(named["kl"].sum(dtype=np.float64)), float(loss))
        return StepShown(
            id=identity, step=state.step + 1, epoch=epoch, x=x, reconstruction=mean, terms=terms, beta=float(beta),
            **named,
        )  # fmt: skip

    def _graph(
        self, parameters: Tensors, images: tf.Tensor, order: tf.Tensor, batch: tf.Tensor, step: tf.Tensor,
        turned: tf.Tensor,
    ) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:  # fmt: skip
        """Return [9, d] (:data:`ROWS`), the image and its reconstruction [2, pixels], and loss, reconstruction, β."""
        x, eps = self._loop.steps.batch_at(images, order, batch, step, self._loop.seed)
        x, eps = x[:1], eps[:, :1]
        _, beta = self._loop.steps.scheduled(Dials(turned[0], turned[1]), step)
        loc, scale = networks.encode(self._loop.architecture, parameters, x)
        with tf.GradientTape(persistent=True) as tape:
            tape.watch([loc, scale])
            loss = self._loop.steps.loss.at(parameters, x, (loc, scale), eps, beta)
        whole = tape.gradient(loss.surrogate, [loc, scale])
        part = tape.gradient(loss.reconstruction, [loc, scale])
        unknown = tf.fill(tf.shape(loc), np.float32(np.nan))
        by_kl = [a - b if self._splits else unknown for a, b in zip(whole, part, strict=True)]
        z = loc + scale * eps[0]
        rows = tf.stack([loc[0], scale[0], eps[0, 0], z[0], loss.kl, *(row[0] for row in (*whole, *by_kl))])
        architecture = self._loop.architecture
        mean = mean_image(networks.decode(architecture, parameters, z), architecture.likelihood)
        return rows, tf.concat([x, mean], axis=0), tf.stack([loss.loss, loss.reconstruction, beta])
