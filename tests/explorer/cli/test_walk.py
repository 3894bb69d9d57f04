"""``latentscape walk`` as users run it."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from explorer.export.walks import read_recipe
from models.core.errors import UserError
from models.core.geometry import standard_noise
from models.core.walk_settings import WALK_KINDS
from tests.support.command_line import result, run

WALK = "walk", "spots.safetensors", "--data", "spots.npz"


@pytest.mark.parametrize("kind", WALK_KINDS)
def test_every_kind_walks_from_image_to_image(workshop: Path, kind: str) -> None:
    out = f"{kind}.gif"
    told = result(
        workshop, *WALK, "--from", "image:3", "--to", "image:90", "--kind", kind, "--frames", 12, "--out", out
    )
    assert (told["kind"], told["frames"], told["keys"]) == (kind, 12, 2)
    evidence = told["evidence"]
    assert isinstance(evidence, dict)
    assert all(len(values) == 12 for values in evidence.values())
    if kind in ("line", "slerp", "data", "geodesic"):
        assert (evidence["nearest_image"][0], evidence["nearest_image"][-1]) == (3, 90)
        assert evidence["step"][0] is None
        assert evidence["nearest_nats"][0] == 0.0
    with Image.open(workshop / out) as picture:
        assert picture.size == (32, 32)


def test_a_recipe_makes_the_same_file_again(workshop: Path) -> None:
    told = result(
        workshop, *WALK, "--from", "image:3", "--via", "sample:5", "--to", "0.5,-1", "--kind", "data", "--frames", 9,
        "--spacing", "picture", "--out", "one.webp", "--table", "one.npz", "--write-recipe", "one.json",
    )  # fmt: skip
    result(
        workshop, "walk", "spots.safetensors", "--recipe", "one.json", "--out", "two.webp", "--table", "two.csv",
        "--zoom", 4,
    )  # fmt: skip
    assert (workshop / "one.webp").read_bytes() == (workshop / "two.webp").read_bytes()
    keys = read_recipe(workshop / "one.json").keys
    assert np.array_equal(keys[1], standard_noise(5, 1, 2)[0])
    assert keys[2].tolist() == [0.5, -1.0]
    with np.load(workshop / "one.npz") as table:
        assert table["z"].shape == (9, 2)
        assert np.allclose(table["typicality"], told["evidence"]["typicality"])  # type: ignore[index]
        lines = (workshop / "two.csv").read_text().splitlines()
        assert lines[0].startswith("frame,place,step,typicality,nearest_nats,nearest_image,reencoding_sigmas,label,")
        assert lines[0].endswith(",z_0,z_1")
        assert [float(number) for number in lines[9].split(",")[-2:]] == pytest.approx(table["z"][8].tolist())


def test_points_come_from_a_file(workshop: Path) -> None:
    np.savez(workshop / "keys.npz", z=np.array([[0.0, 0.0], [1.0, 0.0], [1.0, 1.0]], np.float32))
    told = result(workshop, "walk", "spots.safetensors", "--keys", "keys.npz", "--kind", "spline", "--frames", 6)
    assert (told["keys"], told["returns"]) == (3, True)
    assert "nearest_nats" not in told["evidence"]  # type: ignore[operator]
    lines = run(workshop, "walk", "spots.safetensors", "--keys", "keys.npz").stdout
    assert "line through 3 points, 60 frames" in lines


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ((), "--from: the walk has no points; give image:N, sample:SEED or numbers separated by commas"),
        (("--from", "0,0"), "the key points: a walk of this kind takes 2 to 100 of them, not 1"),
        (("--from", "image:200", "--to", "0,0"), "image:200: spots has 200 images, counted from 0"),
        (("--from", "image:x", "--to", "0,0"), "image:x: the colon must be followed by a whole number from 0"),
        (("--from", "here", "--to", "0,0"), "here: this is not a point: image:N"),
        (("--from", "1,2,3", "--to", "0,0"), "1,2,3: the model has 2 latent dimensions, but these are 3 numbers"),
        (("--from", "0,0", "--keys", "z.npz"), "--keys: the points are in the file; leave out --from"),
        (("--out", "spots.npz"), "spots.npz: the file must end in .png, .gif"),
        (("--recipe", "spots.npz"), "spots.npz: this is not the recipe of a walk"),
        (("--recipe", "none.json"), "none.json: no such file or directory"),
    ],
)
def test_what_cannot_be_walked_is_said_in_a_line(workshop: Path, arguments: tuple[str, ...], reason: str) -> None:
    done = run(workshop, *WALK, *arguments)
    assert done.returncode == 2
    assert reason in done.stderr


def test_a_recipe_of_another_model_or_version_is_refused(workshop: Path) -> None:
    result(
        workshop, *WALK, "--from", "image:3", "--to", "0,0", "--kind", "data", "--frames", 4, "--write-recipe", "r.json"
    )
    stored = json.loads((workshop / "r.json").read_text())
    for changed, reason in (
        ({"model_digest": "0" * 16}, "the recipe belongs to another model, spots with the digest 0000000000000000"),
        ({"data_digest": "1" * 16}, "the recipe belongs to other data"),
        ({"walk": 99}, "its version is 99, not 1"),
    ):
        (workshop / "changed.json").write_text(json.dumps(stored | changed))
        done = run(workshop, "walk", "spots.safetensors", "--recipe", "changed.json")
        assert (done.returncode, reason in done.stderr) == (2, True)


def test_a_damaged_recipe_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "r.json").write_text('{"walk": 1, "settings": {}}')
    with pytest.raises(UserError, match="this is not the recipe of a walk"):
        read_recipe(tmp_path / "r.json")
