"""The tour: the main workflow in the real window, as a separate program."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tests.support.places import ROOT

# As a person starts it; and with workers that are forked, whose imports and tracing ahead take half of its seconds.
SPAWNING = "import sys; from explorer.cli.main import main; sys.exit(main())"
FORKING = """
import sys
import pytest
from explorer.cli.main import main
from tests.support.workers import fork_workers

if __name__ == "__main__":
    with pytest.MonkeyPatch.context() as patch:
        fork_workers(patch)
        sys.exit(main())
"""
SIZE = (1280, 800)
TABS = ("distribution", "workbench", "lab", "factors", "training", "log")
SECONDS = 280
MOVES = 12


@pytest.fixture(
    scope="module", params=[FORKING, pytest.param(SPAWNING, marks=pytest.mark.slow)], ids=["forking", "spawning"]
)
def out(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Run a tour and return its output folder."""
    folder = tmp_path_factory.mktemp("tour")
    command = [sys.executable, "-c", request.param, "tour", "--out", str(folder / "out"), "--size", "1280x800"]
    command += ["--scheme", "light", "--families", "Normal", "--moves", str(MOVES)]
    with pytest.MonkeyPatch.context() as patch:
        for kind in ("CONFIG", "CACHE", "DATA", "STATE"):
            patch.setenv(f"XDG_{kind}_HOME", str(folder))
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=SECONDS, check=False)
    # TensorFlow, imported in the process that is forked from, greets on standard error.
    assert (done.returncode, "Traceback" in done.stderr) == (0, False), done.stderr
    assert request.param == FORKING or not done.stderr
    return folder / "out"


@pytest.fixture(scope="module")
def report(out: Path) -> dict[str, Any]:
    """Return the measurements of the tour."""
    report: dict[str, Any] = json.loads((out / "tour.json").read_text())
    return report


def test_every_measurement_is_there(report: dict[str, Any]) -> None:
    for name in ("window_shown_s", "first_decode_s", "import_tensorflow_s", "decode_call_ms", "memory_mb"):
        assert report[name] > 0, name
    for phase in ("idle", "workbench", "laboratory", "training"):
        for figure in ("drag_to_pixels_ms", "frame_interval_ms"):
            times = report[figure][phase]
            assert 0 < times["p50"] <= times["p99"] <= times["max"]
    for phase in ("start", "idle", "workbench", "laboratory", "training", "export"):
        gaps = report["event_loop_gap_ms"][phase]
        assert 0 < gaps["p99"] <= gaps["max"]
    assert report["window_shown_s"] <= report["first_decode_s"]
    assert {"python", "tensorflow", "pyside6", "pyqtgraph"} <= set(report["versions"])


def test_every_move_was_answered_on_screen(report: dict[str, Any]) -> None:
    assert report["drag_to_pixels_ms"]["idle"]["n"] >= MOVES
    assert report["drag_to_pixels_ms"]["training"]["n"] >= MOVES / 3


def test_it_trained_and_exported(report: dict[str, Any], out: Path) -> None:
    assert report["training"]["unsaved_model"]
    assert len(report["training"]["test_elbo"]) == 1
    assert report["export"].startswith("16 samples written to ")
    assert len(list((out / "samples").glob("*.png"))) == 16
    assert np.load(out / "latents.npz")["z"].shape == (16, 50)
    assert not list(out.rglob("*.part*"))


@pytest.mark.parametrize("name", ["window", *TABS])
def test_its_pictures_show_the_window(out: Path, name: str) -> None:
    with Image.open(out / f"{name}.png") as picture:
        assert picture.size == SIZE
        grey = np.asarray(picture.convert("L"))
    assert grey[5, 700] > 200  # the light scheme that was asked for
    assert grey.std() > 10
    assert len(np.unique(grey)) > 50
