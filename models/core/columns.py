"""What is known of the images of a data set besides their pixels: names of files, and columns of a table."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from models.core.descriptions import DataInfo
from models.core.errors import UserError
from models.core.files import is_file
from models.core.reading import read_file

# The columns of the names of images, and of their rows in a file, where they were shuffled.
NAME, ROW = "name", "row"
# Between the name of a file and the number of a page of it.
PAGE = "#"
Columns = Mapping[str, Sequence[str]]


def columns_of(info: DataInfo) -> Columns:
    """Return the texts [n] about the images by the name of their column; OSError or UserError if they are damaged."""
    if info.table_path is None:
        return {}
    try:
        columns = json.loads(read_file(info.table_path))
    except (ValueError, RecursionError) as error:
        raise UserError(info.table_path, "the columns of the data are damaged", "open the data again") from error
    if not isinstance(columns, dict) or any(len(column) != info.count for column in columns.values()):
        raise UserError(info.table_path, "the columns of the data are damaged", "open the data again")
    return columns


def original_of(info: DataInfo, name: str) -> Path | None:
    """Return the file that an image called ``name`` was read from, None where it is not one of its own."""
    place = Path(info.path)
    if is_file(place):
        return place if name.partition(PAGE)[0] == place.name else None
    candidates = (place / name, place / name.rpartition(PAGE)[0]) if name else ()
    return next((candidate for candidate in candidates if is_file(candidate)), None)
