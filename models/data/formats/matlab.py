"""Images in MATLAB files of version 5; those of version 7.3 are HDF5.

A file is a header of 128 bytes and elements: a type, a length and bytes, often packed by zlib. A variable is an element
of elements: its class, its shape, its name and its values, columns first. SciPy's reader ends the process on some
damaged files, so that only dense arrays of numbers are read, here.
"""

from __future__ import annotations

import math
import os
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO

import numpy as np

from models.core.data_options import DataOptions
from models.core.errors import UserError
from models.core.reading import open_file
from models.data.arrays import Arrays, joined_parts, pieces, source_of
from models.data.formats.format import Format, opener
from models.data.geometry import CHANNELS
from models.data.keys import Keys, choose, parts_of
from models.data.source import Source, Steps, by

MAGIC = b"MATLAB 5.0"
HEADER, ORDER_AT, LITTLE = 128, 126, b"IM"
# A variable is read at once; of each the first bytes tell what it is.
MAX_BYTES, HEAD_BYTES = 1 << 30, 1 << 12
MATRIX, COMPRESSED = 14, 15
# Types of elements, and classes of arrays.
TYPES = {1: "i1", 2: "u1", 3: "i2", 4: "u2", 5: "i4", 6: "u4", 7: "f4", 9: "f8", 12: "i8", 13: "u8"}
CLASSES = {6: "f8", 7: "f4", 8: "i1", 9: "u1", 10: "i2", 11: "u2", 12: "i4", 13: "u4", 14: "i8", 15: "u8"}
UNKNOWN = np.dtype("u1")
MOST_ELEMENTS = 10_000
DAMAGED = "the MATLAB file is truncated or damaged"


@dataclass(frozen=True)
class Variable:
    """An array of numbers: where its element begins in the file, its length, whether it is packed, shape and class.

    ``order`` is that of the bytes, as NumPy writes it.
    """

    begin: int
    size: int
    packed: bool
    order: str
    shape: tuple[int, ...] = ()
    dtype: np.dtype = UNKNOWN


def matlab_source(path: Path, options: DataOptions) -> Steps[Source]:
    """Return the images and labels of a MATLAB file; UserError if it holds none that can be read."""
    with open_file(path) as file:
        variables = _variables(file, path)
        shapes = {name: variable.shape for name, variable in variables.items()}
        parts = parts_of(shapes, choose(shapes, options, path.name, last=True), options)
        arrays = [_part(file, path, variables, keys, options) for keys in parts]
    return source_of(joined_parts(arrays), options)


def _part(file: IO[bytes], path: Path, variables: dict[str, Variable], keys: Keys, options: DataOptions) -> Arrays:
    labels = None if keys.labels is None else _values(file, variables[keys.labels], path)
    images, note = _upright(_values(file, variables[keys.images], path), labels, options)
    return Arrays(
        path.name, images.shape, images.dtype, lambda: pieces(images), labels, [t for t in (keys.note, note) if t],
        take=lambda numbers: images[list(numbers)], keys=keys.others, label_choices=keys.label_choices,
    )  # fmt: skip


def _variables(file: IO[bytes], path: Path) -> dict[str, Variable]:
    """Return the arrays of numbers in a file by their names."""
    header, length = file.read(HEADER), os.fstat(file.fileno()).st_size
    order = "<" if header[ORDER_AT:HEADER] == LITTLE else ">"
    found: dict[str, Variable] = {}
    begin = HEADER
    for _ in range(MOST_ELEMENTS):
        if begin + 8 > length:
            break
        file.seek(begin)
        kind, size = struct.unpack(f"{order}II", file.read(8))
        if begin + 8 + size > length:
            raise UserError(path.name, DAMAGED)
        if kind in (MATRIX, COMPRESSED):
            head = file.read(min(size, HEAD_BYTES))
            name, variable = _described(head, Variable(begin + 8, size, kind == COMPRESSED, order), path)
            if variable is not None:
                found[name] = variable
        begin += 8 + size
    return found


def _described(head: bytes, at: Variable, path: Path) -> tuple[str, Variable | None]:
    """Return name and description of a variable by its first bytes; None if it is no dense array of numbers."""
    if at.packed:
        head = _unpacked(head, HEAD_BYTES, path)[8:]
    parts, order = _elements(head, at.order), at.order
    try:
        (_, flags), (_, shape), (_, name) = next(parts), next(parts), next(parts)
        kind = CLASSES.get(struct.unpack(f"{order}I", flags[:4])[0] & 0xFF)
    except (StopIteration, struct.error):
        return "", None
    if kind is None or len(shape) % 4:
        return "", None
    sizes = tuple(np.frombuffer(shape, f"{order}i4").tolist())
    if any(size < 0 for size in sizes):
        raise UserError(path.name, DAMAGED)
    return name.decode("latin-1"), replace(at, shape=sizes, dtype=np.dtype(kind))


def _values(file: IO[bytes], variable: Variable, path: Path) -> np.ndarray:
    """Return the values of a variable; UserError if they are damaged, or more than memory is meant for."""
    count = math.prod(variable.shape)
    if count * variable.dtype.itemsize > MAX_BYTES or variable.size > MAX_BYTES:
        raise UserError(path.name, f"{by(variable.shape)} is larger than the limit of {MAX_BYTES >> 20} MiB")
    file.seek(variable.begin)
    content = file.read(variable.size)
    if variable.packed:
        content = _unpacked(content, count * 8 + HEAD_BYTES, path)[8:]
    parts = list(_elements(content, variable.order))
    kind, data = parts[3] if len(parts) > 3 else (0, b"")
    if kind not in TYPES or len(data) != count * np.dtype(TYPES[kind]).itemsize:
        raise UserError(path.name, DAMAGED)
    stored = np.frombuffer(data, variable.order + TYPES[kind]).reshape(variable.shape, order="F")
    return stored.astype(variable.dtype)


def _unpacked(content: bytes, most: int, path: Path) -> bytes:
    try:
        return zlib.decompressobj().decompress(content, most)
    except zlib.error as error:
        raise UserError(path.name, DAMAGED) from error


def _elements(content: bytes, order: str) -> Iterator[tuple[int, bytes]]:
    """Yield type and bytes of the elements within a variable; of one that is cut what there is."""
    begin = 0
    while begin + 8 <= len(content):
        kind, size = struct.unpack_from(f"{order}II", content, begin)
        if kind >> 16:
            # A small one: its length, its type and up to four bytes.
            yield kind & 0xFFFF, content[begin + 4 : begin + 4 + min(kind >> 16, 4)]
            begin += 8
        else:
            yield kind, content[begin + 8 : begin + 8 + size]
            begin += 8 + -(-size // 8) * 8


def _upright(images: np.ndarray, labels: np.ndarray | None, options: DataOptions) -> tuple[np.ndarray, str]:
    """Return images with their number in front, which MATLAB's people put last; and what to say about it."""
    if options.layout or images.ndim not in (3, 4):
        return images, ""
    counts = set() if labels is None else set(labels.shape)
    by_labels = images.shape[-1] in counts and images.shape[0] not in counts
    by_channels = images.ndim == 4 and images.shape[2] in CHANNELS and images.shape[3] not in CHANNELS
    by_count = images.ndim == 3 and images.shape[2] > max(images.shape[:2])
    if not (by_labels or by_channels or by_count):
        return images, ""
    axes = "rows × columns × number" if images.ndim == 3 else "rows × columns × channels × number"
    return np.moveaxis(images, -1, 0), f"{by(images.shape)} was read as {axes}"


FORMAT = Format("matlab", lambda start, _: start.startswith(MAGIC), opener(matlab_source), keys=True)
