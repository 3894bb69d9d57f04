"""Images in NumPy's own files. The header is read and judged before any data, and never with pickle allowed."""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import numpy as np

from models.datasets_source import Images, Labels, Source, by, image_shape_of, images_per_block
from models.protocol import InputError

# NumPy's own default; a longer header can only be made by hand.
MAX_NPY_HEADER = 10_000

Header = tuple[tuple[int, ...], np.dtype]


def npy_source(path: Path) -> Source:
    """Return the images of a ``.npy`` file [n, h, w(, c)]; InputError if it does not hold any."""
    with path.open("rb") as file:
        shape, dtype = _read_header(file, path.name)
    image_shape = image_shape_of(shape, path.name)
    _check_image_type(dtype, path.name)
    return Source(shape[0], image_shape, _npy_blocks(path, shape[0], image_shape))


def npz_source(path: Path) -> Source:
    """Return the ``images`` and ``labels`` of a ``.npz`` file; InputError if it does not hold them as it should."""
    with _archive(path) as archive:
        members = set(archive.namelist())
        if "images.npy" not in members:
            names = ", ".join(sorted(member.removesuffix(".npy") for member in members)[:5]) or "nothing"
            raise InputError(path.name, f"it has no array called images (it holds {names})")
        with _errors(path.name), archive.open("images.npy") as file:
            shape, dtype = _read_header(file, path.name)
        image_shape = image_shape_of(shape, path.name)
        _check_image_type(dtype, path.name)
        labels = _read_labels(archive, path.name, shape[0]) if "labels.npy" in members else None
    return Source(shape[0], image_shape, _npz_blocks(path, shape[0], image_shape), labels)


@contextmanager
def _archive(path: Path) -> Iterator[zipfile.ZipFile]:
    try:
        archive = zipfile.ZipFile(path)
    except (zipfile.BadZipFile, NotImplementedError, ValueError) as error:
        raise InputError(path.name, "the file is truncated or damaged") from error
    with archive:
        yield archive


@contextmanager
def _errors(name: str) -> Iterator[None]:
    """Turn what a damaged or encrypted archive raises into a reason."""
    try:
        yield
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError) as error:
        raise InputError(name, "the file is truncated or damaged") from error
    except RuntimeError as error:
        raise InputError(name, "the archive is encrypted") from error


def _read_header(file: IO[bytes], name: str) -> Header:
    """Read the ``.npy`` header of ``file`` and refuse objects, structures and Fortran order."""
    try:
        version = np.lib.format.read_magic(file)
        read = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}[version]
        shape, fortran, dtype = read(file, max_header_size=MAX_NPY_HEADER)
    except (ValueError, KeyError, TypeError, RecursionError, MemoryError) as error:
        raise InputError(name, "this is not a NumPy array file, or its header is damaged") from error
    if dtype.hasobject:
        raise InputError(name, "it holds Python objects (a pickle), which can run any code and are never opened")
    if fortran and len(shape) > 1:
        raise InputError(name, "the array is in Fortran order; save np.ascontiguousarray of it")
    if any(size < 0 for size in shape):
        raise InputError(name, "its header declares a negative size")
    return shape, dtype


def _check_image_type(dtype: np.dtype, name: str) -> None:
    if dtype.kind not in "uifb":
        raise InputError(name, f"images must be uint8 or floats in 0–1, not {dtype}")


def _npy_blocks(path: Path, count: int, image_shape: tuple[int, int, int]) -> Iterator[Images]:
    with path.open("rb") as file:
        _, dtype = _read_header(file, path.name)
        yield from _blocks(file, count, image_shape, dtype, path.name)


def _npz_blocks(path: Path, count: int, image_shape: tuple[int, int, int]) -> Iterator[Images]:
    with _archive(path) as archive, _errors(path.name), archive.open("images.npy") as file:
        _, dtype = _read_header(file, path.name)
        yield from _blocks(file, count, image_shape, dtype, path.name)


def _blocks(
    file: IO[bytes], count: int, image_shape: tuple[int, int, int], dtype: np.dtype, name: str
) -> Iterator[Images]:
    values = int(np.prod(image_shape))
    size = images_per_block(image_shape, dtype.itemsize)
    for start in range(0, count, size):
        number = min(size, count - start)
        data = _read_exactly(file, number * values * dtype.itemsize, name)
        yield _to_uint8(np.frombuffer(data, dtype).reshape(number, *image_shape), start, name)
    if file.read(1):
        raise InputError(name, "there are bytes after the last image")


def _read_exactly(file: IO[bytes], size: int, name: str) -> bytes:
    data = file.read(size)
    if len(data) < size:
        raise InputError(name, "the file is truncated")
    return data


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
        raise InputError(name, f"pixels must be 0–255, there is {int(images.min())} to {int(images.max())}")
    return images.astype(np.uint8)


def _check_floats(images: np.ndarray, start: int, name: str) -> None:
    flat = images.reshape(len(images), -1)
    broken = ~np.isfinite(flat).all(axis=1)
    if broken.any():
        raise InputError(name, f"image {start + int(np.argmax(broken))} holds NaN or infinite pixels")
    low, high = float(flat.min()), float(flat.max())
    if low < 0.0 or high > 1.0:
        raise InputError(name, f"float pixels must lie in 0–1, there is {low:g} to {high:g}")


def _read_labels(archive: zipfile.ZipFile, name: str, count: int) -> Labels:
    with _errors(name), archive.open("labels.npy") as file:
        shape, dtype = _read_header(file, name)
        if shape != (count,):
            raise InputError(name, f"labels must have one entry for each of the {count} images, not {by(shape)}")
        if dtype.kind not in "ui":
            raise InputError(name, f"labels must be integers, not {dtype}")
        data = _read_exactly(file, count * dtype.itemsize, name)
    return np.frombuffer(data, dtype).astype(np.int64)
