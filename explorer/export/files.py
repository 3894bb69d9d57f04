"""Files that are there whole or not at all."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from glob import escape
from pathlib import Path

PART = ".part"


class ExportError(Exception):
    """A file cannot be written or read; the text names it and says why."""


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """Give a temporary name beside ``path`` to write to, and rename it when all went well.

    Raises
    ------
    ExportError
        If the file cannot be written; nothing is left behind then.
    """
    unfinished = path.with_name(f".{path.stem}{PART}{path.suffix}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield unfinished
        unfinished.replace(path)
    except (FileExistsError, NotADirectoryError) as error:
        raise ExportError(f"{path}: cannot be written: a file stands where a folder should be") from error
    except OSError as error:
        raise ExportError(f"{path}: cannot be written: {error.strerror or error}") from error
    finally:
        with suppress(OSError):
            unfinished.unlink()


def remove_unfinished(path: Path) -> None:
    """Remove what a process that was killed has left of ``path``, and of files whose names begin as its own does."""
    for unfinished in path.parent.glob(f".{escape(path.stem)}*{PART}{path.suffix}"):
        with suppress(OSError):
            unfinished.unlink()
