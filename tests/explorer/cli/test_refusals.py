"""What the command line refuses: one line for an error, nothing replaced unasked, no name that harms a terminal."""

from __future__ import annotations

import io
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from explorer.cli import targets
from tests.support.command_line import command, environment, result, run


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("nonsense",), "no such command or file: 'nonsense'"),
        (("train",), "Missing argument 'DATA'."),
        (("train", "spots.npz"), "Missing option '--out'."),
        (
            ("train", "spots.npz", "--out", "m.safetensors", "--epochs", "many"),
            "Invalid value for '--epochs': 'many' is not a valid integer",
        ),
        (("train", "spots.npz", "--out", "m.txt"), "m.txt: the output file must end in .safetensors"),
        (
            ("train", "spots.npz", "--out", "m.safetensors", "--history", "h.txt"),
            "h.txt: the output file must end in .csv or .json",
        ),
        (("export", "spots.safetensors", "--out", "m.h5"), "m.h5: the output file must end in .keras"),
        (
            ("train", "spots.npz", "--out", "m.safetensors", "--hidden", "big"),
            "--hidden: 'big' is not a list of numbers",
        ),
        (("info", "nowhere.npz"), "nowhere.npz: no such file or directory"),
        (("info", "broken.safetensors"), "broken.safetensors: the file is too short to be a model"),
        (("info", "plain.png"), "plain.png: this picture carries no latent"),
        (("sample", "broken.safetensors", "--out", "x"), "broken.safetensors: the file is too short to be a model"),
        (("sample", "spots.npz", "--out", "x"), "spots.npz: these are images, not a model"),
        (("sample", "nowhere", "--out", "x"), "nowhere: no such file or directory"),
        (
            ("encode", "spots.safetensors", "spots.npz", "--out", "z.txt"),
            "z.txt: the output file must end in .npz",
        ),
        (("tour", "--out", "t", "--size", "large"), "--size: 'large' is not a size like 1440x900"),
        (("tour", "--out", "t", "--families", "Gama"), "--families: there is no family 'Gama'; choose from Normal"),
    ],
)
def test_an_error_is_one_line_and_exit_code_2(arguments: tuple[str, ...], message: str, workshop: Path) -> None:
    (workshop / "broken.safetensors").write_bytes(b"x")
    Image.new("L", (4, 4)).save(workshop / "plain.png")
    before = sorted(workshop.rglob("*"))
    done = run(workshop, *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert len(done.stderr.splitlines()) == 1
    assert done.stderr.startswith(f"latentscape: {message}")
    assert sorted(workshop.rglob("*")) == before


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("train", "bad.npy", "--out", "m.safetensors"), "bad.npy: image 1 holds NaN"),
        (
            ("train", "spots.npz", "--out", "m.safetensors", "--likelihood", "poisson"),
            "Invalid value for '--likelihood': 'poisson' is not one of 'bernoulli', ",
        ),
        (("train", "spots.npz", "--out", "m.safetensors", "--resume"), "m.run: there is no whole checkpoint"),
        (("sample", "spots.safetensors", "-n", "0", "--out", "x"), "the number of samples lies in 1 to 100000"),
        (
            ("encode", "spots.safetensors", "small.npy", "--out", "z2.npz"),
            "small: its images are (4, 8, 1), but the model takes (8, 8, 1)",
        ),
        (("decode", "spots.safetensors", "spots.npz", "--out", "x"), "spots.npz: it has no array called z or mu"),
    ],
)
def test_an_error_of_the_science_is_one_line_too(arguments: tuple[str, ...], message: str, workshop: Path) -> None:
    pixels = np.zeros((4, 8, 8))
    np.save(workshop / "small.npy", pixels[:, :4])
    pixels[1, 0, 0] = np.nan
    np.save(workshop / "bad.npy", pixels)
    done = run(workshop, *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert len(done.stderr.splitlines()) == 1
    assert done.stderr.startswith(f"latentscape: {message}")
    assert not list(workshop.glob("m.*")) + list(workshop.glob("x*")) + list(workshop.glob("z2*"))


SAMPLE = ("sample", "spots.safetensors", "-n", 2, "--zoom", 1, "--out", "kept")
EXISTING: dict[str, tuple[tuple[object, ...], str]] = {
    "train": (("train", "spots.npz", "--out", "kept.safetensors"), "kept.safetensors"),
    "history": (("train", "spots.npz", "--out", "new.safetensors", "--history", "kept.csv"), "kept.csv"),
    "encode": (("encode", "spots.safetensors", "spots.npz", "--out", "kept.npz"), "kept.npz"),
    "export": (("export", "spots.safetensors", "--out", "kept.keras"), "kept-encoder.keras"),
    "sample": (SAMPLE, "kept/samples/sample-0003.png"),
    "decode": (("decode", "spots.safetensors", "points.npy", "--out", "kept"), "kept/samples.png"),
    "tour": (("tour", "--out", "kept"), "kept/tour.json"),
}


@pytest.mark.parametrize("name", EXISTING)
def test_nothing_that_is_there_is_replaced_without_a_word(name: str, workshop: Path) -> None:
    arguments, there = EXISTING[name]
    np.save(workshop / "points.npy", np.zeros((2, 2)))
    (workshop / there).parent.mkdir(parents=True, exist_ok=True)
    (workshop / there).write_text("precious")
    done = run(workshop, *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == f"latentscape: {there}: this exists already and was left as it is; --overwrite replaces it\n"
    assert (workshop / there).read_text() == "precious"
    (workshop / there).unlink()


def test_an_export_that_is_replaced_leaves_nothing_of_the_one_before(workshop: Path) -> None:
    values = result(workshop, *SAMPLE[:3], 3, *SAMPLE[4:])
    assert values["samples"] == 3
    foreign = workshop / "kept" / "samples" / "sample-mine.png"
    foreign.write_text("mine")
    result(workshop, *SAMPLE, "--overwrite")
    names = [f"samples/{name}" for name in ("sample-0001.png", "sample-0002.png", "sample-mine.png")]
    found = sorted(str(path.relative_to(workshop / "kept")) for path in (workshop / "kept").rglob("*.*"))
    assert found == ["latents.csv", "latents.npz", "samples.png", *names]
    shutil.rmtree(workshop / "kept")


@pytest.mark.parametrize(("answer", "code"), [("y", 0), ("n", 2), ("", 130)])
def test_a_person_at_a_terminal_is_asked(
    answer: str, code: int, workshop: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (workshop / "asked.npz").write_text("old")
    monkeypatch.setattr(targets, "_somebody_is_there", lambda: True)
    monkeypatch.setattr(sys, "stdin", io.StringIO(f"{answer}\n" if answer else ""))
    done = run(workshop, "encode", "spots.safetensors", "spots.npz", "--out", "asked.npz")
    assert done.returncode == code
    assert done.stderr.startswith("asked.npz exist. Replace? [y/N]: ")
    assert ((workshop / "asked.npz").read_bytes() == b"old") is (code != 0)
    (workshop / "asked.npz").unlink()


@pytest.mark.parametrize("value", [1e300, -1e12])
def test_latents_too_far_away_are_refused(value: float, workshop: Path) -> None:
    np.save(workshop / "far.npy", np.full((2, 2), value))
    done = run(workshop, "decode", "spots.safetensors", "far.npy", "--out", "x")
    assert (done.returncode, done.stderr) == (2, "latentscape: far.npy: latents must lie within ±1,000,000\n")


HOSTILE = "a\x1b[31m\x9b2J\x07\u202eb"
SHOWN = r"a\x1b[31m\x9b2J\x07\u202eb"


def test_no_escape_of_a_foreign_name_reaches_the_terminal(workshop: Path) -> None:
    np.save(workshop / f"{HOSTILE}.npy", np.zeros((4, 5, 5), np.uint8))
    printed = run(workshop, "info", f"{HOSTILE}.npy")
    assert f"data    {SHOWN} ({SHOWN}.npy)" in printed.stdout
    refused = run(workshop, "info", f"{HOSTILE}.safetensors")
    assert refused.stderr.startswith(f"latentscape: {SHOWN}.safetensors: no such file")
    for text in (printed.stdout, refused.stderr, run(workshop, "info", f"{HOSTILE}.npy", "--json").stdout):
        assert not set(text) & set("\x1b\x9b\x07\u202e")
    assert result(workshop, "info", f"{HOSTILE}.npy")["name"] == HOSTILE


@pytest.mark.parametrize("encoding", ["utf-8", "latin-1", "ascii"])
def test_no_name_and_no_terminal_ends_a_command(encoding: str, workshop: Path) -> None:
    name = os.fsdecode(b"caf\xe9-\xe2\x88\x92.npy")
    np.save(workshop / name, np.zeros((4, 5, 5), np.uint8))
    options = {"cwd": workshop, "env": environment(workshop) | {"PYTHONIOENCODING": encoding}, "capture_output": True}
    for more in ((), ("--json",)):
        done = subprocess.run(command("info", name, *more), check=False, **options)
        assert (done.returncode, done.stderr) == (0, b"")
        # Click takes ASCII for a terminal that does not say what it can, and writes UTF-8.
        text = done.stdout.decode("utf-8" if encoding == "ascii" else encoding)
        assert not more or json.loads(text)["count"] == 4
    (workshop / name).unlink()


def test_a_web_address_or_nothing_is_not_this_folder(workshop: Path) -> None:
    for name, reason in (("https://example.org/a.npz", "not a file on this computer"), ("", "it is empty")):
        for arguments in (("info", name), ("train", name, "--out", "m.safetensors"), ("sample", name, "--out", "x")):
            done = run(workshop, *arguments)
            assert done.returncode == 2
            assert reason in done.stderr


def test_a_closed_pipe_is_no_error(workshop: Path) -> None:
    script = f"{' '.join(command('info', 'spots.safetensors'))} | true; exit ${{PIPESTATUS[0]}}"
    done = subprocess.run(
        ["bash", "-c", script], cwd=workshop, env=environment(workshop), capture_output=True, text=True, check=False
    )  # fmt: skip
    assert done.stderr == ""
    assert done.returncode in {0, 1}
