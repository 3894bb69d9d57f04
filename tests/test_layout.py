"""Rules for the source tree: imports, no widgets in the state, no long files."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
from collections.abc import Mapping
from graphlib import TopologicalSorter
from importlib.metadata import requires
from pathlib import Path

import pytest
from click.testing import CliRunner

from explorer import __version__
from explorer.cli.main import cli
from tests.support.places import ROOT

LONGEST = 350


def _sources(*packages: str) -> list[Path]:
    return sorted(path for package in packages for path in (ROOT / package).rglob("*.py"))


@pytest.mark.slow  # .ci/run asks import-linter itself
def test_import_rules_hold() -> None:
    command = [str(Path(sys.executable).with_name("lint-imports")), "--no-logo", "--no-cache"]
    checked = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_the_program_runs_without_what_only_tests_compare_with() -> None:
    needed = [line for line in requires("latentscape") or () if "extra ==" not in line]
    assert any(line.startswith("tensorflow") for line in needed)
    assert [line for line in needed if line.startswith(("tensorflow-probability", "tf-keras", "tf_keras"))] == []


def test_the_version_is_in_one_place() -> None:
    recipe = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert "version" not in recipe["project"]
    assert recipe["tool"]["hatch"]["version"] == {"path": "explorer/__init__.py"}
    assert CliRunner().invoke(cli, ["--version"]).output == f"latentscape, version {__version__}\n"


def test_packages_say_that_they_are_typed() -> None:
    packages = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["hatch"]["build"]["targets"]["wheel"]
    assert [name for name in packages["packages"] if not (ROOT / name / "py.typed").is_file()] == []


def test_the_state_knows_no_widgets() -> None:
    assert [path.name for path in _sources("explorer/state") if "QtWidgets" in path.read_text()] == []


def test_no_file_is_long() -> None:
    paths = _sources("explorer", "latentscape", "models", "resources")
    lines = {str(path.relative_to(ROOT)): len(path.read_text().splitlines()) for path in paths}
    assert {path: count for path, count in lines.items() if count > LONGEST} == {}


def test_every_paint_is_guarded() -> None:
    """An exception that escapes a paint event ends the process."""
    bare = [
        f"{path.relative_to(ROOT)}: {function.name}"
        for path in (ROOT / "explorer").rglob("*.py")
        for function in ast.walk(ast.parse(path.read_text()))
        if isinstance(function, ast.FunctionDef) and function.name in ("paint", "paintEvent", "drawForeground")
        if not any(isinstance(mark, ast.Name) and mark.id == "guarded" for mark in function.decorator_list)
    ]
    assert bare == []


def test_only_a_state_emits_its_signals() -> None:
    """Who wants something asks the state, by name: no controller commands another by emitting what it listens to."""
    emitting = re.compile(r"\bstate\.\w+\.\w+\.emit\(")
    others = [path for path in _sources("explorer") if "state" not in path.relative_to(ROOT / "explorer").parts]
    assert [str(path.relative_to(ROOT)) for path in others if emitting.search(path.read_text())] == []


def test_tests_stand_in_the_rooms_of_what_they_test() -> None:
    for top in ("explorer", "models"):
        rooms = {path.name for path in (ROOT / top).iterdir() if path.is_dir()}
        tested = {path.parent.name for path in (ROOT / "tests" / top).glob("*/test_*.py")}
        assert tested <= rooms


def test_no_import_circle() -> None:
    """Imports for types and those inside functions count as well."""
    paths = {_module(path): path for path in _sources("explorer", "latentscape", "models", "resources")}
    imports = {name: _imported(path, paths) - {name} for name, path in paths.items()}
    TopologicalSorter(imports).prepare()  # CycleError names a circle


def _module(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def _imported(path: Path, modules: Mapping[str, Path]) -> set[str]:
    """Return those of ``modules`` that a file imports, wherever in it."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            inside = {f"{node.module}.{alias.name}" for alias in node.names}
            names |= (inside & modules.keys()) or {str(node.module)}
    return names & modules.keys()
