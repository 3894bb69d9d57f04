"""Images in NumPy's own array files."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import IO

import numpy as np

from models.core.errors import UserError
from models.core.npy import MAGIC, read_exactly, read_header
from models.core.reading import open_file
from models.data.formats.format import Format, opener
from models.data.source import MAX_STREAMED_BYTES, Images, Source, image_shape_of, images_per_block


def npy_source(path: Path) -> Source:
    """Return the images of a ``.npy`` file [n, h, w(, c)]; UserError if it does not hold any."""
    with open_file(path) as file:
        shape, dtype = read_header(file, path.name)
    image_shape = image_shape_of(shape, path.name, MAX_STREAMED_BYTES)
    check_image_type(dtype, path.name)
    return Source(shape[0], image_shape, _npy_blocks(path, shape[0], image_shape))


def check_image_type(dtype: np.dtype, name: str) -> None:
    """Refuse an array that can hold no images."""
    if dtype.kind not in "uifb":
        raise UserError(name, f"images must be uint8 or floats in 0–1, not {dtype}")


def _npy_blocks(path: Path, count: int, image_shape: tuple[int, int, int]) -> Iterator[Images]:
    with open_file(path) as file:
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
