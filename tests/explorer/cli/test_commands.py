"""The command line as users run it: results on standard output, one line for an error, no half-written files."""

from __future__ import annotations

import io
import json
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from explorer.cli import targets
from explorer.cli.main import cli
from explorer.client.folders import runs_folder
from explorer.export.names import picture_name
from explorer.export.pictures import check_zoom, read_latent
from models.core.errors import UserError
from models.core.families import Family
from models.core.geometry import standard_noise
from models.estimators import draw_gradients
from models.protocol.lab import Continuous, Gradients
from models.training.storage.folder import RunFolder
from resources import bundled_models, model_path
from tests.faults.committer import STEPS, commit
from tests.support.command_line import ROOT, command, environment, result, run, run_process, said_by

# `train` runs as a process to fill the workshop, `tour` in its own tests, `open` when it is killed.
PROCESSES: dict[str, tuple[object, ...]] = {
    "sample": ("spots.safetensors", "-n", 3, "--seed", 7, "--out", "started/samples"),
    "encode": ("spots.safetensors", "spots.npz", "--out", "started/z.npz"),
    "decode": ("spots.safetensors", "started/z.npz", "--out", "started/decoded"),
    "export": ("spots.safetensors", "--out", "started/spots.keras"),
    "info": ("spots.safetensors", "--evaluate", "spots.npz"),
    "runs": (),
    "gradients": ("--f", "quadratic", "--k", -3, "--samples", 100),
}


def test_every_command_is_started_as_a_process_somewhere() -> None:
    assert {*PROCESSES, "train", "tour", "open"} == set(cli.commands)


@pytest.mark.parametrize("name", PROCESSES)
def test_a_process_says_and_writes_what_this_one_does(workshop: Path, name: str) -> None:
    out = workshop / "started"
    out.mkdir(exist_ok=True)
    result(workshop, "encode", "spots.safetensors", "spots.npz", "--out", "started/z.npz", "--overwrite")
    found = []
    again = ("--overwrite",) if "--out" in PROCESSES[name] else ()
    for start in (run, run_process):
        values = _timeless(said_by(start(workshop, name, *PROCESSES[name], *again, "--json")))
        files = {path: path.read_bytes() for path in out.rglob("*") if path.suffix in {".npz", ".png"}}
        files |= {path: _configuration(path) for path in out.glob("*.keras")}
        found.append((values, files))
    assert found[0] == found[1]


def _configuration(path: Path) -> bytes:
    """Return what the layers of a Keras model say of themselves, but for the order in which they were made."""
    with zipfile.ZipFile(path) as archive:
        layers = json.loads(archive.read("config.json"))
    assert "channels_first" not in json.dumps(layers)
    assert "float16" not in json.dumps(layers)
    return str(layers["config"]["name"]).encode()


def _timeless(value: object) -> object:
    """Return a result without the times that it tells of."""
    if isinstance(value, dict):
        return {key: _timeless(part) for key, part in value.items() if not key.endswith("seconds")}
    return [_timeless(part) for part in value] if isinstance(value, list) else value


def test_info_describes_a_model_a_data_set_and_a_picture(workshop: Path) -> None:
    lines = run(workshop, "info", "spots.safetensors").stdout
    for text in ("latentscape train spots", "seed", "test ELBO", "active units", "KL per dimension", "IWAE-500"):
        assert text in lines
    data = result(workshop, "info", "spots.npz")
    assert (data["count"], data["train_count"], data["label_counts"]) == (200, 180, {"0": 100, "1": 100})


@pytest.mark.parametrize("name", bundled_models())
def test_info_describes_the_bundled_models(name: str, tmp_path: Path) -> None:
    values = result(tmp_path, "info", name)
    assert values["dataset"] == name.split("-", maxsplit=1)[0].replace("mnist", "mnist_10k")
    assert values["path"] == str(model_path(name))


def test_sample_repeats_by_its_seed_and_pictures_carry_their_latent(workshop: Path) -> None:
    for name in "ab":
        values = result(workshop, "sample", "spots.safetensors", "-n", 3, "--seed", 7, "--out", name, "--zoom", 2)
        assert (values["samples"], values["seed"]) == (3, 7)
    contents = {
        name: [(workshop / name / "samples" / f"sample-000{i}.png").read_bytes() for i in (1, 2, 3)] for name in "ab"
    }
    assert contents["a"] == contents["b"]
    with Image.open(workshop / "a" / "samples" / "sample-0001.png") as picture:
        assert picture.size == (16, 16)
    latents = np.load(workshop / "a" / "latents.npz")
    latent = read_latent(workshop / "a" / "samples" / "sample-0003.png")
    assert latent is not None
    assert (latent.seed, latent.index, latent.model) == (7, 2, "spots")
    assert np.array_equal(np.float32(latent.z), latents["z"][2])
    assert np.array_equal(latents["z"], standard_noise(7, 3, 2))
    picture_info = result(workshop, "info", "a/samples/sample-0003.png")
    assert (picture_info["kind"], picture_info["seed"]) == ("picture", 7)
    _decoded_again(workshop, contents["a"])


