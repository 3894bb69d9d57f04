"""The compiled steps of a training: batch, noise, gradients and optimizer of many steps in one call.

With a call per step, dispatch would take as long as arithmetic; with the loop inside, two cores reach about two thirds
of their peak. For a dense network XLA compiles the whole loop. Its convolutions take twice as long as oneDNN's on a
CPU, so that for a convolutional network it compiles the batch and the optimizer only.

All randomness is a function of (seed, step), so that a resumed run repeats an uninterrupted one.
"""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

import tensorflow as tf

from models.core.settings import Dials, Likelihood, TrainSettings
from models.training.loss import TrainingLoss, gradients_of
from models.training.optimizer import adam, averaged, global_norm
from models.training.schedules import scheduled_beta, scheduled_rate
from models.training.streaming import ALIGNMENT
from models.vae.architecture import Architecture
from models.vae.networks import Tensors

# On the CPU, XLA would choose a generator that takes 4.5 ms for the noise of one batch; this one takes 0.12 ms.
NOISE_ALGORITHM = "threefry"
# Loss, reconstruction, norm of the gradient, and whether the norm was taken come before the KL of each dimension.
LEADING = 4
# The norm costs a tenth of a step: it is taken at the first batch of an epoch, and then at every so many.
NORM_EVERY = ALIGNMENT
# Compiling takes seconds: a run that is resumed, repeated or trained further finds what was compiled for it.
KEPT = 4
ANY = TrainSettings()


