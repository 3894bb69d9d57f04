"""Tables of pixels: CSV files, gzipped or not, with an image in each row, and its label first, last or nowhere."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import IO

import numpy as np

from models.core.data_options import NO_LABELS, DataOptions
from models.core.errors import UserError
from models.data.arrays import Arrays, source_of
from models.data.formats.format import Format, opener
from models.data.geometry import CHANNELS
from models.data.source import MAX_DATA_BYTES, Source, Steps, check_label_count, unpacked
from models.data.tables import DELIMITERS, LABEL_COLUMNS

ENDINGS = (".csv", ".tsv", ".csv.gz", ".tsv.gz")
# Of one row: a picture of 256 × 256 pixels in colour, written out.
MAX_LINE = 1 << 22
ROWS_PER_BLOCK = 500
# From which the place of the label is told.
SAMPLE_ROWS = 200
# Fewer columns are no image, but a table about images.
FEWEST_COLUMNS = 16


@dataclass(frozen=True)
class Plan:
    """The columns of a table: its delimiter, the number of lines of its header, its label and its pixels."""

    delimiter: str
    header: int
    label: int | None
    pixels: tuple[int, ...]
    note: str


def pixels_source(path: Path, options: DataOptions) -> Steps[Source]:
    """Return the images and labels of a table of pixels; UserError if it is none."""
    plan = _plan(path, options)
    count, labels, done = 0, list[str](), 0
    with unpacked(path) as file:
        for line in _lines(file, path.name, plan.header):
            if plan.label is not None:
                labels.append(_cells(line, plan)[plan.label])
            count, done = count + 1, done + len(line)
            if done > MAX_DATA_BYTES:
                raise UserError(path.name, f"it has more than the limit of {MAX_DATA_BYTES >> 30} GiB of text")
            if count % ROWS_PER_BLOCK == 0:
                yield None
    check_label_count(count, path.name)
    arrays = Arrays(
        path.name, (count, len(plan.pixels)), _dtype(path, plan), lambda: _blocks(path, plan),
        np.array(labels) if labels else None, [plan.note] if plan.note else [],
    )  # fmt: skip
    return (yield from source_of(arrays, options))


def _plan(path: Path, options: DataOptions) -> Plan:
    with unpacked(path) as file:
        lines = list(islice(_lines(file, path.name, 0), SAMPLE_ROWS))
    if not lines:
        raise UserError(path.name, "the table is empty")
    delimiter = max(DELIMITERS, key=lines[-1].count)
    rows = [[cell.strip().strip('"') for cell in line.split(delimiter)] for line in lines]
    header = rows[0] if not any(map(_is_number, rows[0][1:-1])) else []
    body = rows[1:] if header else rows
    width = len(rows[0])
    if width < FEWEST_COLUMNS or not body:
        raise UserError(path.name, f"its rows have {width} values, which are no images", "open the folder it is about")
    label, pixels = _columns(header, body, width, options, path.name)
    note = "" if label is None else f"the label is the {_place(label, width)} column"
    note = f"{note} ({header[label]})" if label is not None and header else note
    if options.labels == NO_LABELS:
        label, note = None, ""
    return Plan(delimiter, 1 if header else 0, label, pixels, note)


def _columns(
    header: list[str], body: list[list[str]], width: int, options: DataOptions, name: str
) -> tuple[int | None, tuple[int, ...]]:
    """Return the column of the label and those of the pixels."""
    every = tuple(range(width))
    named = [n for n, word in enumerate(header) if word.lower() in LABEL_COLUMNS]
    if options.labels in ("first", "last"):
        named = [0 if options.labels == "first" else width - 1]
    elif options.labels and options.labels != NO_LABELS:
        if options.labels not in header:
            raise UserError(name, f"it has no column {options.labels} for --labels")
        named = [header.index(options.labels)]
    label = named[0] if named else None
    if label is None and header:
        # Others than the pixels: an identity, a usage.
        numbered = tuple(n for n in every if re.search(r"\d$", header[n]))
        return None, numbered if _is_image(len(numbered), options) else every
    if label is None and not _is_image(width, options) and _is_image(width - 1, options):
        label = _likelier(body, width)
    rest = tuple(n for n in every if n != label)
    if header and not _is_image(len(rest), options):
        rest = tuple(n for n in rest if re.search(r"\d$", header[n]))
    return label, rest


def _is_image(pixels: int, options: DataOptions) -> bool:
    """Return whether so many values are an image: square, or of the size that was asked for."""
    squares = any(math.isqrt(pixels // of) ** 2 * of == pixels for of in CHANNELS)
    return pixels > 0 and (squares or (options.size is not None and pixels % math.prod(options.size) == 0))


def _likelier(body: list[list[str]], width: int) -> int:
    """Return the first or the last column, whichever looks like labels: text, or fewer values, but not just one."""

    def strangeness(column: int) -> tuple[bool, bool, int]:
        values = {row[column] for row in body if column < len(row)}
        return all(map(_is_number, values)), len(values) < 2, len(values)

    return min((0, width - 1), key=strangeness)


def _place(column: int, width: int) -> str:
    return "first" if column == 0 else "last" if column == width - 1 else f"{column + 1}."


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _lines(file: IO[bytes], name: str, skipped: int) -> Iterator[str]:
    """Yield the lines of a table but for the first ``skipped`` and empty ones."""
    while line := file.readline(MAX_LINE):
        if len(line) >= MAX_LINE:
            raise UserError(name, "a line of it is longer than any image")
        if skipped:
            skipped -= 1
        elif line.strip():
            yield line.decode("utf-8-sig", errors="replace").rstrip("\r\n")


def _cells(line: str, plan: Plan) -> list[str]:
    cells = [cell.strip().strip('"') for cell in line.split(plan.delimiter)]
    return cells + [""] * (max(*plan.pixels, plan.label or 0) + 1 - len(cells))


def _dtype(path: Path, plan: Plan) -> np.dtype:
    """Return integers unless one of the first rows has a fraction."""
    with unpacked(path) as file:
        lines = list(islice(_lines(file, path.name, plan.header), SAMPLE_ROWS))
    return np.dtype(
        np.float64 if any("." in _cells(line, plan)[n] for line in lines for n in plan.pixels) else np.int64
    )


def _blocks(path: Path, plan: Plan) -> Iterator[np.ndarray]:
    """Yield the pixels [k, p] of some rows at a time; UserError names a row that is none of numbers."""
    dtype, row = _dtype(path, plan), 0
    with unpacked(path) as file:
        lines = _lines(file, path.name, plan.header)
        while some := list(islice(lines, ROWS_PER_BLOCK)):
            yield _values(some, plan, dtype, path.name, row)
            row += len(some)


def _values(lines: list[str], plan: Plan, dtype: np.dtype, name: str, row: int) -> np.ndarray:
    try:
        values = np.loadtxt(
            (line.replace('"', "") for line in lines), dtype, delimiter=plan.delimiter, usecols=plan.pixels, ndmin=2,
            comments=None,
        )  # fmt: skip
    except ValueError as error:
        raise UserError(
            name, f"a row from {row + 1} to {row + len(lines)} does not hold {len(plan.pixels)} numbers"
        ) from error
    return values


def _claims(start: bytes, path: Path) -> bool:
    return not path.is_dir() and path.name.lower().endswith(ENDINGS) and b"\0" not in start[:2]


FORMAT = Format("pixels", _claims, opener(pixels_source))
