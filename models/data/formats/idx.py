"""IDX files, the format MNIST is published in: a magic number, big-endian sizes, then bytes; often gzipped.

A folder of them, such as torchvision's ``MNIST/raw``, is one data set: ``t10k`` or ``test`` tests, the other trains.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import replace
from itertools import chain
from pathlib import Path
from typing import IO

import numpy as np

from models.core.data_options import DataOptions
from models.core.errors import UserError
from models.core.npy import read_exactly
from models.data.arrays import Arrays, joined_parts, source_of
from models.data.formats.format import Format, opener
from models.data.source import GZIP_MAGIC, Source, Steps, check_label_count, images_per_block, unpacked

MAGICS = (GZIP_MAGIC, b"\x00\x00")
UNSIGNED_BYTE = 0x08
MAX_DIMENSIONS = 4
RAW = "raw"
TESTS = frozenset({"t10k", "test"})


def idx_source(path: Path, options: DataOptions) -> Steps[Source]:
    """Return the images of an IDX file and the labels of the one beside it; UserError if it holds no images.

    Of a folder the file that tests follows the one that trains.
    """
    files = [path] if path.is_file() else image_files(path)
    arrays = joined_parts([_arrays(file) for file in files])
    if len(files) > 1:
        train, test = files
        notes = [f"{train.name} holds the training images, {test.name} the test images"]
        arrays = replace(arrays, name=path.name, notes=notes)
    return source_of(arrays, options)


def _arrays(path: Path) -> Arrays:
    """Return images and labels of a file as they are."""
    with unpacked(path) as file:
        shape = _read_shape(file, path.name)
    if len(shape) == 1:
        raise UserError(path.name, "these are the labels", "open the images file, its labels are found beside it")
    labels_path = labels_file(path)
    labels = None if labels_path is None else _read_labels(labels_path, shape[0])
    return Arrays(path.name, shape, np.dtype(np.uint8), lambda: _blocks(path), labels)


def image_files(folder: Path) -> list[Path]:
    """Return the images that train, and those that test, of a folder; UserError if it has those of several sets."""
    found: dict[str, Path] = {}
    for file in sorted(_inner(folder).iterdir()):
        # What has been unpacked is read faster.
        name = file.name.removesuffix(".gz")
        if (
            "images" in name
            and "idx3" in name
            and file.is_file()
            and (name not in found or found[name].suffix == ".gz")
        ):
            found[name] = file
    tests = [file for name, file in found.items() if not TESTS.isdisjoint(name.split("-"))]
    trains = [file for file in found.values() if file not in tests]
    if len(trains) > 1 or len(tests) > 1:
        raise UserError(folder.name, f"it holds several data sets: {', '.join(found)}", "open one of these files")
    return [*trains, *tests]


def _inner(folder: Path) -> Path:
    """Return the folder ``raw`` where there is one, as torchvision makes it."""
    return folder / RAW if (folder / RAW).is_dir() else folder


def _claims(start: bytes, path: Path) -> bool:
    if not path.is_dir():
        return start.startswith(MAGICS)
    return any("images" in file.name and "idx3" in file.name for file in _inner(path).iterdir())


def labels_file(path: Path) -> Path | None:
    """Return the labels file that belongs to ``…images-idx3-ubyte``, or None."""
    name = path.name.replace("images", "labels").replace("idx3", "idx1")
    plain = name.removesuffix(".gz")
    candidates = (path.with_name(form) for form in (name, plain, f"{plain}.gz") if form != path.name)
    return next((candidate for candidate in candidates if name != path.name and candidate.is_file()), None)


def _read_shape(file: IO[bytes], name: str) -> tuple[int, ...]:
    magic = read_exactly(file, 4, name)
    zeros, kind, dimensions = struct.unpack(">HBB", magic)
    if zeros != 0 or not 1 <= dimensions <= MAX_DIMENSIONS:
        raise UserError(name, "this is not an IDX file: its magic number is wrong")
    if kind != UNSIGNED_BYTE:
        raise UserError(name, "only IDX files of unsigned bytes are images")
    return struct.unpack(f">{dimensions}I", read_exactly(file, 4 * dimensions, name))


def _blocks(path: Path) -> Iterator[np.ndarray]:
    with unpacked(path) as file:
        count, *shape = _read_shape(file, path.name)
        size, each = images_per_block(tuple(shape)), int(np.prod(shape))
        for start in range(0, count, size):
            number = min(size, count - start)
            data = read_exactly(file, number * each, path.name)
            yield np.frombuffer(data, np.uint8).reshape(number, *shape)
        if file.read(1):
            raise UserError(path.name, "there are bytes after the last image")


def _read_labels(path: Path, count: int) -> np.ndarray:
    with unpacked(path) as file:
        shape = _read_shape(file, path.name)
        if shape != (count,):
            raise UserError(path.name, f"there must be one label for each of the {count} images")
        check_label_count(count, path.name)
        return np.frombuffer(read_exactly(file, count, path.name), np.uint8).astype(np.int64)


def _files(path: Path) -> list[Path]:
    images = [path] if path.is_file() else image_files(path)
    return [*chain.from_iterable((file, *filter(None, [labels_file(file)])) for file in images)]


FORMAT = Format("idx", _claims, opener(idx_source, _files))
