"""The history of a run as a table, and as CSV and JSON files with the names that Keras gives its own.

Columns are those of Keras' ``History`` and ``CSVLogger``: ``epoch`` counts from 0, terms of the training images have
plain names, those of the test images begin with ``val_``, and ``loss`` is what is minimised.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, fields
from io import StringIO
from pathlib import Path
from typing import get_args, get_type_hints

import numpy as np

from models.files import atomic_file, reason_of
from models.protocol import EpochRecord, Floats64, InputError, Terms

SUFFIXES = (".csv", ".json")
Records = tuple[EpochRecord, ...]

_TYPES = get_type_hints(EpochRecord)
_PREFIXES = {"train": "", "test": "val_"}


def columns_of(record: EpochRecord) -> dict[str, float]:
    """Return the numbers of ``record`` by name, epoch and counts as integers, in a fixed order."""
    columns: dict[str, float] = {}
    for name, value in ((field.name, getattr(record, field.name)) for field in fields(EpochRecord)):
        if isinstance(value, Terms):
            columns |= {_PREFIXES[name] + term: number for term, number in asdict(value).items()}
        elif isinstance(value, tuple):
            columns |= {f"{name}_{index}": number for index, number in enumerate(value)}
        else:
            columns[name] = value
    return columns


def record_of(columns: Mapping[str, float]) -> EpochRecord:
    """Rebuild a record from :func:`columns_of`; others are passed over. KeyError if one is missing."""
    values: dict[str, object] = {}
    for name, kind in _TYPES.items():
        if kind is Terms:
            terms = (field.name for field in fields(Terms))
            values[name] = Terms(**{term: float(columns[_PREFIXES[name] + term]) for term in terms})
        elif kind in (int, float):
            values[name] = kind(columns[name])
        else:
            numbered = sum(column.startswith(f"{name}_") for column in columns)
            element = get_args(kind)[0]
            values[name] = tuple(element(columns[f"{name}_{index}"]) for index in range(numbered))
    return EpochRecord(**values)  # type: ignore[arg-type]


def table_of(records: Sequence[EpochRecord]) -> tuple[list[str], Floats64]:
    """Return the names of the columns and the numbers [epochs, columns]."""
    rows = [columns_of(record) for record in records]
    names = list(rows[0]) if rows else []
    return names, np.array([list(row.values()) for row in rows], np.float64).reshape(len(rows), len(names))


def records_of(names: Sequence[str], table: Floats64) -> Records:
    """Rebuild the records of :func:`table_of`; ValueError if a row makes no sense."""
    return tuple(record_of(dict(zip(names, row, strict=True))) for row in table.tolist())


def keras_columns(record: EpochRecord) -> dict[str, float]:
    """Return the numbers of ``record`` under the names and with the count of epochs that Keras uses."""
    columns = columns_of(record)
    return {"epoch": columns.pop("epoch") - 1, **columns}


def write_history(path: Path, records: Iterable[EpochRecord]) -> None:
    """Write ``.csv`` (a row for each epoch) or ``.json`` (a list for each name); InputError if that is not possible."""
    rows = [keras_columns(record) for record in records]
    names = list(rows[0]) if rows else ["epoch"]
    if path.suffix == ".json":
        text = json.dumps({name: [row[name] for row in rows] for name in names})
    else:
        buffer = StringIO()
        writer = csv.DictWriter(buffer, names, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
        text = buffer.getvalue()
    try:
        with atomic_file(path) as file:
            file.write(text.encode())
    except OSError as error:
        raise InputError(str(path), f"cannot be written: {reason_of(error)}") from error


def read_history(path: Path) -> Records:
    """Read a file of :func:`write_history`; InputError if it is something else."""
    try:
        with path.open(encoding="utf-8", newline="") as file:
            if path.suffix == ".json":
                lists = json.load(file)
                rows = [dict(zip(lists, row, strict=True)) for row in zip(*lists.values(), strict=True)]
            else:
                reader = csv.DictReader(file)
                if "epoch" not in (reader.fieldnames or ()):
                    raise ValueError("there is no column of epochs")
                rows = [{name: float(text) for name, text in row.items()} for row in reader]
        return tuple(record_of(row | {"epoch": row["epoch"] + 1}) for row in rows)
    except OSError as error:
        raise InputError(str(path), reason_of(error)) from error
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise InputError(str(path), "this is not the history of a training") from error
