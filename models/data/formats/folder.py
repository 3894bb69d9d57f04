"""Folders of pictures: their sub-folders, if any, are the classes, below those of training and test images."""

from __future__ import annotations

import hashlib
import os
from dataclasses import replace
from pathlib import Path

from models.core.data_options import NO_LABELS, DataOptions
from models.core.errors import UserError
from models.core.files import reason_of
from models.core.formats import PICTURE_SUFFIXES
from models.data.album import MAX_FILES, Album, album_source, few_of
from models.data.cache import aside
from models.data.division import division_of
from models.data.formats.format import Format, Unread
from models.data.labels import natural
from models.data.pictures import opened_picture
from models.data.source import Source, Steps
from models.data.tables import SUFFIXES as TABLES
from models.data.tables import is_labels_file, joined, read_table

# Work between two yields: a decode in the same process waits no longer than for these.
FILES_PER_STEP = 500
MAX_DEPTH = 8


class Listing:
    """The pictures below a folder, a digest of their names, sizes and times, and what could not be looked at."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.found: dict[str, str] = {}
        self.failed: dict[str, str] = {}
        self.tables: list[str] = []
        self.others: list[str] = []
        self._seen: set[tuple[int, int]] = set()

    def look(self) -> Steps[None]:
        """Go through the folder and those below it, yielding in between; UserError if there are too many pictures."""
        waiting = [("", 0)]
        while waiting:
            below, depth = waiting.pop()
            status = (self.folder / below).stat()
            if (status.st_dev, status.st_ino) in self._seen:
                # A link back up would go round for ever.
                continue
            self._seen.add((status.st_dev, status.st_ino))
            with os.scandir(self.folder / below) as entries:
                for entry in entries:
                    name = f"{below}/{entry.name}" if below else entry.name
                    if entry.name.startswith(".") or entry.name == "__MACOSX":
                        continue
                    if entry.is_dir():
                        waiting += [(name, depth + 1)] if depth < MAX_DEPTH else []
                    else:
                        self._add(entry, name)
                    if len(self.found) % FILES_PER_STEP == 0:
                        yield len(self.found), 0

    def _add(self, entry: os.DirEntry[str], name: str) -> None:
        kind = entry.name.lower()
        if kind.endswith(TABLES) and "/" not in name:
            self.tables.append(name)
        elif not kind.endswith(PICTURE_SUFFIXES):
            self.others += [name] if len(self.others) < FILES_PER_STEP else []
            return
        try:
            status = entry.stat()
            self.found[name] = f"{name}\0{status.st_size}\0{status.st_mtime_ns}"
        except FileNotFoundError:
            self.failed[name] = "this is a link to nothing"
        except OSError as error:
            self.failed[name] = reason_of(error)
        if len(self.found) > MAX_FILES:
            raise UserError(self.folder.name, f"there are more than {MAX_FILES} pictures")

    @property
    def digest(self) -> str:
        """The digest of all that was found."""
        lines = sorted([*self.found.values(), *self.failed])
        return hashlib.sha256("\n".join(lines).encode(errors="surrogateescape")).hexdigest()[:16]

    @property
    def pictures(self) -> list[str]:
        """The names of the pictures in natural order."""
        return sorted((name for name in self.found if name not in self.tables), key=natural)


def _opening(folder: Path) -> Steps[Unread]:
    listing = Listing(folder)
    yield from listing.look()
    # To sort a hundred thousand names takes a second.
    names = yield from aside(lambda: listing.pictures)
    division = yield from aside(lambda: division_of(names, folder.name))
    album = Album(folder.name, names, lambda name: opened_picture(folder / name), division, dict(listing.failed))
    album.others = [*listing.tables, *listing.others]

    def read(options: DataOptions) -> Steps[Source]:
        source = yield from album_source(album, options)
        return _with_table(source, folder, listing.tables, options)

    return Unread(listing.digest, read, few_of(album), len(names))


def _with_table(source: Source, folder: Path, tables: list[str], options: DataOptions) -> Source:
    """Return the pictures with the columns of the table beside them, if there is just one, and the classes in it."""
    asked = options.labels if options.labels != NO_LABELS and not is_labels_file(options.labels) else ""
    try:
        table = read_table(folder / tables[0]) if len(tables) == 1 else {}
    except (OSError, UserError) as error:
        if asked:
            raise
        source.notes.append(f"the table beside the pictures was left out: {error}")
        return source
    if asked and asked not in table:
        raise UserError(
            folder.name, f"there is no table with a column {asked} in it", "--labels FILE.csv:COLUMN names one"
        )
    if not table:
        return source
    return replace(joined(source, table, tables[0], asked), label_choices=tuple(table))


FORMAT = Format("folder", lambda _, path: path.is_dir(), _opening)
