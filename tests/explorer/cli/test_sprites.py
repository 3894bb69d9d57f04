"""Sprites on the command line: training, encoding, and what a model has learnt of their factors."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from models.core.sprite_names import SPRITE_FACTORS
from tests.support.command_line import result, run


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a two-dimensional model trained on a few sprites."""
    folder = tmp_path_factory.mktemp("bench")
    trained = run(folder, "train", "sprites:200:1", "--out", "few.safetensors", "--epochs", 2, "--latent-dim", 2,
                  "--hidden", "16", "--batch-size", 20, "--learning-rate", 0.002)  # fmt: skip
    assert trained.returncode == 0, trained.stderr
    return folder


def test_a_model_remembers_what_it_was_trained_on(bench: Path) -> None:
    told = result(bench, "info", "few.safetensors")
    assert told["dataset"] == "sprites:200:1"
    assert told["image_shape"] == [64, 64, 1]


def test_sprites_are_encoded_with_their_shapes_as_labels(bench: Path) -> None:
    result(bench, "encode", "few.safetensors", "sprites:50", "--out", "few.npz")
    with np.load(bench / "few.npz", allow_pickle=False) as arrays:
        assert arrays["mu"].shape == (50, 2)
        assert set(arrays["labels"].tolist()) == {0, 1, 2}


def test_an_evaluation_tells_gap_and_information(bench: Path) -> None:
    found = result(bench, "info", "few.safetensors", "--evaluate", "sprites:400")
    factors: list[dict[str, object]] = found["factors"]  # type: ignore[assignment]
    assert found["factor_images"] == 400
    assert tuple(factor["name"] for factor in factors) == SPRITE_FACTORS
    for factor in factors:
        high, low = sorted(factor["information"], reverse=True)  # type: ignore[call-overload]
        assert factor["gap"] == pytest.approx((high - low) / factor["entropy"], rel=1e-9)  # type: ignore[operator]
        assert factor["bias"] > 0  # type: ignore[operator]
    assert found["mig"] == pytest.approx(np.mean([factor["gap"] for factor in factors]))  # type: ignore[arg-type]
    done = run(bench, "info", "few.safetensors", "--evaluate", "sprites:400")
    assert f"{found['modularity']:.3f}, over the dimensions that encode more than chance" in done.stdout
    assert f"{found['mig']:.3f}, from the posterior means of all 400 images" in done.stdout
    assert "".join(f"{name:>13}" for name in SPRITE_FACTORS) in done.stdout


def test_data_without_factors_are_evaluated_without(bench: Path) -> None:
    np.save(bench / "bare.npy", np.zeros((20, 64, 64), np.uint8))
    found = result(bench, "info", "few.safetensors", "--evaluate", "bare.npy")
    assert (found["mig"], found["factors"], found["factor_images"]) == (None, [], 0)
    assert found["modularity"] is None


@pytest.mark.parametrize("name", ["sprites:0", "sprites:abc", "sprites:737281"])
def test_what_cannot_be_had_is_one_line(bench: Path, name: str) -> None:
    for command in (("info", name), ("encode", "few.safetensors", name, "--out", "none.npz"),
                    ("train", name, "--out", "none.safetensors")):  # fmt: skip
        done = run(bench, *command)
        assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
        assert name in done.stderr


def test_a_folder_of_that_name_is_opened_rather_than_drawn(bench: Path) -> None:
    (bench / "inner" / "sprites").mkdir(parents=True)
    done = run(bench / "inner", "info", "sprites")
    assert done.returncode == 2
    assert "there are no pictures in it" in done.stderr
