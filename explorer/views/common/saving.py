"""Ask for a file and write it, and say beside the thing how that went."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtWidgets import QFileDialog, QWidget

from explorer.views.common.bubble import say
from models.core.errors import UserError
from models.core.files import output_file


def ask_target(over: QWidget, title: str, name: str, kinds: str) -> Path | None:
    """Ask where to write a file, ``name`` in the home folder if nothing else is chosen; None if it was cancelled."""
    path, _ = QFileDialog.getSaveFileName(over, title, str(Path.home() / name), kinds)
    return Path(path) if path else None


def save_bytes(beside: QWidget, path: Path, content: bytes) -> None:
    """Write a file, whole or not at all."""
    try:
        with output_file(path) as draft:
            draft.write_bytes(content)
    except UserError as error:
        say(beside, str(error), "error")
    else:
        say(beside, f"Wrote {path.name}")
