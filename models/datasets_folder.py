"""Folders of pictures: all of one size; if there are sub-folders, each is a class."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from models.datasets_source import Images, Labels, Source, check_size, images_per_block
from models.pictures import GREY_MODES, opened_picture, picture_array
from models.protocol import InputError

SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".bmp", ".webp", ".gif", ".tif", ".tiff", ".ppm", ".pgm"})
MAX_FILES = 1_000_000
# Files come sorted by class; the test images are the last tenth, so the order is shuffled, always the same way.
SHUFFLE_SEED = 0


def folder_source(folder: Path) -> Source:
    """Return the pictures of ``folder``; InputError if there are none or they differ in size."""
    files, labels, names = _classes(folder)
    if not files:
        raise InputError(folder.name, "there are no pictures in this folder (PNG, JPEG, BMP, WebP, GIF, TIFF)")
    order = np.random.default_rng(SHUFFLE_SEED).permutation(len(files))
    files = [files[index] for index in order]
    image_shape = _image_shape(files)
    check_size(len(files), image_shape, folder.name)
    shuffled = None if labels is None else labels[order]
    return Source(len(files), image_shape, _blocks(files, image_shape), shuffled, names)


def folder_fingerprint(folder: Path) -> Iterator[bytes]:
    """Yield one line for each picture: its name, size and time of change."""
    files, _, _ = _classes(folder)
    for file in files:
        status = file.stat()
        yield f"{file.relative_to(folder).as_posix()}\0{status.st_size}\0{status.st_mtime_ns}\n".encode()


def _classes(folder: Path) -> tuple[list[Path], Labels | None, tuple[str, ...]]:
    """Return the picture files in order, their classes and the names of the classes."""
    top = _pictures(folder)
    groups = {sub.name: _pictures(sub) for sub in sorted(folder.iterdir()) if sub.is_dir() and not _hidden(sub)}
    groups = {name: files for name, files in groups.items() if files}
    if not groups:
        return top, None, ()
    if top:
        raise InputError(folder.name, "there are pictures both in it and in its sub-folders; which are the classes?")
    files = [file for group in groups.values() for file in group]
    if len(files) > MAX_FILES:
        raise InputError(folder.name, f"there are more than {MAX_FILES} pictures")
    labels = np.repeat(np.arange(len(groups)), [len(group) for group in groups.values()])
    return files, labels.astype(np.int64), tuple(groups)


def _pictures(folder: Path) -> list[Path]:
    return sorted(file for file in folder.iterdir() if file.suffix.lower() in SUFFIXES and not _hidden(file))


def _hidden(path: Path) -> bool:
    return path.name.startswith(".")


def _image_shape(files: list[Path]) -> tuple[int, int, int]:
    """Return the shape of the first picture: grey if it is; the others are converted to it."""
    with opened_picture(files[0]) as image:
        return image.height, image.width, 1 if image.mode in GREY_MODES else 3


def _blocks(files: list[Path], image_shape: tuple[int, int, int]) -> Iterator[Images]:
    # Decoding a picture takes longer than copying it: few pictures a block keep each step short.
    size = min(images_per_block(image_shape), 16)
    for start in range(0, len(files), size):
        chunk = files[start : start + size]
        yield np.stack([_picture(file, files[0], image_shape) for file in chunk])


def _picture(file: Path, first: Path, image_shape: tuple[int, int, int]) -> Images:
    height, width, channels = image_shape
    with opened_picture(file) as image:
        if image.size != (width, height):
            found = f"{image.width} × {image.height}"
            raise InputError(file.name, f"it is {found} pixels, but {first.name} is {width} × {height}")
        return picture_array(image, channels)
