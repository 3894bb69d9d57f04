"""The command line as users run it: what its commands write, and their results on standard output."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

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
from tests.support.command_line import ROOT, result, run, run_forked, run_process, said_by

# `train` runs as a process to fill the workshop, `tour`, `import` and `live` in their own tests, `open` when killed.
PROCESSES: dict[str, tuple[object, ...]] = {
    "sample": ("spots.safetensors", "-n", 3, "--seed", 7, "--out", "started/samples"),
    "encode": ("spots.safetensors", "spots.npz", "--out", "started/z.npz"),
    "decode": ("spots.safetensors", "started/z.npz", "--out", "started/decoded"),
    "export": ("spots.safetensors", "--out", "started/spots.keras"),
    "info": ("spots.safetensors", "--evaluate", "spots.npz"),
    "walk": ("spots.safetensors", "--from", "0,0", "--to", "1,1", "--frames", 5, "--table", "started/walk.npz"),
    "trust": ("spots.safetensors", "--data", "spots.npz", "--image", 3),
    "neighbours": ("spots.safetensors", "--data", "spots.npz", "--image", 3),
    "runs": (),
    "gradients": ("--f", "quadratic", "--k", -3, "--samples", 100),
    "policy": ("--samples", 100),
    "bayes": ("line", "--method", "mean-field", "--samples", 100),
}
# One that uses TensorFlow, one that uses Keras, one that uses neither.
FROM_SCRATCH = {"sample", "export", "runs"}


def test_every_command_is_started_as_a_process_somewhere() -> None:
    assert {*PROCESSES, "train", "tour", "import", "live", "open"} == set(cli.commands)


@pytest.mark.parametrize("name", PROCESSES)
def test_a_process_says_and_writes_what_this_one_does(workshop: Path, name: str) -> None:
    out = workshop / "started"
    out.mkdir(exist_ok=True)
    result(workshop, "encode", "spots.safetensors", "spots.npz", "--out", "started/z.npz", "--overwrite")
    found = []
    again = ("--overwrite",) if {"--out", "--table"} & set(PROCESSES[name]) else ()
    for start in (run, run_process if name in FROM_SCRATCH else run_forked):
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


def test_neighbours_of_an_image_come_by_their_distance_without_itself(workshop: Path) -> None:
    asked = ("neighbours", "spots.safetensors", "--data", "spots.npz", "--image", 3)
    found = result(workshop, *asked, "--metric", "wasserstein", "--count", 5)
    rows = found["neighbours"]
    assert isinstance(rows, list)
    assert (len(rows), found["unit"]) == (5, "units of z")
    result(workshop, "encode", "spots.safetensors", "spots.npz", "--out", "near.npz", "--overwrite")
    with np.load(workshop / "near.npz") as codes:
        both = np.hstack([codes["mu"], codes["sigma"]]).astype(float)
    distances = np.linalg.norm(both - both[3], axis=1)
    assert [row["image"] for row in rows] == np.argsort(distances)[1:6].tolist()
    assert [row["distance"] for row in rows] == pytest.approx(np.sort(distances)[1:6], rel=1e-5)
    assert all(row["class"] == row["image"] % 2 for row in rows)
    assert f"image {rows[0]['image']}" in run(workshop, *asked).stdout
    refused = run(workshop, *asked[:-1], 200)
    assert refused.stderr == "latentscape: --image: spots has images 0 to 199, but no image 200\n"


def test_points_are_judged_in_the_order_of_their_file(workshop: Path) -> None:
    np.save(workshop / "points.npy", np.array([[0.0, 0.0], [50.0, 0.0]], np.float32))
    asked = ("trust", "spots.safetensors", "--data", "spots.npz")
    points = result(workshop, *asked, "--latents", "points.npy")["points"]
    assert isinstance(points, list)
    assert [point["verdict"] for point in points][1] == "outside"
    assert points[1]["excess"] > points[1]["excess_limit"]
    assert 0.5 <= points[0]["agreement"] <= 1.0
    lines = run(workshop, *asked, "--latents", "points.npy").stdout.splitlines()
    assert lines[1].startswith("1  outside  ·  |z| 50  ·  +")
    refused = run(workshop, *asked).stderr
    assert refused == "latentscape: give either --image or --latents\n"


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
    draws = found["elbo_draw_error"]
    assert 0 < draws < found["elbo_error"]  # type: ignore[operator]
    done = run(workshop, "info", "spots.safetensors", "--evaluate", "spots.npz")
    assert f"{found['elbo']:.2f} ± {found['elbo_error']:.2f} nats, ± {draws:.3f} of it by the draws" in done.stdout
    assert "(KL by closed form)" in done.stdout


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
