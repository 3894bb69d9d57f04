"""Images in NumPy's own array files."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import IO

import numpy as np

from models.core.data_options import DataOptions
from models.core.errors import UserError
from models.core.npy import MAGIC, read_exactly, read_layout
from models.core.reading import open_file
from models.data.arrays import Arrays, pieces, source_of
from models.data.formats.format import Format, opener
from models.data.source import BLOCK_BYTES, MAX_DATA_BYTES, MAX_STREAMED_BYTES, Source, Steps, by

FORTRAN = "the array is in Fortran order, as MATLAB and R write them"


def npy_source(path: Path, options: DataOptions) -> Steps[Source]:
    """Return the images of a ``.npy`` file; UserError if it does not hold any."""
    with open_file(path) as file:
        shape, dtype, fortran = read_layout(file, path.name)

    def blocks() -> Iterator[np.ndarray]:
        with open_file(path) as file:
            read_layout(file, path.name)
            yield from stored_blocks(file, shape, dtype, fortran, path.name)

    notes, take = [FORTRAN] if fortran else [], None if fortran else _taker(path, shape, dtype)
    arrays = Arrays(path.name, shape, dtype, blocks, notes=notes, limit=MAX_STREAMED_BYTES, take=take)
    return source_of(arrays, options)


def stored_blocks(
    file: IO[bytes], shape: tuple[int, ...], dtype: np.dtype, fortran: bool, name: str
) -> Iterator[np.ndarray]:
    """Yield an array whose header was read, in pieces along its first axis; UserError if it is not whole."""
    if fortran:
        yield from pieces(_whole(file, shape, dtype, name))
    else:
        each = math.prod(shape[1:]) * dtype.itemsize
        size = max(1, BLOCK_BYTES // max(1, each))
        for start in range(0, shape[0] if shape else 0, size):
            number = min(size, shape[0] - start)
            data = read_exactly(file, number * each, name)
            yield np.frombuffer(data, dtype).reshape(number, *shape[1:])
    if file.read(1):
        raise UserError(name, "there are bytes after the last image")


def _whole(file: IO[bytes], shape: tuple[int, ...], dtype: np.dtype, name: str) -> np.ndarray:
    """Return an array in Fortran order, where an image lies all over the file."""
    size = math.prod(shape) * dtype.itemsize
    if size > MAX_DATA_BYTES:
        raise UserError(name, f"{by(shape)} in Fortran order is too large", "save np.ascontiguousarray of it")
    return np.frombuffer(read_exactly(file, size, name), dtype).reshape(shape, order="F")


def _taker(path: Path, shape: tuple[int, ...], dtype: np.dtype) -> Callable[[Sequence[int]], np.ndarray]:
    """Return what reads some images, wherever in the file they are."""
    each = math.prod(shape[1:]) * dtype.itemsize

    def take(numbers: Sequence[int]) -> np.ndarray:
        with open_file(path) as file:
            read_layout(file, path.name)
            begin, found = file.tell(), list[bytes]()
            for number in numbers:
                file.seek(begin + number * each)
                found.append(read_exactly(file, each, path.name))
        return np.frombuffer(b"".join(found), dtype).reshape(len(numbers), *shape[1:])

    return take


FORMAT = Format("npy", lambda start, _: start.startswith(MAGIC), opener(npy_source))
