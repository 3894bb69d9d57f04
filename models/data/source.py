"""The common form of all data sets: a shape, labels and a stream of blocks of uint8 images."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, cast

import numpy as np
from numpy.typing import NDArray

from models.core.errors import UserError
from models.core.reading import open_file

Images = NDArray[np.uint8]
Labels = NDArray[np.int64]

# A dense network has a weight for every pixel of every unit; in colour this is the limit of Architecture.
MAX_IMAGE_PIXELS = 256 * 256
MAX_DATA_BYTES = 2 << 30
# What is not one packed file cannot swell when it is opened: it is laid out in slices, and streamed.
MAX_STREAMED_BYTES = 256 << 30
BLOCK_BYTES = 1 << 19
# Labels are read at once, and may be packed to nothing.
MAX_LABELS = 1 << 25
GZIP_MAGIC = b"\x1f\x8b"


@dataclass(frozen=True)
class Source:
    """A data set before it is stored.

    Attributes
    ----------
    count : int
        Number of images n.
    image_shape : tuple of int
        Height, width, channels (1 or 3).
    blocks : iterator of array [k, h, w, c]
        The images in order; reading may raise :class:`UserError`.
    labels : array [n] or None
        Class of each image.
    label_names : tuple of str
        Names of the classes 0, 1, …, where the source has names.
    factors : array [n, f] or None
        Values 0, 1, … of the factors of variation, where they are known.
    factor_names : tuple of str
        Names of those factors.
    """

    count: int
    image_shape: tuple[int, int, int]
    blocks: Iterator[Images]
    labels: Labels | None = None
    label_names: tuple[str, ...] = ()
    factors: Labels | None = None
    factor_names: tuple[str, ...] = ()


def is_packed(path: Path) -> bool:
    """Return whether a file is gzipped."""
    with open_file(path) as file:
        return file.read(len(GZIP_MAGIC)) == GZIP_MAGIC


@contextmanager
def unpacked(path: Path) -> Iterator[IO[bytes]]:
    """Open a file that may be gzipped; UserError if what is read of it then is damaged."""
    packed = is_packed(path)
    with open_file(path) as raw:
        file = cast("IO[bytes]", gzip.GzipFile(fileobj=raw)) if packed else raw
        try:
            yield file
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            raise UserError(path.name, "the file is truncated or damaged") from error


def image_shape_of(shape: tuple[int, ...], name: str, limit: int = MAX_DATA_BYTES) -> tuple[int, int, int]:
    """Return [h, w, c] of images declared as [n, h, w] or [n, h, w, c]; UserError if that is not possible."""
    if len(shape) not in (3, 4):
        raise UserError(
            name,
            f"images must have the shape n × height × width or n × height × width × channels, not {by(shape)}",
        )
    height, width, channels = shape[1:] if len(shape) == 4 else (*shape[1:], 1)
    if channels not in (1, 3):
        raise UserError(name, f"images must have 1 or 3 channels, not {channels}")
    check_size(shape[0], (height, width, channels), name, limit)
    return height, width, channels


def check_size(count: int, image_shape: tuple[int, int, int], name: str, limit: int = MAX_DATA_BYTES) -> None:
    """Refuse images that are empty or too large, and more of them than memory and cache are meant for."""
    height, width, channels = image_shape
    if height < 1 or width < 1:
        raise UserError(name, f"the images are empty, {height} × {width} pixels")
    values = height * width * channels
    if height * width > MAX_IMAGE_PIXELS:
        raise UserError(
            name, f"images of {width} × {height} pixels are too large; the limit is {MAX_IMAGE_PIXELS:,} pixels"
        )
    if count * values > limit:
        raise UserError(
            name, f"{count} images of {width} × {height} pixels are more than the limit of {limit >> 30} GiB"
        )


def check_label_count(count: int, name: str) -> None:
    """Refuse more labels than memory is meant for."""
    if count > MAX_LABELS:
        raise UserError(name, f"there are {count:,} labels, at most {MAX_LABELS:,} are read")


def images_per_block(image_shape: tuple[int, int, int], bytes_per_value: int = 1) -> int:
    """Return how many images fill a block of half a megabyte."""
    return max(1, BLOCK_BYTES // (int(np.prod(image_shape)) * bytes_per_value))


def by(shape: tuple[int, ...]) -> str:
    """Write a shape as a person does: ``60000 × 28 × 28``."""
    return " × ".join(str(size) for size in shape) or "a single number"
