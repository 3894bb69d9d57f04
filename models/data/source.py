"""The common form of all data sets: a shape, labels and a stream of blocks of uint8 images."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, TypeVar, cast

import numpy as np
from numpy.typing import NDArray

from models.core.errors import UserError
from models.core.reading import open_file
from models.core.steps import passed_on

Images = NDArray[np.uint8]
Labels = NDArray[np.int64]
T = TypeVar("T")
# Work in pieces of a few milliseconds: how much of it is done, and of how much, 0 where that is not known.
Share = tuple[int, int] | None
Steps = Generator[Share, None, T]

# A dense network has a weight for every pixel of every unit; in colour this is the limit of Architecture.
MAX_IMAGE_PIXELS = 256 * 256
MAX_DATA_BYTES = 2 << 30
# What is not one packed file cannot swell when it is opened: it is laid out in slices, and streamed.
MAX_STREAMED_BYTES = 256 << 30
# No compression that a data set of images has goes beyond this.
MOST_PACKED = 200
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
    notes : list of str
        What was made of the files, in a line each; reading may add some.
    columns : dict
        Texts [n] by the name of their column, that of the images among them.
    train_count : int or None
        How many images train, where the source is divided.
    order : array [n] or None
        The place of each image in the data set, where it is not that in the source.
    dropped : list of int
        Numbers of images that could not be read, filled while the blocks are read: these lack them.
    keys, label_choices : tuple of str
        What may be named instead as the images, and as their labels.
    sample : callable or None
        Returns some images by their numbers in the source, where it need not be read from its beginning.
    """

    count: int
    image_shape: tuple[int, int, int]
    blocks: Iterator[Images]
    labels: Labels | None = None
    label_names: tuple[str, ...] = ()
    factors: Labels | None = None
    factor_names: tuple[str, ...] = ()
    notes: list[str] = field(default_factory=list)
    columns: dict[str, list[str]] = field(default_factory=dict)
    train_count: int | None = None
    order: NDArray[np.intp] | None = None
    dropped: list[int] = field(default_factory=list)
    sample: Callable[[Sequence[int]], Images] | None = None
    keys: tuple[str, ...] = ()
    label_choices: tuple[str, ...] = ()


def silent(steps: Steps[T]) -> Generator[None, None, T]:
    """Do some work without telling how much of it is done."""
    return passed_on(steps, lambda _: None)


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


def packed_limit(path: Path) -> int:
    """Return the most bytes of pixels that a file may hold which is packed, and read a block at a time."""
    return min(MAX_STREAMED_BYTES, max(MAX_DATA_BYTES, MOST_PACKED * path.stat().st_size))


def check_size(count: int, image_shape: tuple[int, int, int], name: str, limit: int = MAX_DATA_BYTES) -> None:
    """Refuse images that are empty or too large, and more of them than memory and cache are meant for."""
    height, width, channels = image_shape
    if height < 1 or width < 1:
        raise UserError(name, f"the images are empty, {height} × {width} pixels")
    values = height * width * channels
    if height * width > MAX_IMAGE_PIXELS:
        raise UserError(
            name,
            f"images of {height} × {width} pixels are too large; the limit is {MAX_IMAGE_PIXELS:,} pixels",
            "--size 64x64 makes them smaller",
        )
    if count * values > limit:
        raise UserError(
            name, f"{count} images of {height} × {width} pixels are more than the limit of {limit >> 30} GiB"
        )


def check_label_count(count: int, name: str) -> None:
    """Refuse more labels than memory is meant for."""
    if count > MAX_LABELS:
        raise UserError(name, f"there are {count:,} labels, at most {MAX_LABELS:,} are read")


def images_per_block(image_shape: tuple[int, ...], bytes_per_value: int = 1) -> int:
    """Return how many images fill a block of half a megabyte."""
    return max(1, BLOCK_BYTES // max(1, int(np.prod(image_shape)) * bytes_per_value))


def by(shape: tuple[int, ...]) -> str:
    """Write a shape as a person does: ``60000 × 28 × 28``."""
    return " × ".join(str(size) for size in shape) or "a single number"
