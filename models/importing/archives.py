"""Read zip archives, whose sizes and names are judged before anything is unpacked, and JSON."""

from __future__ import annotations

import json
import zipfile
import zlib
from collections.abc import Sequence
from pathlib import PurePosixPath
from typing import BinaryIO

from models.core.text import shortened
from models.importing.refusal import RefusedError

MOST_MEMBERS = 20_000
MOST_UNPACKED = 1 << 30
MOST_JSON_BYTES = 1 << 26
# Deflate reaches a thousandth, weights do not.
MOST_TIMES_SMALLER = 200
SMALL = 1 << 20
# What an archive is shows in a member: Keras' weights, a program of PyTorch, its pickle, and arrays of NumPy.
KERAS_WEIGHTS, TORCH_PROGRAM, TORCH_PICKLE, ARRAY = "model.weights.h5", "models/model.json", "data.pkl", ".npy"


class Archive:
    """A zip archive of which only whole, plain members are read."""

    def __init__(self, file: BinaryIO) -> None:
        try:
            self._archive = zipfile.ZipFile(file)
        except (zipfile.BadZipFile, ValueError, NotImplementedError, OSError) as error:
            raise RefusedError("the archive is truncated or damaged") from error
        members = self._archive.infolist()
        if len(members) > MOST_MEMBERS:
            raise RefusedError(f"the archive has more than {MOST_MEMBERS:,} members")
        self._members = {member.filename: member for member in members}
        for member in members:
            _check_member(member)
        if sum(member.file_size for member in members) > MOST_UNPACKED:
            raise RefusedError(f"the archive unpacks to more than {MOST_UNPACKED >> 20:,} MiB")

    @property
    def names(self) -> Sequence[str]:
        """The names of the members."""
        return tuple(self._members)

    def read(self, name: str) -> bytes:
        """Return the content of a member; :class:`RefusedError` if it is missing, damaged or longer than it says."""
        member = self._members.get(name)
        if member is None:
            raise RefusedError(f"the archive lacks {shortened(name)}")
        try:
            with self._archive.open(member) as file:
                content = file.read(member.file_size + 1)
        except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, OSError) as error:
            raise RefusedError(f"{shortened(name)} in the archive is truncated or damaged") from error
        if len(content) != member.file_size:
            raise RefusedError(f"{shortened(name)} in the archive is not as long as it says")
        return content


def _check_member(member: zipfile.ZipInfo) -> None:
    path = PurePosixPath(member.filename.replace("\\", "/"))
    if path.is_absolute() or ".." in path.parts or ":" in (path.parts or ("",))[0]:
        raise RefusedError(f"the archive holds {shortened(member.filename)}, a name that leads out of it")
    if member.file_size > max(SMALL, MOST_TIMES_SMALLER * member.compress_size):
        raise RefusedError(f"{shortened(member.filename)} in the archive is packed too tightly to be weights")


def json_of(content: bytes | str) -> object:
    """Return JSON; :class:`RefusedError` if it is damaged, nested too deep or too long."""
    if len(content) > MOST_JSON_BYTES:
        raise RefusedError(f"its configuration is longer than {MOST_JSON_BYTES >> 20} MiB")
    try:
        value: object = json.loads(content)
    except RecursionError as error:
        raise RefusedError("its configuration is nested too deep") from error
    except ValueError as error:
        raise RefusedError("its configuration is damaged") from error
    return value
