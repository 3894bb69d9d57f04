"""Many training steps in one compiled call: an XLA loop with data, optimizer and noise inside.

A call per step would spend as long in dispatch as in arithmetic; with the loop inside, two cores reach about two
thirds of their peak. All randomness is a function of (seed, step), so that a resumed run repeats an uninterrupted one.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from models.architecture import Architecture
from models.objectives import terms_of
from models.optimizer import Tensors, adam, averaged, global_norm, scheduled_rate
from models.protocol import Floats64, Likelihood, Terms, TrainSettings
from models.training_loss import TrainingLoss, gradients_of

# XLA would choose a generator on the CPU that takes 4.5 ms for the noise of one batch; this one takes 0.12 ms.
NOISE_ALGORITHM = "threefry"
# Loss, reconstruction and norm of the gradient come before the KL of each dimension.
LEADING = 3


@dataclass
class LoopState:
    """All that a step changes: steps made; parameters, Adam's two moments and the moving average, by name.

    ``sums`` float64 [3 + d] are those of :class:`ChunkSums` over the steps of the epoch, one after the other, so that
    they do not depend on how the epoch is cut into chunks.
    """

    step: int
    parameters: Tensors
    first: Tensors
    second: Tensors
    average: Tensors
    sums: tf.Tensor


@dataclass(frozen=True)
class ChunkSums:
    """Sums over a number of steps: of the means of each batch, in nats, and of the norm of its gradient.

    ``values`` [3 + d] holds loss, reconstruction, norm, and the KL of each dimension.
    """

    steps: int
    values: Floats64

    def means(self) -> Terms:
        """Return the means per image, with the ELBO at β = 1."""
        loss, reconstruction, _, *kl = self.values / self.steps
        return terms_of(reconstruction, sum(kl), loss)

    @property
    def gradient_norm(self) -> float:
        """Mean over the steps of the norm of the gradient in all parameters together."""
        return float(self.values[2] / self.steps)


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
        The training images; they are copied to the device once.
    """

    def __init__(self, architecture: Architecture, settings: TrainSettings, images: NDArray[np.uint8]) -> None:
        self._architecture = architecture
        self._settings = settings
        self.loss = TrainingLoss(architecture, settings)

        self.batch_size = min(settings.batch_size, len(images))
        self.steps_per_epoch = len(images) // self.batch_size
        self._images = tf.constant(images.reshape(len(images), architecture.pixels))
        self._run = tf.function(self._graph, jit_compile=True, autograph=False)

    def epoch_order(self, epoch: int) -> tf.Tensor:
        """Return the shuffled image indices of ``epoch``, decided by the seed."""
        rng = np.random.default_rng([self._settings.seed, epoch])
        return tf.constant(rng.permutation(self._images.shape[0]).astype(np.int32))

    def run(self, state: LoopState, order: tf.Tensor, first_batch: int, steps: int) -> ChunkSums:
        """Make ``steps`` steps from batch ``first_batch`` of the epoch's ``order``, changing ``state``."""
        tensors = (state.parameters, state.first, state.second, state.average)
        integers = [tf.constant(value, tf.int32) for value in (first_batch, state.step, steps)]
        before = state.sums
        tensors, state.sums = self._run(tensors, before, self._images, order, *integers)
        state.parameters, state.first, state.second, state.average = tensors
        state.step += steps
        return ChunkSums(steps, (state.sums - before).numpy())

    def begin_epoch(self, state: LoopState) -> None:
        """Sum anew, unless ``state`` lies within an epoch."""
        if state.step % self.steps_per_epoch == 0:
            state.sums = tf.zeros_like(state.sums)

    def epoch_sums(self, state: LoopState) -> ChunkSums:
        """Return the sums over the whole epoch that ends with ``state``."""
        return ChunkSums(self.steps_per_epoch, state.sums.numpy())

    def _graph(
        self,
        tensors: tuple[Tensors, Tensors, Tensors, Tensors],
        sums: tf.Tensor,
        images: tf.Tensor,
        order: tf.Tensor,
        first_batch: tf.Tensor,
        first_step: tf.Tensor,
        steps: tf.Tensor,
    ) -> tuple[tuple[Tensors, Tensors, Tensors, Tensors], tf.Tensor]:
        def body(index: tf.Tensor, state: tuple[Tensors, ...], sums: tf.Tensor) -> tuple[object, ...]:
            start = (first_batch + index) * self.batch_size
            # Not tf.slice: its start is a constant to XLA, which would compile anew for each one.
            chosen = tf.gather(order, start + tf.range(self.batch_size))
            state, terms = self._step(state, tf.gather(images, chosen), first_step + index)
            return index + 1, state, sums + tf.cast(terms, tf.float64)

        _, tensors, sums = tf.while_loop(lambda index, *_: index < steps, body, (tf.constant(0), tensors, sums))
        return tensors, sums

    def _step(
        self, state: tuple[Tensors, ...], pixels: tf.Tensor, step: tf.Tensor
    ) -> tuple[tuple[Tensors, ...], tf.Tensor]:
        """Make one step on a batch of uint8 ``pixels`` [b, pixels]; ``step`` decides its noise."""
        parameters, first, second, average = state
        settings = self._settings
        x = training_input(pixels, settings.likelihood, noise_seed(settings.seed, step, 0))
        shape = [settings.samples, self.batch_size, self._architecture.latent_dim]
        eps = self.loss.space.noise(tf.constant(shape), noise_seed(settings.seed, step, 1), NOISE_ALGORITHM)
        with tf.GradientTape(persistent=True) as tape:
            tape.watch(parameters)
            loss = self.loss(parameters, x, eps, tf.constant(settings.beta))
        gradients = gradients_of(tape, loss, parameters)
        head = tf.stack([loss.loss, loss.reconstruction, global_norm(gradients)])
        total = tf.constant(settings.epochs * self.steps_per_epoch)
        rate = scheduled_rate(settings.schedule, settings.learning_rate, step, total)
        parameters, moments = adam(parameters, gradients, (first, second), rate, step)
        if settings.average > 0.0:
            average = averaged(average, parameters, settings.average, step)
        return (parameters, *moments, average), tf.concat([head, loss.kl], axis=0)


def training_input(pixels: tf.Tensor, likelihood: Likelihood, seed: tf.Tensor) -> tf.Tensor:
    """Return uint8 ``pixels`` as floats in 0–1; for the Bernoulli each is drawn black or white with its grey level.

    Grey pixels are no outcome of a Bernoulli; drawing them anew at each step (Salakhutdinov & Murray 2008) makes the
    loss a likelihood.
    """
    grey = tf.cast(pixels, tf.float32) / 255.0
    if likelihood != "bernoulli":
        return grey
    return tf.cast(tf.random.stateless_uniform(tf.shape(grey), seed, alg=NOISE_ALGORITHM) < grey, tf.float32)


def noise_seed(seed: int, step: tf.Tensor, stream: int) -> tf.Tensor:
    """Return the seed [2] of one of two noise streams of a step."""
    return tf.stack([tf.constant(seed, tf.int64), 2 * tf.cast(step, tf.int64) + stream])
