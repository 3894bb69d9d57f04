"""PyTorch files of weights, ``.pt`` or ``.pth``, in an archive or as older versions wrote them, without torch."""

from __future__ import annotations

import math
import struct
from collections.abc import Callable, Iterator, Mapping
from io import BytesIO
from pathlib import Path
from typing import BinaryIO, TypeGuard

import numpy as np

from models.core.arrays import Floats32
from models.core.reading import open_file
from models.core.text import shortened
from models.importing.archives import TORCH_PICKLE, Archive
from models.importing.autoencoder_kl import config_beside
from models.importing.choices import Choices
from models.importing.hdf5 import MOST_WEIGHTS
from models.importing.parsed import Parsed
from models.importing.pickles import TENSORS, WAY_ON, Made, Named, Stored, read_pickle
from models.importing.refusal import RefusedError
from models.importing.weights_graph import graph_of_weights

LEGACY_MAGIC = 0x1950A86A20F9469CFC6C
KINDS = {
    "Float": "<f4", "Double": "<f8", "Half": "<f2", "Long": "<i8", "Int": "<i4", "Short": "<i2", "Char": "i1",
    "Byte": "u1", "Bool": "?", "BFloat16": "<u2",
}  # fmt: skip
# Where checkpoints keep the weights; what is preferred comes first.
PLACES = ("model_state_dict", "state_dict", "model", "net", "vae", "autoencoder", "module", "params", "weights")

Storages = Callable[[str], bytes]


def read_torch(path: Path, choices: Choices) -> Parsed:
    """Parse a PyTorch file of weights: its architecture is inferred from names and shapes."""
    with open_file(path) as file:
        if file.read(4).startswith(b"PK"):
            content, storages, kind = _archive(file)
        else:
            file.seek(0)
            content, storages, kind = _legacy(file)
        weights = _arrays(_state(content), storages)
    return graph_of_weights(weights, choices, kind, config_beside(path))


def _archive(file: BinaryIO) -> tuple[object, Storages, str]:
    file.seek(0)
    archive = Archive(file)
    name = next((name for name in archive.names if name.split("/")[-1] == TORCH_PICKLE), "")
    top = name.removesuffix(TORCH_PICKLE)
    if any(member.startswith(f"{top}code/") for member in archive.names):
        raise RefusedError("this is TorchScript, a program, which is never run", WAY_ON)
    if f"{top}byteorder" in archive.names and archive.read(f"{top}byteorder").strip() != b"little":
        raise RefusedError("its numbers are written from the other end", "save it on a little-endian machine")
    content = read_pickle(BytesIO(archive.read(name)))
    return content, lambda key: archive.read(f"{top}data/{key}"), "PyTorch weights"


def _legacy(file: BinaryIO) -> tuple[object, Storages, str]:
    """Read what versions before 1.6 wrote: four pickles, the keys of the storages, then each with its length."""
    if read_pickle(file) != LEGACY_MAGIC:
        raise RefusedError("this is a pickle, which is not opened", WAY_ON)
    read_pickle(file)
    read_pickle(file)
    content, keys = read_pickle(file), read_pickle(file)
    sizes = {str(item.key[2]): _kind(item).itemsize for item in _stored(content)}
    places: dict[str, tuple[int, int]] = {}
    for key in keys if isinstance(keys, list) else []:
        (count,) = struct.unpack("<q", file.read(8).ljust(8, b"\0"))
        length = count * sizes.get(str(key), 4)
        if not 0 <= count <= MOST_WEIGHTS:
            raise RefusedError("it is truncated or damaged")
        places[str(key)] = (file.tell(), length)
        file.seek(length, 1)
    data = {key: _piece(file, *place) for key, place in places.items()}
    return content, lambda key: data.get(key, b""), "PyTorch weights of an old version"


def _piece(file: BinaryIO, start: int, length: int) -> bytes:
    file.seek(start)
    return file.read(length)


