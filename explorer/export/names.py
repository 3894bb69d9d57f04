"""The names of the files of an export, and what an earlier one has left in a folder."""

from __future__ import annotations

import re
from itertools import count
from pathlib import Path

PICTURES, SHEET = "samples", "samples.png"
TABLES = ("latents.npz", "latents.csv")
DIGITS = 4
_PICTURE = re.compile(r"sample-\d{4,}\.png")


def picture_name(number: int, total: int) -> str:
    """Return the name of the picture ``number`` of ``total``, from 1; names sort as numbers do."""
    return f"sample-{number:0{max(DIGITS, len(str(total)))}d}.png"


def earlier_files(folder: Path) -> list[Path]:
    """Return the files of an earlier export in ``folder``; none if it cannot be read."""
    others = [folder / name for name in (SHEET, *TABLES)]
    try:
        pictures = sorted((folder / PICTURES).glob("sample-*.png"))
        return [path for path in pictures if _PICTURE.fullmatch(path.name)] + [path for path in others if path.exists()]
    except OSError:
        return []


def remove_earlier(folder: Path) -> None:
    """Remove the files of an earlier export, so that none of them stands beside those of another; OSError if not."""
    for path in earlier_files(folder):
        path.unlink(missing_ok=True)


def free_folder(folder: Path) -> Path:
    """Return the first of ``folder 2``, ``folder 3`` … that is not there."""
    return next(path for number in count(2) if not (path := folder.with_name(f"{folder.name} {number}")).exists())
