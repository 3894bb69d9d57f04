"""What a training loop is fed with: the images of some batches on the device, and the order in which they are taken."""

from __future__ import annotations

import sys
from typing import NamedTuple, Protocol

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray


class Fed(NamedTuple):
    """Some batches: ``order`` [m] tells which of the ``images`` uint8 [k, pixels] each of them takes.

    The batch asked for is number ``batch`` of that order, and ``steps`` of them can be taken from here on.
    """

    images: tf.Tensor
    order: tf.Tensor
    batch: int
    steps: int


class Feed(Protocol):
    """Training images, shuffled anew in every epoch."""

    def order(self, epoch: int) -> tf.Tensor:
        """Return what stands for the order of ``epoch``."""

    def at(self, order: tf.Tensor, batch: int) -> Fed:
        """Return what begins with ``batch`` of an epoch's ``order``."""


class InMemory:
    """All ``images`` uint8 [n, h, w, c] on the device, copied there once; the ``seed`` decides their order."""

    def __init__(self, images: NDArray[np.uint8], seed: int) -> None:
        self._images, self._seed = tf.constant(images.reshape(len(images), -1)), seed

    def order(self, epoch: int) -> tf.Tensor:
        """Return the shuffled image indices [n] of ``epoch``."""
        rng = np.random.default_rng([self._seed, epoch])
        return tf.constant(rng.permutation(self._images.shape[0]).astype(np.int32))

    def at(self, order: tf.Tensor, batch: int) -> Fed:
        """Return all images; they last for any number of steps."""
        return Fed(self._images, order, batch, sys.maxsize)
