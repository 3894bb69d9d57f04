"""Files that are whole or not there: written to a temporary name beside the target, synced, renamed."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO


@contextmanager
def atomic_file(target: Path, durable: bool = True) -> Iterator[IO[bytes]]:
    """Open a temporary file that becomes ``target`` when the block ends, and vanishes if it raises.

    What can be made again need not be ``durable``: it is not synced, and may be lost with the power. OSError if the
    folder cannot be written.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=f".{target.name}.", suffix=".part", dir=target.parent)
    draft = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            yield file
            file.flush()
            if durable:
                os.fsync(file.fileno())
        draft.chmod(0o666 & ~_umask())
        draft.replace(target)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise
    if durable:
        sync_folder(target.parent)


def sync_folder(folder: Path) -> None:
    """Make renames in ``folder`` durable, where the system can open a folder."""
    if os.name == "nt":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def reason_of(error: OSError) -> str:
    """Return why the system refused, in lower-case words without the path: ``no such file or directory``."""
    return (error.strerror or str(error)).lower()


def _umask() -> int:
    # The only way to read the mask is to set it; mkstemp's 0600 would keep other users from an exported file.
    mask = os.umask(0)
    os.umask(mask)
    return mask
