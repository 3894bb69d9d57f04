"""Peak memory of training on a number of 28 × 28 images: ``streaming_memory.py FOLDER COUNT LIMIT``."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np

from models.core.settings import TrainSettings
from models.training.loop import TrainingLoop, initial_state
from models.vae.architecture import architecture_of

SIDE = 28
SETTINGS = TrainSettings(hidden=(8,), latent_dim=2, batch_size=1000, average=0.0)


def main(folder: str, count: int, limit: int) -> None:
    """Write the images a block at a time, train an epoch on them, and print the peak."""
    path = Path(folder) / f"{count}.npy"
    with path.open("wb") as file:
        header = {"descr": "|u1", "fortran_order": False, "shape": (count, SIDE, SIDE, 1)}
        np.lib.format.write_array_header_1_0(file, header)
        for _ in range(count // 5_000):
            file.write(bytes(5_000 * SIDE * SIDE))
    architecture = architecture_of(SETTINGS, (SIDE, SIDE, 1))
    loop = TrainingLoop(architecture, SETTINGS, np.load(path, mmap_mode="r"), limit)
    state = initial_state(architecture, 0)
    loop.run(state, loop.epoch_order(0), 0, loop.steps_per_epoch)
    print(json.dumps({"peak_mb": peak_megabytes(), "steps": state.step}))


def peak_megabytes() -> float:
    """Return the peak memory of this process; that of ``getrusage`` would include its parent's before exec."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    kibibytes = next(line.split()[1] for line in status.splitlines() if line.startswith("VmHWM:"))
    return round(float(kibibytes) * 1024.0 / 1e6, 1)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
