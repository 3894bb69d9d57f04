"""The program's processes import its own packages, whatever lies in the folder a person works in."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from latentscape import own_path
from latentscape.own_path import ROOT, command, own_packages_first
from tests.support.folders import put_own_code


@pytest.mark.parametrize("start", [[sys.executable, "-m", "explorer.cli"], command()])
def test_the_command_line_runs_from_a_folder_with_models_of_its_own(tmp_path: Path, start: list[str]) -> None:
    put_own_code(tmp_path)
    (tmp_path / "more").mkdir()
    (tmp_path / "more" / "models.py").write_text("raise RuntimeError('models on the path was imported')")
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(tmp_path / "more"), str(ROOT)])}
    done = subprocess.run(
        [*start, "info", "mnist-vae-2"], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    assert done.stderr == ""
    assert done.stdout.startswith("model ")


def test_what_hides_the_programs_packages_moves_behind_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put_own_code(tmp_path)
    (tmp_path / "kept" / "models").mkdir(parents=True)
    others = [str(tmp_path), str(tmp_path / "kept"), str(ROOT), str(tmp_path / "gone")]
    monkeypatch.setattr(sys, "path", [*others])
    own_packages_first()
    assert sys.path == [*others[1:], str(tmp_path)]
    monkeypatch.setattr(sys, "path", [str(tmp_path)])
    own_packages_first()
    assert sys.path == [str(ROOT), str(tmp_path)]


def test_the_current_folder_is_left_out_unless_it_is_the_programs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for first in ("", str(tmp_path)):
        monkeypatch.setattr(sys, "path", [first, str(ROOT)])
        own_packages_first()
        assert sys.path == [str(ROOT)]
    monkeypatch.chdir(ROOT)
    monkeypatch.setattr(sys, "path", [""])
    own_packages_first()
    assert sys.path == [""]


def test_processes_start_without_the_current_folder_only_meanwhile(monkeypatch: pytest.MonkeyPatch) -> None:
    for before in (None, ""):
        monkeypatch.delenv(own_path.SAFE_PATH, raising=False)
        if before is not None:
            monkeypatch.setenv(own_path.SAFE_PATH, before)
        with own_path.safe_path():
            assert os.environ[own_path.SAFE_PATH] == "1"
        assert os.environ.get(own_path.SAFE_PATH) == before
