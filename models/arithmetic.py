"""How much arithmetic a training step is, and how much this machine can do: what speed is compared with."""

from __future__ import annotations

import time
from functools import lru_cache

import tensorflow as tf

from models.architecture import Architecture

SIZE, REPEATS = 1024, 4
# Forward, and back to the weights and to the inputs.
PASSES = 3


def gigaflop_per_image(architecture: Architecture, draws: int) -> float:
    """Return the floating-point operations of one training step per image, in 10⁹: matrix products only.

    A product of [n, i] by [i, o] takes 2·n·i·o; the first layer's inputs need no gradient. The decoder runs for each
    draw of z.
    """
    work = architecture.multiply_adds()
    first = next(iter(work.values()))
    total = sum(PASSES * number * (draws if name.startswith("decoder.") else 1) for name, number in work.items())
    return 2e-9 * (total - first)


@lru_cache(maxsize=1)
def peak_gflops() -> float:
    """Return the rate of this machine's matrix products in float32, in 10⁹ operations a second: the best of a few."""
    matrix = tf.random.stateless_uniform([SIZE, SIZE], [1, 2])
    multiply = tf.function(lambda a: tf.linalg.matmul(a, a), autograph=False)
    best = float("inf")
    for _ in range(REPEATS + 1):
        began = time.perf_counter()
        multiply(matrix).numpy()
        best = min(best, time.perf_counter() - began)
    return 2e-9 * SIZE**3 / best
