"""Images in NumPy's own files. The header is read and judged before any data, and never with pickle allowed."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import numpy as np

from models.core.errors import UserError
from models.data.formats.npy import opened_archive, read_exactly, read_header
from models.data.source import MAX_STREAMED_BYTES, Images, Labels, Source, by, image_shape_of, images_per_block


def npy_source(path: Path) -> Source:
    """Return the images of a ``.npy`` file [n, h, w(, c)]; UserError if it does not hold any."""
    with path.open("rb") as file:
        shape, dtype = read_header(file, path.name)
    image_shape = image_shape_of(shape, path.name, MAX_STREAMED_BYTES)
    _check_image_type(dtype, path.name)
    return Source(shape[0], image_shape, _npy_blocks(path, shape[0], image_shape))


def npz_source(path: Path) -> Source:
    """Return the ``images`` and ``labels`` of a ``.npz`` file; UserError if it does not hold them as it should."""
    with opened_archive(path) as archive:
        members = set(archive.namelist())
        if "images.npy" not in members:
            names = ", ".join(sorted(member.removesuffix(".npy") for member in members)[:5]) or "nothing"
            raise UserError(path.name, f"it has no array called images (it holds {names})")
        with archive.open("images.npy") as file:
            shape, dtype = read_header(file, path.name)
        image_shape = image_shape_of(shape, path.name)
        _check_image_type(dtype, path.name)
        labels = _read_labels(archive, path.name, shape[0]) if "labels.npy" in members else None
    return Source(shape[0], image_shape, _npz_blocks(path, shape[0], image_shape), labels)


def _check_image_type(dtype: np.dtype, name: str) -> None:
    if dtype.kind not in "uifb":
        raise UserError(name, f"images must be uint8 or floats in 0–1, not {dtype}")


def _npy_blocks(path: Path, count: int, image_shape: tuple[int, int, int]) -> Iterator[Images]:
    with path.open("rb") as file:
        _, dtype = read_header(file, path.name)
        yield from _blocks(file, count, image_shape, dtype, path.name)


def _npz_blocks(path: Path, count: int, image_shape: tuple[int, int, int]) -> Iterator[Images]:
    with opened_archive(path) as archive, archive.open("images.npy") as file:
        _, dtype = read_header(file, path.name)
        yield from _blocks(file, count, image_shape, dtype, path.name)


def _blocks(
    file: IO[bytes], count: int, image_shape: tuple[int, int, int], dtype: np.dtype, name: str
) -> Iterator[Images]:
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


def _read_labels(archive: zipfile.ZipFile, name: str, count: int) -> Labels:
    with archive.open("labels.npy") as file:
        shape, dtype = read_header(file, name)
        if shape != (count,):
            raise UserError(name, f"labels must have one entry for each of the {count} images, not {by(shape)}")
        if dtype.kind not in "ui":
            raise UserError(name, f"labels must be integers, not {dtype}")
        data = read_exactly(file, count * dtype.itemsize, name)
    return np.frombuffer(data, dtype).astype(np.int64)
