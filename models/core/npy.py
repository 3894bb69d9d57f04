"""Arrays in NumPy's own files: the header is read and judged before any data, and nothing is ever unpickled."""

from __future__ import annotations

import math
import struct
import tokenize
from io import BytesIO
from pathlib import Path
from typing import IO

import numpy as np

from models.core.errors import UserError
from models.core.reading import open_file

MAGIC = b"\x93NUMPY"
# By the first number of the version: how the length of the header is written.
LENGTHS = {1: struct.Struct("<H"), 2: struct.Struct("<I"), 3: struct.Struct("<I")}
# NumPy's own default; a longer header can only be made by hand. NumPy asks only after it has read the header.
MAX_HEADER = 10_000
DAMAGED = "this is not a NumPy array file, or its header is damaged"

# NumPy parses the header as a Python literal and lets what its parser raises through.
HEADER_ERRORS = (
    ValueError, TypeError, SyntaxError, tokenize.TokenError, OverflowError, RecursionError, MemoryError, LookupError,
)  # fmt: skip

Header = tuple[tuple[int, ...], np.dtype]


def read_header(file: IO[bytes], name: str) -> Header:
    """Read the ``.npy`` header of ``file``; UserError for damage, objects and Fortran order."""
    shape, dtype, fortran = read_layout(file, name)
    if fortran:
        raise UserError(name, "the array is in Fortran order", "save np.ascontiguousarray of it")
    return shape, dtype


def check_objects(dtype: np.dtype, name: str) -> None:
    """Refuse arrays of Python objects."""
    if dtype.hasobject:
        raise UserError(name, "it holds Python objects (a pickle), which can run any code and are never opened")


def read_layout(file: IO[bytes], name: str, objects: bool = False) -> tuple[tuple[int, ...], np.dtype, bool]:
    """Read the ``.npy`` header of ``file``, and whether the order is Fortran's.

    UserError for damage, and for objects unless only the header of those is wanted.
    """
    try:
        shape, fortran, dtype = _parsed(*_header_bytes(file, name))
    except HEADER_ERRORS as error:
        raise UserError(name, DAMAGED) from error
    if not objects:
        check_objects(dtype, name)
    if any(size < 0 for size in shape):
        raise UserError(name, "its header declares a negative size")
    if dtype.itemsize == 0:
        raise UserError(name, "its header declares values of no size")
    return shape, dtype, fortran and len(shape) > 1


def _header_bytes(file: IO[bytes], name: str) -> tuple[int, bytes]:
    """Return the version and the header with its length, of which no more is read than a header may have."""
    start = file.read(len(MAGIC) + 2)
    length = LENGTHS.get(start[len(MAGIC)]) if len(start) == len(MAGIC) + 2 else None
    if length is None or not start.startswith(MAGIC):
        raise UserError(name, DAMAGED)
    prefix = read_exactly(file, length.size, name, DAMAGED)
    (size,) = length.unpack(prefix)
    if size > MAX_HEADER:
        raise UserError(name, DAMAGED)
    return start[len(MAGIC)], prefix + read_exactly(file, size, name, DAMAGED)


def _parsed(version: int, header: bytes) -> tuple[tuple[int, ...], bool, np.dtype]:
    if version == 1:
        return np.lib.format.read_array_header_1_0(BytesIO(header), max_header_size=MAX_HEADER)
    return np.lib.format.read_array_header_2_0(BytesIO(header), max_header_size=MAX_HEADER)


def read_exactly(file: IO[bytes], size: int, name: str, otherwise: str = "the file is truncated") -> bytes:
    """Read ``size`` bytes; UserError if there are fewer."""
    data = file.read(size)
    if len(data) < size:
        raise UserError(name, otherwise)
    return data


def read_array(file: IO[bytes], name: str, max_bytes: int) -> np.ndarray:
    """Read a whole array of at most ``max_bytes``; UserError for what :func:`read_header` refuses or more."""
    shape, dtype, fortran = read_layout(file, name)
    size = dtype.itemsize * math.prod(shape)
    if size > max_bytes:
        raise UserError(name, f"the array is larger than the limit of {max_bytes >> 20} MiB")
    return np.frombuffer(read_exactly(file, size, name), dtype).reshape(shape, order="F" if fortran else "C")


def map_array(path: str | Path) -> np.ndarray:
    """Return the array of a ``.npy`` file as a read-only memory map; OSError or UserError if it is not whole."""
    name = Path(path).name
    with open_file(path) as file:
        shape, dtype = read_header(file, name)
        begin, size = file.tell(), dtype.itemsize * math.prod(shape)
        if size == 0 or file.seek(0, 2) != begin + size:
            raise UserError(name, "the file does not hold what its header declares")
        mapped: np.ndarray = np.memmap(file, dtype, "r", begin, shape)
        return mapped
