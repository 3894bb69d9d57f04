"""NumPy's files read with suspicion: the header is judged before any data, and nothing is ever unpickled."""

from __future__ import annotations

import tokenize
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import numpy as np

from models.core.errors import UserError

# NumPy's own default; a longer header can only be made by hand.
MAX_HEADER = 10_000

# NumPy parses the header as a Python literal and lets what its parser raises through.
HEADER_ERRORS = (ValueError, TypeError, SyntaxError, tokenize.TokenError, OverflowError, RecursionError, MemoryError)

Header = tuple[tuple[int, ...], np.dtype]


@contextmanager
def opened_archive(path: Path) -> Iterator[zipfile.ZipFile]:
    """Open a ``.npz``; UserError if it is no archive, or if reading it in the block shows damage or encryption."""
    try:
        with zipfile.ZipFile(path) as archive:
            yield archive
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError) as error:
        raise UserError(path.name, "the file is truncated or damaged") from error
    except RuntimeError as error:
        # zipfile has no type of its own for "password required".
        raise UserError(path.name, "the archive is encrypted") from error


def read_header(file: IO[bytes], name: str) -> Header:
    """Read the ``.npy`` header of ``file``; UserError for damage, objects and Fortran order."""
    try:
        version = np.lib.format.read_magic(file)
        if version == (1, 0):
            shape, fortran, dtype = np.lib.format.read_array_header_1_0(file, max_header_size=MAX_HEADER)
        else:
            shape, fortran, dtype = np.lib.format.read_array_header_2_0(file, max_header_size=MAX_HEADER)
    except HEADER_ERRORS as error:
        raise UserError(name, "this is not a NumPy array file, or its header is damaged") from error
    if dtype.hasobject:
        raise UserError(name, "it holds Python objects (a pickle), which can run any code and are never opened")
    if fortran and len(shape) > 1:
        raise UserError(name, "the array is in Fortran order; save np.ascontiguousarray of it")
    if any(size < 0 for size in shape):
        raise UserError(name, "its header declares a negative size")
    return shape, dtype


def read_exactly(file: IO[bytes], size: int, name: str) -> bytes:
    """Read ``size`` bytes; UserError if there are fewer."""
    data = file.read(size)
    if len(data) < size:
        raise UserError(name, "the file is truncated")
    return data


def read_array(file: IO[bytes], name: str, max_bytes: int) -> np.ndarray:
    """Read a whole array of at most ``max_bytes``; UserError for what :func:`read_header` refuses or more."""
    shape, dtype = read_header(file, name)
    size = dtype.itemsize
    for extent in shape:
        size *= extent
    if size > max_bytes:
        raise UserError(name, f"the array is larger than the limit of {max_bytes >> 20} MiB")
    return np.frombuffer(read_exactly(file, size, name), dtype).reshape(shape)
