"""The program's own folders, and temporary ones where they cannot be written."""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
from functools import cache
from pathlib import Path

import platformdirs

from models.core.files import make_private_folder, reason_of

APP = "latentscape"
CACHE_VARIABLE = "LATENTSCAPE_CACHE"


def cache_root() -> Path:
    """Return the cache folder: ``$LATENTSCAPE_CACHE`` or the system's place for it."""
    return Path(os.environ.get(CACHE_VARIABLE) or platformdirs.user_cache_dir(APP))


def usable_cache() -> str:
    """Let this process and those it starts use a temporary cache if theirs cannot be written, and say so.

    Return a sentence, which is empty if the cache can be written, or if there is no room for a temporary one either.
    """
    root = cache_root()
    reason = unwritable(root)
    if not reason:
        return ""
    try:
        os.environ[CACHE_VARIABLE] = str(temporary_folder() / "cache")
    except OSError:
        return ""
    return f"The cache {root} cannot be written ({reason}). A temporary one is used, so data take longer to open."


def usable_folder(folder: Path) -> Path:
    """Return ``folder``, or a temporary one of its name where it cannot be written; OSError if neither can be."""
    if not unwritable(folder):
        return folder
    other = temporary_folder() / folder.name
    other.mkdir(exist_ok=True)
    return other


def unwritable(folder: Path) -> str:
    """Return why no file can be written in ``folder``, which is made if it can be; nothing if one can be."""
    try:
        make_private_folder(folder)
        with tempfile.TemporaryFile(dir=folder):
            return ""
    except OSError as error:
        return reason_of(error)


@cache
def temporary_folder() -> Path:
    """Return a folder that goes with this process; OSError if the system has no place for one."""
    folder = Path(tempfile.mkdtemp(prefix=f"{APP}-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder
