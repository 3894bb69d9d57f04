"""Images and labels in an archive of NumPy's, in arrays called so."""

from __future__ import annotations

import lzma
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from models.core.errors import UserError
from models.core.npy import read_exactly, read_header
from models.core.reading import open_file
from models.data.formats.format import Format, opener
from models.data.formats.npy import check_image_type, image_blocks
from models.data.source import Images, Labels, Source, by, check_label_count, image_shape_of

# Of a file, and of one that is empty.
MAGICS = (b"PK\x03\x04", b"PK\x05\x06")
# What zipfile and its decompressors stumble over; not NotImplementedError's parent, which is what encryption raises.
DAMAGE = (
    zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, NotImplementedError, ValueError, LookupError,
    OverflowError, struct.error,
)  # fmt: skip


@contextmanager
def opened_archive(path: Path) -> Iterator[zipfile.ZipFile]:
    """Open a ``.npz``; UserError if it is no archive, or if reading it in the block shows damage or encryption."""
    try:
        with open_file(path) as file, zipfile.ZipFile(file) as archive:
            yield archive
    except DAMAGE as error:
        raise UserError(path.name, "the file is truncated or damaged") from error
    except RuntimeError as error:
        # zipfile has no type of its own for "password required".
        raise UserError(path.name, "the archive is encrypted") from error


def npz_source(path: Path) -> Source:
    """Return the ``images`` and ``labels`` of a ``.npz`` file; UserError if it does not hold them as it should."""
    with opened_archive(path) as archive:
        members = set(archive.namelist())
        if "images.npy" not in members:
            names = ", ".join(sorted(member.removesuffix(".npy") for member in members)[:5]) or "nothing"
            raise UserError(path.name, f"it has no array called images (it holds {names})")
        with archive.open("images.npy") as file:
            shape, dtype = read_header(file, path.name)
        image_shape = image_shape_of(shape, path.name)
        check_image_type(dtype, path.name)
        labels = read_labels(archive, path.name, shape[0]) if "labels.npy" in members else None
    return Source(shape[0], image_shape, _npz_blocks(path, shape[0], image_shape), labels)


def _npz_blocks(path: Path, count: int, image_shape: tuple[int, int, int]) -> Iterator[Images]:
    with opened_archive(path) as archive, archive.open("images.npy") as file:
        _, dtype = read_header(file, path.name)
        yield from image_blocks(file, count, image_shape, dtype, path.name)


def read_labels(archive: zipfile.ZipFile, name: str, count: int) -> Labels:
    """Return the ``labels`` [n] of an archive; UserError if they are no ``count`` integers."""
    with archive.open("labels.npy") as file:
        shape, dtype = read_header(file, name)
        if shape != (count,):
            raise UserError(name, f"labels must have one entry for each of the {count} images, not {by(shape)}")
        check_label_count(count, name)
        if dtype.kind not in "ui":
            raise UserError(name, f"labels must be integers, not {dtype}")
        data = read_exactly(file, count * dtype.itemsize, name)
    return np.frombuffer(data, dtype).astype(np.int64)


FORMAT = Format("npz", lambda start, _: start.startswith(MAGICS), opener(npz_source))
