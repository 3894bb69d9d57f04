"""Training speed against ``keras.fit`` and PyTorch: the same network, data, batch and optimizer, in alternating turns.

``--json`` prints one object; ``--torch-python PATH`` names a Python with PyTorch and NumPy, without it those peers are
left out; ``--conv`` takes a convolutional network on 64 × 64 × 3 images; ``--turns`` and ``--epochs`` say for how long.

``fraction_of_peak`` counts six operations per weight and image, as is customary. Among them is the gradient in the
images, which nobody makes: the other fraction leaves it out, as the window does.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from dataclasses import asdict, replace
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np

from models.core.settings import TrainSettings
from models.training.flops import gigaflop_per_image, model_gigaflop_per_image, peak_gflops
from models.vae.architecture import architecture_of
from models.vae.evaluation import evaluation_pixels
from resources import dataset_path
from tests.benchmarks.peers.turns import Work

PEERS = Path(__file__).parent / "peers"
TRAINED, TESTED = 9000, 1000
SPRITES = 2560


class Player:
    """A peer in its own process."""

    def __init__(self, command: list[str], work: Work) -> None:
        self.process = subprocess.Popen(
            command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
        self.ask(asdict(work))

    def ask(self, question: object) -> float:
        """Send one turn and wait for its answer."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        print(json.dumps(question), file=self.process.stdin, flush=True)
        line = self.process.stdout.readline()
        if not line:
            raise SystemExit(f"{' '.join(self.process.args)} ended with code {self.process.wait()}")
        return float(json.loads(line)) if line.strip() != '"ready"' else 0.0

    def close(self) -> None:
        """End the process."""
        self.process.communicate()


def digits(path: Path) -> Work:
    """Write the bundled digits as the peers read them."""
    images = np.load(dataset_path("mnist_10k"))["images"][..., np.newaxis]
    return _written(path, images[:TRAINED], images[TRAINED : TRAINED + TESTED], Work(str(path), "dense"))


def sprites(path: Path) -> Work:
    """Write sprites of 64 × 64 in three colours."""
    from models.data.sprites import SpritesName, draw_sprites, drawn_factors

    grey = draw_sprites(drawn_factors(SpritesName(SPRITES + TESTED, 0)))
    tints = np.random.default_rng(0).uniform(0.3, 1.0, (len(grey), 1, 1, 3))
    images = (grey.reshape(-1, 64, 64, 1) * tints).astype(np.uint8)
    work = Work(str(path), "conv", hidden=(256,), latent_dim=10, batch_size=64)
    return _written(path, images[:SPRITES], images[SPRITES:], work)


def _written(path: Path, train: np.ndarray, test: np.ndarray, work: Work) -> Work:
    flat = evaluation_pixels(test.reshape(len(test), -1), "bernoulli")
    np.savez(path, train=train, test=flat.reshape(test.shape))
    return replace(work, data=str(path))


def commands(torch_python: str | None) -> dict[str, list[str]]:
    """Return the command that starts each peer."""
    here = {name: [sys.executable, "-m", f"tests.benchmarks.peers.{name}"] for name in ("ours", "keras_fit")}
    if torch_python is None:
        return here
    script = str(PEERS / "torch_vae.py")
    return {**here, "torch_eager": [torch_python, script], "torch_compile": [torch_python, script, "compile"]}


def measure(work: Work, torch_python: str | None, turns: int, epochs: int) -> dict[str, object]:
    """Let the peers take turns; return medians of their speeds and their ELBO after the same number of steps."""
    players = {name: Player(command, work) for name, command in commands(torch_python).items()}
    images = len(np.load(work.data)["train"]) // work.batch_size * work.batch_size * epochs
    speeds: dict[str, list[float]] = {name: [] for name in players}
    gemm = []
    for _ in range(turns):
        for name, player in players.items():
            speeds[name].append(images / player.ask(epochs))
        peak_gflops.cache_clear()
        gemm.append(peak_gflops())
    elbos = {name: player.ask(0) for name, player in players.items()}
    for player in players.values():
        player.close()
    medians = {name: statistics.median(found) for name, found in speeds.items()}
    return summary(work, medians, elbos, statistics.median(gemm))


def summary(work: Work, speeds: dict[str, float], elbos: dict[str, float], gemm: float) -> dict[str, object]:
    """Return the figures, and our ratio to each peer."""
    settings = TrainSettings(hidden=work.hidden, latent_dim=work.latent_dim, network=work.kind, channels=work.channels)  # type: ignore[arg-type]
    shape = np.load(work.data)["train"].shape[1:]
    architecture = architecture_of(settings, shape)
    parts = [speeds["ours"] * count(architecture, 1) / gemm for count in (model_gigaflop_per_image, gigaflop_per_image)]
    ahead = {name: round(speeds["ours"] / speed, 2) for name, speed in speeds.items() if name != "ours"}
    return {
        "network": work.kind, "images_per_s": {name: round(speed) for name, speed in speeds.items()},
        "times_as_fast_as": ahead,
        "gemm_gflops": round(gemm, 1),
        "fraction_of_peak": round(parts[0], 3), "fraction_of_peak_of_operations_made": round(parts[1], 3),
        "elbo_after": {name: round(value, 2) for name, value in elbos.items()},
    }  # fmt: skip


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--conv", action="store_true")
    parser.add_argument("--torch-python")
    parser.add_argument("--turns", type=int, default=7)
    parser.add_argument("--epochs", type=int, default=0, help="in each turn; 0 takes 4 of digits and 1 of sprites")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "data.npz"
        work = sprites(path) if options.conv else digits(path)
        epochs = options.epochs or (1 if options.conv else 4)
        found = measure(work, options.torch_python, options.turns, epochs)
    print(json.dumps(found, indent=None if options.json else 2))


if __name__ == "__main__":
    main()
