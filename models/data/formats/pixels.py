"""Tables of pixels: CSV files, gzipped or not, with an image in each row, and its label first, last or nowhere.

The pixels are columns, or all in one column with spaces between them.
"""

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
# Of text that is a table if it begins with a number.
TEXT_ENDINGS, NUMBERS = (".txt", ".amat", ".dat"), re.compile(rb"[-+\d\s.,;eE]+")
FRACTION = re.compile(r"[.eE]")
# Of one row: a picture of 256 × 256 pixels in colour, written out.
MAX_LINE = 1 << 22
ROWS_PER_BLOCK = 500
# From which the place of the label is told.
SAMPLE_ROWS = 200
# Fewer columns are no image, but a table about images.
FEWEST_COLUMNS = 16


@dataclass(frozen=True)
class Plan:
    """The columns of a table: its delimiter, the number of lines of its header, its label and its pixels.

    The delimiter is " " for any number of spaces. ``packed`` is the column that holds all the pixels, if one does.
    """

    delimiter: str
    header: int
    label: int | None
    pixels: tuple[int, ...]
    note: str
    packed: int | None = None


def pixels_source(path: Path, options: DataOptions) -> Steps[Source]:
    """Return the images and labels of a table of pixels; UserError if it is none."""
    plan = _plan(path, options)
    count, labels, done, whole = 0, list[str](), 0, True
    with unpacked(path) as file:
        for line in _lines(file, path.name, plan.header):
            if plan.label is not None:
                labels.append(_cells(line, plan)[plan.label])
            whole = whole and (not FRACTION.search(line) or _is_whole(line, plan))
            count, done = count + 1, done + len(line)
            if done > MAX_DATA_BYTES:
                raise UserError(path.name, f"it has more than the limit of {MAX_DATA_BYTES >> 30} GiB of text")
            if count % ROWS_PER_BLOCK == 0:
                yield None
    check_label_count(count, path.name)
    dtype = np.dtype(np.int64 if whole else np.float64)
    arrays = Arrays(
        path.name, (count, len(plan.pixels)), dtype, lambda: _blocks(path, plan, dtype),
        np.array(labels) if labels else None, [plan.note] if plan.note else [],
    )  # fmt: skip
    return (yield from source_of(arrays, options))


def _plan(path: Path, options: DataOptions) -> Plan:
    with unpacked(path) as file:
        lines = list(islice(_lines(file, path.name, 0), SAMPLE_ROWS))
    if not lines:
        raise UserError(path.name, "the table is empty")
    delimiter = max(
        (*DELIMITERS, " "), key=lambda mark: (lines[-1].count(mark) > 0, mark != " ", lines[-1].count(mark))
    )
    rows = [[cell.strip().strip('"') for cell in _split(line, delimiter)] for line in lines]
    header = rows[0] if _is_header(rows) else []
    body = rows[1:] if header else rows
    if header and body and (packed := _packed(header, body, options, path.name)) is not None:
        return Plan(delimiter, 1, *packed)
    width = len(rows[0])
    if width < FEWEST_COLUMNS or not body:
        raise UserError(path.name, f"its rows have {width} values, which are no images", "open the folder it is about")
    label, pixels = _columns(header, body, width, options, path.name)
    note = "" if label is None else f"the label is the {_place(label, width)} column"
    note = f"{note} ({header[label]})" if label is not None and header else note
    if options.labels == NO_LABELS:
        label, note = None, ""
    return Plan(delimiter, 1 if header else 0, label, pixels, note)


def _is_header(rows: list[list[str]]) -> bool:
    """Return whether the first row names columns: words above numbers, or the numbers of the columns."""
    head, body = rows[0], rows[1:]
    named = any(
        not _is_number(word) and all(n < len(row) and _is_number(row[n]) for row in body) for n, word in enumerate(head)
    )
    return bool(body) and (named or head[1:] == [str(n) for n in range(1, len(head))])


def _packed(
    header: list[str], body: list[list[str]], options: DataOptions, name: str
) -> tuple[int | None, tuple[int, ...], str, int] | None:
    """Return label, pixels, what to say, and the column that holds all the pixels; None if none does."""
    counts = [len(row[n].split()) if n < len(row) else 0 for row in body[:1] for n in range(len(header))]
    column = max(range(len(header)), key=counts.__getitem__)
    if counts[column] < FEWEST_COLUMNS:
        return None
    label, _ = _columns(header, body, len(header), options, name)
    note = f"the pixels are the column {header[column]}" + ("" if label is None else f", the label is {header[label]}")
    return None if options.labels == NO_LABELS else label, tuple(range(counts[column])), note, column


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


def _split(line: str, delimiter: str) -> list[str]:
    return line.split(None if delimiter == " " else delimiter)


def _cells(line: str, plan: Plan) -> list[str]:
    cells = [cell.strip().strip('"') for cell in _split(line, plan.delimiter)]
    last = plan.packed if plan.packed is not None else plan.pixels[-1]
    return cells + [""] * (max(last, plan.label or 0) + 1 - len(cells))


def _is_whole(line: str, plan: Plan) -> bool:
    """Return whether the pixels of a row are whole numbers."""
    cells = _cells(line, plan)
    pixels = cells[plan.packed] if plan.packed is not None else "".join(cells[n] for n in plan.pixels)
    return not FRACTION.search(pixels)


def _blocks(path: Path, plan: Plan, dtype: np.dtype) -> Iterator[np.ndarray]:
    """Yield the pixels [k, p] of some rows at a time; UserError names a row that is none of numbers."""
    row = 0
    with unpacked(path) as file:
        lines = _lines(file, path.name, plan.header)
        while some := list(islice(lines, ROWS_PER_BLOCK)):
            yield _values(some, plan, dtype, path.name, row)
            row += len(some)


def _values(lines: list[str], plan: Plan, dtype: np.dtype, name: str, row: int) -> np.ndarray:
    plain = (line.replace('"', "") for line in lines)
    delimiter, columns = None if plan.delimiter == " " else plan.delimiter, plan.pixels or None
    if plan.packed is not None:
        plain, delimiter, columns = (_cells(line, plan)[plan.packed] for line in lines), None, None
    try:
        values = np.loadtxt(plain, dtype, delimiter=delimiter, usecols=columns, ndmin=2, comments=None)
    except ValueError as error:
        raise UserError(
            name, f"a row from {row + 1} to {row + len(lines)} does not hold {len(plan.pixels)} numbers"
        ) from error
    return values


def _claims(start: bytes, path: Path) -> bool:
    name = path.name.lower()
    text = name.endswith(TEXT_ENDINGS) and NUMBERS.fullmatch(start) is not None
    return not path.is_dir() and (text or name.endswith(ENDINGS)) and b"\0" not in start[:2]


FORMAT = Format("pixels", _claims, opener(pixels_source))
