"""Feed a training loop: the images of some batches on the device, and the order in which they are taken."""

from __future__ import annotations

import sys
from typing import NamedTuple, Protocol

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray


class Fed(NamedTuple):
    """Some batches: ``order`` [m] holds the indices of the ``images`` uint8 [k, pixels] in the order they are taken.

    The requested batch is number ``batch`` of that order, and ``steps`` batches can be taken from here on.
    """

    images: tf.Tensor
    order: tf.Tensor
    batch: int
    steps: int


class Feed(Protocol):
    """Training images, in another order in every epoch."""

    def order(self, epoch: int) -> tf.Tensor:
        """Return a handle of the order of ``epoch``, to be given to :meth:`at`."""

    def at(self, order: tf.Tensor, batch: int) -> Fed:
        """Return the batches of an epoch's ``order`` from ``batch`` on."""


class InMemory:
    """All ``images`` uint8 [n, h, w, c], copied to the device once; ``seed`` decides their order."""

    def __init__(self, images: NDArray[np.uint8], seed: int) -> None:
        self._images, self._seed = tf.constant(images.reshape(len(images), -1)), seed

    def order(self, epoch: int) -> tf.Tensor:
        """Return the shuffled image indices [n] of ``epoch``."""
        rng = np.random.default_rng([self._seed, epoch])
        return tf.constant(rng.permutation(self._images.shape[0]).astype(np.int32))

    def at(self, order: tf.Tensor, batch: int) -> Fed:
        """Return all images, which are enough for any number of steps."""
        return Fed(self._images, order, batch, sys.maxsize)
