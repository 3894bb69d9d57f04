"""Ask for a file and write it, and say beside the thing how that went."""

from __future__ import annotations

import os
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFileDialog, QMessageBox, QWidget

from explorer.views.common.bubble import say
from models.core.errors import UserError
from models.core.files import output_file, with_ending


def ask_target(over: QWidget, title: str, name: str, kinds: str, *endings: str) -> Path | None:
    """Ask where to write a file, ``name`` in the home folder if nothing else is chosen; None if it was cancelled.

    The first of the ``endings`` is added to a name that has none of them; the dialog of the system has asked about the
    name as it was typed, so that a file of the longer name is asked about here.
    """
    chosen, _ = QFileDialog.getSaveFileName(over, title, str(Path.home() / name), kinds)
    if not chosen:
        return None
    path = with_ending(Path(chosen), *endings) if endings else Path(chosen)
    return path if path == Path(chosen) or may_replace(over, title, path) else None


def may_replace(over: QWidget, title: str, *files: Path) -> bool:
    """Ask whether those of ``files`` that are there may be replaced; True at once if there are none."""
    there = [file.name for file in files if os.path.lexists(file)]
    if not there:
        return True
    box = QMessageBox(QMessageBox.Icon.Question, title, "", parent=over)
    box.setTextFormat(Qt.TextFormat.PlainText)
    box.setText(f"{' and '.join(there)} {'exist' if len(there) > 1 else 'exists'} already in {files[0].parent}.")
    replacing = box.addButton("Replace", QMessageBox.ButtonRole.DestructiveRole)
    box.setDefaultButton(box.addButton(QMessageBox.StandardButton.Cancel))
    box.exec()
    return box.clickedButton() is replacing


def save_bytes(beside: QWidget, path: Path, content: bytes) -> None:
    """Write a file, whole or not at all."""
    try:
        with output_file(path) as draft:
            draft.write_bytes(content)
    except UserError as error:
        say(beside, str(error), "error")
    else:
        say(beside, f"Wrote {path.name}")
