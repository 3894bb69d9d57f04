"""How far training takes the memory of this process: ``streaming_memory.py FOLDER COUNT:LIMIT …``."""

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
# What is written there lets the kernel forget the peak of a process so far (proc(5)).
FORGET_PEAK = "5"


def main(folder: str, *cases: str) -> None:
    """Print the peak of training on each number of images within each limit, one after the other."""
    peaks = [peak_of(Path(folder), *map(int, case.split(":"))) for case in cases]
    print(json.dumps(peaks))


def peak_of(folder: Path, count: int, limit: int) -> float:
    """Write the images a block at a time, train on them for an epoch, and return the growth to the peak, in MB."""
    images = np.load(written(folder / f"{count}.npy", count), mmap_mode="r")
    architecture = architecture_of(SETTINGS, (SIDE, SIDE, 1))
    Path("/proc/self/clear_refs").write_text(FORGET_PEAK, encoding="ascii")
    before = megabytes("VmRSS")
    loop = TrainingLoop(architecture, SETTINGS, images, limit)
    state = initial_state(architecture, 0)
    loop.run(state, loop.epoch_order(0), 0, loop.steps_per_epoch)
    return megabytes("VmHWM") - before


def written(path: Path, count: int) -> Path:
    """Return the path of a file of so many images, all black."""
    with path.open("wb") as file:
        header = {"descr": "|u1", "fortran_order": False, "shape": (count, SIDE, SIDE, 1)}
        np.lib.format.write_array_header_1_0(file, header)
        for _ in range(count // 5_000):
            file.write(bytes(5_000 * SIDE * SIDE))
    return path


def megabytes(name: str) -> float:
    """Return a figure of this process' memory; the peak of ``getrusage`` would include its parent's before exec."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    kibibytes = next(line.split()[1] for line in status.splitlines() if line.startswith(f"{name}:"))
    return round(float(kibibytes) * 1024.0 / 1e6, 1)


if __name__ == "__main__":
    main(*sys.argv[1:])
