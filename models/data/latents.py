"""Latents from files: what ``encode`` wrote, or any array of the right width."""

from __future__ import annotations

import io
import itertools
import re
import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from models.core.arrays import Floats32
from models.core.errors import UserError
from models.core.files import reason_of
from models.core.npy import read_array, read_exactly, read_header
from models.core.numbers import LARGEST_NUMBER
from models.core.reading import open_file
from models.data.formats.npz import opened_archive
from models.data.source import Labels, by, check_label_count

# A million latents of 512 dimensions in float32.
MAX_ARRAY_BYTES = 1 << 31
# In the order in which they are looked for: points first, else the means they were drawn around.
POINT_NAMES = ("z", "mu")
TABLES = (".csv", ".tsv")


@dataclass(frozen=True)
class StoredLatents:
    """Points z [n, d] and, where the file has them, the deviations of their posteriors [n, d] and classes [n]."""

    z: Floats32
    sigma: Floats32 | None
    labels: Labels | None = None


def read_any_latents(path: Path) -> StoredLatents:
    """Read latents of any dimension, as :func:`read_latents` does, or those of a table; UserError if unusable."""
    if path.suffix.lower() in TABLES:
        return _from_table(path)
    return read_latents(path, None)


def _from_table(path: Path) -> StoredLatents:
    """Read the columns z_0, z_1, … (or mu_0, …) of a table, or all columns if none is called so."""
    try:
        with open_file(path) as file:
            text = io.TextIOWrapper(file, "utf-8-sig", errors="replace")
            head = text.readline()
            mark = max(",;\t", key=head.count)
            words = [word.strip().strip('"') for word in head.split(mark)]
            headed = not all(map(_is_number, words))
            named = next((found for name in POINT_NAMES if (found := _numbered(words, name))), range(len(words)))
            first = text.readline() if headed else head
            if not first.strip():
                raise UserError(path.name, "the table is empty")
            rows = np.loadtxt(
                itertools.chain([first], text), np.float32, delimiter=mark, usecols=tuple(named), ndmin=2, quotechar='"'
            )
    except OSError as error:
        raise UserError(path.name, reason_of(error)) from error
    except ValueError as error:
        raise UserError(path.name, f"its rows are not latents ({error})", "columns z_0, z_1, … hold them") from error
    return StoredLatents(_checked(rows, rows.shape[1], path.name), None)


def _numbered(words: list[str], name: str) -> list[int]:
    """Return where the columns ``name_0``, ``name_1``, … are, in the order of their numbers."""
    found = ((re.fullmatch(rf"{name}_?(\d+)", word), place) for place, word in enumerate(words))
    return [place for _, place in sorted((int(match[1]), place) for match, place in found if match is not None)]


def _is_number(word: str) -> bool:
    try:
        float(word)
    except ValueError:
        return False
    return True


def holds_latents(path: Path, latent_dim: int) -> bool:
    """Return whether a file holds latents rather than images; what cannot be read does not.

    An archive of them has an array of their name and none of images, an array of them as many columns as there are
    dimensions.
    """
    try:
        with open_file(path) as file:
            if zipfile.is_zipfile(file):
                with opened_archive(path) as archive:
                    names = set(archive.namelist())
                return "images.npy" not in names and any(f"{name}.npy" in names for name in POINT_NAMES)
            file.seek(0)
            shape, dtype = read_header(file, path.name)
    except (OSError, UserError):
        return False
    return shape[1:] == (latent_dim,) and dtype.kind == "f"


def read_latents(path: Path, latent_dim: int | None) -> StoredLatents:
    """Read ``z`` (or ``mu``) and ``sigma`` of a ``.npz``, or the array of a ``.npy``; UserError if unusable.

    They have ``latent_dim`` columns, any number of them for None.
    """
    try:
        with open_file(path) as file:
            if zipfile.is_zipfile(file):
                return _from_archive(path, latent_dim)
            file.seek(0)
            return StoredLatents(_checked(read_array(file, path.name, MAX_ARRAY_BYTES), latent_dim, path.name), None)
    except OSError as error:
        raise UserError(path.name, reason_of(error)) from error


def _from_archive(path: Path, latent_dim: int | None) -> StoredLatents:
    with opened_archive(path) as archive:
        arrays = {}
        for name in (*POINT_NAMES, "sigma"):
            if f"{name}.npy" in archive.namelist():
                with archive.open(f"{name}.npy") as file:
                    arrays[name] = _checked(read_array(file, path.name, MAX_ARRAY_BYTES), latent_dim, path.name)
        has_labels = "labels.npy" in archive.namelist() and len(arrays) > 0
        labels = _labels(archive, path.name, len(next(iter(arrays.values())))) if has_labels else None
    z = next((arrays[name] for name in POINT_NAMES if name in arrays), None)
    if z is None:
        raise UserError(path.name, "it has no array called z or mu")
    sigma = arrays.get("sigma")
    if sigma is not None and (sigma.shape != z.shape or not (sigma > 0).all()):
        raise UserError(path.name, "sigma must be positive and have the shape of the points")
    return StoredLatents(z, sigma, labels)


def _labels(archive: zipfile.ZipFile, name: str, count: int) -> Labels:
    """Return the ``labels`` [n] of an archive; UserError if they are no ``count`` integers."""
    with archive.open("labels.npy") as file:
        shape, dtype = read_header(file, name)
        if shape != (count,):
            raise UserError(name, f"labels must have one entry for each of the {count} codes, not {by(shape)}")
        check_label_count(count, name)
        if dtype.kind not in "ui":
            raise UserError(name, f"labels must be integers, not {dtype}")
        return np.frombuffer(read_exactly(file, count * dtype.itemsize, name), dtype).astype(np.int64)


def _checked(array: np.ndarray, latent_dim: int | None, name: str) -> Floats32:
    wanted = "[n, d]" if latent_dim is None else f"[n, {latent_dim}] of the model"
    if array.ndim != 2 or array.shape[1] != (latent_dim or array.shape[1]) or array.size == 0:
        raise UserError(name, f"latents must have the shape {wanted}, not {list(array.shape)}")
    if array.dtype.kind != "f" or not np.isfinite(array).all():
        raise UserError(name, "latents must be finite floats")
    if np.abs(array).max() > LARGEST_NUMBER:
        raise UserError(name, f"latents must lie within ±{LARGEST_NUMBER:,.0f}")
    return np.ascontiguousarray(array, np.float32)
