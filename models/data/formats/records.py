"""The records of TFRecord files, read without TensorFlow, which is not there yet when data are opened.

A record is its length (8 bytes, little-endian) and the masked CRC-32C of that, its bytes and the masked CRC-32C of
those; in it is a ``tf.train.Example``, a protobuf message. The file may be gzipped.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import google_crc32c
from google.protobuf import text_format
from google.protobuf.descriptor_pb2 import FileDescriptorProto
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message import DecodeError
from google.protobuf.message_factory import GetMessageClass

from models.core.errors import UserError
from models.data.source import unpacked

HEADER, FOOTER = struct.Struct("<QI"), struct.Struct("<I")
MASK_DELTA = 0xA282EAD8
MAX_RECORD_BYTES = 1 << 26
# tensorflow/core/example/*.proto, without what only sequences need.
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
      field { name: "float_list" number: 2 label: LABEL_OPTIONAL type: TYPE_MESSAGE type_name: "FloatList" }
      field { name: "int64_list" number: 3 label: LABEL_OPTIONAL type: TYPE_MESSAGE type_name: "Int64List" } }
    message_type { name: "BytesList" field { name: "value" number: 1 label: LABEL_REPEATED type: TYPE_BYTES } }
    message_type { name: "FloatList" field { name: "value" number: 1 label: LABEL_REPEATED type: TYPE_FLOAT
      options { packed: true } } }
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


def records(files: list[Path]) -> Iterator[Record]:
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


def features_of(record: Record) -> Mapping[str, Any]:
    """Return the features of a record by their names; UserError if it holds none."""
    try:
        features: Mapping[str, Any] = Example.FromString(record.data).features.feature
    except DecodeError as error:
        raise record.damaged("this is not a tf.train.Example") from error
    return features
