"""What only tests need of the files that the program writes: to make a model file, to read a history back."""

from __future__ import annotations

import csv
import json
from pathlib import Path

from models.core.descriptions import ModelInfo
from models.core.history import EpochRecord, record_of
from models.vae.architecture import ParameterArrays
from models.vae.model_file import model_bytes


def write_model(path: Path, info: ModelInfo, parameters: ParameterArrays) -> None:
    """Write a model file."""
    path.write_bytes(model_bytes(info, parameters))


def read_history(path: Path) -> tuple[EpochRecord, ...]:
    """Return the records of a file of :func:`models.core.history.write_history`."""
    with path.open(encoding="utf-8", newline="") as file:
        if path.suffix == ".json":
            lists = json.load(file)
            rows = [dict(zip(lists, row, strict=True)) for row in zip(*lists.values(), strict=True)]
        else:
            rows = [{name: float(text) for name, text in row.items()} for row in csv.DictReader(file)]
    return tuple(record_of(row | {"epoch": row["epoch"] + 1}) for row in rows)
