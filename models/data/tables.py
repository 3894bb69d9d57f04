"""Tables beside images: CSV files whose rows name a picture or its number, and files of one label each."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path, PurePosixPath

import numpy as np

from models.core.columns import NAME, ROW
from models.core.errors import UserError
from models.core.formats import PICTURE_SUFFIXES
from models.core.npy import read_array
from models.core.reading import open_file, read_file
from models.data.division import shuffled_if_sorted
from models.data.labels import Classes, classes_of, text_classes
from models.data.source import Source

NAME_COLUMNS = ("name", "filename", "file_name", "file", "path", "filepath", "image", "image_path", "image_name", "img")
INDEX_COLUMNS = ("index", "idx", "row", "number", "")
IDENTITIES = ("id", "image_id", "img_id")
LABEL_COLUMNS = ("label", "labels", "class", "class_name", "target", "category", "y", "digit", "character", "emotion")
MAX_BYTES = 1 << 26
SUFFIXES = (".csv", ".tsv")
DELIMITERS = ",;\t"

Table = dict[str, list[str]]


def read_table(path: Path) -> Table:
    """Return the columns of a CSV or TSV file by their names; OSError or UserError if it cannot be read as one."""
    text = read_file(path, MAX_BYTES).decode("utf-8-sig", errors="replace")
    return table_of(text, path.name)


def table_of(text: str, name: str) -> Table:
    """Return the columns of CSV text by their names; without a header these are name and label."""
    first = text.partition("\n")[0]
    delimiter = max(DELIMITERS, key=first.count)
    try:
        rows = [row for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter) if row]
    except csv.Error as error:
        raise UserError(name, f"this is not a table ({error})") from error
    if not rows:
        raise UserError(name, "the table is empty")
    headed = not any(cell.lower().endswith(PICTURE_SUFFIXES) for cell in rows[0])
    head = [cell.strip() for cell in rows[0]] if headed else ["name", "label", *map(str, range(2, len(rows[0])))]
    body = rows[1:] if headed else rows
    return {column: [row[place] if place < len(row) else "" for row in body] for place, column in enumerate(head)}


def joined(source: Source, table: Table, name: str, column: str = "", must: bool = False) -> Source:
    """Return ``source`` with the columns of ``table``, and the classes of its ``column``.

    Where the source has no classes, a column that is called so gives them. UserError if the rows do not fit, and
    a column was asked for, or the table ``must`` fit.
    """
    rows = _rows_of(source, table)
    if rows is None or not any(row is not None for row in rows):
        if column or must:
            raise UserError(name, "its rows name none of the images", "a column name or index says which is which")
        return source
    missing = sum(row is None for row in rows)
    columns = {
        word: ["" if row is None else values[row] for row in rows] for word, values in table.items() if word != NAME
    }
    told = ", ".join(columns) or "nothing"
    # To the same list, to which reading the pictures may add some.
    source.notes.append(
        f"{name} beside the images has {told}" + (f"; {missing} images are not in it" if missing else "")
    )
    source = replace(source, columns={**source.columns, **columns})
    wanted = column or (_label_column(columns, must) if source.labels is None or must else "")
    if not wanted:
        return source
    if wanted not in columns:
        raise UserError(name, f"it has no column {wanted}, but {told}")
    return with_classes(source, text_classes(columns[wanted]), f"the classes are the column {wanted} of {name}")


def with_classes(source: Source, classes: Classes, note: str) -> Source:
    """Return ``source`` with other classes; images that come sorted by these are shuffled."""
    source.notes.extend(filter(None, (note, classes.note)))
    return shuffled_if_sorted(replace(source, labels=classes.labels, label_names=classes.names))


def labelled(source: Source, labels: str) -> Source:
    """Return ``source`` with the labels of a file: a table, an array or a text with a label per line.

    ``FILE:COLUMN`` names a column of a table. UserError if they do not fit the images.
    """
    path, column = _parts(labels)
    kind = path.suffix.lower()
    if kind in SUFFIXES:
        return joined(source, rows_numbered(read_table(path), source), path.name, column, must=True)
    if kind == ".npy":
        with open_file(path) as file:
            raw = read_array(file, path.name, MAX_BYTES * 4)
    else:
        lines = read_file(path, MAX_BYTES).decode("utf-8-sig", errors="replace").splitlines()
        raw = np.array(lines)
    if raw.dtype.kind in "SU":
        raw = raw.astype(str)
    return with_classes(source, classes_of(raw, source.count, path.name), f"the labels are those of {path.name}")


def is_labels_file(labels: str) -> bool:
    """Return whether labels were asked for by the name of a file."""
    return bool(labels) and _parts(labels)[0].is_file()


def labels_time(labels: str) -> int:
    """Return when a file of labels was changed, in nanoseconds."""
    return _parts(labels)[0].stat().st_mtime_ns


def _parts(labels: str) -> tuple[Path, str]:
    """Return file and column of ``FILE:COLUMN``."""
    path = Path(labels)
    if path.is_file():
        return path, ""
    head, _, column = labels.rpartition(":")
    return (Path(head), column) if head else (path, "")


def rows_numbered(table: Table, source: Source) -> Table:
    """Return a table of as many rows as there are images with their numbers, if nothing in it says which is which."""
    known = {word.lower() for word in table}
    if known & {*NAME_COLUMNS, *INDEX_COLUMNS, *IDENTITIES} or any(len(v) != source.count for v in table.values()):
        return table
    return {**table, ROW: [str(row) for row in range(source.count)]}


def _rows_of(source: Source, table: Table) -> list[int | None] | None:
    """Return the row of each image, None where it has none; None if no column says."""
    lower = {word.strip().lower(): word for word in reversed(list(table))}
    names = source.columns.get(NAME)
    for word in (*NAME_COLUMNS, *IDENTITIES):
        if word in lower and names is not None:
            found = _by_name(names, table[lower[word]])
            if any(row is not None for row in found):
                return found
    for word in (*INDEX_COLUMNS, *IDENTITIES):
        if word in lower:
            return _by_number(source.count, table[lower[word]])
    return None


def _by_name(names: Sequence[str], cells: Sequence[str]) -> list[int | None]:
    """Find images by their path, the end of it, or their name with or without its ending."""
    places: dict[str, int] = {}
    for row, cell in enumerate(cells):
        for form in _forms(cell.strip()):
            places.setdefault(form, row)
    return [next((places[form] for form in _forms(name) if form in places), None) for name in names]


def _forms(name: str) -> tuple[str, ...]:
    path = PurePosixPath(name.replace("\\", "/"))
    return str(path), path.name, path.stem if path.suffix.lower() in PICTURE_SUFFIXES else path.name


def _by_number(count: int, cells: Sequence[str]) -> list[int | None]:
    rows: list[int | None] = [None] * count
    for row, cell in enumerate(cells):
        text = cell.strip()
        if text.isdecimal() and len(text) < 12 and int(text) < count:
            rows[int(text)] = row
    return rows


def _label_column(columns: Table, must: bool) -> str:
    """Return the column of classes: one that is called so, else the only one there is."""
    lower = {word.lower(): word for word in reversed(list(columns))}
    named = next((lower[word] for word in LABEL_COLUMNS if word in lower), "")
    others = [word for word in columns if word.lower() not in (*NAME_COLUMNS, *INDEX_COLUMNS, *IDENTITIES)]
    return named or (others[0] if must and others else "")
