"""Folders of pictures: all of one size; if there are sub-folders, each is a class."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from models.core.errors import UserError
from models.core.formats import PICTURE_FORMATS, PICTURE_SUFFIXES
from models.data.formats.format import Format, Unread
from models.data.pictures import GREY_MODES, opened_picture, picture_array
from models.data.source import MAX_STREAMED_BYTES, Images, Labels, Source, check_size

MAX_FILES = 200_000
# Work between two yields: a decode in the same process waits no longer than for these.
FILES_PER_STEP = 500
PICTURES_PER_BLOCK = 4
# Files come sorted by class; the test images are the last tenth, so the order is shuffled, always the same way.
SHUFFLE_SEED = 0


@dataclass(frozen=True)
class Listing:
    """The picture files below a folder, sorted within their classes, and a digest of their names, sizes and times."""

    folder: Path
    files: list[str]
    labels: Labels | None
    label_names: tuple[str, ...]
    digest: str


def list_folder(folder: Path) -> Generator[None, None, Listing]:
    """List the pictures of ``folder`` and of its sub-folders, yielding in between; UserError if there are too many."""
    top = yield from _entries(folder, "")
    groups: dict[str, list[str]] = {}
    for name in sorted(entry.name for entry in folder.iterdir() if entry.is_dir() and not _hidden(entry.name)):
        found = yield from _entries(folder, name)
        if found:
            groups[name] = found
        if sum(map(len, groups.values())) > MAX_FILES:
            raise UserError(folder.name, f"there are more than {MAX_FILES} pictures")
    if top and groups:
        raise UserError(folder.name, "there are pictures both in it and in its sub-folders; which are the classes?")
    lines = [line for group in groups.values() for line in group] or top
    digest = hashlib.sha256("\n".join(lines).encode(errors="surrogateescape")).hexdigest()
    labels = np.repeat(np.arange(len(groups), dtype=np.int64), [len(group) for group in groups.values()])
    files = [line.split("\0", 1)[0] for line in lines]
    return Listing(folder, files, labels if groups else None, tuple(groups), digest)


def folder_source(listing: Listing) -> Source:
    """Return the pictures of ``listing``; UserError if there are none or they differ in size."""
    name = listing.folder.name
    if not listing.files:
        raise UserError(name, f"there are no pictures in this folder ({', '.join(PICTURE_FORMATS)})")
    order = np.random.default_rng(SHUFFLE_SEED).permutation(len(listing.files))
    files = [listing.folder / listing.files[index] for index in order]
    image_shape = _image_shape(files[0])
    check_size(len(files), image_shape, name, MAX_STREAMED_BYTES)
    labels = None if listing.labels is None else listing.labels[order]
    return Source(len(files), image_shape, _blocks(files, image_shape), labels, listing.label_names)


def _entries(folder: Path, below: str) -> Generator[None, None, list[str]]:
    """Return a sorted line ``path NUL size NUL time`` for every picture directly in ``folder / below``."""
    lines: list[str] = []
    prefix = f"{below}/" if below else ""
    with os.scandir(folder / below) as entries:
        for entry in entries:
            if entry.name.lower().endswith(PICTURE_SUFFIXES) and not _hidden(entry.name):
                status = entry.stat()
                lines.append(f"{prefix}{entry.name}\0{status.st_size}\0{status.st_mtime_ns}")
                if len(lines) > MAX_FILES:
                    raise UserError(folder.name, f"there are more than {MAX_FILES} pictures")
                if len(lines) % FILES_PER_STEP == 0:
                    yield
    return sorted(lines)


def _hidden(name: str) -> bool:
    return name.startswith(".")


def _image_shape(file: Path) -> tuple[int, int, int]:
    """Return the shape of the first picture: grey if it is; the others are converted to it."""
    with opened_picture(file) as image:
        return image.height, image.width, 1 if image.mode in GREY_MODES else 3


def _blocks(files: list[Path], image_shape: tuple[int, int, int]) -> Iterator[Images]:
    for start in range(0, len(files), PICTURES_PER_BLOCK):
        chunk = files[start : start + PICTURES_PER_BLOCK]
        yield np.stack([_picture(file, files[0], image_shape) for file in chunk])


def _picture(file: Path, first: Path, image_shape: tuple[int, int, int]) -> Images:
    height, width, channels = image_shape
    with opened_picture(file) as image:
        if image.size != (width, height):
            found = f"{image.width} × {image.height}"
            raise UserError(file.name, f"it is {found} pixels, but {first.name} is {width} × {height}")
        return picture_array(image, channels)


def _opening(folder: Path) -> Generator[None, None, Unread]:
    listing = yield from list_folder(folder)
    return Unread(listing.digest[:16], partial(folder_source, listing))


FORMAT = Format("folder", lambda _, path: path.is_dir(), _opening)
