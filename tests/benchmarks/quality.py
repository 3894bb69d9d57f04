"""Quality of the default architecture on the bundled split: with the plain recipe, and that of the bundled model.

``python tests/benchmarks/quality.py`` prints a table, with ``--json`` one object. Plain is batch 128, Adam at 1e-3, 100
epochs, the weights themselves, with three seeds; the reference is the same in PyTorch: ELBO −104.8 nats,
−log p(x) ≤ 99.3. All are judged on the 1 000 test images, binarized once: 16 draws for the ELBO, IWAE-500 for the rest.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Generator
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

sys.path.insert(0, str(Path(__file__).parents[2]))
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np

from models.core.settings import TrainSettings
from models.training.loop import TrainingLoop, initial_state
from models.vae.architecture import architecture_of
from models.vae.evaluation import Evaluator
from resources import dataset_path

TRAINED, TESTED = 9000, 1000
REFERENCE = {"elbo": -104.8, "nll": 99.3}
PLAIN = TrainSettings(epochs=100, average=0.0)
BUNDLED = TrainSettings(
    batch_size=64, learning_rate=0.0005, epochs=2300, average=0.9995, beta_schedule="warmup", beta_epochs=800.0
)
T = TypeVar("T")


def finished(steps: Generator[object, None, T]) -> T:
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return end.value


def judged(settings: TrainSettings, images: np.ndarray) -> dict[str, float]:
    """Train with ``settings`` and return the figures of the saved weights."""
    architecture = architecture_of(settings, images.shape[1:])
    loop, state = TrainingLoop(architecture, settings, images[:TRAINED]), initial_state(architecture, settings.seed)
    began = time.perf_counter()
    for epoch in range(settings.epochs):
        loop.run(state, loop.epoch_order(epoch), 0, loop.steps_per_epoch)
    seconds = time.perf_counter() - began
    kept = state.average if settings.average > 0.0 else state.parameters
    evaluator = Evaluator(architecture, images[TRAINED : TRAINED + TESTED])
    evaluation, bounds = finished(evaluator.bound(kept)), finished(evaluator.evidence(kept))
    return {
        "elbo": evaluation.terms.elbo, "kl": evaluation.terms.kl, "active_units": int(evaluation.active.sum()),
        "nll": -bounds[max(bounds)][0], "seconds": seconds,
    }  # fmt: skip


def measure() -> dict[str, object]:
    """Return the figures of both recipes."""
    images = np.load(dataset_path("mnist_10k"))["images"][..., np.newaxis]
    plain = {str(seed): judged(replace(PLAIN, seed=seed), images) for seed in range(3)}
    mean = {name: float(np.mean([row[name] for row in plain.values()])) for name in ("elbo", "nll")}
    return {"reference": REFERENCE, "plain": plain, "plain_mean": mean, "bundled": judged(BUNDLED, images)}


def table(found: dict[str, dict]) -> str:
    """Return the figures for a human reader."""
    rows = {"PyTorch, plain": found["reference"], **{f"plain, seed {k}": v for k, v in found["plain"].items()},
            "plain, mean": found["plain_mean"], "bundled recipe": found["bundled"]}  # fmt: skip
    names = ("elbo", "nll", "kl", "active_units", "seconds")
    lines = [f"{'':<18}" + "".join(f"{name:>14}" for name in names)]
    for title, row in rows.items():
        lines.append(f"{title:<18}" + "".join(f"{row[name]:>14.2f}" if name in row else f"{'–':>14}" for name in names))
    return "\n".join(lines)


if __name__ == "__main__":
    result = measure()
    print(json.dumps(result) if "--json" in sys.argv[1:] else table(result))