class Steps:
    """The steps of one architecture and one set of settings, with ``steps_per_epoch`` batches of ``batch_size`` images.

    Images, seed, learning rate and β are arguments, so that what is compiled serves every run that differs in them.
    """

    def __init__(
        self, architecture: Architecture, settings: TrainSettings, batch_size: int, steps_per_epoch: int
    ) -> None:
        self.architecture, self.batch_size, self.steps_per_epoch = architecture, batch_size, steps_per_epoch
        self._settings = settings
        self.loss = TrainingLoss(architecture, settings)
        self.run = tf.function(self.graph, jit_compile=architecture.dense, autograph=False)
        self.batch = tf.function(self.batch_at, jit_compile=True, autograph=False)
        self._move = tf.function(self._moved, jit_compile=True, autograph=False)

    def scheduled(self, dials: Dials, step: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """Return learning rate and β at ``step``: the ``dials`` times the schedules."""
        settings, epoch = self._settings, self.steps_per_epoch
        rate = scheduled_rate(
            settings.schedule, dials.learning_rate, step, settings.epochs * epoch, settings.warmup_epochs * epoch
        )
        return rate, scheduled_beta(settings.beta_schedule, dials.beta, step, settings.beta_epochs * epoch)

    def batch_at(
        self, images: tf.Tensor, order: tf.Tensor, batch: tf.Tensor, step: tf.Tensor, seed: tf.Tensor
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """Return the images [b, pixels] of a batch in 0–1 as the loss takes them, and the noise [K, b, d] of a step."""
        settings = self._settings
        # Not tf.slice: its start is a constant to XLA, which would compile again for each one.
        chosen = tf.gather(order, batch * self.batch_size + tf.range(self.batch_size))
        x = training_input(tf.gather(images, chosen), settings.likelihood, noise_seed(seed, step, 0))
        shape = [settings.samples, self.batch_size, self.architecture.latent_dim]
        return x, self.loss.space.noise(tf.constant(shape), noise_seed(seed, step, 1), NOISE_ALGORITHM)

    def graph(
        self,
        tensors: tuple[Tensors, Tensors, Tensors, Tensors],
        sums: tf.Tensor,
        fed: tuple[tf.Tensor, tf.Tensor],
        first_batch: tf.Tensor,
        first_step: tf.Tensor,
        steps: tf.Tensor,
        seed: tf.Tensor,
        turned: tf.Tensor,
    ) -> tuple[tuple[Tensors, Tensors, Tensors, Tensors], tf.Tensor]:
        """Make ``steps`` steps on the images and the order ``fed``; return the tensors and the sums after them.

        ``turned`` [2] holds learning rate and β.
        """
        dials = Dials(turned[0], turned[1])

        def body(index: tf.Tensor, state: tuple[Tensors, ...], sums: tf.Tensor) -> tuple[object, ...]:
            x, eps = self.batch(*fed, first_batch + index, first_step + index, seed)
            taken = tf.equal((first_batch + index) % NORM_EVERY, 0)
            state, terms = self._step(state, (x, eps), first_step + index, dials, taken)
            return index + 1, state, sums + tf.cast(terms, tf.float64)

        _, tensors, sums = tf.while_loop(lambda index, *_: index < steps, body, (tf.constant(0), tensors, sums))
        return tensors, sums

    def _step(
        self, state: tuple[Tensors, ...], batch: tuple[tf.Tensor, tf.Tensor], step: tf.Tensor, dials: Dials,
        norm_taken: tf.Tensor,
    ) -> tuple[tuple[Tensors, ...], tf.Tensor]:  # fmt: skip
        """Make one step on a ``batch`` of images [b, pixels] in 0–1 and noise [K, b, d]."""
        rate, beta = self.scheduled(dials, step)
        terms, gradients = self.differentiated(state[0], batch, beta)
        norm = tf.cond(norm_taken, lambda: global_norm(gradients), lambda: tf.constant(0.0))
        head = tf.stack([terms[0], terms[1], norm, tf.cast(norm_taken, tf.float32)])
        return self._move(state, gradients, rate, step), tf.concat([head, terms[2:]], axis=0)

    def differentiated(
        self, parameters: Tensors, batch: tuple[tf.Tensor, tf.Tensor], beta: tf.Tensor
    ) -> tuple[tf.Tensor, Tensors]:
        """Return loss, reconstruction and KL of each dimension [2 + d], means over the batch, and the gradients."""
        with tf.GradientTape(persistent=True) as tape:
            tape.watch(parameters)
            loss = self.loss(parameters, *batch, beta)
        return tf.concat([[loss.loss, loss.reconstruction], loss.kl], axis=0), gradients_of(tape, loss, parameters)

    def _moved(
        self, state: tuple[Tensors, ...], gradients: Tensors, rate: tf.Tensor, step: tf.Tensor
    ) -> tuple[Tensors, ...]:
        """Return parameters, moments and average after one step of the optimizer."""
        parameters, first, second, average = state
        parameters, moments = adam(parameters, gradients, (first, second), rate, step)
        if self._settings.average > 0.0:
            average = averaged(average, parameters, self._settings.average, step)
        return parameters, *moments, average


def steps_of(architecture: Architecture, settings: TrainSettings, batch_size: int, steps_per_epoch: int) -> Steps:
    """Return the steps of ``settings``, compiled already if one of the last runs has made the same."""
    epochs = settings.epochs if settings.schedule == "cosine" else ANY.epochs
    same = replace(
        settings, seed=ANY.seed, learning_rate=ANY.learning_rate, beta=ANY.beta, epochs=epochs,
        early_stopping_patience=ANY.early_stopping_patience, min_delta=ANY.min_delta,
        restore_best_weights=ANY.restore_best_weights,
    )  # fmt: skip
    return _kept(architecture, same, batch_size, steps_per_epoch)


@lru_cache(maxsize=KEPT)
def _kept(architecture: Architecture, settings: TrainSettings, batch_size: int, steps_per_epoch: int) -> Steps:
    return Steps(architecture, settings, batch_size, steps_per_epoch)


def training_input(pixels: tf.Tensor, likelihood: Likelihood, seed: tf.Tensor) -> tf.Tensor:
    """Return uint8 ``pixels`` as floats in 0–1; for the Bernoulli each is drawn black or white with its grey level.

    Grey pixels are no outcome of a Bernoulli; drawing them at each step (Salakhutdinov & Murray 2008) makes the loss a
    likelihood.
    """
    grey = tf.cast(pixels, tf.float32) / 255.0
    if likelihood != "bernoulli":
        return grey
    return tf.cast(tf.random.stateless_uniform(tf.shape(grey), seed, alg=NOISE_ALGORITHM) < grey, tf.float32)


def noise_seed(seed: tf.Tensor, step: tf.Tensor, stream: int) -> tf.Tensor:
    """Return the seed [2] of one of two noise streams of a step; ``seed`` is int64."""
    return tf.stack([seed, 2 * tf.cast(step, tf.int64) + stream])
