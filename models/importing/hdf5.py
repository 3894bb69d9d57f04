"""Read arrays from HDF5 files without following a link out of the file, and without more memory than they may need."""

from __future__ import annotations

import io
import math
from collections.abc import Iterable
from pathlib import Path

import h5py
import numpy as np

from models.core.arrays import Floats32
from models.core.reading import read_file
from models.core.text import shortened
from models.importing.refusal import RefusedError

MOST_FILE_BYTES = 1 << 30
MOST_WEIGHTS = 1 << 27
MOST_OBJECTS = 20_000


class Store:
    """The data sets of an HDF5 file by their paths, with "/" between the names whatever system wrote them.

    Soft and external links are not followed: what stands behind one is missing. Use as a context manager.
    """

    def __init__(self, content: bytes) -> None:
        self._left = MOST_WEIGHTS
        self.arrays: dict[str, h5py.Dataset] = {}
        self.labels: dict[str, str] = {}
        try:
            self._file = h5py.File(io.BytesIO(content), "r")
            self._file.visititems(self._note)
        except (OSError, RuntimeError, KeyError, ValueError) as error:
            raise RefusedError("the HDF5 in it is truncated or damaged") from error
        if len(self.arrays) + len(self.labels) > MOST_OBJECTS:
            raise RefusedError(f"it holds more than {MOST_OBJECTS:,} objects")

    def __enter__(self) -> Store:
        """Return itself, open."""
        return self

    def __exit__(self, *error: object) -> None:
        """Close the file."""
        self._file.close()

    def _note(self, name: str, item: h5py.Dataset | h5py.Group) -> bool | None:
        path = name.replace("\\", "/")
        if isinstance(item, h5py.Dataset):
            self.arrays[path] = item
        elif "name" in item.attrs:
            self.labels[path] = _text(item.attrs["name"])
        return len(self.arrays) + len(self.labels) > MOST_OBJECTS or None

    def text(self, key: str) -> str | None:
        """Return an attribute of the file that is text, None if it is not there."""
        return _text(self._file.attrs[key]) if key in self._file.attrs else None

    def words(self, path: str, key: str) -> list[str]:
        """Return an attribute that is a list of words, in one piece or in numbered ones; none if it is not there."""
        group = self._file.get(path)
        if not isinstance(group, h5py.Group):
            return []
        pieces = [key] if key in group.attrs else [f"{key}{index}" for index in range(len(group.attrs))]
        found: Iterable[object] = (word for piece in pieces if piece in group.attrs for word in group.attrs[piece])
        return [_text(word) for word in found]

    def read(self, path: str) -> Floats32:
        """Return the numbers of a data set; :class:`RefusedError` if they are elsewhere, no numbers, or too many."""
        array = self.arrays.get(path)
        if array is None:
            raise RefusedError(f"the parameter {shortened(path)} is missing", "only what is in the file itself is read")
        if array.external or array.is_virtual:
            raise RefusedError(f"the parameter {shortened(path)} is kept in another file, which is not followed")
        if array.dtype.kind not in "fiu" or array.shape is None:
            raise RefusedError(f"the parameter {shortened(path)} is no array of numbers")
        size = max(math.prod(array.shape), math.prod(array.chunks or (1,)))
        self._left -= size
        if self._left < 0:
            raise RefusedError(f"it has more than {MOST_WEIGHTS:,} parameters")
        try:
            return np.asarray(array[()], np.float32)
        except (OSError, RuntimeError, ValueError) as error:
            raise RefusedError(f"the parameter {shortened(path)} is truncated or damaged") from error


def store_of(path: Path) -> Store:
    """Open an HDF5 file."""
    return Store(read_file(path, MOST_FILE_BYTES))


def _text(value: object) -> str:
    return value.decode(errors="replace") if isinstance(value, bytes) else str(value)
