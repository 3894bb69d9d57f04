"""Where the program keeps its things while a test runs."""

from __future__ import annotations

from pathlib import Path

import pytest


def use_folders(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let settings, caches, data and logs lie in ``folder``."""
    for kind in ("CONFIG", "CACHE", "DATA", "STATE"):
        monkeypatch.setenv(f"XDG_{kind}_HOME", str(folder / kind.lower()))
    monkeypatch.setenv("HOME", str(folder))
