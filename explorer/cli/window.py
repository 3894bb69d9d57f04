"""The commands that open the window."""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from explorer.cli.display import check_display, choose_binding, libraries_told
from models.core.data_options import DataOptions
from models.core.errors import UserError

if TYPE_CHECKING:
    from explorer.client.launcher import Launched


def open_window(files: Sequence[str], latents: str | None = None, images: str = "", table: str = "") -> int:
    """Open the window with ``files``, and ``latents`` in a file with the model among them; return its exit code.

    The latents have ``images`` and the columns of a ``table``, if these are named; UserError without latents.
    """
    if (images or table) and not latents:
        raise UserError("--images" if images else "--table", "there are no latents for it", "name them with --latents")
    choose_binding()
    check_display()
    launched = _launch_decoder()
    with libraries_told():
        from explorer.app.startup import run_app

    beside = DataOptions(images=images and str(Path(images).absolute()), labels=table and str(Path(table).absolute()))
    return run_app(files, launched, latents or "", beside=beside)


def open_live() -> int:
    """Open the window on the model of the Python process that standard input tells of, and return its exit code."""
    choose_binding()
    check_display()
    launched = _launch_decoder()
    from explorer.client.live import joined

    live = joined(sys.stdin.read())
    with libraries_told():
        from explorer.app.startup import run_app

    return run_app([], launched, live=live)


def run_guided_tour(out: Path, size: str, scheme: str | None, families: str, moves: int, overwrite: bool) -> int:
    """Run the tour in a window of ``size``, e.g. ``1440x900``, ``families`` between commas, with ``moves``.

    UserError if that is not a valid size, or a family is unknown.
    """
    from models.core.families import FACTS

    match = re.fullmatch(r"(\d{3,5})[x×](\d{3,5})", size)
    if match is None:
        raise UserError("--size", f"{size!r} is not a size like 1440x900")
    names = tuple(name.strip() for name in families.split(","))
    if unknown := sorted(set(names) - FACTS.keys()):
        raise UserError("--families", f"there is no family {unknown[0]!r}", f"choose from {', '.join(FACTS)}")
    from explorer.cli.targets import allow_replacing

    allow_replacing([out / "tour.json"], overwrite)
    choose_binding()
    launched = _launch_decoder()
    with libraries_told():
        from explorer.tour.script import run_tour

    return run_tour(out, (int(match[1]), int(match[2])), scheme, names, moves, launched)


def _launch_decoder() -> Launched:
    """Start the decoder, which imports TensorFlow while this process imports Qt."""
    from explorer.client.launcher import launch

    return launch("decoder")
