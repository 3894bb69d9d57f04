"""The one way in which files are read: only plain files are opened, never what would block or wait for somebody.

A pipe, a device or a socket can stand where a file is expected, and a link can point to one. Opening a pipe waits for a
writer, and reading a device may never end. So the kind is asked before the file is opened, and once more of what has
been opened, in case another took its place.
"""

from __future__ import annotations

import errno
import os
import stat
from io import BufferedReader
from pathlib import Path

# Of a file that is read at once: more than any model or checkpoint has.
LARGEST_FILE = 1 << 34
# In the words of a person who finds one where a file should be.
KINDS = (
    (stat.S_ISFIFO, "this is a named pipe, not a file"),
    (stat.S_ISCHR, "this is a device, not a file"),
    (stat.S_ISBLK, "this is a device, not a file"),
    (stat.S_ISSOCK, "this is a socket, not a file"),
)


def open_file(path: str | Path) -> BufferedReader:
    """Open a plain file for reading; OSError says what else it is, or why it cannot be read."""
    _check_plain(Path(path).stat().st_mode, path)
    file = open(path, "rb", opener=_without_waiting)  # noqa: SIM115 - the caller closes it
    try:
        _check_plain(os.fstat(file.fileno()).st_mode, path)
    except OSError:
        file.close()
        raise
    return file


def read_file(path: str | Path, most: int = LARGEST_FILE) -> bytes:
    """Return the content of a plain file; OSError if it is none, cannot be read, or has more than ``most`` bytes."""
    with open_file(path) as file:
        # Room is made for as many bytes as are asked for, before there are any.
        content = file.read(min(os.fstat(file.fileno()).st_size, most) + 1)
    if len(content) > most:
        raise OSError(errno.EFBIG, f"it is larger than {most:,} bytes", str(path))
    return content


def _without_waiting(path: str, flags: int) -> int:
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))


def _check_plain(mode: int, path: str | Path) -> None:
    if stat.S_ISDIR(mode):
        raise IsADirectoryError(errno.EISDIR, "this is a folder, not a file", str(path))
    for is_kind, reason in KINDS:
        if is_kind(mode):
            raise OSError(errno.EINVAL, reason, str(path))
