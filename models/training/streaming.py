"""Stream training images from their file: tf.data reads segments ahead of the step that takes them.

An epoch shuffles the blocks of the file, and each segment the images of its blocks. Seed and epoch decide both, so that
a resumed run reads what an uninterrupted one does. The file is read, not mapped: the pages read through a mapping would
count as memory of this process.
"""

from __future__ import annotations

import os
import threading
import weakref
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from models.core.errors import UserError
from models.core.files import reason_of
from models.training.batches import Fed

# Read in one piece; smaller blocks mix better, larger ones are read faster.
BLOCK_BYTES = 1 << 17
# The images of a segment are shuffled among each other. Up to AHEAD + 2 segments are in memory.
SEGMENT_BYTES = 1 << 24
AHEAD = 2
# Neither a segment nor the one before the first.
NONE_YET = -2
# A segment begins at a multiple of this, so that what is done every so many batches is in step with the epoch.
ALIGNMENT = 32


@dataclass(frozen=True)
class Plan:
    """The cutting of ``count`` images into blocks of ``block`` images and segments of ``segment`` steps."""

    count: int
    batch_size: int
    block: int
    segment: int

    @property
    def steps(self) -> int:
        """Steps of an epoch; the images that do not fill another batch wait for the next epoch."""
        return self.count // self.batch_size

    @property
    def segments(self) -> int:
        """Segments of an epoch; the last may be shorter."""
        return -(-self.steps // self.segment)


def plan_of(
    count: int, pixels: int, batch_size: int, block_bytes: int = BLOCK_BYTES, segment_bytes: int = SEGMENT_BYTES
) -> Plan:
    """Return the plan for ``count`` images of so many ``pixels``; a segment has at least one batch."""
    steps = max(1, segment_bytes // (batch_size * pixels))
    # A multiple of the alignment, or a divisor of it.
    steps = steps - steps % ALIGNMENT if steps >= ALIGNMENT else 1 << (steps.bit_length() - 1)
    needed = -(-(count // batch_size) // ALIGNMENT) * ALIGNMENT
    return Plan(count, batch_size, max(1, block_bytes // pixels), min(steps, needed))


def block_order(plan: Plan, seed: int, epoch: int) -> NDArray[np.int64]:
    """Return the first image of every block in the order of ``epoch``."""
    blocks = -(-plan.count // plan.block)
    return np.random.default_rng([seed, epoch]).permutation(blocks) * plan.block


def runs_of(plan: Plan, starts: NDArray[np.int64], segment: int) -> list[tuple[int, int]]:
    """Return the ranges of images that a segment reads, in order, of blocks that begin at ``starts``."""
    stops = np.minimum(starts + plan.block, plan.count)
    ends = np.cumsum(stops - starts)
    low = segment * plan.segment * plan.batch_size
    high = min(low + plan.segment * plan.batch_size, plan.steps * plan.batch_size)
    first, last = np.searchsorted(ends, low, "right"), np.searchsorted(ends, high, "left")
    begins = ends - (stops - starts)
    chosen = slice(first, last + 1)
    lows = starts[chosen] + np.maximum(low - begins[chosen], 0)
    highs = stops[chosen] - np.maximum(ends[chosen] - high, 0)
    return list(zip(lows.tolist(), highs.tolist(), strict=True))


def shuffle_of(plan: Plan, seed: int, epoch: int, segment: int) -> NDArray[np.int64]:
    """Return the order in which the images of a segment are taken, by their place in it."""
    images = min(plan.segment, plan.steps - segment * plan.segment) * plan.batch_size
    return np.random.default_rng([seed, epoch, segment + 1]).permutation(images)


class Streamed:
    """The first images of a ``.npy`` file, read as they are needed.

    Parameters
    ----------
    images : memory map uint8 [n, h, w, c]
        Only its file is used. It is kept open, since the cache may remove it meanwhile.
    plan : Plan
    seed : int
        Decides the order.
    """

    def __init__(self, images: np.memmap, plan: Plan, seed: int) -> None:
        self._name, self._offset = str(images.filename), images.offset
        self._pixels = int(np.prod(images.shape[1:]))
        self._plan, self._seed = plan, seed
        descriptor = os.open(self._name, os.O_RDONLY | getattr(os, "O_BINARY", 0))
        weakref.finalize(self, os.close, descriptor)
        self._file = os.fdopen(descriptor, "rb", buffering=0, closefd=False)
        self._lock = threading.Lock()
        self._blocks: tuple[int, NDArray[np.int64]] = (-1, np.empty(0, np.int64))
        self._fault: UserError | None = None
        self._index, self._segment = NONE_YET, (tf.constant(0), tf.constant(0))
        self._ahead: Iterator[tuple[tf.Tensor, tf.Tensor]] = iter(())

    def order(self, epoch: int) -> tf.Tensor:
        """Return the number of the ``epoch``: the order itself is made segment by segment."""
        return tf.constant(epoch, tf.int64)

    def at(self, order: tf.Tensor, batch: int) -> Fed:
        """Return the segment that holds ``batch``; UserError if the file cannot be read."""
        plan = self._plan
        segment, place = divmod(batch, plan.segment)
        self._go_to(int(order) * plan.segments + segment)
        left = min(plan.segment - place, plan.steps - batch)
        # The order of a short segment is repeated, so that batches stay in step with the alignment.
        return Fed(*self._segment, batch % max(plan.segment, ALIGNMENT), left)

    def _go_to(self, index: int) -> None:
        """Make segment ``index``, counted over all epochs, the current one."""
        if index == self._index:
            return
        if index != self._index + 1:
            self._ahead = iter(self._pipeline(index))
        try:
            self._segment = next(self._ahead)
        except tf.errors.OpError:
            self._index = NONE_YET
            if self._fault is None:
                raise
            raise self._fault from None
        self._index = index

    def _pipeline(self, first: int) -> tf.data.Dataset:
        """Return all segments from ``first`` on, epoch after epoch, some of them read ahead."""
        rows = self._plan.segment * self._plan.batch_size
        places = max(self._plan.segment, ALIGNMENT) * self._plan.batch_size

        def read(index: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
            images, order = tf.numpy_function(self._read, [index], [tf.uint8, tf.int32])
            return tf.ensure_shape(images, [rows, self._pixels]), tf.ensure_shape(order, [places])

        return tf.data.Dataset.range(first, tf.int64.max).map(read).prefetch(AHEAD)

    def _read(self, index: np.int64) -> tuple[NDArray[np.uint8], NDArray[np.int32]]:
        """Return the images [segment·b, pixels] of segment ``index`` and their order; a short one is filled with 0."""
        plan, (epoch, segment) = self._plan, divmod(int(index), self._plan.segments)
        images = np.zeros((plan.segment * plan.batch_size, self._pixels), np.uint8)
        order = np.zeros(len(images), np.int32)
        with self._lock:
            if self._blocks[0] != epoch:
                self._blocks = epoch, block_order(plan, self._seed, epoch)
            row = 0
            for start, stop in runs_of(plan, self._blocks[1], segment):
                self._fill(images[row : row + stop - start], start)
                row += stop - start
        order[:row] = shuffle_of(plan, self._seed, epoch, segment)
        return images, np.tile(order, max(1, ALIGNMENT // plan.segment))

    def _fill(self, rows: NDArray[np.uint8], start: int) -> None:
        """Read ``rows`` from image ``start`` on."""
        wanted, had = rows.reshape(-1).data, 0
        try:
            self._file.seek(self._offset + start * self._pixels)
            while had < len(wanted) and (read := self._file.readinto(wanted[had:])):
                had += read
        except OSError as error:
            self._fault = UserError(self._name, reason_of(error))
            raise self._fault from error
        if had < len(wanted):
            self._fault = UserError(self._name, "the file is truncated")
            raise self._fault
