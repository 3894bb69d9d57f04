"""The one way in which files are written: whole or not at all, whatever stops the process or the machine.

A file or folder is written under a temporary name beside its own. Its content is flushed to the disk before it is
renamed, and the folder that holds the name after it: what was there before is not lost before the new one is safe.
Whoever removes something in exchange for a file must wait until its context has ended.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path

from models.core.drafts import DRAFT_PREFIX, PRIVATE_FOLDER, UNFINISHED, draft_file, draft_folder, sweep
from models.core.errors import UserError

# More of them do not make it faster.
FLUSHED_TOGETHER = 8
# Some file systems, most of them on a network, cannot flush a folder.
CANNOT_SYNC = frozenset({errno.EINVAL, errno.ENOTSUP})


@contextmanager
def whole_file(path: Path, durable: bool = True, private: bool = False) -> Iterator[Path]:
    """Give a temporary name to write to, which becomes ``path`` when the block ends, and vanishes if it raises.

    The content is flushed in any case. Where the name is not to be ``durable``, it may be lost with the power, never
    the half of a file be found under it: that does for what can be computed again. Only this person can read a
    ``private`` one. OSError if it cannot be written.
    """
    make_folder(path.parent, private)
    if durable:
        remove_unfinished(path)
    with draft_file(path, private) as draft:
        yield draft
        sync_file(draft)
        draft.replace(path)
    if durable:
        sync_folder(path.parent)


@contextmanager
def whole_folder(path: Path) -> Iterator[Path]:
    """Give a temporary folder for files, which becomes ``path`` when the block ends, and vanishes if it raises.

    Only this person can look into it. OSError if it cannot be written, or if a folder with something in it is at
    ``path`` already.
    """
    make_folder(path.parent, private=True)
    sweep(path.parent, DRAFT_PREFIX)
    with draft_folder(path.parent) as draft:
        yield draft
        for file in draft.iterdir():
            sync_file(file)
        sync_folder(draft)
        draft.rename(path)
    sync_folder(path.parent)


@contextmanager
def output_file(path: Path, durable: bool = True, private: bool = False) -> Iterator[Path]:
    """Do as :func:`whole_file` for a file that a person asked for: :class:`UserError` names it and says why not."""
    with naming(path), whole_file(path, durable, private) as draft:
        yield draft


def write_together(files: Iterable[tuple[Path, bytes]]) -> None:
    """Write many files that a person asked for, each of them whole or not at all, as they come.

    Several are flushed at the same time, which the disk does in one go, and every folder once, when all files in it
    are there: :func:`output_file` for each would take many times as long. :class:`UserError` names the first that
    cannot be written; others may be there then.
    """
    with ThreadPoolExecutor(FLUSHED_TOGETHER) as pool:
        tasks = [pool.submit(_write_output, path, content) for path, content in files]
    for folder in {task.result().parent for task in tasks}:
        with naming(folder):
            sync_folder(folder)


def _write_output(path: Path, content: bytes) -> Path:
    with output_file(path, durable=False) as draft:
        draft.write_bytes(content)
    return path


@contextmanager
def naming(path: Path) -> Iterator[None]:
    """Turn what the system says while ``path`` is written into :class:`UserError`."""
    try:
        yield
    except (FileExistsError, NotADirectoryError) as error:
        raise UserError(str(path), "cannot be written: a file stands where a folder should be") from error
    except OSError as error:
        raise UserError(str(path), f"cannot be written: {reason_of(error)}") from error


def make_folder(folder: Path, private: bool = False) -> None:
    """Make ``folder`` with those above it, and let each outlast a power loss; one that is there stays as it is.

    Into a ``private`` one nobody else can look.
    """
    if folder.is_dir():
        return
    make_folder(folder.parent)
    folder.mkdir(PRIVATE_FOLDER if private else 0o777, exist_ok=True)
    sync_folder(folder.parent)


def make_private_folder(folder: Path) -> None:
    """Do as :func:`make_folder`, and close one that is there to all others."""
    make_folder(folder, private=True)
    with suppress(OSError):
        if os.name != "nt" and folder.stat().st_mode & 0o077:
            folder.chmod(PRIVATE_FOLDER)


def remove_unfinished(path: Path) -> None:
    """Remove what processes that were killed while they wrote ``path`` have left."""
    sweep(path.parent, f".{path.stem}.", f"{UNFINISHED}{path.suffix}")


def sync_file(path: Path) -> None:
    """Wait until the content of a file is on the disk."""
    _sync(path, os.O_RDWR | getattr(os, "O_BINARY", 0))


def sync_folder(folder: Path) -> None:
    """Wait until the names in ``folder`` are on the disk, where the system can open a folder."""
    if os.name == "nt":
        return
    try:
        _sync(folder, os.O_RDONLY)
    except OSError as error:
        if error.errno not in CANNOT_SYNC:
            raise


def _sync(path: Path, flags: int) -> None:
    descriptor = os.open(path, flags)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def with_ending(path: Path, *endings: str) -> Path:
    """Return ``path`` as it was typed, with the first of the ``endings`` added if it has none of them."""
    return path if path.suffix in endings else path.with_name(f"{path.name}{endings[0]}")


def keras_files(out: Path) -> dict[str, Path]:
    """Return the files of an export for Keras, by what they hold: the whole model is ``out``."""
    return {"vae": out, **{part: out.with_stem(f"{out.stem}-{part}") for part in ("encoder", "decoder")}}


def reason_of(error: OSError) -> str:
    """Return why the system refused, in lower-case words without the path: ``no such file or directory``."""
    return (error.strerror or str(error)).lower()


def is_there(path: str | Path) -> bool:
    """Return whether something is at ``path``; what cannot be looked at, for whatever reason, is gone."""
    return _looked(Path(path).exists)


def is_file(path: str | Path) -> bool:
    """Return whether a file is at ``path``; what cannot be looked at is none."""
    return _looked(Path(path).is_file)


def is_folder(path: str | Path) -> bool:
    """Return whether a folder is at ``path``; what cannot be looked at is none."""
    return _looked(Path(path).is_dir)


def _looked(look: Callable[[], bool]) -> bool:
    """Return what a look at a file finds. A dead network mount, a forbidden folder, a long name: Python raises."""
    try:
        return look()
    except (OSError, ValueError):
        return False
