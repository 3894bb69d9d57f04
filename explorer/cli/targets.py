"""The files that a command will write: what is there already is replaced only if the person says so."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from pathlib import Path

import click

from models.core.errors import UserError
from models.core.text import printable


def check_target(path: Path, *suffixes: str) -> None:
    """Reject an output path with another suffix, or that is a folder, before any work is done."""
    if path.suffix not in suffixes:
        raise UserError(str(path), f"the output file must end in {' or '.join(suffixes)}")
    if path.is_dir():
        raise UserError(str(path), "this is a folder")


def allow_replacing(files: Iterable[Path], overwrite: bool) -> None:
    """Return if none of ``files`` is there, or it may be replaced: by the option, or as the person at a terminal says.

    :class:`UserError` otherwise, before any work is done.
    """
    there = [file for file in files if os.path.lexists(file)]
    if overwrite or not there:
        return
    others = f" and {len(there) - 1} more" if len(there) > 1 else ""
    if _somebody_is_there() and click.confirm(f"{printable(str(there[0]))}{others} exist. Replace?", err=True):
        return
    raise UserError(f"{there[0]}{others}", "this exists already and was left as it is", "--overwrite replaces it")


def _somebody_is_there() -> bool:
    return sys.stdin is not None and sys.stdin.isatty() and sys.stderr.isatty()
