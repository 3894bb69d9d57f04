"""A format of data sets as the opener sees it: a name, a test whether a path has it, and the way to read it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Generator, Iterable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from models.core.reading import open_file
from models.data.source import Source

HASH_BLOCK = 1 << 20


@dataclass(frozen=True)
class Unread:
    """A data set that was recognized: a fingerprint of its content, and the way to read it."""

    fingerprint: str
    read: Callable[[], Source]


Opener = Callable[[Path], Generator[None, None, Unread]]


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
    """

    name: str
    claims: Callable[[bytes, Path], bool]
    open: Opener


def opener(read: Callable[[Path], Source], files: Callable[[Path], Iterable[Path]] = lambda path: (path,)) -> Opener:
    """Return the opener of a format that ``read`` reads, with the bytes of all its ``files`` in the fingerprint."""

    def opening(path: Path) -> Generator[None, None, Unread]:
        fingerprint = yield from _fingerprint(files(path))
        return Unread(fingerprint, partial(read, path))

    return opening


def _fingerprint(files: Iterable[Path]) -> Generator[None, None, str]:
    digest = hashlib.sha256()
    for file in files:
        digest.update(file.name.encode(errors="surrogateescape"))
        with open_file(file) as stream:
            while block := stream.read(HASH_BLOCK):
                digest.update(block)
                yield
    return digest.hexdigest()[:16]
