"""Files that are there whole or not at all."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO


class UserError(Exception):
    """A file cannot be written or read; the text names it and says why."""


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """Give a temporary name beside ``path`` to write to, and rename it when all went well.

    Raises
    ------
    UserError
        If the file cannot be written; nothing is left behind then.
    """
    unfinished = _unfinished(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield unfinished
        unfinished.replace(path)
    except (FileExistsError, NotADirectoryError) as error:
        raise UserError(f"{path}: cannot be written: a file stands where a folder should be") from error
    except OSError as error:
        raise UserError(f"{path}: cannot be written: {error.strerror or error}") from error
    finally:
        with suppress(OSError):
            unfinished.unlink()


def remove_unfinished(path: Path) -> None:
    """Remove what a process that was killed while it wrote ``path`` has left."""
    with suppress(OSError):
        _unfinished(path).unlink()


def with_ending(path: Path, *endings: str) -> Path:
    """Return ``path`` as it was typed, with the first of the ``endings`` added if it has none of them."""
    return path if path.suffix in endings else path.with_name(f"{path.name}{endings[0]}")


def keras_files(out: Path) -> dict[str, Path]:
    """Return the files of an export for Keras, by what they hold: the whole model is ``out``."""
    return {"vae": out, **{part: out.with_stem(f"{out.stem}-{part}") for part in ("encoder", "decoder")}}


def _unfinished(path: Path) -> Path:
    return path.with_name(f".{path.stem}.part{path.suffix}")


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
