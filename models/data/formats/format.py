"""A format of data sets as the opener sees it: a name, a test whether a path has it, and the way to read it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from models.core.data_options import DataOptions
from models.core.reading import open_file
from models.data.source import Source, Steps

HASH_BLOCK = 1 << 20

Reader = Callable[[DataOptions], Steps[Source]]


@dataclass(frozen=True)
class Unread:
    """A data set that was recognized: a fingerprint of its content, and the way to read it by some options.

    It may be read more than once, by different options; what is found out about all images is not looked for again.
    Of very many files, ``some`` reads a few from all over them, and ``count`` is their number.
    """

    fingerprint: str
    read: Reader
    some: Reader | None = None
    count: int = 0


Opener = Callable[[Path], Steps[Unread]]


@dataclass(frozen=True)
class Format:
    """A format of data sets.

    Attributes
    ----------
    name : str
        That of its row in :data:`models.core.formats.DATA_SUFFIXES`, which holds the endings of its files.
    claims : callable
        Whether a path is of this format, by the first bytes of its file, none of a folder, and by the path.
    open : callable
        Goes through the files of a path that was claimed, a few milliseconds at a time, to an :class:`Unread`.
    keys : bool
        Whether a file may hold several arrays, by name.
    certain : bool
        Whether a file it claims is a data set, whatever else its first bytes may mean.
    """

    name: str
    claims: Callable[[bytes, Path], bool]
    open: Opener
    keys: bool = False
    certain: bool = False


def opener(
    read: Callable[[Path, DataOptions], Steps[Source]], files: Callable[[Path], Iterable[Path]] = lambda path: (path,)
) -> Opener:
    """Return the opener of a format that ``read`` reads, with the bytes of all its ``files`` in the fingerprint."""

    def opening(path: Path) -> Steps[Unread]:
        print_of_files = yield from fingerprint(files(path))
        return Unread(print_of_files, lambda options: read(path, options))

    return opening


def fingerprint(files: Iterable[Path]) -> Steps[str]:
    """Return a digest of the names and bytes of some files."""
    listed = list(files)
    total, done, digest = sum(file.stat().st_size for file in listed), 0, hashlib.sha256()
    for file in listed:
        digest.update(file.name.encode(errors="surrogateescape"))
        with open_file(file) as stream:
            while block := stream.read(HASH_BLOCK):
                digest.update(block)
                done += len(block)
                yield done, total
    return digest.hexdigest()[:16]
