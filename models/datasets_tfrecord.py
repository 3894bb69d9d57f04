"""TFRecord files of ``tf.train.Example``: ``image`` and ``label``; the image a PNG, a JPEG, or bytes with its sizes.

Read without TensorFlow, which is not there yet when data are opened. A record is its length (8 bytes, little-endian)
and the masked CRC-32C of that, its bytes and the masked CRC-32C of those; an Example is a protobuf message. The file
may be gzipped.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import numpy as np

from models.crc32c import crc32c, crc32c_each, masked
from models.datasets_source import (
    BLOCK_BYTES,
    MAX_DATA_BYTES,
    MAX_STREAMED_BYTES,
    Images,
    Source,
    by,
    check_size,
    is_packed,
    unpacked,
)
from models.pictures import GREY_MODES, opened_picture, picture_array
from models.protobuf import MessageError, features_of
from models.protocol import InputError

HEADER, FOOTER = struct.Struct("<QI"), struct.Struct("<I")
MAX_RECORD_BYTES = 1 << 26
RECORDS_PER_BLOCK = 512
SUFFIX = ".tfrecord"


@dataclass(frozen=True)
class Record:
    """The bytes of one record of ``file``; ``number`` counts from 0."""

    file: Path
    number: int
    data: bytes

    def damaged(self, reason: str) -> InputError:
        """Return the error that names the record."""
        return InputError(self.file.name, f"record {self.number}: {reason}")


def tfrecord_files(path: Path) -> list[Path]:
    """Return the file itself, or those in a folder whose names hold ``.tfrecord``, by name."""
    if path.is_file():
        return [path]
    return sorted(file for file in path.iterdir() if SUFFIX in file.name and not file.name.startswith("."))


def is_tfrecord(path: Path, start: bytes) -> bool:
    """Whether a file is meant to be one by its name, or is one by the checksum in its first bytes."""
    framed = len(start) >= HEADER.size and masked(crc32c(start[:8])) == HEADER.unpack(start[: HEADER.size])[1]
    return framed or SUFFIX in path.name


def tfrecord_source(path: Path) -> Source:
    """Return the images of a file or folder; InputError names a damaged record, or one unlike the first."""
    files = tfrecord_files(path)
    count = sum(_count(file) for file in files)
    first = next(_records(files), None)
    if first is None:
        return Source(0, (1, 1, 1), iter(()))
    image, label = _parsed(first)
    shape: tuple[int, int, int] = image.shape
    check_size(count, shape, path.name, MAX_DATA_BYTES if any(map(is_packed, files)) else MAX_STREAMED_BYTES)
    # Filled while the images are read, and stored after them.
    labels = None if label is None else np.zeros(count, np.int64)
    return Source(count, shape, _blocks(files, shape, labels), labels)


def _count(file: Path) -> int:
    """Return how many records a file has, by their lengths."""
    count = 0
    with unpacked(file) as stream:
        while header := stream.read(HEADER.size):
            stream.seek(_length(header, file, count), 1)
            _read_footer(stream, file, count)
            count += 1
    return count


def _read_footer(stream: IO[bytes], file: Path, number: int) -> int:
    """Return the checksum behind a record."""
    footer = stream.read(FOOTER.size)
    if len(footer) < FOOTER.size:
        raise InputError(file.name, f"record {number}: the file is truncated")
    return int(FOOTER.unpack(footer)[0])


def _length(header: bytes, file: Path, number: int) -> int:
    if len(header) < HEADER.size:
        raise InputError(file.name, f"record {number}: the file is truncated")
    length, checksum = HEADER.unpack(header)
    if masked(crc32c(header[:8])) != checksum:
        raise InputError(file.name, f"record {number}: the checksum of its length is wrong")
    if length > MAX_RECORD_BYTES:
        raise InputError(file.name, f"record {number}: it is larger than the limit of {MAX_RECORD_BYTES >> 20} MiB")
    return int(length)


def _records(files: list[Path]) -> Iterator[Record]:
    """Yield all records, checked some at a time."""
    for file in files:
        with unpacked(file) as stream:
            number, batch, checksums, held = 0, list[Record](), list[int](), 0
            while header := stream.read(HEADER.size):
                data = stream.read(_length(header, file, number))
                checksums.append(_read_footer(stream, file, number))
                batch.append(Record(file, number, data))
                number, held = number + 1, held + len(data)
                if held >= BLOCK_BYTES or len(batch) == RECORDS_PER_BLOCK:
                    yield from _checked(batch, checksums)
                    batch, checksums, held = [], [], 0
            yield from _checked(batch, checksums)


def _checked(batch: list[Record], checksums: list[int]) -> list[Record]:
    for record, found, stored in zip(batch, crc32c_each([record.data for record in batch]), checksums, strict=True):
        if masked(found) != stored:
            raise record.damaged("its checksum is wrong, it is damaged")
    return batch


def _blocks(files: list[Path], shape: tuple[int, int, int], labels: np.ndarray | None) -> Iterator[Images]:
    images, per_block = list[Images](), max(1, BLOCK_BYTES // int(np.prod(shape)))
    for index, record in enumerate(_records(files)):
        image, label = _parsed(record, shape)
        if (label is None) != (labels is None):
            raise record.damaged("either it or the first has a label; all records must have one, or none")
        if labels is not None:
            labels[index] = label
        images.append(image)
        if len(images) == per_block:
            yield np.stack(images)
            images = []
    if images:
        yield np.stack(images)


def _parsed(record: Record, shape: tuple[int, int, int] | None = None) -> tuple[Images, int | None]:
    """Return image [h, w, c] and label of a record, of the ``shape`` of the first; InputError if it has none."""
    try:
        features = features_of(record.data)
    except MessageError as error:
        raise record.damaged("this is not a tf.train.Example") from error
    content, label = features.get("image"), features.get("label")
    if not isinstance(content, bytes):
        raise record.damaged("it has no feature image of bytes")
    sizes = [size for size in map(features.get, ("height", "width", "depth")) if isinstance(size, int) and size > 0]
    raw = len(sizes) == 3 and len(content) == math.prod(sizes)
    image = np.frombuffer(content, np.uint8).reshape(sizes) if raw else _decoded(record, content, shape)
    if image.shape[2] not in (1, 3):
        raise record.damaged(f"images must have 1 or 3 channels, not {image.shape[2]}")
    if shape is not None and image.shape != shape:
        raise record.damaged(f"its image is {by(image.shape)}, but the first is {by(shape)}")
    return image, label if isinstance(label, int) else None


def _decoded(record: Record, content: bytes, shape: tuple[int, int, int] | None) -> Images:
    try:
        with opened_picture(record.file, content) as picture:
            channels = shape[2] if shape is not None else 1 if picture.mode in GREY_MODES else 3
            return picture_array(picture, channels)
    except InputError as error:
        raise record.damaged(f"its image: {error.reason}") from error
