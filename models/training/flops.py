"""Count the arithmetic of a training step, and measure what this machine can do: the speed is compared with it."""

from __future__ import annotations

import time
from functools import lru_cache

import tensorflow as tf

from models.vae.architecture import Architecture

SIZE, REPEATS = 1024, 4
# Forward, and back to the weights and to the inputs.
PASSES = 3


def model_gigaflop_per_image(architecture: Architecture, draws: int) -> float:
    """Return the operations of a training step per image in 10⁹, by the customary count of six per weight.

    Matrix products only, of which one of [n, i] by [i, o] takes 2·n·i·o: forward, and back to weights and inputs
    (Chowdhery et al. 2022, PaLM, appendix B). The decoder runs for each draw of z.
    """
    work = architecture.multiply_adds()
    return 2e-9 * sum(PASSES * number * (draws if name.startswith("decoder.") else 1) for name, number in work.items())


def gigaflop_per_image(architecture: Architecture, draws: int) -> float:
    """Return the operations of a training step per image in 10⁹; the images need no gradient."""
    first = next(iter(architecture.multiply_adds().values()))
    return model_gigaflop_per_image(architecture, draws) - 2e-9 * first


@lru_cache(maxsize=1)
def peak_gflops() -> float:
    """Return the speed of matrix products in float32 on this machine, in 10⁹ operations a second: the best of a few."""
    matrix = tf.random.stateless_uniform([SIZE, SIZE], [1, 2])
    multiply = tf.function(lambda a: tf.linalg.matmul(a, a), autograph=False)
    best = float("inf")
    for _ in range(REPEATS + 1):
        began = time.perf_counter()
        multiply(matrix).numpy()
        best = min(best, time.perf_counter() - began)
    return 2e-9 * SIZE**3 / best
