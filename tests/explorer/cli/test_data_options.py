"""The options of data on the command line: in every command that takes DATA, in the recipe and in the model."""

from __future__ import annotations

import csv
import shlex
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from explorer.cli.info import model_lines
from explorer.cli.main import cli
from models.core.data_options import DataOptions, options_from_json
from models.core.setting_text import split_comment
from models.vae.model_file import open_model
from resources import model_path
from tests.support.command_line import result, run

OPTIONS = ("--size", "8x8", "--fit", "pad", "--invert")
READ_BY = DataOptions(size=(8, 8), fit="pad", invert=True)


@pytest.fixture
def album(tmp_path: Path) -> Path:
    """Return a folder with pictures of two sizes in two classes."""
    folder = tmp_path / "album"
    for number in range(12):
        part = folder / ("dark" if number < 6 else "light")
        part.mkdir(parents=True, exist_ok=True)
        Image.new("L", (12, 6 + number % 2), 20 * number).save(part / f"{number}.png")
    return folder


def test_every_command_that_takes_data_has_the_options() -> None:
    wanted = {"key", "layout", "range", "size", "fit", "labels", "invert", "strict"}
    for name in ("train", "encode", "info", "gradients"):
        assert wanted <= {parameter.name for parameter in cli.commands[name].params}, name


@pytest.mark.parametrize("options", [DataOptions(), READ_BY, DataOptions("X", "NCHW", "full", labels="y", strict=True)])
def test_options_survive_files(options: DataOptions) -> None:
    assert options_from_json(options.to_json()) == options
    with pytest.raises(ValueError, match="layout, range or fit"):
        options_from_json({"fit": "squeeze"})
    with pytest.raises(ValueError, match="no option colour"):
        options_from_json({"colour": "red"})


def test_info_says_what_was_made_of_the_files_and_how_to_say_it_again(tmp_path: Path, album: Path) -> None:
    told = run(tmp_path, "info", "album", *OPTIONS)
    lines = dict(line.split(None, 1) for line in told.stdout.splitlines())
    assert lines["conversion"] == "black and white were exchanged"
    assert "12 pictures scaled and padded to 8 × 8 pixels" in told.stdout
    recipe = shlex.split(lines["recipe"])
    assert recipe == ["latentscape", "info", "album", *OPTIONS]
    digest = result(tmp_path, *recipe[1:])["digest"]
    assert digest != result(tmp_path, "info", "album")["digest"]
    refused = run(tmp_path, "info", "album", "--size", "huge")
    assert (refused.returncode, "--size: 'huge' is not HEIGHTxWIDTH" in refused.stderr) == (2, True)


def test_info_says_how_images_came_to_the_size_of_a_model() -> None:
    info = open_model(model_path("mnist-vae-2")).info
    assert "padded" not in "".join(model_lines(info))
    assert any("scaled and padded to 8 × 8 pixels" in line for line in model_lines(replace(info, data_options=READ_BY)))


@pytest.mark.slow
def test_a_model_keeps_how_its_data_were_read(tmp_path: Path, album: Path) -> None:
    settings = ("--epochs", 1, "--hidden", "4", "--latent-dim", 2, "--batch-size", 5)
    trained = run(tmp_path, "train", "album", "--out", "album.safetensors", *OPTIONS, *settings)
    assert "12 pictures scaled and padded to 8 × 8 pixels" in trained.stderr
    info = open_model(tmp_path / "album.safetensors").info
    assert info.data_options == READ_BY
    assert " --size 8x8 --fit pad --invert " in split_comment(info.recipe)[0]


def test_encode_names_the_images(tmp_path: Path, album: Path) -> None:
    (album / "about.csv").write_text("name,file\n0.png,first\n")
    for out in ("z.npz", "z.csv"):
        result(tmp_path, "encode", "mnist-vae-2", "album", "--size", 28, "--out", out)
    arrays = np.load(tmp_path / "z.npz")
    with (tmp_path / "z.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert arrays["name"].tolist() == [row["name"] for row in rows]
    # NumPy's writer has a use of its own for this name.
    assert [name for name, text in zip(arrays["name"], arrays["file_column"], strict=True) if text] == ["dark/0.png"]
    assert {row["name"].split("/")[0] for row in rows} == {"dark", "light"}
    assert all(row["label"] == row["name"].split("/")[0] for row in rows)
    assert np.allclose([[float(row["mu_0"]), float(row["mu_1"])] for row in rows], arrays["mu"])
