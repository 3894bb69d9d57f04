"""Models that are programs: what is said of them, and the files by whose content they are trusted."""

from __future__ import annotations

from itertools import islice
from pathlib import Path

from models.importing.archives import MOST_MEMBERS, MOST_UNPACKED
from models.importing.refusal import RefusedError

IS_PROGRAM = "this is a TensorFlow SavedModel, a program, which can do all that you can do while it is opened"
WAY_ON = "export its encoder and its decoder, each by itself, or save the Keras model: model.save('model.keras')"
TRUST_IT = f"if you trust it, say so with latentscape import --trust; otherwise {WAY_ON}"


def files_of_program(folder: Path) -> list[Path]:
    """Return all files of a SavedModel, in order: their content is what a person trusts."""
    found = sorted(islice(folder.rglob("*"), MOST_MEMBERS + 1))
    if len(found) > MOST_MEMBERS:
        raise RefusedError(f"its folder has more than {MOST_MEMBERS:,} files")
    if any(item.is_symlink() and item.is_dir() for item in found):
        raise RefusedError("a folder in it is a link, which is not followed", "copy what it leads to")
    files = [item for item in found if item.is_file()]
    if sum(file.stat().st_size for file in files) > MOST_UNPACKED:
        raise RefusedError(f"it is larger than {MOST_UNPACKED >> 20:,} MiB")
    return files
