"""The loop of a training: its state, its feed, and calls of so many compiled steps."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from models.core.arrays import Floats64
from models.core.history import Terms, terms_of
from models.core.settings import Dials, TrainSettings
from models.training.batches import Feed, InMemory
from models.training.steps import LEADING, Steps, steps_of
from models.training.streaming import Streamed, plan_of
from models.vae.architecture import Architecture, ParameterArrays
from models.vae.networks import Tensors


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


def initial_state(architecture: Architecture, seed: int, start: ParameterArrays | None = None) -> LoopState:
    """Return the parameters ``start``, or fresh ones, with zero moments."""
    arrays = architecture.initial_parameters(seed) if start is None else start
    parameters = {name: tf.constant(arrays[name]) for name in architecture.shapes()}
    zeros = {name: tf.zeros_like(value) for name, value in parameters.items()}
    sums = tf.zeros([LEADING + architecture.latent_dim], tf.float64)
    return LoopState(0, parameters, dict(zeros), dict(zeros), dict(parameters), sums)


class TrainingLoop:
    """The loop for one architecture, one set of settings and one set of training images.

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
        self.batch_size = min(settings.batch_size, len(images))
        self.steps_per_epoch = len(images) // self.batch_size
        self.feed = self._feed(images, memory_limit)
        self.seed = tf.constant(settings.seed, tf.int64)
        self.steps = self._compiled(settings)

    def _compiled(self, settings: TrainSettings) -> Steps:
        return steps_of(self.architecture, settings, self.batch_size, self.steps_per_epoch)

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
        tensors, state.sums = self.steps.run(tensors, state.sums, (fed.images, fed.order), *integers, self.seed, turned)
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
