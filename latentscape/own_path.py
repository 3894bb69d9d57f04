"""The import path of this program's own processes, whatever folder a person works in.

Research code often lies in a folder with a ``models`` package, a ``models.py`` or a ``resources`` of its own. Python
puts the current folder first, so that those would be imported in place of this program's. This file needs the standard
library only and runs before anything else is imported; run as a script, it is the command line of this program.
"""

from __future__ import annotations

import os
import runpy
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

# The folder that holds this program's packages.
ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("explorer", "latentscape", "models", "resources")
# Where it is set, Python does not put the current folder on the path.
SAFE_PATH = "PYTHONSAFEPATH"


def command(*arguments: str) -> list[str]:
    """Return the arguments that run the command line in a process that imports nothing from the current folder."""
    return [sys.executable, "-P", str(Path(__file__).resolve()), *arguments]


def own_packages_first() -> None:
    """Leave the current folder out of ``sys.path``, and move what else hides this program's packages behind them."""
    path = sys.path[1:] if _starts_in_current_folder() else sys.path
    hiding = [entry for entry in path if _hides(entry)]
    kept = [entry for entry in path if entry not in hiding]
    if ROOT not in map(_folder, kept):
        kept.append(str(ROOT))
    sys.path[:] = kept + hiding


@contextmanager
def safe_path() -> Iterator[None]:
    """Let Python processes that are started in the block import nothing from the current folder."""
    before = os.environ.get(SAFE_PATH)
    os.environ[SAFE_PATH] = "1"
    try:
        yield
    finally:
        if before is None:
            del os.environ[SAFE_PATH]
        else:
            os.environ[SAFE_PATH] = before


def _starts_in_current_folder() -> bool:
    """Return whether Python put the current folder first, which is not the program's own."""
    first = sys.path[0] if sys.path else str(ROOT)
    return not sys.flags.safe_path and _folder(first) == _folder("") != ROOT


def _hides(entry: str) -> bool:
    """Return whether an entry of the path holds a package or module with the name of one of this program's."""
    folder = _folder(entry)
    if folder is None or folder == ROOT:
        return False
    found = ((folder / name / "__init__.py", folder / f"{name}.py") for name in PACKAGES)
    return any(_is_file(path) for pair in found for path in pair)


def _folder(entry: str) -> Path | None:
    """Return the folder that an entry of the path stands for, the current one if it is empty; None if it is gone."""
    try:
        return Path(entry).resolve()
    except OSError:
        return None


def _is_file(path: Path) -> bool:
    """Return whether a file is there; what cannot be looked at is not."""
    try:
        return path.is_file()
    except OSError:
        return False


if __name__ == "__main__":
    own_packages_first()
    runpy.run_module("explorer.cli", run_name="__main__", alter_sys=True)
