"""Files that are there whole or not at all."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


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
    unfinished = _unfinished(path)
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
