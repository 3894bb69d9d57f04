"""TFRecord files of ``tf.train.Example``: an image as PNG, JPEG, bytes or numbers, and a label, as people call them."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from models.core.data_options import NO_LABELS, DataOptions
from models.core.errors import UserError
from models.data.arrays import Arrays, source_of
from models.data.division import TESTS
from models.data.formats.format import Format, opener
from models.data.formats.records import HEADER, Record, features_of, masked_crc, records
from models.data.geometry import CHANNELS
from models.data.labels import natural
from models.data.pictures import opened_picture, picture_array, shows_colour
from models.data.source import BLOCK_BYTES, MAX_DATA_BYTES, MAX_STREAMED_BYTES, Source, Steps, by, is_packed
from models.data.treatment import resized

# Anywhere in a name: parts of a data set have their numbers behind it.
MARK = ".tfrecord"
# The names that people give the features, in the order in which they are looked for.
IMAGES = ("image", "image_raw", "image/encoded", "image/raw", "img", "img_raw", "encoded", "jpeg", "png", "x", "data")
LABELS = (
    "label",
    "image/class/label",
    "labels",
    "class",
    "target",
    "y",
    "image/class/text",
    "label_text",
    "class_name",
)
HEIGHTS, WIDTHS = ("height", "image/height", "rows", "h"), ("width", "image/width", "cols", "w")
DEPTHS = ("depth", "channels", "image/channels", "c")
SHOWN = 8


@dataclass(frozen=True)
class Names:
    """Names of the features that are the image and, where there is one, its label."""

    image: str
    label: str | None


def tfrecord_files(path: Path) -> list[Path]:
    """Return the file itself, or those in a folder whose names hold ``.tfrecord``, by name."""
    if path.is_file():
        return [path]
    found = (file for file in path.iterdir() if MARK in file.name and not file.name.startswith("."))
    return sorted(found, key=lambda file: (_tests(file), natural(file.name)))


def _tests(file: Path) -> bool:
    """Return whether the records of a file are called those that test."""
    return not TESTS.isdisjoint(re.split(r"[^a-z]+", file.name.lower()))


def is_tfrecord(start: bytes, path: Path) -> bool:
    """Return whether a path holds TFRecords: by name, by the checksum in its first bytes, or as a folder of such.

    The first byte may be any.
    """
    if path.is_dir():
        return bool(tfrecord_files(path))
    framed = len(start) >= HEADER.size and masked_crc(start[:8]) == HEADER.unpack(start[: HEADER.size])[1]
    return framed or MARK in path.name


def tfrecord_source(path: Path, options: DataOptions) -> Steps[Source]:
    """Return the images of a file or folder; UserError names a damaged record, or one unlike the first."""
    files = tfrecord_files(path)
    first = next(records(files), None)
    if first is None:
        return Source(0, (1, 1, 1), iter(()))
    names = _names(first, options)
    image = _image(first, names, options, None)
    labels = list[object]()
    count, trains = 0, 0
    for record in records(files):
        trains += not _tests(record.file)
        label = _label(record, names)
        if count and (label is None) != (labels[0] is None):
            raise record.damaged("either it or the first has a label; all records must have one, or none")
        labels.append(label)
        count += 1
        yield None
    divided = path.is_dir() and 0 < trains < count
    usual = names.image == IMAGES[0] and names.label in (None, LABELS[0])
    note = f"the image is the feature {names.image}" + (f", its label {names.label}" if names.label else "")
    notes = [] if usual else [note]
    notes += [f"the files divide the images: {trains:,} train, {count - trains:,} test"] if divided else []
    arrays = Arrays(
        path.name, (count, *image.shape), image.dtype, lambda: _blocks(files, names, options, image),
        None if labels[0] is None else _array(labels), notes,
        MAX_DATA_BYTES if any(map(is_packed, files)) else MAX_STREAMED_BYTES,
        train_count=trains if divided else None,
    )  # fmt: skip
    return (yield from source_of(arrays, options))


def _array(labels: Sequence[object]) -> np.ndarray:
    return np.array(labels if not isinstance(labels[0], str) else [str(label) for label in labels])


def _names(record: Record, options: DataOptions) -> Names:
    """Return what the features of the first record are called; UserError lists those that are there."""
    features = features_of(record)
    found = [name for name in ([options.key] if options.key else IMAGES) if _values(features, name)]
    if not found:
        held = ", ".join(sorted(features)[:SHOWN]) or "nothing"
        what = f"feature {options.key or IMAGES[0]} of bytes or numbers"
        raise UserError(
            record.file.name, f"record {record.number}: it has no {what} (it holds {held})", "--key names it"
        )
    if options.labels == NO_LABELS:
        return Names(found[0], None)
    if options.labels and options.labels not in features:
        raise UserError(record.file.name, f"record {record.number}: it has no feature {options.labels} for --labels")
    label = next((name for name in ([options.labels] if options.labels else LABELS) if _values(features, name)), None)
    return Names(found[0], label)


def _values(features: Mapping[str, Any], name: str) -> Sequence[Any]:
    """Return the values of a feature of whatever type, none if it is not there."""
    if name not in features:
        return ()
    feature = features[name]
    return feature.bytes_list.value or feature.int64_list.value or feature.float_list.value or ()


def _label(record: Record, names: Names) -> int | float | str | None:
    """Return the first value of the label."""
    values = _values(features_of(record), names.label or LABELS[0])
    if not values or (names.label is None and not isinstance(values[0], int)):
        return None
    return values[0].decode(errors="replace") if isinstance(values[0], bytes) else values[0]


def _blocks(files: list[Path], names: Names, options: DataOptions, first: np.ndarray) -> Iterator[np.ndarray]:
    images, per_block = list[np.ndarray](), max(1, BLOCK_BYTES // first.nbytes)
    for record in records(files):
        images.append(_image(record, names, options, first))
        if len(images) == per_block:
            yield np.stack(images)
            images = []
    if images:
        yield np.stack(images)


def _image(record: Record, names: Names, options: DataOptions, first: np.ndarray | None) -> np.ndarray:
    """Return the image [h, w, c] of a record, of the shape and type of the ``first``; UserError if it has none."""
    features = features_of(record)
    values = _values(features, names.image)
    if not values:
        raise record.damaged(f"it has no feature {names.image} of bytes or numbers")
    size = [_size(features, kind) for kind in (HEIGHTS, WIDTHS, DEPTHS)]
    if isinstance(values[0], bytes):
        raw = _shaped(np.frombuffer(values[0], np.uint8), size)
        image = _decoded(record, values[0], first) if raw is None else raw
    else:
        found = _shaped(np.array(values, np.int64 if isinstance(values[0], int) else np.float32), size)
        if found is None:
            raise record.damaged(f"its {len(values)} numbers are no square image, and height and width are not there")
        image = found
    if image.shape[2] not in CHANNELS:
        raise record.damaged(f"images must have 1 or 3 channels, not {image.shape[2]}")
    if options.size is not None and image.dtype == np.uint8:
        image = resized(image, options.size, options.fit)
    if first is not None and (image.shape, image.dtype) != (first.shape, first.dtype):
        told = f"its image is {by(image.shape)}, but the first is {by(first.shape)}"
        raise record.damaged(f"{told}; --size 64x64 makes all of one size")
    return image


def _size(features: Mapping[str, Any], names: Sequence[str]) -> int:
    values = next(filter(None, (_values(features, name) for name in names)), ())
    return values[0] if values and isinstance(values[0], int) and values[0] > 0 else 0


def _shaped(values: np.ndarray, size: Sequence[int]) -> np.ndarray | None:
    """Return values as an image [h, w, c] of the size that is given, else a square; None if they are none."""
    height, width, depth = size
    if height and width:
        depth = depth or len(values) // (height * width)
        return values.reshape(height, width, depth) if height * width * depth == len(values) and depth else None
    for channels in CHANNELS:
        side = math.isqrt(len(values) // channels)
        # Whatever is a picture has a header.
        if side > 1 and side * side * channels == len(values) and not _is_picture(values):
            return values.reshape(side, side, channels)
    return None


def _is_picture(values: np.ndarray) -> bool:
    starts = (b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"RIFF", b"BM", b"II*\0", b"MM\0*")
    return values.dtype == np.uint8 and values[:8].tobytes().startswith(starts)


def _decoded(record: Record, content: bytes, first: np.ndarray | None) -> np.ndarray:
    try:
        with opened_picture(record.file, content) as picture:
            channels = first.shape[2] if first is not None else 3 if shows_colour(picture) else 1
            return picture_array(picture, channels)
    except UserError as error:
        raise record.damaged(f"its image: {error.reason}") from error


FORMAT = Format("tfrecord", is_tfrecord, opener(tfrecord_source, tfrecord_files), keys=True)
