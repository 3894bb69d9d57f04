"""Training shared by several devices or machines: each differentiates its part of a batch, the gradients are averaged.

Every machine draws the noise of the whole batch, and every replica takes its part, so that n replicas with a batch of b
make the steps that one makes with a batch of n·b, to the rounding of the sums. The optimizer steps once on each
machine, from the same averages, which keeps the parameters equal; nothing else is exchanged.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import tensorflow as tf

from models.core.errors import UserError
from models.core.settings import Dials, TrainSettings
from models.training.cluster import VARIABLE
from models.training.loop import ChunkSums, LoopState, TrainingLoop
from models.training.steps import Steps
from models.vae.architecture import Architecture
from models.vae.networks import Tensors

# Machines must make the same number of steps in a call: an exchange is known by its place in the call.
STEPS_PER_CALL = 16
LOST = (
    tf.errors.UnavailableError,
    tf.errors.AbortedError,
    tf.errors.CancelledError,
    tf.errors.DeadlineExceededError,
    tf.errors.InternalError,
)


class WorkerLostError(ValueError):
    """A machine of the cluster cannot be reached any more."""


def mirrored() -> tf.distribute.Strategy:
    """Return the strategy over all devices of this machine: its graphics cards, or processors where there are none."""
    devices = tf.config.list_logical_devices("GPU") or tf.config.list_logical_devices("CPU")
    return tf.distribute.MirroredStrategy([device.name for device in devices])


def multiworker() -> tf.distribute.Strategy:
    """Return the strategy over the machines of TF_CONFIG; UserError if the cluster cannot be formed.

    It must be made before TensorFlow computes anything.
    """
    try:
        return tf.distribute.MultiWorkerMirroredStrategy()
    except (tf.errors.OpError, RuntimeError) as error:
        raise UserError(VARIABLE, f"the cluster cannot be formed ({_first_line(error)})") from error


def shared_by(strategy: tf.distribute.Strategy) -> Callable[[Architecture, TrainSettings, np.ndarray, int], SharedLoop]:
    """Return what makes a loop whose batches the replicas of ``strategy`` share."""

    def make(architecture: Architecture, settings: TrainSettings, images: np.ndarray, memory_limit: int) -> SharedLoop:
        return SharedLoop(architecture, settings, images, memory_limit, strategy)

    return make


class SharedLoop(TrainingLoop):
    """A loop whose batch, ``settings.batch_size`` images in all, is shared by the replicas of ``strategy``.

    ValueError if it cannot be.
    """

    def __init__(
        self,
        architecture: Architecture,
        settings: TrainSettings,
        images: np.ndarray,
        memory_limit: int | None,
        strategy: tf.distribute.Strategy,
    ) -> None:
        self._strategy = strategy
        super().__init__(architecture, settings, images, memory_limit)
        replicas = strategy.num_replicas_in_sync
        if settings.batch_size % replicas:
            raise ValueError(f"a batch of {settings.batch_size} cannot be shared by {replicas} replicas")
        if replicas > 1 and settings.batch_size > len(images):
            raise ValueError(
                f"{replicas} replicas take {settings.batch_size} images a step, there are {len(images)} to train on"
            )
        if replicas > 1 and settings.free_bits > 0.0:
            raise ValueError("free bits are counted on a whole batch, which cannot be shared by replicas")

    def _compiled(self, settings: TrainSettings) -> SharedSteps:
        return SharedSteps(self.architecture, settings, self.batch_size, self.steps_per_epoch, self._strategy)

    def chunk(self, wanted: int, left: int) -> int:
        """Return how many steps to make in one call: the same on every machine, however quick it is."""
        return min(STEPS_PER_CALL, left)

    def run(
        self, state: LoopState, order: tf.Tensor, first_batch: int, steps: int, dials: Dials | None = None
    ) -> ChunkSums:
        """Make ``steps`` steps as :meth:`TrainingLoop.run` does; WorkerLostError if another machine is gone."""
        try:
            return super().run(state, order, first_batch, steps, dials)
        except LOST as error:
            raise WorkerLostError(
                f"a worker of the cluster is gone or cannot be reached ({_first_line(error)}); the last checkpoint "
                "stands: start all of them again with --resume"
            ) from error


class SharedSteps(Steps):
    """Steps that differentiate the parts of a batch on the replicas of ``strategy``."""

    def __init__(
        self,
        architecture: Architecture,
        settings: TrainSettings,
        batch_size: int,
        steps_per_epoch: int,
        strategy: tf.distribute.Strategy,
    ) -> None:
        super().__init__(architecture, settings, batch_size, steps_per_epoch)
        self._strategy, self._share = strategy, batch_size // strategy.num_replicas_in_sync
        dense = architecture.network == "dense"
        self._differentiate = tf.function(self._differentiated_part, jit_compile=dense, autograph=False)
        # The exchange cannot be compiled by XLA; what lies between two of them is.
        self.run = tf.function(self.graph, autograph=False)

    def differentiated(
        self, parameters: Tensors, batch: tuple[tf.Tensor, tf.Tensor], beta: tf.Tensor
    ) -> tuple[tf.Tensor, Tensors]:
        """Return terms [2 + d] and gradients, means over all replicas, which exchange them as one vector."""

        def replica() -> tf.Tensor:
            context = tf.distribute.get_replica_context()
            number = tf.cast(context.replica_id_in_sync_group, tf.int32)
            part = self._differentiate(parameters, batch, beta, number)
            return context.all_reduce(tf.distribute.ReduceOp.MEAN, part)

        means = self._strategy.experimental_local_results(self._strategy.run(replica))[0]
        shapes = {name: value.shape for name, value in parameters.items()}
        lengths = [shape.num_elements() for shape in shapes.values()]
        terms, *parts = tf.split(means, [2 + self.architecture.latent_dim, *lengths])
        return terms, {name: tf.reshape(part, shapes[name]) for name, part in zip(shapes, parts, strict=True)}

    def _differentiated_part(
        self, parameters: Tensors, batch: tuple[tf.Tensor, tf.Tensor], beta: tf.Tensor, number: tf.Tensor
    ) -> tf.Tensor:
        """Return terms and gradients of the part of replica ``number``, one after the other."""
        (x, eps), mine = batch, number * self._share + tf.range(self._share)
        part = tf.gather(x, mine), tf.gather(eps, mine, axis=1)
        terms, gradients = super().differentiated(parameters, part, beta)
        return tf.concat([terms, *(tf.reshape(gradients[name], [-1]) for name in parameters)], axis=0)


def _first_line(error: Exception) -> str:
    lines = (getattr(error, "message", None) or str(error)).strip().splitlines()
    return str(lines[0]) if lines else type(error).__name__