def _stored(content: object) -> Iterator[Stored]:
    """Yield what is kept elsewhere, wherever in the data; each object is looked at once."""
    waiting, seen = [content], set()
    while waiting:
        value = waiting.pop()
        if id(value) in seen:
            continue
        seen.add(id(value))
        if isinstance(value, Stored):
            yield value
        elif isinstance(value, Mapping):
            waiting += value.values()
        elif isinstance(value, Made):
            waiting += value.arguments
        elif isinstance(value, list | tuple):
            waiting += value


def _kind(stored: Stored) -> np.dtype[np.generic]:
    named = stored.key[1] if len(stored.key) > 4 else None
    word = named.name.rsplit(".", 1)[-1].removesuffix("Storage") if isinstance(named, Named) else ""
    if word not in KINDS:
        raise RefusedError(f"its weights are of a kind that is not known here, {shortened(word)}")
    return np.dtype(KINDS[word])


def _state(content: object) -> dict[str, Made]:
    """Return the tensors by name, from the dictionary of weights or the checkpoint around it."""
    if not isinstance(content, Mapping):
        return {}
    own = {str(key): value for key, value in content.items() if _is_tensor(value)}
    if own:
        return own
    for place in PLACES:
        if isinstance(content.get(place), Mapping):
            return _state_of_parts(content[place])
    return _state_of_parts(content)


def _state_of_parts(content: Mapping[object, object]) -> dict[str, Made]:
    """Return the tensors of a dictionary, or of the dictionaries in it with their names in front."""
    found = {str(key): value for key, value in content.items() if _is_tensor(value)}
    for key, value in content.items():
        if isinstance(value, Mapping) and "optim" not in str(key):
            found |= {f"{key}.{name}": part for name, part in value.items() if _is_tensor(part)}
    return found


def _is_tensor(value: object) -> TypeGuard[Made]:
    return isinstance(value, Made) and value.name in TENSORS


def _arrays(tensors: Mapping[str, Made], storages: Storages) -> dict[str, Floats32]:
    if not tensors:
        raise RefusedError("there are no weights in it", WAY_ON)
    arrays, left = {}, MOST_WEIGHTS
    for name, tensor in tensors.items():
        values = _array(name, tensor, storages, left)
        left -= values.size
        arrays[name] = values
    return arrays


def _array(name: str, tensor: Made, storages: Storages, most: int) -> Floats32:
    """Return a tensor: places in a storage, which are checked to be within it."""
    stored, offset, size, stride = tensor.arguments[:4]
    shape, steps = _wholes(size), _wholes(stride)
    if not (isinstance(stored, Stored) and isinstance(offset, int) and len(shape) == len(steps)):
        raise RefusedError(f"the parameter {shortened(name)} makes no sense")
    if math.prod(shape) > most:
        raise RefusedError(f"it has more than {MOST_WEIGHTS:,} parameters")
    kind = _kind(stored)
    content = storages(str(stored.key[2]))
    size_of = kind.itemsize
    values = np.frombuffer(content[: len(content) // size_of * size_of], kind)
    last = offset + sum((side - 1) * step for side, step in zip(shape, steps, strict=True))
    if offset < 0 or (math.prod(shape) > 0 and last >= values.size):
        raise RefusedError(f"the parameter {shortened(name)} is truncated or damaged")
    if str(getattr(stored.key[1], "name", "")).endswith("BFloat16Storage"):
        values = (values.astype(np.uint32) << 16).view(np.float32)
    places = [step * values.itemsize for step in steps]
    strided = np.lib.stride_tricks.as_strided(values[offset:], shape, places)
    return np.array(strided, np.float32)


def _wholes(value: object) -> tuple[int, ...]:
    value = value.arguments[0] if isinstance(value, Made) and value.arguments else value
    sizes: tuple[int, ...] = tuple(value) if isinstance(value, tuple | list) else (-1,)
    if not all(type(size) is int and size >= 0 for size in sizes):
        raise RefusedError("the size of a parameter makes no sense")
    return sizes
