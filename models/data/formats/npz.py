"""Images and labels in an archive of NumPy's, by the names of its arrays."""

from __future__ import annotations

import lzma
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from models.core.data_options import DataOptions
from models.core.errors import UserError
from models.core.npy import check_objects, read_array, read_layout
from models.core.reading import open_file
from models.data.arrays import Arrays, joined_parts, source_of
from models.data.formats.format import Format, opener
from models.data.formats.npy import FORTRAN, stored_blocks
from models.data.keys import Keys, choose, parts_of
from models.data.source import Source, Steps, check_label_count, packed_limit

# Of a file, and of one that is empty.
MAGICS = (b"PK\x03\x04", b"PK\x05\x06")
# More are not looked through for images.
MOST_ARRAYS, SHOWN = 200, 3
MAX_LABEL_BYTES = 1 << 28
# Shape, type and whether in Fortran order, by name.
Headers = dict[str, tuple[tuple[int, ...], np.dtype, bool]]
# What zipfile and its decompressors stumble over; not NotImplementedError's parent, which is what encryption raises.
DAMAGE = (
    zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, NotImplementedError, ValueError, LookupError,
    OverflowError, struct.error,
)  # fmt: skip


@contextmanager
def naming_damage(path: Path) -> Iterator[None]:
    """Turn what reading an archive in the block stumbles over into a UserError: damage, or encryption."""
    try:
        yield
    except DAMAGE as error:
        raise UserError(path.name, "the file is truncated or damaged") from error
    except RuntimeError as error:
        # zipfile has no type of its own for "password required".
        raise UserError(path.name, "the archive is encrypted") from error


@contextmanager
def opened_archive(path: Path) -> Iterator[zipfile.ZipFile]:
    """Open a ``.npz``; UserError if it is no archive, or if reading it in the block shows damage or encryption."""
    with naming_damage(path), open_file(path) as file, zipfile.ZipFile(file) as archive:
        yield archive


def npz_source(path: Path, options: DataOptions) -> Steps[Source]:
    """Return the images and labels of a ``.npz`` file; UserError if it does not hold them as it should."""
    with opened_archive(path) as archive:
        headers = _headers(archive, path.name)
        shapes = _shapes(headers)
        parts = parts_of(shapes, choose(shapes, options, path.name), options)
        arrays = [_arrays(archive, path, headers, keys) for keys in parts]
    return source_of(joined_parts(arrays), options)


def npz_arrays(path: Path, options: DataOptions) -> Arrays:
    """Return images and labels of a ``.npz`` file as they are; only their headers and the labels are read."""
    with opened_archive(path) as archive:
        headers = _headers(archive, path.name)
        return _arrays(archive, path, headers, choose(_shapes(headers), options, path.name))


def _shapes(headers: Headers) -> dict[str, tuple[int, ...]]:
    return {name: header[0] for name, header in headers.items()}


def _arrays(archive: zipfile.ZipFile, path: Path, headers: Headers, keys: Keys) -> Arrays:
    shape, dtype, fortran = headers[keys.images]
    check_objects(dtype, path.name)
    labels = None if keys.labels is None else _labels(archive, keys.labels, path.name)

    def blocks() -> Iterator[np.ndarray]:
        with opened_archive(path) as again, again.open(f"{keys.images}.npy") as file:
            read_layout(file, path.name)
            yield from stored_blocks(file, shape, dtype, fortran, path.name)

    return Arrays(
        path.name, shape, dtype, blocks, labels, [note for note in (keys.note, FORTRAN if fortran else "") if note],
        packed_limit(path), keys=keys.others, label_choices=keys.label_choices,
    )  # fmt: skip


def _headers(archive: zipfile.ZipFile, name: str) -> Headers:
    """Return shape, type and order of all arrays; of those of objects, which are never read, none unless wanted."""
    headers: Headers = {}
    for member in archive.namelist():
        if member.endswith(".npy") and len(headers) < MOST_ARRAYS:
            with archive.open(member) as file:
                headers[member.removesuffix(".npy")] = read_layout(file, name, objects=True)
    held = [member for member in archive.namelist() if not member.endswith("/")]
    if held and not headers:
        told = ", ".join(held[:SHOWN])
        raise UserError(name, f"it holds neither arrays nor pictures, but {told}", "unpack it and open what is in it")
    return headers


def _labels(archive: zipfile.ZipFile, key: str, name: str) -> np.ndarray:
    with archive.open(f"{key}.npy") as file:
        shape, _, _ = read_layout(file, name)
        check_label_count(shape[0] if shape else 0, name)
    with archive.open(f"{key}.npy") as file:
        return read_array(file, name, MAX_LABEL_BYTES)


FORMAT = Format("npz", lambda start, _: start.startswith(MAGICS), opener(npz_source), keys=True)
