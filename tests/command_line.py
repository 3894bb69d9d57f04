"""The command line as typed by a user, in a separate process."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np

ROOT = Path(__file__).parents[1]
PATIENCE = 100


def command(*arguments: object) -> list[str]:
    """Return the arguments that start the command."""
    return [sys.executable, "-m", "explorer.cli", *map(str, arguments)]


def environment(folder: Path) -> dict[str, str]:
    """Return the environment of a command in ``folder``, with its own cache."""
    return os.environ | {"PYTHONPATH": str(ROOT), "COLUMNS": "200", "LATENTSCAPE_CACHE": str(folder / "cli-cache")}


def run(folder: Path, *arguments: object) -> subprocess.CompletedProcess[str]:
    """Run a command in ``folder`` and wait for it to finish."""
    options = {"cwd": folder, "env": environment(folder), "timeout": PATIENCE}
    return subprocess.run(command(*arguments), capture_output=True, text=True, check=False, **options)


def result(folder: Path, *arguments: object) -> dict[str, object]:
    """Run with ``--json`` and return the object, which must be the only output."""
    done = run(folder, *arguments, "--json")
    assert (done.returncode, done.stderr) == (0, "")
    assert len(done.stdout.splitlines()) == 1
    values: dict[str, object] = json.loads(done.stdout)
    return values


def fill_workshop(folder: Path) -> None:
    """Write a data set of soft spots, a model trained on it and the output of the training to ``folder``."""
    rng = np.random.default_rng(0)
    centres = rng.uniform(0, 8, (200, 2, 1))
    distance = (np.arange(8)[None, :, None] - centres[:, :1]) ** 2 + (np.arange(8)[None, None] - centres[:, 1:]) ** 2
    np.savez(folder / "spots.npz", images=(255 * np.exp(-0.3 * distance)).astype(np.uint8), labels=np.arange(200) % 2)
    values = result(
        folder, "train", "spots.npz", "--out", "spots.safetensors", "--epochs", 3, "--latent-dim", 2,
        "--hidden", "16,8", "--likelihood", "continuous_bernoulli",
        "--batch-size", 20, "--learning-rate", 0.002, "--beta", 2, "--seed", 9,
    )  # fmt: skip
    (folder / "train.json").write_text(json.dumps(values))
