"""Images in HDF5 files, those of MATLAB 7.3 among them; no link out of the file is followed."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from models.core.data_options import DataOptions
from models.core.errors import UserError
from models.core.hdf5 import DAMAGE, MAGIC, is_of_keras
from models.core.reading import open_file
from models.data.arrays import Arrays, joined_parts, source_of
from models.data.formats.format import Format, opener
from models.data.keys import Keys, choose, parts_of
from models.data.source import BLOCK_BYTES, Source, Steps, check_label_count, packed_limit

if TYPE_CHECKING:
    import h5py

MATLAB = b"MATLAB 7.3"
MOST_OBJECTS = 20_000
MAX_LABEL_BYTES = 1 << 28
# What is read at once of a file that is compressed.
MAX_CHUNK_BYTES = 1 << 28


@contextmanager
def _opened(path: Path) -> Iterator[h5py.File]:
    """Open a file; UserError if it is damaged, or turns out to be while it is read in the block."""
    import h5py

    with open_file(path) as raw:
        try:
            with h5py.File(raw, "r") as file:
                yield file
        except DAMAGE as error:
            raise UserError(path.name, "the HDF5 file is truncated or damaged") from error


def hdf5_source(path: Path, options: DataOptions) -> Steps[Source]:
    """Return the images and labels of an HDF5 file; UserError if it holds none that can be read."""
    with _opened(path) as file:
        arrays = _arrays(file)
        turned = _is_matlab(path)
        shapes = {name: tuple(reversed(a.shape)) if turned else a.shape for name, a in arrays.items()}
        parts = parts_of(shapes, choose(shapes, options, path.name, last=turned), options)
        found = [_part(arrays, keys, path) for keys in parts]
    return source_of(joined_parts([_upright(part) if turned else part for part in found]), options)


def _part(arrays: dict[str, h5py.Dataset], keys: Keys, path: Path) -> Arrays:
    images = arrays[keys.images]
    _check(images, path)
    shape, dtype = tuple(images.shape), images.dtype
    return Arrays(
        path.name, shape, dtype, _reader(path, keys.images, shape, dtype),
        None if keys.labels is None else _labels(arrays[keys.labels], path), [keys.note] if keys.note else [],
        packed_limit(path), _taker(path, keys.images), keys=keys.others, label_choices=keys.label_choices,
    )  # fmt: skip


def _upright(arrays: Arrays) -> Arrays:
    """Return images of MATLAB, whose axes come in reverse: its number first, columns before rows."""

    def turned(block: np.ndarray) -> np.ndarray:
        # [k, columns, rows] or [k, channels, columns, rows].
        return np.moveaxis(block, 1, -1).swapaxes(1, 2) if block.ndim == 4 else block.swapaxes(1, 2)

    if len(arrays.shape) not in (3, 4):
        return arrays
    shape = turned(np.empty((0, *arrays.shape[1:]))).shape[1:]
    take = arrays.take
    return replace(
        arrays,
        shape=(arrays.shape[0], *shape),
        blocks=lambda: (turned(block) for block in arrays.blocks()),
        notes=[*arrays.notes, "the axes of MATLAB were put in order"],
        take=None if take is None else lambda numbers: turned(take(numbers)),
    )


def _arrays(file: h5py.File) -> dict[str, h5py.Dataset]:
    """Return the data sets of a file by their names; links are not followed."""
    import h5py

    found: dict[str, h5py.Dataset] = {}

    def note(name: str, item: object) -> bool | None:
        if isinstance(item, h5py.Dataset) and item.shape and not name.startswith("#refs#"):
            found[name] = item
        return len(found) > MOST_OBJECTS or None

    file.visititems(note)
    return found


def _check(images: h5py.Dataset, path: Path) -> None:
    """Refuse what is kept in another file, and pieces larger than memory is meant for."""
    if images.external or images.is_virtual:
        raise UserError(path.name, "its images are kept in another file, which is not followed")
    chunk = math.prod(images.chunks or (1,)) * images.dtype.itemsize
    if chunk > MAX_CHUNK_BYTES:
        raise UserError(
            path.name, f"its images are in pieces of {chunk >> 20} MiB, at most {MAX_CHUNK_BYTES >> 20} are read"
        )


def _labels(dataset: h5py.Dataset, path: Path) -> np.ndarray:
    _check(dataset, path)
    check_label_count(dataset.shape[0], path.name)
    if dataset.size * dataset.dtype.itemsize > MAX_LABEL_BYTES:
        raise UserError(path.name, "its labels are larger than memory is meant for", "--labels none leaves them out")
    return np.asarray(dataset[()])


def _reader(path: Path, key: str, shape: tuple[int, ...], dtype: np.dtype) -> Callable[[], Iterator[np.ndarray]]:
    size = max(1, BLOCK_BYTES // max(1, math.prod(shape[1:]) * dtype.itemsize))

    def blocks() -> Iterator[np.ndarray]:
        with _opened(path) as file:
            images = file[key]
            # Whole pieces of the file, so that none is unpacked twice.
            step = max(size, images.chunks[0] if images.chunks else 1)
            for start in range(0, shape[0], step):
                whole = np.asarray(images[start : start + step])
                for place in range(0, len(whole), size):
                    yield whole[place : place + size]

    return blocks


def _taker(path: Path, key: str) -> Callable[[Sequence[int]], np.ndarray]:
    def take(numbers: Sequence[int]) -> np.ndarray:
        with _opened(path) as file:
            images = file[key]
            return np.stack([np.asarray(images[number]) for number in numbers])

    return take


def _is_matlab(path: Path) -> bool:
    with open_file(path) as file:
        return file.read(len(MATLAB)) == MATLAB


def _claims(start: bytes, path: Path) -> bool:
    """Return whether a file is HDF5, and no model of Keras."""
    if not start.startswith((MAGIC, MATLAB)):
        return False
    try:
        return not is_of_keras(path)
    except ValueError:
        # What is damaged is named for what it says it is.
        return start.startswith(MATLAB)


FORMAT = Format("hdf5", _claims, opener(hdf5_source), keys=True, certain=True)
