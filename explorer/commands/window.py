"""The commands that open the window."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from models.protocol import InputError


def open_window(files: Sequence[str]) -> int:
    """Open the window with ``files`` and return its exit code."""
    # The decoder imports TensorFlow while this process imports Qt.
    from explorer.engine.launch import launch

    launched = launch("decoder")
    from explorer.app import run_app

    return run_app(files, launched)


def run_guided_tour(out: Path, size: str, scheme: str | None) -> int:
    """Run the tour in a window of ``size``, e.g. ``1440x900``; InputError if it is not a size."""
    match = re.fullmatch(r"(\d{3,5})[x×](\d{3,5})", size)
    if match is None:
        raise InputError("--size", f"{size!r} is not a size like 1440x900")
    from explorer.engine.launch import launch

    launched = launch("decoder")
    from explorer.tour import run_tour

    return run_tour(out, (int(match[1]), int(match[2])), scheme, launched)
