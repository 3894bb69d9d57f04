"""Arrays in NumPy's own files: the header is read and judged before any data, and nothing is ever unpickled."""

from __future__ import annotations

import tokenize
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import numpy as np

from models.core.errors import UserError
from models.data.formats.format import Format, opener
from models.data.source import MAX_STREAMED_BYTES, Images, Source, image_shape_of, images_per_block

MAGIC = b"\x93NUMPY"
# NumPy's own default; a longer header can only be made by hand.
MAX_HEADER = 10_000

# NumPy parses the header as a Python literal and lets what its parser raises through.
HEADER_ERRORS = (ValueError, TypeError, SyntaxError, tokenize.TokenError, OverflowError, RecursionError, MemoryError)

Header = tuple[tuple[int, ...], np.dtype]


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
        raise UserError(name, "the array is in Fortran order", "save np.ascontiguousarray of it")
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


def npy_source(path: Path) -> Source:
    """Return the images of a ``.npy`` file [n, h, w(, c)]; UserError if it does not hold any."""
    with path.open("rb") as file:
        shape, dtype = read_header(file, path.name)
    image_shape = image_shape_of(shape, path.name, MAX_STREAMED_BYTES)
    check_image_type(dtype, path.name)
    return Source(shape[0], image_shape, _npy_blocks(path, shape[0], image_shape))


def check_image_type(dtype: np.dtype, name: str) -> None:
    """Refuse an array that can hold no images."""
    if dtype.kind not in "uifb":
        raise UserError(name, f"images must be uint8 or floats in 0–1, not {dtype}")


def _npy_blocks(path: Path, count: int, image_shape: tuple[int, int, int]) -> Iterator[Images]:
    with path.open("rb") as file:
        _, dtype = read_header(file, path.name)
        yield from image_blocks(file, count, image_shape, dtype, path.name)


def image_blocks(
    file: IO[bytes], count: int, image_shape: tuple[int, int, int], dtype: np.dtype, name: str
) -> Iterator[Images]:
    """Yield the images of an array whose header was read, block by block, as grey levels 0–255."""
    values = int(np.prod(image_shape))
    size = images_per_block(image_shape, dtype.itemsize)
    for start in range(0, count, size):
        number = min(size, count - start)
        data = read_exactly(file, number * values * dtype.itemsize, name)
        yield _to_uint8(np.frombuffer(data, dtype).reshape(number, *image_shape), start, name)
    if file.read(1):
        raise UserError(name, "there are bytes after the last image")


def _to_uint8(images: np.ndarray, start: int, name: str) -> Images:
    """Convert one block to grey levels 0–255; ``start`` is the index of its first image."""
    if images.dtype == np.uint8:
        return images
    if images.dtype.kind == "b":
        return images.astype(np.uint8) * np.uint8(255)
    if images.dtype.kind == "f":
        _check_floats(images, start, name)
        return np.rint(images.astype(np.float64) * 255.0).astype(np.uint8)
    if images.min() < 0 or images.max() > 255:
        raise UserError(name, f"pixels must be 0–255, there is {int(images.min())} to {int(images.max())}")
    return images.astype(np.uint8)


def _check_floats(images: np.ndarray, start: int, name: str) -> None:
    flat = images.reshape(len(images), -1)
    broken = ~np.isfinite(flat).all(axis=1)
    if broken.any():
        raise UserError(name, f"image {start + int(np.argmax(broken))} holds NaN or infinite pixels")
    low, high = float(flat.min()), float(flat.max())
    if low < 0.0 or high > 1.0:
        raise UserError(name, f"float pixels must lie in 0–1, there is {low:g} to {high:g}")


FORMAT = Format("npy", lambda start, _: start.startswith(MAGIC), opener(npy_source))
