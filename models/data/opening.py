"""Data sets of images from outside: recognized by content, checked, and laid out in the cache folder.

Accepted are ``.npz`` (``images`` uint8 [n, h, w] or [n, h, w, c], optional ``labels`` [n]), ``.npy`` with the images
alone, IDX files (plain or ``.gz``, with the labels file beside it), folders of pictures, whose sub-folders, if any, are
the classes, folders of ``.npz`` shards, and TFRecord files or folders of them; a name such as ``sprites:5000`` stands
for generated images. Float images in 0–1 are converted.
Nothing is ever unpickled, and no more than a block of images is in memory at a time. NumPy and Pillow only.
"""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path

import numpy as np

from models.core.descriptions import DataInfo
from models.core.errors import UserError
from models.core.files import is_folder, reason_of
from models.core.foreign import IMPORTED, START_BYTES, TENSORS, foreign_kind
from models.core.npy import map_array
from models.core.reading import open_file
from models.core.sprite_names import SpritesName, is_sprites, parse_sprites
from models.data import cache, sprites
from models.data.formats import folder, idx, npy, npz, shards, tfrecord
from models.data.formats.format import Format
from models.data.source import Source

TEST_SHARE = 10
PICKLE_MAGIC = b"\x80"
# In the order in which they are asked; pictures are what a folder holds if nothing else.
FORMATS: tuple[Format, ...] = (
    shards.FORMAT, tfrecord.FORMAT, npz.FORMAT, npy.FORMAT, idx.FORMAT, folder.FORMAT,
)  # fmt: skip
IMPORT = "latentscape import makes a model file of it"
ADVICE = {
    TENSORS: "open it as a model",
    "a picture": "a folder of pictures is one",
    **dict.fromkeys(IMPORTED, IMPORT),
}
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
        unread = yield from _format_of(path).open(path)
        known = cache.stored(path, unread.fingerprint)
        if known is not None:
            return known
        source = unread.read()
        _check_count(source, path)
        return (yield from cache.store(path, unread.fingerprint, source, train_count(source.count)))
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
    return map_array(info.images_path)


def _check_count(source: Source, path: Path) -> None:
    if source.count == 0:
        raise UserError(path.name, "there are no images in it")
    if source.count == 1:
        raise UserError(path.name, "there is only one image in it, at least two are needed: one trains, one tests")


def _format_of(path: Path) -> Format:
    """Return the format that claims ``path``; UserError if none does."""
    start = b"" if is_folder(path) else _start_of(path)
    foreign = foreign_kind(path, start)
    if foreign:
        raise UserError(path.name, f"this is {foreign}, not a data set", ADVICE.get(foreign, ""))
    for known in FORMATS:
        if known.claims(start, path):
            return known
    if start.startswith(PICKLE_MAGIC):
        raise UserError(path.name, "this is a Python pickle, which can run any code and is never opened")
    raise UserError(path.name, f"this is not a data set; it should be {KINDS}")


def _start_of(path: Path) -> bytes:
    with open_file(path) as file:
        start = file.read(START_BYTES)
    if not start:
        raise UserError(path.name, "the file is empty")
    return start
