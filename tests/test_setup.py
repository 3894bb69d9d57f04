"""The set-up scripts are well formed, and say in one line what is missing."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.support.places import ROOT

SCRIPTS = sorted((ROOT / ".ci").iterdir())

pytestmark = pytest.mark.skipif(shutil.which("bash") is None, reason="the set-up scripts are for bash")


def _run(script: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [shutil.which("bash") or "bash", str(script), *arguments]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """Return a checkout without a virtual environment."""
    shutil.copytree(ROOT / ".ci", tmp_path / "clone" / ".ci")
    shutil.copy(ROOT / "pyproject.toml", tmp_path / "clone")
    return tmp_path / "clone"


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.name)
def test_a_script_is_well_formed(script: Path) -> None:
    assert os.access(script, os.X_OK)
    assert subprocess.run(["bash", "-n", script], check=False).returncode == 0


def test_without_a_python_that_fits_the_setup_names_those_that_would(clone: Path) -> None:
    refused = _run(clone / ".ci/setup", PATH=os.environ["PATH"], PYTHON="/no/such/python")
    assert refused.returncode == 1
    assert refused.stderr.startswith("latentscape: needs Python 3.11, 3.12 or 3.13 and found none")
    assert refused.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("installed", "wanted", "enough"),
    [
        ("dev", "test", True),
        ("dev", "run", True),
        ("docs", "run", True),
        ("dev", "docs", False),
        ("docs", "test", False),
    ],
)
def test_what_is_installed_already_is_not_installed_again(
    clone: Path, installed: str, wanted: str, enough: bool
) -> None:
    (clone / ".venv/bin").mkdir(parents=True)
    (clone / ".venv/bin/python").symlink_to("/bin/false")
    recipe = (clone / "pyproject.toml").read_bytes()
    checksum = subprocess.run(["cksum"], input=recipe, capture_output=True, check=True).stdout.decode().strip()
    (clone / f".venv/latentscape-{installed}").write_text(f"{clone} {checksum}\n")
    done = _run(clone / ".ci/setup", wanted, PATH=os.environ["PATH"], PYTHON="/no/such/python")
    assert (done.returncode == 0) is enough, done.stderr


def test_without_apt_the_missing_packages_are_named(clone: Path) -> None:
    refused = _run(clone / ".ci/apt-install", "the libraries are", "libegl1", "libgl1", PATH="")
    assert refused.returncode == 1
    assert refused.stderr == (
        "latentscape: the libraries are missing and there is no apt here; "
        "install: what this system calls libegl1 libgl1\n"
    )


def test_without_a_display_the_start_says_that_it_runs_the_tour(clone: Path) -> None:
    started = _run(clone / ".ci/start", PATH=os.environ["PATH"], PYTHON="/no/such/python")
    assert started.stdout.startswith("latentscape: no display here")
    assert "running the offscreen tour instead" in started.stdout
