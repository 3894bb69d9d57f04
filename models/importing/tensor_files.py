"""Files of named arrays and nothing else: foreign ``.safetensors`` and ``.npz``. Their architecture is inferred."""

from __future__ import annotations

import io
import math
import struct
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from models.core.arrays import Floats32
from models.core.reading import open_file, read_file
from models.core.text import shortened
from models.importing.archives import ARRAY, Archive, json_of
from models.importing.autoencoder_kl import config_beside
from models.importing.choices import Choices
from models.importing.hdf5 import MOST_FILE_BYTES, MOST_WEIGHTS
from models.importing.parsed import Parsed
from models.importing.refusal import RefusedError
from models.importing.weights_graph import graph_of_weights

MOST_HEADER_BYTES = 1 << 24
TYPES = {"F64": "<f8", "F32": "<f4", "F16": "<f2", "BF16": "<u2", "I64": "<i8", "I32": "<i4", "I16": "<i2", "U8": "u1"}


def read_safetensors(path: Path, choices: Choices) -> Parsed:
    """Parse the weights of a ``.safetensors`` file of others."""
    content = memoryview(read_file(path, MOST_FILE_BYTES))
    (length,) = struct.unpack("<Q", content[:8])
    if length > min(MOST_HEADER_BYTES, len(content) - 8):
        raise RefusedError("it is truncated or damaged")
    header = json_of(bytes(content[8 : 8 + length]))
    if not isinstance(header, Mapping):
        raise RefusedError("it is truncated or damaged")
    data = content[8 + length :]
    weights = {name: _tensor(name, entry, data) for name, entry in header.items() if name != "__metadata__"}
    return graph_of_weights(weights, choices, "a .safetensors file of weights", config_beside(path))


def _tensor(name: str, entry: Mapping[str, object], data: memoryview) -> Floats32:
    kind, shape, places = TYPES.get(str(entry.get("dtype"))), entry.get("shape"), entry.get("data_offsets")
    known = isinstance(shape, list) and isinstance(places, list) and len(places) == 2
    if (
        kind is None
        or not known
        or not all(type(size) is int and size >= 0 for size in (*_list(shape), *_list(places)))
    ):
        raise RefusedError(f"the parameter {shortened(name)} makes no sense")
    sizes, (start, stop) = [int(size) for size in _list(shape)], _list(places)
    count = math.prod(sizes)
    if count > MOST_WEIGHTS or stop - start != count * np.dtype(kind).itemsize or stop > len(data):
        raise RefusedError(f"the parameter {shortened(name)} is truncated or damaged")
    values = np.frombuffer(data[start:stop], kind)
    if entry.get("dtype") == "BF16":
        values = (values.astype(np.uint32) << 16).view(np.float32)
    return values.reshape(sizes).astype(np.float32)


def _list(value: object) -> list[int]:
    return value if isinstance(value, list) else []


def read_npz(path: Path, choices: Choices) -> Parsed:
    """Parse the weights of an ``.npz`` file, without pickles."""
    with open_file(path) as file:
        archive = Archive(file)
        names = [name for name in archive.names if name.endswith(ARRAY)]
        weights = {name.removesuffix(ARRAY).replace("/", "."): _array(name, archive.read(name)) for name in names}
    return graph_of_weights(weights, choices, "an .npz file of weights")


def _array(name: str, content: bytes) -> Floats32:
    """Return an array whose size is compared with the bytes that there are, before it takes any memory."""
    file = io.BytesIO(content)
    version = np.lib.format.read_magic(file)
    read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    shape, turned, kind = read(file)
    size = math.prod(shape) * kind.itemsize
    if kind.kind not in "fiu" or size != len(content) - file.tell():
        raise RefusedError(f"the array {shortened(name)} is no array of numbers, or not all there")
    values = np.frombuffer(content, kind, offset=file.tell())
    return values.reshape(shape, order="F" if turned else "C").astype(np.float32)
