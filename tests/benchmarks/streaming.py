"""Speed of training with images that stay in their file, against training with the images in memory.

``python -m tests.benchmarks.streaming --json`` prints one JSON object. Both take turns in one process, so that their
ratio holds on any machine; the peaks of memory come from a process for each, with the bare start taken off.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from itertools import product
from pathlib import Path
from statistics import median
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import numpy as np
import tensorflow as tf

from models.core.settings import TrainSettings
from models.training.loop import TrainingLoop, initial_state
from models.vae.architecture import architecture_of

COUNT = 100_000
ROUNDS = 5
STEPS = 400
# They take turns after this many steps, so that other load on the machine affects both.
CHUNK = 25
SIDE = 28
SETTINGS = TrainSettings(batch_size=128)
IN_MEMORY = 1 << 40
MEMORY_SCRIPT = Path(__file__).parents[1] / "models" / "training" / "streaming_memory.py"
MEMORY_COUNT, LITTLE = 500_000, 5_000


def measure() -> dict[str, Any]:
    """Return images per second of both, their ratio, and what each takes in memory, in MB."""
    with tempfile.TemporaryDirectory() as folder:
        speeds = training_speeds(_images(Path(folder)))
        small, streamed, held = (
            peak_memory(folder, *case) for case in ((LITTLE, 0), (MEMORY_COUNT, 0), (MEMORY_COUNT, IN_MEMORY))
        )
    return {
        "in_memory_images_per_second": round(median(speeds["in_memory"])),
        "streamed_images_per_second": round(median(speeds["streamed"])),
        "streamed_per_in_memory": round(median(s / m for s, m in zip(*speeds.values(), strict=True)), 2),
        "file_mb": round(MEMORY_COUNT * SIDE * SIDE / 1e6),
        "streamed_beyond_start_mb": round(streamed - small),
        "in_memory_beyond_start_mb": round(held - small),
    }


def training_speeds(images: np.memmap) -> dict[str, list[float]]:
    """Return images per second, streamed and in memory, for every round, without compilation."""
    architecture = architecture_of(SETTINGS, (SIDE, SIDE, 1))
    loops = {
        "streamed": TrainingLoop(architecture, SETTINGS, images, 0),
        "in_memory": TrainingLoop(architecture, SETTINGS, images, IN_MEMORY),
    }
    states = {name: initial_state(architecture, 0) for name in loops}
    speeds: dict[str, list[float]] = {name: [] for name in loops}
    spent, orders = dict[str, float](), dict[str, tf.Tensor]()
    for round_ in range(ROUNDS + 1):
        for name, loop in loops.items():
            spent[name], orders[name] = 0.0, loop.epoch_order(round_)
        for first, (name, loop) in product(range(0, STEPS, CHUNK), loops.items()):
            began = time.perf_counter()
            loop.run(states[name], orders[name], first, CHUNK)
            spent[name] += time.perf_counter() - began
        if round_ > 0:
            for name, loop in loops.items():
                speeds[name].append(STEPS * loop.batch_size / spent[name])
    return speeds


def peak_memory(folder: str, count: int, limit: int) -> float:
    """Return the peak memory, in MB, of a process that trains on this many images."""
    command = [sys.executable, str(MEMORY_SCRIPT), folder, str(count), str(limit)]
    environment = {**os.environ, "PYTHONPATH": str(MEMORY_SCRIPT.parents[2])}
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    return float(json.loads(done.stdout)["peak_mb"])


def _images(folder: Path) -> np.memmap:
    rng = np.random.default_rng(0)
    images = np.lib.format.open_memmap(folder / "images.npy", "w+", np.uint8, (COUNT, SIDE, SIDE, 1))
    for start in range(0, COUNT, 10_000):
        images[start : start + 10_000] = rng.integers(0, 256, (10_000, SIDE, SIDE, 1), np.uint8)
    images.flush()
    return np.load(folder / "images.npy", mmap_mode="r")


if __name__ == "__main__":
    print(json.dumps(measure(), indent=None if "--json" in sys.argv else 2))
