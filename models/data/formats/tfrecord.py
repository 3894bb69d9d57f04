"""TFRecord files of ``tf.train.Example``: ``image`` and ``label``; the image a PNG, a JPEG, or bytes with its sizes.

Read without TensorFlow, which is not there yet when data are opened. A record is its length (8 bytes, little-endian)
and the masked CRC-32C of that, its bytes and the masked CRC-32C of those; an Example is a protobuf message. The file
may be gzipped.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import google_crc32c
import numpy as np
from google.protobuf import text_format
from google.protobuf.descriptor_pb2 import FileDescriptorProto
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message import DecodeError
from google.protobuf.message_factory import GetMessageClass

from models.core.errors import UserError
from models.data.formats.format import Format, opener
from models.data.pictures import GREY_MODES, opened_picture, picture_array
from models.data.source import (
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

HEADER, FOOTER = struct.Struct("<QI"), struct.Struct("<I")
MASK_DELTA = 0xA282EAD8
MAX_RECORD_BYTES = 1 << 26
# Anywhere in a name: parts of a data set have their numbers behind it.
MARK = ".tfrecord"
# What is read of tensorflow/core/example/*.proto; the rest, lists of floats among it, is skipped as unknown.
# TensorFlow's own classes would import all of TensorFlow.
EXAMPLE_PROTO = """
    name: "example.proto"
    message_type { name: "Example"
      field { name: "features" number: 1 label: LABEL_OPTIONAL type: TYPE_MESSAGE type_name: "Features" } }
    message_type { name: "Features"
      field { name: "feature" number: 1 label: LABEL_REPEATED type: TYPE_MESSAGE type_name: "Features.FeatureEntry" }
      nested_type { name: "FeatureEntry" options { map_entry: true }
        field { name: "key" number: 1 label: LABEL_OPTIONAL type: TYPE_STRING }
        field { name: "value" number: 2 label: LABEL_OPTIONAL type: TYPE_MESSAGE type_name: "Feature" } } }
    message_type { name: "Feature"
      field { name: "bytes_list" number: 1 label: LABEL_OPTIONAL type: TYPE_MESSAGE type_name: "BytesList" }
      field { name: "int64_list" number: 3 label: LABEL_OPTIONAL type: TYPE_MESSAGE type_name: "Int64List" } }
    message_type { name: "BytesList" field { name: "value" number: 1 label: LABEL_REPEATED type: TYPE_BYTES } }
    message_type { name: "Int64List" field { name: "value" number: 1 label: LABEL_REPEATED type: TYPE_INT64 } }
"""


def _message_class() -> Any:  # noqa: ANN401 - made at run time
    # In a pool of its own, the message never meets TensorFlow's of that name.
    message = text_format.Parse(EXAMPLE_PROTO, FileDescriptorProto())
    file = DescriptorPool().AddSerializedFile(message.SerializeToString())
    return GetMessageClass(file.message_types_by_name["Example"])


Example = _message_class()


@dataclass(frozen=True)
class Record:
    """The bytes of one record of ``file``; ``number`` counts from 0."""

    file: Path
    number: int
    data: bytes

    def damaged(self, reason: str) -> UserError:
        """Return the error that names the record."""
        return UserError(self.file.name, f"record {self.number}: {reason}")


def masked_crc(data: bytes) -> int:
    """Return the CRC-32C of ``data`` as TFRecord files store it: rotated, and shifted by a constant."""
    checksum: int = google_crc32c.value(data)
    return (((checksum >> 15) | (checksum << 17)) + MASK_DELTA) & 0xFFFFFFFF


def tfrecord_files(path: Path) -> list[Path]:
    """Return the file itself, or those in a folder whose names hold ``.tfrecord``, by name."""
    if path.is_file():
        return [path]
    return sorted(file for file in path.iterdir() if MARK in file.name and not file.name.startswith("."))


def is_tfrecord(start: bytes, path: Path) -> bool:
    """Return whether a path holds TFRecords: by name, by the checksum in its first bytes, or as a folder of such.

    The first byte may be any.
    """
    if path.is_dir():
        return bool(tfrecord_files(path))
    framed = len(start) >= HEADER.size and masked_crc(start[:8]) == HEADER.unpack(start[: HEADER.size])[1]
    return framed or MARK in path.name


def tfrecord_source(path: Path) -> Source:
    """Return the images of a file or folder; UserError names a damaged record, or one unlike the first."""
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
        raise UserError(file.name, f"record {number}: the file is truncated")
    return int(FOOTER.unpack(footer)[0])


def _length(header: bytes, file: Path, number: int) -> int:
    if len(header) < HEADER.size:
        raise UserError(file.name, f"record {number}: the file is truncated")
    length, checksum = HEADER.unpack(header)
    if masked_crc(header[:8]) != checksum:
        raise UserError(file.name, f"record {number}: the checksum of its length is wrong")
    if length > MAX_RECORD_BYTES:
        raise UserError(file.name, f"record {number}: it is larger than the limit of {MAX_RECORD_BYTES >> 20} MiB")
    return int(length)


def _records(files: list[Path]) -> Iterator[Record]:
    """Yield all records; UserError names one whose checksum is wrong."""
    for file in files:
        with unpacked(file) as stream:
            number = 0
            while header := stream.read(HEADER.size):
                record = Record(file, number, stream.read(_length(header, file, number)))
                if _read_footer(stream, file, number) != masked_crc(record.data):
                    raise record.damaged("its checksum is wrong, it is damaged")
                yield record
                number += 1


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
    """Return image [h, w, c] and label of a record, of the ``shape`` of the first; UserError if it has none."""
    try:
        features = Example.FromString(record.data).features.feature
    except DecodeError as error:
        raise record.damaged("this is not a tf.train.Example") from error
    content, *sizes, label = (_first(features, name) for name in ("image", "height", "width", "depth", "label"))
    if not isinstance(content, bytes):
        raise record.damaged("it has no feature image of bytes")
    shaped = [size for size in sizes if isinstance(size, int) and size > 0]
    raw = len(shaped) == 3 and len(content) == math.prod(shaped)
    image = np.frombuffer(content, np.uint8).reshape(shaped) if raw else _decoded(record, content, shape)
    if image.shape[2] not in (1, 3):
        raise record.damaged(f"images must have 1 or 3 channels, not {image.shape[2]}")
    if shape is not None and image.shape != shape:
        raise record.damaged(f"its image is {by(image.shape)}, but the first is {by(shape)}")
    return image, label if isinstance(label, int) else None


def _first(features: Mapping[str, Any], name: str) -> bytes | int | None:
    """Return the first value of a feature of bytes or integers, None if there is none."""
    if name not in features:
        return None
    feature = features[name]
    values = feature.bytes_list.value or feature.int64_list.value
    return values[0] if values else None


def _decoded(record: Record, content: bytes, shape: tuple[int, int, int] | None) -> Images:
    try:
        with opened_picture(record.file, content) as picture:
            channels = shape[2] if shape is not None else 1 if picture.mode in GREY_MODES else 3
            return picture_array(picture, channels)
    except UserError as error:
        raise record.damaged(f"its image: {error.reason}") from error


FORMAT = Format("tfrecord", is_tfrecord, opener(tfrecord_source, tfrecord_files))
