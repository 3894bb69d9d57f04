"""``latentscape import``: what is printed and written, and what every other command then does with it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import keras
import numpy as np
import pytest

from models.protocol.decoding import Decode, Decoded, Encoded, EncodeImages
from models.protocol.lifecycle import Failed
from models.protocol.opening import ModelOpened, OpenModel
from tests.fixtures.make_keras import PAIRS
from tests.fixtures.make_saved_model import saved_model
from tests.support.command_line import result, run, run_process
from tests.support.spawned import Worker, spawned


@pytest.fixture(scope="module")
def imported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with models of other people that have been imported, and some latents."""
    folder = tmp_path_factory.mktemp("imported")
    for part, model in zip(("encoder", "decoder"), PAIRS["convolutional"](keras), strict=True):
        model.save(folder / f"{part}.keras")
    result(folder, "import", "encoder.keras", "decoder.keras", "--out", "whole.safetensors")
    result(folder, "import", "decoder.keras", "--out", "half.safetensors")
    np.save(folder / "z.npy", np.zeros((2, 4), np.float32))
    np.savez(folder / "data.npz", images=np.random.default_rng(0).integers(0, 256, (12, 12, 10, 3), np.uint8))
    return folder


def test_what_was_understood_is_printed_and_kept(imported: Path) -> None:
    lines = run_process(imported, "import", "encoder.keras", "decoder.keras", "--out", "again.safetensors").stdout
    for text in ("12 × 10 × 3, NHWC, pixels 0 to 1", "z_mean", "z_log_var, log σ²", "4 dimensions", "output sigmoid"):
        assert text in lines
    kept = run(imported, "info", "whole.safetensors").stdout
    for text in ("latentscape import encoder.keras decoder.keras --out whole.safetensors", "z_log_var, log σ²"):
        assert text in kept
    assert "epochs" not in kept


def test_other_commands_take_an_imported_model(imported: Path) -> None:
    assert result(imported, "decode", "whole.safetensors", "z.npy", "--out", "decoded")["pictures"] == 2
    assert result(imported, "sample", "half.safetensors", "-n", 2, "--out", "drawn")["samples"] == 2
    result(imported, "encode", "whole.safetensors", "data.npz", "--out", "codes.npz")
    assert np.load(imported / "codes.npz")["mu"].shape == (12, 4)
    values = result(imported, "info", "whole.safetensors", "--evaluate", "data.npz")
    assert np.isfinite(values["elbo"])


def test_other_commands_take_other_peoples_files_as_they_are(imported: Path) -> None:
    assert result(imported, "info", "decoder.keras")["understood"]["encoder"] == "13 operations"
    assert result(imported, "sample", "encoder.keras", "-n", 2, "--out", "drawn-directly")["samples"] == 2
    assert result(imported, "decode", "decoder.keras", "z.npy", "--out", "decoded-directly")["pictures"] == 2
    result(imported, "encode", "decoder.keras", "data.npz", "--out", "codes-directly.npz")
    result(imported, "encode", "whole.safetensors", "data.npz", "--out", "codes-of-ours.npz")
    np.testing.assert_array_equal(*(np.load(imported / f"codes-{of}.npz")["mu"] for of in ("directly", "of-ours")))


def test_a_program_is_imported_only_with_trust(imported: Path) -> None:
    saved_model(imported)
    for arguments in (("import", "saved", "--out", "never.safetensors"), ("info", "saved")):
        assert "a program, which can do all that you can do" in run(imported, *arguments).stderr
    assert not (imported / "never.safetensors").exists()
    result(imported, "import", "saved", "--trust", "--out", "trusted.safetensors")
    assert "import saved --trust --out trusted.safetensors" in run(imported, "info", "trusted.safetensors").stdout


@pytest.mark.slow  # a whole training, whose parts are tested in its room
def test_a_training_starts_with_other_peoples_weights(imported: Path) -> None:
    values = result(
        imported, "train", "data.npz", "--start", "whole.safetensors", "--epochs", 1, "--out", "further.safetensors"
    )
    assert values["understood"]["μ"] == "z_mean"
    assert "--start" in values["recipe"]
    assert "whole.safetensors" in values["recipe"]
    refused = run(imported, "train", "data.npz", "--start", "half.safetensors", "--out", "never.safetensors")
    assert "half: this is a decoder alone, which cannot be trained; open it with its encoder" in refused.stderr


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (("encoder.keras",), "encoder.keras: this is an encoder alone"),
        (("encoder.keras", "decoder.keras", "--mu", "9"), "has no output 9; its outputs are z_mean, z_log_var"),
        (("decoder.keras", "--size", "wide"), "a size is HEIGHTxWIDTH"),
        (("z.npy",), "z.npy: this is no model that is known here"),
        (("gone.keras",), "gone.keras: no such file"),
    ],
)
def test_refusals_name_the_file_and_the_way_on(imported: Path, arguments: tuple[str, ...], reason: str) -> None:
    ended = run(imported, "import", *arguments, "--out", "never.safetensors")
    assert ended.returncode == 2
    assert reason in ended.stderr
    assert not (imported / "never.safetensors").exists()


def test_an_imported_model_is_not_exported_to_keras(imported: Path) -> None:
    assert "this model was imported" in run(imported, "export", "whole.safetensors", "--out", "a.keras").stderr


@pytest.fixture(scope="module")
def decoder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Worker]:
    yield from spawned("decoder", tmp_path_factory)


def test_the_worker_opens_decodes_and_encodes(decoder: Worker, imported: Path) -> None:
    opened = decoder.ask(OpenModel(1, str(imported / "whole.safetensors")), ModelOpened)
    assert opened.model.understood["μ"] == "z_mean"
    assert decoder.ask(Decode(2, np.zeros((1, 4), np.float32)), Decoded).images.shape == (1, 12, 10, 3)
    images = np.zeros((1, 12, 10, 3), np.uint8)
    assert decoder.ask(EncodeImages(3, images), Encoded).mu.shape == (1, 4)


def test_the_worker_says_that_a_decoder_alone_encodes_nothing(decoder: Worker, imported: Path) -> None:
    decoder.ask(OpenModel(4, str(imported / "half.safetensors")), ModelOpened)
    failed = decoder.ask(EncodeImages(5, np.zeros((1, 12, 10, 3), np.uint8)), Failed)
    assert failed.message == "this model is a decoder alone: it encodes no images"
