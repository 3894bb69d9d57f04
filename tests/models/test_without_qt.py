"""The tests of the science are collected, and so run, on a machine without Qt."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.places import ROOT

# Python imports this module at its start, wherever it is found first.
NO_QT = """
import sys

class NoQt:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in ("PySide6", "shiboken6", "pyqtgraph"):
            raise ImportError(f"libEGL.so.1: cannot open shared object file ({name})")

sys.meta_path.insert(0, NoQt())
"""


def test_no_test_of_the_science_names_qt() -> None:
    """What is named nowhere is not imported; --slow imports all of them where there is no Qt."""
    words = "|".join(map(re.escape, ("PySide6", "pytestqt", "pyqtgraph", "explorer.app", "explorer.views")))
    imported = re.compile(rf"^\s*(from|import) ({words})\b", re.MULTILINE)
    paths = sorted((ROOT / "tests" / "models").rglob("*.py"))
    found = [path.name for path in paths if imported.search(path.read_text(encoding="utf-8"))]
    assert found == []


@pytest.mark.parametrize(
    "arguments",
    [pytest.param(("tests/models",), marks=pytest.mark.slow), ("tests/test_setup.py", "-p", "no:pytest-qt")],
    ids=["with its plugin", "without its plugin"],
)
def test_the_tests_of_the_science_need_no_qt(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    (tmp_path / "sitecustomize.py").write_text(NO_QT)
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    environment["PYTHONPATH"] = str(tmp_path)

    def python(*words: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, *words]
        return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)

    assert "libEGL.so.1" in python("-c", "import PySide6").stderr
    collected = python("-m", "pytest", "-q", "--collect-only", "-p", "no:cacheprovider", *arguments)
    assert collected.returncode == 0, collected.stdout + collected.stderr
    assert arguments[0] in collected.stdout
