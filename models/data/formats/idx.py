"""IDX files, the format MNIST is published in: a magic number, big-endian sizes, then bytes; often gzipped."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import numpy as np

from models.core.errors import UserError
from models.core.npy import read_exactly
from models.data.formats.format import Format, opener
from models.data.source import (
    GZIP_MAGIC,
    Images,
    Labels,
    Source,
    check_label_count,
    image_shape_of,
    images_per_block,
    unpacked,
)

MAGICS = (GZIP_MAGIC, b"\x00\x00")
UNSIGNED_BYTE = 0x08
MAX_DIMENSIONS = 4


def idx_source(path: Path) -> Source:
    """Return the images of an IDX file and the labels of the one beside it; UserError if it holds no images."""
    with unpacked(path) as file:
        shape = _read_shape(file, path.name)
    if len(shape) == 1:
        raise UserError(path.name, "these are the labels", "open the images file, its labels are found beside it")
    image_shape = image_shape_of(shape, path.name)
    labels_path = labels_file(path)
    labels = None if labels_path is None else _read_labels(labels_path, shape[0])
    return Source(shape[0], image_shape, _blocks(path, image_shape), labels)


def labels_file(path: Path) -> Path | None:
    """Return the labels file that belongs to ``…images-idx3-ubyte``, or None."""
    name = path.name.replace("images", "labels").replace("idx3", "idx1")
    candidate = path.with_name(name)
    return candidate if name != path.name and candidate.is_file() else None


def _read_shape(file: IO[bytes], name: str) -> tuple[int, ...]:
    magic = read_exactly(file, 4, name)
    zeros, kind, dimensions = struct.unpack(">HBB", magic)
    if zeros != 0 or not 1 <= dimensions <= MAX_DIMENSIONS:
        raise UserError(name, "this is not an IDX file: its magic number is wrong")
    if kind != UNSIGNED_BYTE:
        raise UserError(name, "only IDX files of unsigned bytes are images")
    return struct.unpack(f">{dimensions}I", read_exactly(file, 4 * dimensions, name))


def _blocks(path: Path, image_shape: tuple[int, int, int]) -> Iterator[Images]:
    with unpacked(path) as file:
        count = _read_shape(file, path.name)[0]
        size = images_per_block(image_shape)
        for start in range(0, count, size):
            number = min(size, count - start)
            data = read_exactly(file, number * int(np.prod(image_shape)), path.name)
            yield np.frombuffer(data, np.uint8).reshape(number, *image_shape)
        if file.read(1):
            raise UserError(path.name, "there are bytes after the last image")


def _read_labels(path: Path, count: int) -> Labels:
    with unpacked(path) as file:
        shape = _read_shape(file, path.name)
        if shape != (count,):
            raise UserError(path.name, f"there must be one label for each of the {count} images")
        check_label_count(count, path.name)
        return np.frombuffer(read_exactly(file, count, path.name), np.uint8).astype(np.int64)


def _files(path: Path) -> list[Path]:
    return [path, *filter(None, [labels_file(path)])]


FORMAT = Format("idx", lambda start, _: start.startswith(MAGICS), opener(idx_source, _files))
