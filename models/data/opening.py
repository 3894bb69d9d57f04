"""Data sets of images from outside: recognized by content, checked, and laid out in the cache folder.

Every format is a row in :data:`FORMATS`; what :class:`models.core.data_options.DataOptions` leave open is told by the
files, and what was made of them is said. Nothing is ever unpickled, and no more than a block of images is in memory at
a time where the format allows. NumPy, Pillow and h5py only.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TypeVar

import numpy as np

from models.core.data_options import AS_FOUND, NO_LABELS, DataOptions
from models.core.descriptions import DataInfo
from models.core.errors import UserError
from models.core.files import is_folder, reason_of
from models.core.foreign import HEIC, IMPORTED, PACKED, PARQUET, START_BYTES, TENSORS, foreign_kind
from models.core.npy import map_array
from models.core.reading import open_file
from models.core.sprite_names import SpritesName, is_sprites, parse_sprites
from models.core.steps import finished
from models.data import cache, sprites
from models.data.formats import archives, folder, hdf5, idx, matlab, npy, npz, pages, pixels, shards, tfrecord
from models.data.formats.format import Format, Unread
from models.data.source import Source, Steps
from models.data.tables import is_labels_file, labelled, labels_time
from models.data.treatment import treated

PICKLE_MAGIC = b"\x80"
# In the order in which they are asked; pictures are what a folder holds if nothing else.
FORMATS: tuple[Format, ...] = (
    shards.FORMAT, tfrecord.FORMAT, hdf5.FORMAT, matlab.FORMAT, pages.FORMAT, archives.ZIP, archives.TAR, npz.FORMAT,
    npy.FORMAT, pixels.FORMAT, idx.FORMAT, folder.FORMAT,
)  # fmt: skip
KEYED = frozenset(known.name for known in FORMATS if known.keys)
T = TypeVar("T")
IMPORT = "latentscape import makes a model file of it"
ADVICE = {
    TENSORS: "open it as a model",
    "a picture": "a folder of pictures is one",
    PARQUET: "save its images as .npz or as a folder of pictures",
    PACKED: "unpack it and open the folder",
    HEIC: "a folder of PNG or JPEG pictures opens",
    "a video": "a folder of its frames as pictures opens",
    **dict.fromkeys(IMPORTED, IMPORT),
}
KINDS = (
    "an .npz or .npy of images, an HDF5, MATLAB, IDX, TFRecord or CSV file, an archive or a folder of pictures, or a "
    "folder of .npz, IDX or TFRecord files"
)


def open_data(path: str | Path, options: DataOptions = AS_FOUND) -> DataInfo:
    """Read the data set at ``path`` and return where it lies in the cache; :class:`UserError` if it cannot be used."""
    return finished(opening_data(path, options))


def opening_data(path: str | Path, options: DataOptions = AS_FOUND) -> Steps[DataInfo]:
    """Do the work of :func:`open_data` a few milliseconds at a time, yielding in between."""
    with _naming(path):
        found = yield from recognized(path)
        return (yield from laid_out(found, options))


@dataclass(frozen=True)
class Found:
    """A path that was recognized as a data set, which may be read by various options."""

    path: Path
    format: str
    unread: Unread


def recognized(path: str | Path) -> Steps[Found]:
    """Find out what lies at a path, and go through its files for their fingerprint; UserError if it is no data set."""
    with _naming(path):
        if is_sprites(str(path)):
            name = parse_sprites(str(path))
            return Found(Path(str(name)), "sprites", Unread(sprites.fingerprint(name), partial(_drawn, name)))
        path = Path(path)
        known = _format_of(path)
        return Found(path, known.name, (yield from known.open(path)))


def laid_out(found: Found, options: DataOptions) -> Steps[DataInfo]:
    """Read a data set by some options, unless it lies in the cache by these, and return where it lies."""
    with _naming(found.path):
        printed = _fingerprint(found.unread.fingerprint, options)
        known = cache.stored(found.path, printed)
        if known is not None:
            return known
        source = yield from read_by(found, options)
        return (yield from cache.store(found.path, printed, source, options))


def read_by(found: Found, options: DataOptions) -> Steps[Source]:
    """Return the images of a data set by some options, before they are laid out; UserError if they cannot be used."""
    with _naming(found.path):
        name = found.path.name
        if options.key and found.format not in KEYED:
            raise UserError("--key", f"{name} has no names of arrays to choose from")
        # The labels of the file itself are not asked for by name if they come from another.
        outside = is_labels_file(options.labels)
        source = yield from found.unread.read(replace(options, labels=NO_LABELS) if outside else options)
        _check_count(source, found.path)
        if outside:
            source = labelled(source, options.labels)
        return treated(source, options, name)


@contextmanager
def _naming(path: str | Path) -> Iterator[None]:
    """Turn what the system refuses into a UserError that names the file."""
    try:
        yield
    except OSError as error:
        # A picture inside a folder has a name of its own; the error of a cache folder, too.
        raise UserError(Path(error.filename or path).name, reason_of(error)) from error


def _drawn(name: SpritesName, _: DataOptions) -> Steps[Source]:
    return (yield from cache.aside(lambda: sprites.sprites_source(name)))


def _fingerprint(content: str, options: DataOptions) -> str:
    """Return what tells data that were read by some options from others."""
    by = json.dumps({**options.to_json(), **_stamp(options.labels)}, sort_keys=True)
    return content if by == "{}" else hashlib.sha256(f"{content} {by}".encode()).hexdigest()[:16]


def _stamp(labels: str) -> dict[str, int]:
    """Return when a file of labels was changed."""
    return {"changed": labels_time(labels)} if is_labels_file(labels) else {}


def load_images(info: DataInfo) -> np.ndarray:
    """Return the images of ``info`` as a read-only memory map, uint8 [n, h, w, c]."""
    return map_array(info.images_path)


def _check_count(source: Source, path: Path) -> None:
    if source.count == 0:
        raise UserError(path.name, "there are no images in it")
    if source.count == 1:
        raise UserError(path.name, "there is only one image in it, at least two are needed: one trains, one tests")


def _format_of(path: Path) -> Format:
    """Return the format that claims ``path``; UserError if none does."""
    start = b"" if is_folder(path) else _start_of(path)
    claiming = [known for known in FORMATS if known.claims(start, path)]
    certain = next((known for known in claiming if known.certain), None)
    foreign = foreign_kind(path, start)
    if foreign and certain is None:
        raise UserError(path.name, f"this is {foreign}, not a data set", ADVICE.get(foreign, ""))
    if claiming:
        return certain or claiming[0]
    if start.startswith(PICKLE_MAGIC):
        way_on = "np.savez('data.npz', images=…, labels=…) in Python saves its arrays"
        raise UserError(path.name, "this is a Python pickle, which can run any code and is never opened", way_on)
    raise UserError(path.name, f"this is not a data set; it should be {KINDS}")


def _start_of(path: Path) -> bytes:
    with open_file(path) as file:
        start = file.read(START_BYTES)
    if not start:
        raise UserError(path.name, "the file is empty")
    return start
