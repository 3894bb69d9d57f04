"""Where the program keeps its things while a test runs."""

from __future__ import annotations

from pathlib import Path

import pytest


def use_folders(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let settings, caches, data and logs lie in ``folder``."""
    for kind in ("CONFIG", "CACHE", "DATA", "STATE"):
        monkeypatch.setenv(f"XDG_{kind}_HOME", str(folder / kind.lower()))
    monkeypatch.setenv("HOME", str(folder))


def put_own_code(folder: Path) -> None:
    """Fill ``folder`` with Python code that has the names of the program's packages and of what they import."""
    for name in ("models", "resources/__init__", "click", "select"):
        (folder / f"{name}.py").parent.mkdir(exist_ok=True)
        (folder / f"{name}.py").write_text(f"raise RuntimeError('{name} of the person was imported')")
