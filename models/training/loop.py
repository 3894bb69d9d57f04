"""Many training steps in one compiled call: a loop with data, optimizer and noise inside.

With a call per step, dispatch would take as long as arithmetic; with the loop inside, two cores reach about two thirds
of their peak. For a dense network XLA compiles the whole loop. Its convolutions take twice as long as oneDNN's on a
CPU, so that for a convolutional network it compiles the batch and the optimizer only.

All randomness is a function of (seed, step), so that a resumed run repeats an uninterrupted one.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from models.core.arrays import Floats64
from models.core.history import Terms, terms_of
from models.core.settings import Dials, Likelihood, TrainSettings
from models.training.batches import Feed, InMemory
from models.training.loss import TrainingLoss, gradients_of
from models.training.optimizer import adam, averaged, global_norm
from models.training.schedules import scheduled_beta, scheduled_rate
from models.training.streaming import ALIGNMENT, Streamed, plan_of
from models.vae.architecture import Architecture
from models.vae.networks import Tensors

# On the CPU, XLA would choose a generator that takes 4.5 ms for the noise of one batch; this one takes 0.12 ms.
NOISE_ALGORITHM = "threefry"
# Loss, reconstruction, norm of the gradient, and whether the norm was taken come before the KL of each dimension.
LEADING = 4
# The norm costs a tenth of a step: it is taken at the first batch of an epoch, and then at every so many.
NORM_EVERY = ALIGNMENT


@dataclass
class LoopState:
    """All that a step changes: the steps made; parameters, Adam's two moments and the moving average, by name.

    ``sums`` float64 [4 + d] are those of :class:`ChunkSums` over the steps of the epoch, added one by one, so that they
    do not depend on how the epoch is cut into chunks.
    """

    step: int
    parameters: Tensors
    first: Tensors
    second: Tensors
    average: Tensors
    sums: tf.Tensor


@dataclass(frozen=True)
class ChunkSums:
    """Sums over a number of ``steps``: of the means of each batch in nats, and of the norms of the gradient taken.

    ``values`` [4 + d] holds loss, reconstruction, norms, the number of norms, and the KL of each dimension.
    """

    steps: int
    values: Floats64

    def means(self) -> Terms:
        """Return the means per image, with the ELBO at β = 1."""
        loss, reconstruction, _, _, *kl = self.values / self.steps
        return terms_of(reconstruction, sum(kl), loss)

    @property
    def gradient_norm(self) -> float:
        """Mean of the norms of the gradient in all parameters, NaN if none was taken."""
        return float(self.values[2] / self.values[3]) if self.values[3] else math.nan


def initial_state(architecture: Architecture, seed: int) -> LoopState:
    """Return fresh parameters with zero moments."""
    parameters = {name: tf.constant(value) for name, value in architecture.initial_parameters(seed).items()}
    zeros = {name: tf.zeros_like(value) for name, value in parameters.items()}
    sums = tf.zeros([LEADING + architecture.latent_dim], tf.float64)
    return LoopState(0, parameters, dict(zeros), dict(zeros), dict(parameters), sums)


class TrainingLoop:
    """The compiled loop for one architecture, one set of settings and one set of training images.

    Parameters
    ----------
    images : array uint8 [n, h, w, c]
        The training images. They are copied to the device once, or streamed from their file.
    memory_limit : int, optional
        Bytes beyond which images that are a memory map are streamed.
    """

    def __init__(
        self,
        architecture: Architecture,
        settings: TrainSettings,
        images: NDArray[np.uint8],
        memory_limit: int | None = None,
    ) -> None:
        self.architecture = architecture
        self._settings = settings
        self.loss = TrainingLoss(architecture, settings)

        self.batch_size = min(settings.batch_size, len(images))
        self.steps_per_epoch = len(images) // self.batch_size
        self.feed = self._feed(images, memory_limit)
        dense = architecture.network == "dense"
        self._run = tf.function(self._graph, jit_compile=dense, autograph=False)
        self._batch = tf.function(self.batch_at, jit_compile=True, autograph=False)
        self._move = tf.function(self._moved, jit_compile=True, autograph=False)

    def _feed(self, images: NDArray[np.uint8], memory_limit: int | None) -> Feed:
        seed = self._settings.seed
        if memory_limit is None or images.nbytes <= memory_limit or not isinstance(images, np.memmap):
            return InMemory(images, seed)
        return Streamed(images, plan_of(len(images), self.architecture.pixels, self.batch_size), seed)

    def epoch_order(self, epoch: int) -> tf.Tensor:
        """Return a handle of the order of ``epoch``, which the seed decides: in memory, the shuffled indices."""
        return self.feed.order(epoch)

    def run(
        self, state: LoopState, order: tf.Tensor, first_batch: int, steps: int, dials: Dials | None = None
    ) -> ChunkSums:
        """Make ``steps`` steps from batch ``first_batch`` of the epoch's ``order``, changing ``state``.

        Learning rate and β are those of the settings unless ``dials`` say otherwise.
        """
        set_to = dials or Dials(self._settings.learning_rate, self._settings.beta)
        before, turned = state.sums, tf.constant([set_to.learning_rate, set_to.beta], tf.float32)
        left = self._part(state, order, first_batch, steps, turned)
        while left > 0:
            left = self._part(state, order, first_batch + steps - left, left, turned)
        return ChunkSums(steps, (state.sums - before).numpy())

    def _part(self, state: LoopState, order: tf.Tensor, batch: int, steps: int, turned: tf.Tensor) -> int:
        """Make as many of the ``steps`` as can be fed at once and return how many are left."""
        fed = self.feed.at(order, batch)
        made = min(steps, fed.steps)
        tensors = (state.parameters, state.first, state.second, state.average)
        integers = [tf.constant(value, tf.int32) for value in (fed.batch, state.step, made)]
        tensors, state.sums = self._run(tensors, state.sums, fed.images, fed.order, *integers, turned)
        state.parameters, state.first, state.second, state.average = tensors
        state.step += made
        return steps - made

    def chunk(self, wanted: int, left: int) -> int:
        """Return how many steps to make in one call: those ``wanted``, but no more than are ``left`` in the epoch."""
        return min(wanted, left)

    def begin_epoch(self, state: LoopState) -> None:
        """Reset the sums, unless ``state`` lies within an epoch."""
        if state.step % self.steps_per_epoch == 0:
            state.sums = tf.zeros_like(state.sums)

    def epoch_sums(self, state: LoopState) -> ChunkSums:
        """Return the sums over the whole epoch that ends with ``state``."""
        return ChunkSums(self.steps_per_epoch, state.sums.numpy())

    def scheduled(self, dials: Dials, step: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """Return learning rate and β at ``step``: the ``dials`` times the schedules."""
        settings, epoch = self._settings, self.steps_per_epoch
        rate = scheduled_rate(
            settings.schedule, dials.learning_rate, step, settings.epochs * epoch, settings.warmup_epochs * epoch
        )
        return rate, scheduled_beta(settings.beta_schedule, dials.beta, step, settings.beta_epochs * epoch)

    def batch_at(
        self, images: tf.Tensor, order: tf.Tensor, batch: tf.Tensor, step: tf.Tensor
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """Return the images [b, pixels] of a batch in 0–1 as the loss takes them, and the noise [K, b, d] of a step."""
        settings = self._settings
        # Not tf.slice: its start is a constant to XLA, which would compile again for each one.
        chosen = tf.gather(order, batch * self.batch_size + tf.range(self.batch_size))
        x = training_input(tf.gather(images, chosen), settings.likelihood, noise_seed(settings.seed, step, 0))
        shape = [settings.samples, self.batch_size, self.architecture.latent_dim]
        return x, self.loss.space.noise(tf.constant(shape), noise_seed(settings.seed, step, 1), NOISE_ALGORITHM)

    def _graph(
        self,
        tensors: tuple[Tensors, Tensors, Tensors, Tensors],
        sums: tf.Tensor,
        images: tf.Tensor,
        order: tf.Tensor,
        first_batch: tf.Tensor,
        first_step: tf.Tensor,
        steps: tf.Tensor,
        turned: tf.Tensor,
    ) -> tuple[tuple[Tensors, Tensors, Tensors, Tensors], tf.Tensor]:
        dials = Dials(turned[0], turned[1])

        def body(index: tf.Tensor, state: tuple[Tensors, ...], sums: tf.Tensor) -> tuple[object, ...]:
            x, eps = self._batch(images, order, first_batch + index, first_step + index)
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


def training_input(pixels: tf.Tensor, likelihood: Likelihood, seed: tf.Tensor) -> tf.Tensor:
    """Return uint8 ``pixels`` as floats in 0–1; for the Bernoulli each is drawn black or white with its grey level.

    Grey pixels are no outcome of a Bernoulli; drawing them at each step (Salakhutdinov & Murray 2008) makes the loss a
    likelihood.
    """
    grey = tf.cast(pixels, tf.float32) / 255.0
    if likelihood != "bernoulli":
        return grey
    return tf.cast(tf.random.stateless_uniform(tf.shape(grey), seed, alg=NOISE_ALGORITHM) < grey, tf.float32)


def noise_seed(seed: int, step: tf.Tensor, stream: int) -> tf.Tensor:
    """Return the seed [2] of one of two noise streams of a step."""
    return tf.stack([tf.constant(seed, tf.int64), 2 * tf.cast(step, tf.int64) + stream])
