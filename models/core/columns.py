"""What is known of the images of a data set besides their pixels: names of files, and columns of a table."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import overload

import numpy as np
from numpy.typing import NDArray

from models.core.descriptions import DataInfo
from models.core.errors import UserError
from models.core.files import is_file
from models.core.npy import map_array
from models.core.reading import read_file

# The columns of the names of images, and of their rows in a file, where they were shuffled.
NAME, ROW = "name", "row"
# Between the name of a file and the number of a page of it.
PAGE = "#"
Columns = Mapping[str, Sequence[str]]
DAMAGED = "the columns of the data are damaged", "open the data again"


class TextColumn(Sequence[str]):
    """Texts [n] one after the other in UTF-8, memory-mapped: a million of them are there at once, and take no memory.

    ``ends`` [n] are the places in the bytes ``text`` where each ends.
    """

    def __init__(self, text: NDArray[np.uint8], ends: NDArray[np.int64]) -> None:
        self._text, self._ends = text, ends

    def __len__(self) -> int:
        return len(self._ends)

    @overload
    def __getitem__(self, index: int) -> str: ...

    @overload
    def __getitem__(self, index: slice) -> list[str]: ...

    def __getitem__(self, index: int | slice) -> str | list[str]:
        """Return a text, or those of a slice."""
        numbers = range(len(self))[index]
        return self._at(numbers) if isinstance(numbers, int) else [self._at(number) for number in numbers]

    def _at(self, number: int) -> str:
        start = int(self._ends[number - 1]) if number else 0
        return bytes(self._text[start : int(self._ends[number])]).decode("utf-8", errors="surrogateescape")


def write_columns(path: Path, columns: Columns) -> None:
    """Write columns to two ``.npy`` files each, beside a JSON file of their names at ``path``."""
    for number, texts in enumerate(columns.values()):
        parts = [_encoded(text) for text in texts]
        ends = np.cumsum([len(part) for part in parts], dtype=np.int64)
        # An empty file could not be mapped.
        np.save(_text_path(path, number), np.frombuffer(b"".join(parts) + b"\n", np.uint8), allow_pickle=False)
        np.save(_ends_path(path, number), ends, allow_pickle=False)
    path.write_text(json.dumps(list(columns)), "utf-8")


def _encoded(text: str) -> bytes:
    """Return a text as UTF-8; the name of a file may hold bytes that are none."""
    try:
        return text.encode("utf-8", errors="surrogateescape")
    except UnicodeEncodeError:
        return text.encode("utf-8", errors="replace")


def columns_of(info: DataInfo) -> Columns:
    """Return the texts [n] about the images by the name of their column; OSError or UserError if they are damaged."""
    if info.table_path is None:
        return {}
    path = Path(info.table_path)
    try:
        names = json.loads(read_file(path))
    except (ValueError, RecursionError) as error:
        raise UserError(info.table_path, *DAMAGED) from error
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise UserError(info.table_path, *DAMAGED)
    return {name: _column(path, number, info.count) for number, name in enumerate(names)}


def _column(path: Path, number: int, count: int) -> TextColumn:
    text, ends = map_array(_text_path(path, number)), map_array(_ends_path(path, number))
    sound = text.dtype == np.uint8 and text.ndim == 1 and ends.dtype == np.int64 and ends.shape == (count,)
    if not sound or ends[0] < 0 or ends[-1] > len(text) or (np.diff(ends) < 0).any():
        raise UserError(str(path), *DAMAGED)
    return TextColumn(text, ends)


def _text_path(path: Path, number: int) -> Path:
    return path.with_name(f"{path.stem}-{number}.npy")


def _ends_path(path: Path, number: int) -> Path:
    return path.with_name(f"{path.stem}-{number}-ends.npy")


def original_of(info: DataInfo, name: str) -> Path | None:
    """Return the file that an image called ``name`` was read from, None where it is not one of its own."""
    place = Path(info.path)
    if is_file(place):
        return place if name.partition(PAGE)[0] == place.name else None
    candidates = (place / name, place / name.rpartition(PAGE)[0]) if name else ()
    return next((candidate for candidate in candidates if is_file(candidate)), None)
