"""Images in MATLAB files of version 5, by SciPy; those of version 7.3 are HDF5."""

from __future__ import annotations

import math
import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import numpy as np

from models.core.data_options import DataOptions
from models.core.errors import UserError
from models.core.reading import open_file
from models.data.arrays import Arrays, pieces, source_of
from models.data.formats.format import Format, opener
from models.data.geometry import CHANNELS
from models.data.keys import choose
from models.data.source import Source, Steps, by

MAGIC = b"MATLAB 5.0"
# It is read at once.
MAX_BYTES = 1 << 30
CLASSES = {
    "double": 8, "single": 4, "uint8": 1, "int8": 1, "uint16": 2, "int16": 2, "uint32": 4, "int32": 4, "uint64": 8,
    "int64": 8, "logical": 1,
}  # fmt: skip
DAMAGE = (ValueError, TypeError, KeyError, IndexError, OSError, zlib.error, struct.error, NotImplementedError, EOFError)


def matlab_source(path: Path, options: DataOptions) -> Steps[Source]:
    """Return the images and labels of a MATLAB file; UserError if it holds none that can be read."""
    from scipy.io import loadmat, whosmat

    with _reading(path) as file:
        listed = {name: (tuple(shape), kind) for name, shape, kind in whosmat(file)}
    shapes = {name: shape for name, (shape, kind) in listed.items() if kind in CLASSES or kind == "char"}
    keys = choose(shapes, options, path.name, last=True)
    wanted = [key for key in (keys.images, keys.labels) if key is not None]
    size = sum(math.prod(shapes[key]) * CLASSES.get(listed[key][1], 4) for key in wanted)
    if size > MAX_BYTES:
        raise UserError(
            path.name, f"its images are {size >> 20} MiB, at most {MAX_BYTES >> 20} are read of such a file"
        )
    with _reading(path) as file:
        found = loadmat(file, variable_names=wanted)
    labels = None if keys.labels is None else np.asarray(found[keys.labels])
    images, note = _upright(np.asarray(found[keys.images]), labels, options)
    notes = [text for text in (keys.note, note) if text]
    arrays = Arrays(
        path.name, images.shape, images.dtype, lambda: pieces(images), labels, notes,
        take=lambda numbers: images[list(numbers)], keys=keys.others, label_choices=keys.label_choices,
    )  # fmt: skip
    return source_of(arrays, options)


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


@contextmanager
def _reading(path: Path) -> Iterator[IO[Any]]:
    with open_file(path) as file:
        try:
            yield file
        except DAMAGE as error:
            raise UserError(path.name, "the MATLAB file is truncated or damaged") from error


FORMAT = Format("matlab", lambda start, _: start.startswith(MAGIC), opener(matlab_source), keys=True)
