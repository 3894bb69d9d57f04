"""Data sets of images from outside: recognized by content, checked, and laid out in the cache folder.

Accepted are ``.npz`` (``images`` uint8 [n, h, w] or [n, h, w, c], optional ``labels`` [n]), ``.npy`` with the images
alone, IDX files (plain or ``.gz``, with the labels file beside it), folders of pictures, whose sub-folders, if any, are
the classes, folders of ``.npz`` shards, and TFRecord files or folders of them; a name such as ``sprites:5000`` stands
for generated images. Float images in 0–1 are converted.
Nothing is ever unpickled, and no more than a block of images is in memory at a time. NumPy and Pillow only.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Generator, Iterator
from functools import partial
from pathlib import Path

import numpy as np

from models.core.descriptions import DataInfo
from models.core.errors import UserError
from models.core.files import reason_of
from models.core.sprite_names import SpritesName, is_sprites, parse_sprites
from models.data import cache, sprites
from models.data.formats.arrays import npy_source, npz_source
from models.data.formats.folder import folder_source, list_folder
from models.data.formats.idx import idx_source, labels_file
from models.data.formats.shards import shard_files, shards_source
from models.data.formats.tfrecord import is_tfrecord, tfrecord_files, tfrecord_source
from models.data.source import Source

HASH_BLOCK = 1 << 20
TEST_SHARE = 10

PICKLE_MAGIC = b"\x80"
SOURCES: tuple[tuple[bytes, Callable[[Path], Source]], ...] = (
    (b"PK\x03\x04", npz_source),
    (b"PK\x05\x06", npz_source),
    (b"\x93NUMPY", npy_source),
    (b"\x1f\x8b", idx_source),
    (b"\x00\x00", idx_source),
)
KINDS = "an .npz or .npy of images, an IDX or TFRecord file, or a folder of pictures or of .npz or TFRecord files"


def open_data(path: str | Path) -> DataInfo:
    """Read the data set at ``path`` and return where it lies in the cache; :class:`UserError` if it cannot be used."""
    steps = opening_data(path)
    while True:
        try:
            next(steps)
        except StopIteration as end:
            info: DataInfo = end.value
            return info


def opening_data(path: str | Path) -> Generator[None, None, DataInfo]:
    """Do the work of :func:`open_data` a few milliseconds at a time, yielding in between."""
    if is_sprites(str(path)):
        return (yield from _generating(parse_sprites(str(path))))
    path = Path(path)
    try:
        if path.is_dir() and not shard_files(path) and not tfrecord_files(path):
            listing = yield from list_folder(path)
            fingerprint, read = listing.digest[:16], partial(folder_source, listing)
        else:
            fingerprint, read = (yield from _fingerprint(path)), partial(_file_source, path)
        known = cache.stored(path, fingerprint)
        if known is not None:
            return known
        source = read()
        _check_count(source, path)
        return (yield from cache.store(path, fingerprint, source, train_count(source.count)))
    except OSError as error:
        # A picture inside a folder has a name of its own; the error of a cache folder, too.
        raise UserError(Path(error.filename or path).name, reason_of(error)) from error


def _generating(name: SpritesName) -> Generator[None, None, DataInfo]:
    """Draw sprites, or find them where they were drawn before."""
    path, fingerprint = Path(str(name)), sprites.fingerprint(name)
    try:
        known = cache.stored(path, fingerprint)
        if known is not None:
            return known
        source = yield from cache.aside(lambda: sprites.sprites_source(name))
        return (yield from cache.store(path, fingerprint, source, train_count(source.count)))
    except OSError as error:
        raise UserError(str(name), reason_of(error)) from error


def train_count(count: int) -> int:
    """Return how many of ``count`` ≥ 2 images train: all but the last tenth, of which there is at least one."""
    return count - max(1, count // TEST_SHARE)


def load_images(info: DataInfo) -> np.ndarray:
    """Return the images of ``info`` as a read-only memory map, uint8 [n, h, w, c]."""
    images: np.ndarray = np.load(info.images_path, mmap_mode="r", allow_pickle=False)
    return images


def _check_count(source: Source, path: Path) -> None:
    if source.count == 0:
        raise UserError(path.name, "there are no images in it")
    if source.count == 1:
        raise UserError(path.name, "there is only one image in it, at least two are needed: one trains, one tests")


def _file_source(path: Path) -> Source:
    if path.is_dir():
        return shards_source(path) if shard_files(path) else tfrecord_source(path)
    with path.open("rb") as file:
        start = file.read(12)
    if not start:
        raise UserError(path.name, "the file is empty")
    # Its first byte may be any.
    if is_tfrecord(path, start):
        return tfrecord_source(path)
    if start.startswith(PICKLE_MAGIC):
        raise UserError(path.name, "this is a Python pickle, which can run any code and is never opened")
    for magic, source in SOURCES:
        if start.startswith(magic):
            return source(path)
    raise UserError(path.name, f"this is not a data set; it should be {KINDS}")


def _fingerprint(path: Path) -> Generator[None, None, str]:
    """Return a digest of the bytes of a file and of those that belong to it."""
    digest = hashlib.sha256()
    for file in _files_of(path):
        digest.update(file.name.encode(errors="surrogateescape"))
        with file.open("rb") as stream:
            while block := stream.read(HASH_BLOCK):
                digest.update(block)
                yield
    return digest.hexdigest()[:16]


def _files_of(path: Path) -> Iterator[Path]:
    if path.is_dir():
        yield from shard_files(path) or tfrecord_files(path)
        return
    yield path
    labels = labels_file(path)
    if labels is not None:
        yield labels
