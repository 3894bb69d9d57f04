"""Points to fit a line to: those of a CSV file, and five whose posterior the tests know by heart."""

from __future__ import annotations

import csv
import io
import math
from pathlib import Path
from typing import TypeAlias

import numpy as np

from models.core.arrays import Floats64
from models.core.errors import UserError
from models.core.reading import read_file

Points: TypeAlias = tuple[Floats64, Floats64]
LINE: Points = (np.array([-1.0, 0.0, 1.0, 2.0, 3.0]), np.array([-0.8, 0.3, 0.9, 2.2, 2.9]))
MOST_POINTS = 10_000
DELIMITERS = ",;\t"


def read_points(path: Path) -> Points:
    """Return x [n] and y [n], the two columns of a CSV file with or without a header.

    OSError if it cannot be read, UserError if it holds something else, or more than MOST_POINTS rows.
    """
    text = read_file(path).decode("utf-8-sig", errors="replace")
    delimiter = max(DELIMITERS, key=text.partition("\n")[0].count)
    try:
        lines = list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))
    except csv.Error as error:
        raise UserError(str(path), f"this is not a table ({error})") from error
    rows = [(number, row) for number, row in enumerate(lines, 1) if any(cell.strip() for cell in row)]
    if rows and not any(_is_number(cell) for cell in rows[0][1]):
        rows = rows[1:]
    if not 1 <= len(rows) <= MOST_POINTS:
        raise UserError(str(path), f"it has {len(rows)} rows of numbers", f"take from 1 to {MOST_POINTS:,}")
    points = np.array([_point(path, number, row) for number, row in rows])
    return points[:, 0], points[:, 1]


def _point(path: Path, number: int, row: list[str]) -> tuple[float, float]:
    if len(row) != 2 or not all(map(_is_number, row)):
        raise UserError(str(path), f"row {number} is {', '.join(row)[:40]!r}, not two finite numbers x and y")
    return float(row[0]), float(row[1])


def _is_number(cell: str) -> bool:
    try:
        return math.isfinite(float(cell))
    except ValueError:
        return False