def _decoded_again(workshop: Path, pictures: list[bytes]) -> None:
    """Check that decoding the exported latents gives the same pixels."""
    assert result(workshop, "decode", "spots.safetensors", "a/latents.npz", "--out", "d", "--zoom", 2)["pictures"] == 3
    for index, content in enumerate(pictures, 1):
        (workshop / "before.png").write_bytes(content)
        with (
            Image.open(workshop / "before.png") as one,
            Image.open(workshop / "d" / "samples" / f"sample-000{index}.png") as two,
        ):
            assert one.tobytes() == two.tobytes()


def test_encode_writes_the_posterior_of_every_image(workshop: Path) -> None:
    values = result(workshop, "encode", "spots.safetensors", "spots.npz", "--out", "z.npz")
    stored = np.load(workshop / "z.npz")
    assert stored["mu"].shape == stored["sigma"].shape == (200, 2)
    assert (stored["sigma"] > 0).all()
    assert np.array_equal(stored["labels"], np.arange(200) % 2)
    kl = 0.5 * (stored["mu"].astype(float) ** 2 + stored["sigma"].astype(float) ** 2 - 1) - np.log(stored["sigma"])
    assert values["kl"] == pytest.approx(kl.mean(axis=0).sum(), rel=1e-5)
    assert result(workshop, "decode", "spots.safetensors", "z.npz", "--out", "e")["pictures"] == 200


def test_a_model_is_exported_for_keras(workshop: Path) -> None:
    values = result(workshop, "export", "spots.safetensors", "--out", "spots.keras")
    assert values["files"] == {
        "vae": "spots.keras", "encoder": "spots-encoder.keras", "decoder": "spots-decoder.keras"
    }  # fmt: skip
    assert all(zipfile.is_zipfile(workshop / str(path)) for path in values["files"].values())
    assert not list(workshop.glob(".*part*"))


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
        (("sample", "spots.npz", "--out", "x"), "spots.npz: this is not a .safetensors model file"),
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


# -------------------------------------------------------------------------------------------- what is there already

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


def test_a_picture_or_a_sheet_stays_within_its_bounds(workshop: Path) -> None:
    np.save(workshop / "many.npy", np.zeros((300, 2), np.float32))
    result(workshop, "decode", "spots.safetensors", "many.npy", "--zoom", 64, "--out", "large")
    with Image.open(workshop / "large" / "samples.png") as sheet:
        assert sheet.width * sheet.height < 70e6
        assert sheet.width > 7000
    shutil.rmtree(workshop / "large")
    with pytest.raises(UserError, match="16384 × 16384 pixels are too large, at most 32"):
        check_zoom((256, 256, 3), 64)
    check_zoom((256, 256, 3), 32)


