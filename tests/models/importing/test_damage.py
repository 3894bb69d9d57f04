"""No damage to a file of other people gets through as any other error than one that names the file."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from pathlib import Path

import keras
import numpy as np
import pytest
from safetensors.numpy import save

from models.core.errors import UserError
from models.importing.choices import Choices
from models.importing.halves import find_halves
from models.importing.opening import read_model
from models.importing.refusal import RefusedError
from tests.fixtures import make_exported, make_onnx
from tests.fixtures.make_keras import PAIRS, whole
from tests.fixtures.torch_writer import archive, legacy
from tests.models.importing.test_torch import dense_weights

TIMES = 150


def _keras(ending: str) -> Callable[[Path], bytes]:
    def make(folder: Path) -> bytes:
        whole(keras, PAIRS["dense"](keras)).save(folder / f"made.{ending}")
        return (folder / f"made.{ending}").read_bytes()

    return make


def _weights(folder: Path) -> bytes:
    PAIRS["dense"](keras)[1].save_weights(folder / "made.weights.h5")
    return (folder / "made.weights.h5").read_bytes()


FILES: dict[str, Callable[[Path], bytes]] = {
    "keras": _keras("keras"),
    "h5": _keras("h5"),
    "onnx": lambda folder: make_onnx.whole(),
    "pt": lambda folder: archive(dense_weights()),
    "legacy": lambda folder: legacy(dense_weights()),
    "pt2": lambda folder: make_exported.decoder(),
    "weights.h5": _weights,
    "safetensors": lambda folder: save(dense_weights()),
}


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("kind", FILES)
def test_no_damage_gets_through_as_another_error(kind: str, tmp_path: Path) -> None:
    whole_file = FILES[kind](tmp_path)
    path, rng = tmp_path / f"damaged.{kind}", np.random.default_rng(7)
    for _ in range(TIMES):
        content = bytearray(whole_file)
        # Most flips are where files describe themselves, at either end.
        limit = int(rng.choice([64, 2000, len(content)]))
        for place in rng.integers(0, min(limit, len(content)), rng.integers(1, 4)):
            content[place if rng.random() < 0.7 else -int(place) - 1] = rng.integers(0, 256)
        path.write_bytes(bytes(content[: len(content) if rng.random() < 0.8 else rng.integers(1, len(content))]))
        with contextlib.suppress(UserError, RefusedError):
            find_halves([read_model(path, Choices())])
