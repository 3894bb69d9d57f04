"""The arrays in an ONNX file, and those beside it: only in a plain file of the same folder, and only in its range."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from models.core.reading import open_file
from models.core.text import shortened
from models.importing.hdf5 import MOST_WEIGHTS
from models.importing.refusal import RefusedError
from models.importing.wire import Message

# By the number of the type: how it is stored as bytes.
TYPES: Mapping[int, np.dtype[Any]] = {
    1: np.dtype("<f4"), 2: np.dtype("u1"), 3: np.dtype("i1"), 5: np.dtype("<i2"), 6: np.dtype("<i4"),
    7: np.dtype("<i8"), 9: np.dtype("?"), 10: np.dtype("<f2"), 11: np.dtype("<f8"),
}  # fmt: skip
EXTERNAL = 1
NAMES, DIMS, TYPE, RAW, ENTRIES, LOCATION = 8, 1, 2, 9, 13, 14
FLOATS, INT32, INT64, DOUBLES = 4, 5, 7, 10


def array_of(tensor: Message, folder: Path) -> np.ndarray:
    """Return the array of a TensorProto; :class:`RefusedError` if it is elsewhere, too large, or not all there."""
    name, kind = tensor.word(NAMES), TYPES.get(tensor.number(TYPE))
    if kind is None:
        raise RefusedError(f"its array {shortened(name)} is of a type that is not known here")
    shape = tensor.numbers(DIMS)
    count = math.prod(shape)
    if any(size < 0 for size in shape) or count > MOST_WEIGHTS:
        raise RefusedError(f"its array {shortened(name)} has the size {shortened(shape)}")
    if tensor.number(LOCATION) == EXTERNAL:
        values = np.frombuffer(_elsewhere(tensor, folder, count * kind.itemsize), kind)
    elif tensor.has(RAW):
        values = np.frombuffer(b"".join(tensor.pieces(RAW)), kind)
    else:
        values = _listed(tensor, kind)
    if values.size != count:
        raise RefusedError(f"its array {shortened(name)} is not all there")
    return values.reshape(shape)


def _listed(tensor: Message, kind: np.dtype[Any]) -> np.ndarray:
    if tensor.has(FLOATS):
        return np.array(tensor.floats(FLOATS), np.float32)
    if tensor.has(DOUBLES):
        return np.frombuffer(b"".join(tensor.pieces(DOUBLES)), np.dtype("<f8"))
    numbers = tensor.numbers(INT64) or tensor.numbers(INT32)
    if kind == np.dtype("<f2"):
        return np.array(numbers, np.uint16).view(np.float16)
    return np.array(numbers, np.int64).astype(kind)


def _elsewhere(tensor: Message, folder: Path, size: int) -> bytes:
    """Return the bytes of an array that is in another file."""
    entries = {entry.word(1): entry.word(2) for entry in tensor.messages(ENTRIES)}
    name, offset, length = entries.get("location", ""), entries.get("offset", "0"), entries.get("length", str(size))
    if not name or Path(name).name != name or "\\" in name or name in (".", "..") or (folder / name).is_symlink():
        raise RefusedError(f"its weights are in {shortened(name)}, which is not a plain file beside it")
    if not (offset.isdecimal() and length.isdecimal()) or int(length) != size:
        raise RefusedError(f"the place of its weights in {shortened(name)} makes no sense")
    try:
        with open_file(folder / name) as file:
            file.seek(int(offset))
            content = file.read(size)
    except (OSError, OverflowError, ValueError) as error:
        raise RefusedError(
            f"its weights are in {shortened(name)}, which cannot be read", "keep both files in one folder"
        ) from error
    if len(content) != size:
        raise RefusedError(f"{shortened(name)} beside it is too short for its weights")
    return content