def test_names_sort_as_numbers_do() -> None:
    for total in (3, 9999, 10_000, 100_000):
        numbers = sorted({1, 2, 9, 10, 999, 1000, total // 2, total} & set(range(1, total + 1)))
        names = [picture_name(number, total) for number in numbers]
        assert sorted(names) == names
    assert picture_name(1, 3) == "sample-0001.png"


@pytest.mark.parametrize("value", [1e300, -1e12])
def test_latents_too_far_away_are_refused(value: float, workshop: Path) -> None:
    np.save(workshop / "far.npy", np.full((2, 2), value))
    done = run(workshop, "decode", "spots.safetensors", "far.npy", "--out", "x")
    assert (done.returncode, done.stderr) == (2, "latentscape: far.npy: latents must lie within ±1,000,000\n")


# ---------------------------------------------------------------------------------------------- names from elsewhere

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


def test_the_command_line_is_light() -> None:
    code = "import sys, explorer.cli.main; print({'numpy', 'rich', 'tensorflow', 'PySide6', 'PIL'} & set(sys.modules))"
    fresh = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert fresh.stdout.strip() == "set()"


def test_gradients_prints_the_numbers_of_the_laboratory(tmp_path: Path) -> None:
    values = result(tmp_path, "gradients", "--f", "quadratic", "--k", -3, "--samples", 4000)
    assert values["gradient"] == {"loc": pytest.approx(8.0), "scale": pytest.approx(2.0)}
    rows = {(row["estimator"], row["parameter"]): row for row in values["estimators"]}  # type: ignore[attr-defined]
    direct = draw_gradients(
        Gradients(0, Continuous("quadratic", Family("Normal", {"loc": 1.0, "scale": 1.0}), -3.0), 4000, 7), None
    )
    for estimates in direct.estimates:
        row = rows[estimates.estimator, estimates.parameter]
        assert row["mean"] == pytest.approx(float(estimates.gradients.mean()), rel=1e-12)
        assert row["exact_variance"] == pytest.approx(estimates.variance, rel=1e-12)
    assert rows["pathwise", "loc"]["exact_variance"] == pytest.approx(4.0)


@pytest.mark.parametrize(("arguments", "message"), [
    (("--family", "Nobody"), "--family: 'Nobody' is not one of Normal"),
    (("--parameters", "width=2"), "--parameters: Normal takes loc, scale, not 'width'"),
    (("--parameters", "loc=x"), "--parameters: 'x' is not a number"),
    (("--parameters", "scale=-1"), "Normal: scale must be finite and positive, not -1.0"),
    (("--f", "elbo", "--dim", 77), "--dim: must be from 0 to 49, not 77"),
    (("--f", "discrete", "--temperature", 0), "the temperature must be finite and positive, it is 0.0"),
])  # fmt: skip
def test_gradients_refuses_what_makes_no_sense(tmp_path: Path, arguments: tuple[object, ...], message: str) -> None:
    done = run(tmp_path, "gradients", *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert message in done.stderr


def test_gradients_of_a_models_elbo_as_a_table(tmp_path: Path) -> None:
    done = run(tmp_path, "gradients", "--f", "elbo", "--model", "mnist-vae-2", "--samples", 100)
    assert (done.returncode, done.stderr) == (0, "")
    assert "sticking the landing" in done.stdout
    assert "gradient in scale" in done.stdout


def test_info_evaluates_a_model_on_the_test_images(workshop: Path) -> None:
    told = result(workshop, "info", "spots.safetensors")["metrics"]
    found = result(workshop, "info", "spots.safetensors", "--evaluate", "spots.npz")
    assert found["kind"] == "evaluation"
    for name in ("elbo", "reconstruction", "kl", "nll", "active_units"):
        assert found[name] == pytest.approx(told[name], rel=1e-5)  # type: ignore[index]
    assert found["kl"] == pytest.approx(sum(found["kl_per_dim"]), rel=1e-5)  # type: ignore[call-overload]
    assert 0 < found["elbo_error"] < 50  # type: ignore[operator]
    assert found["kl_by"] == "closed form"
    bounds = [found["iwae"][k]["bound"] for k in ("1", "5", "50", "500")]  # type: ignore[index]
    assert bounds == sorted(bounds)
    assert bounds[-1] == -found["nll"]  # type: ignore[operator]
    assert bounds[0] == pytest.approx(found["elbo"], abs=0.5)
    done = run(workshop, "info", "spots.safetensors", "--evaluate", "spots.npz")
    assert f"{found['elbo']:.2f} ± {found['elbo_error']:.2f} nats (KL by closed form)" in done.stdout


def test_info_refuses_data_that_does_not_fit_the_model(workshop: Path) -> None:
    done = run(workshop, "info", "spots.safetensors", "--evaluate", "mnist_10k")
    assert (done.returncode, done.stdout) == (2, "")
    assert "mnist_10k: its images are (28, 28, 1), but the model takes (8, 8, 1)" in done.stderr


def _leave_run(name: str) -> Path:
    """Leave a run as the window would, with one checkpoint."""
    left = RunFolder(runs_folder() / name, 1)
    left.begin()
    commit(left, STEPS)
    left.close()
    return left.path


def test_runs_are_listed_discarded_and_taken_back(tmp_path: Path) -> None:
    assert run(tmp_path, "runs").stdout == "no training has been kept yet\n"
    one, other = _leave_run("one"), _leave_run("other")
    found = result(tmp_path, "runs")
    assert {entry["id"]: (entry["name"], entry["stage"]) for entry in found["runs"]} == {
        "one": ("m", "interrupted"), "other": ("m", "interrupted")
    }  # fmt: skip
    assert run(tmp_path, "runs", "discard", "one").stdout == "one is in the trash for 30 days\n"
    assert (one.exists(), other.exists()) == (False, True)
    lines = run(tmp_path, "runs").stdout.splitlines()
    assert [line.split(":")[0] for line in lines if not line.startswith(" ")] == ["runs", "trash"]
    assert "  m  data  1 of 1,000 epochs  interrupted  " in lines[1]
    assert run(tmp_path, "runs", "restore", "one").returncode == 0
    assert one.exists()
    run(tmp_path, "runs", "discard", "one", "other")
    refused = run(tmp_path, "runs", "empty-trash")
    assert (refused.returncode, "--yes removes them for good" in refused.stderr) == (2, True)
    assert len(result(tmp_path, "runs")["trash"]) == 2
    assert run(tmp_path, "runs", "empty-trash", "--yes").stdout.startswith("removed 2 runs, ")
    assert result(tmp_path, "runs")["trash"] == []
    assert run(tmp_path, "runs", "restore", "one").returncode == 2


@pytest.mark.parametrize("name", ["nowhere", "../runs", "..", ".", ".trash"])
def test_only_what_is_listed_is_discarded(name: str, tmp_path: Path) -> None:
    _leave_run("one")
    refused = run(tmp_path, "runs", "discard", name)
    assert (refused.returncode, "there is no such run" in refused.stderr) == (2, True)
    assert len(result(tmp_path, "runs")["runs"]) == 1
