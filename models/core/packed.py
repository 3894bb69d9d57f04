"""Pictures in archives: which one an image was read from, and how it is taken out."""

from __future__ import annotations

import tarfile
import zipfile
import zlib
from hashlib import sha256
from pathlib import Path, PurePosixPath
from typing import IO

from models.core.columns import PAGE
from models.core.descriptions import DataInfo
from models.core.errors import UserError
from models.core.files import is_file
from models.core.formats import PICTURE_SUFFIXES
from models.core.reading import open_file

MAX_BYTES = 1 << 27
TAR_ENDINGS = (".tar", ".tar.gz", ".tgz")
# What zipfile and tarfile stumble over, encryption among it.
DAMAGE = (
    zipfile.BadZipFile, tarfile.TarError, zlib.error, EOFError, LookupError, ValueError, NotImplementedError,
    RuntimeError,
)  # fmt: skip


def packed_of(info: DataInfo, name: str) -> tuple[Path, str] | None:
    """Return the archive that holds the file of an image called ``name``, and its name there; None if none does."""
    place = Path(info.path)
    if is_file(place):
        archive, member = place, name
    else:
        # A folder of archives: names begin with that of their own.
        first, _, member = name.partition("/")
        archive = place / first
    head, _, page = member.rpartition(PAGE)
    member = head if head and page.isdecimal() else member
    known = archive.name.lower().endswith((".zip", *TAR_ENDINGS))
    return (archive, member) if known and member.lower().endswith(PICTURE_SUFFIXES) and is_file(archive) else None


def unpacked(archive: Path, member: str, folder: Path) -> Path:
    """Take a file out of an archive, to a folder of its own in ``folder``, and return where it is.

    UserError if it cannot be taken out, or is larger than a picture may be.
    """
    target = folder / sha256(f"{archive}\0{member}".encode(errors="surrogateescape")).hexdigest()[:16]
    try:
        with open_file(archive) as file:
            content = _from_zip(file, member) if zipfile.is_zipfile(file) else _from_tar(file, member)
    except DAMAGE as error:
        raise UserError(archive.name, f"{member} cannot be taken out of it any more") from error
    target.mkdir(exist_ok=True)
    path = target / PurePosixPath(member).name
    path.write_bytes(content)
    return path


def _from_zip(file: IO[bytes], member: str) -> bytes:
    with zipfile.ZipFile(file) as archive:
        _check(archive.getinfo(member).file_size, member)
        return archive.read(member)


def _from_tar(file: IO[bytes], member: str) -> bytes:
    file.seek(0)
    with tarfile.open(fileobj=file, mode="r:*") as archive:
        found = next((entry for entry in archive if entry.isreg() and entry.name.removeprefix("./") == member), None)
        stream = None if found is None else archive.extractfile(found)
        if found is None or stream is None:
            raise LookupError(member)
        _check(found.size, member)
        return stream.read()


def _check(size: int, member: str) -> None:
    if size > MAX_BYTES:
        raise UserError(member, f"it is larger than the limit of {MAX_BYTES >> 20} MiB")
