"""Rules for the source tree: imports, no widgets in the state, no long files."""

from __future__ import annotations

import ast
import subprocess
import sys
from importlib.metadata import requires
from pathlib import Path

ROOT = Path(__file__).parents[1]
LONGEST = 350


def _sources(*packages: str) -> list[Path]:
    return sorted(path for package in packages for path in (ROOT / package).rglob("*.py"))


def test_import_rules_hold() -> None:
    command = [str(Path(sys.executable).with_name("lint-imports")), "--no-logo", "--no-cache"]
    checked = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_the_program_runs_without_what_only_tests_compare_with() -> None:
    needed = [line for line in requires("latentscape") or () if "extra ==" not in line]
    assert any(line.startswith("tensorflow") for line in needed)
    assert [line for line in needed if line.startswith(("tensorflow-probability", "tf-keras", "tf_keras"))] == []


def test_the_state_knows_no_widgets() -> None:
    assert [path.name for path in _sources("explorer/state") if "QtWidgets" in path.read_text()] == []


def test_no_file_is_long() -> None:
    paths = _sources("explorer", "models", "resources")
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
