"""Pictures in archives: ``.zip`` and ``.tar``, gzipped or not, with folders as in :mod:`models.data.formats.folder`.

In a tar as WebDataset makes them, or a folder of such, the files beside a picture, of the same name but for the ending,
are about it: ``.cls`` is its class, ``.txt`` a text, ``.json`` names and values. Nothing is unpacked to the disk.
"""

from __future__ import annotations

import gzip
import json
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from weakref import finalize

from PIL import Image

from models.core.data_options import NO_LABELS, DataOptions
from models.core.errors import UserError
from models.core.formats import PICTURE_SUFFIXES
from models.core.packed import TAR_ENDINGS
from models.core.reading import open_file
from models.data.album import MAX_FILES, Album, album_source, few_of
from models.data.cache import aside
from models.data.division import Division, division_of
from models.data.formats.format import Format, Unread, fingerprint
from models.data.formats.npz import MAGICS, naming_damage
from models.data.labels import natural, text_classes
from models.data.pictures import opened_picture
from models.data.source import MAX_STREAMED_BYTES, Source, Steps, is_packed

# Of one picture, unpacked; and of what is beside it.
MAX_MEMBER_BYTES, MAX_SIDE_BYTES = 1 << 27, 1 << 16
# Names of what is no picture, to be told of where nothing is.
MOST_OTHERS = 100
SIDES = (".cls", ".txt", ".json")
CLASS = "cls"
DAMAGE = (tarfile.TarError, EOFError, zlib.error, gzip.BadGzipFile, ValueError, KeyError)
Sides = dict[str, dict[str, str]]


def _hidden(name: str) -> bool:
    return any(part.startswith(".") or part == "__MACOSX" for part in name.split("/"))


def _is_picture(name: str) -> bool:
    return name.lower().endswith(PICTURE_SUFFIXES) and not _hidden(name)


class Zip:
    """The pictures of a zip by their names. It stays open while it is of use: its directory is long."""

    def __init__(self, path: Path) -> None:
        self._path = path
        with naming_damage(path):
            file = open_file(path)
            self._end = finalize(self, file.close)
            self._archive = zipfile.ZipFile(file)
            members = [member for member in self._archive.infolist() if not member.is_dir()]
        pictures = [(member.filename, member.file_size) for member in members if _is_picture(member.filename)]
        _check(path, pictures)
        self.names = sorted((name for name, _ in pictures), key=natural)

    @contextmanager
    def picture(self, name: str) -> Iterator[Image.Image]:
        """Open a picture."""
        with naming_damage(self._path):
            content = self._archive.read(name)
        with opened_picture(Path(name), content) as image:
            yield image


def _check(path: Path, members: list[tuple[str, int]]) -> None:
    if len(members) > MAX_FILES:
        raise UserError(path.name, f"there are more than {MAX_FILES} pictures")
    for name, size in members:
        if size > MAX_MEMBER_BYTES:
            raise UserError(name, f"it is larger than the limit of {MAX_MEMBER_BYTES >> 20} MiB")
    if sum(size for _, size in members) > MAX_STREAMED_BYTES:
        raise UserError(path.name, f"its pictures are more than the limit of {MAX_STREAMED_BYTES >> 30} GiB")


class Tar:
    """The pictures of a tar by their names, and what is written beside them; read from front to back."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.members: dict[str, tarfile.TarInfo] = {}
        self.others: list[str] = []
        self.sides: Sides = {}
        with self._naming_damage():
            file = open_file(path)
            # One that is packed would be unpacked from its beginning for each picture, were it opened again.
            self._end = finalize(self, file.close)
            self._archive = tarfile.open(fileobj=file, mode="r:*")  # noqa: SIM115 - it is read by and by

    @contextmanager
    def _naming_damage(self) -> Iterator[None]:
        """Turn the damage that reading in the block shows into a UserError."""
        try:
            yield
        except DAMAGE as error:
            raise UserError(self.path.name, "the archive is truncated or damaged") from error

    def look(self) -> Steps[None]:
        """Go through the archive."""
        with self._naming_damage():
            for member in self._archive:
                name = member.name.removeprefix("./")
                # Links, devices and pipes are none of its business.
                if not member.isreg() or _hidden(name):
                    continue
                if _is_picture(name):
                    self.members[name] = member
                elif name.lower().endswith(SIDES) and member.size <= MAX_SIDE_BYTES:
                    self._note(member, name)
                elif len(self.others) < MOST_OTHERS:
                    self.others.append(name)
                yield None
        _check(self.path, [(name, member.size) for name, member in self.members.items()])

    def _note(self, member: tarfile.TarInfo, name: str) -> None:
        """Keep what is written beside a picture."""
        file = self._archive.extractfile(member)
        text = "" if file is None else file.read().decode("utf-8", errors="replace").strip()
        key, _, ending = name.rpartition(".")
        known = self.sides.setdefault(key, {})
        if ending != "json":
            known[ending] = text
            return
        try:
            values = json.loads(text)
        except (ValueError, RecursionError):
            return
        if isinstance(values, dict):
            known.update(
                {str(word): str(value) for word, value in values.items() if not isinstance(value, dict | list)}
            )

    @contextmanager
    def picture(self, name: str) -> Iterator[Image.Image]:
        """Open a picture."""
        with self._naming_damage():
            file = self._archive.extractfile(self.members[name])
            content = b"" if file is None else file.read()
        with opened_picture(Path(name), content) as image:
            yield image

    def beside(self, name: str) -> dict[str, str]:
        """Return what is written beside a picture, by what it is."""
        return self.sides.get(name.rpartition(".")[0], {})


def tar_files(path: Path) -> list[Path]:
    """Return the file itself, or the tars directly in a folder, by name."""
    if path.is_file():
        return [path]
    found = (
        file for file in path.iterdir() if file.name.lower().endswith(TAR_ENDINGS) and not file.name.startswith(".")
    )
    return sorted(found, key=lambda file: natural(file.name))


def _columns(beside: list[dict[str, str]]) -> dict[str, list[str]]:
    """Return what is written beside the pictures in columns."""
    words = dict.fromkeys(word for known in beside for word in known)
    return {word: [known.get(word, "") for known in beside] for word in words}


def _open_zip(path: Path) -> Steps[Unread]:
    printed = yield from fingerprint([path])
    archive = yield from aside(lambda: Zip(path))
    album = Album(path.name, archive.names, archive.picture, division_of(archive.names, path.name))
    return Unread(printed, lambda options: album_source(album, options), few_of(album), len(album.names))


def _open_tar(path: Path) -> Steps[Unread]:
    files = tar_files(path)
    printed = yield from fingerprint(files)
    tars = [Tar(file) for file in files]
    for tar in tars:
        yield from tar.look()
    # In the order of the archives, so that a packed one is read once; names in several begin with that of their own.
    prefixes = ["" if path.is_file() else f"{file.name}/" for file in files]
    places = {f"{start}{name}": (tar, name) for start, tar in zip(prefixes, tars, strict=True) for name in tar.members}
    if len(places) > MAX_FILES:
        raise UserError(path.name, f"there are more than {MAX_FILES} pictures")
    names, columns = list(places), _columns([tar.beside(name) for tar, name in places.values()])
    about = any(tar.sides for tar in tars)

    def opened(name: str) -> AbstractContextManager[Image.Image]:
        tar, member = places[name]
        return tar.picture(member)

    def read(options: DataOptions) -> Steps[Source]:
        asked = options.labels if options.labels not in ("", NO_LABELS) else CLASS
        if asked in columns and options.labels != NO_LABELS:
            classes = text_classes(columns[asked])
            division = Division(classes.labels, classes.names)
        elif options.labels == asked:
            raise UserError(path.name, f"nothing beside its pictures is called {asked}")
        else:
            division = Division() if about or len(tars) > 1 else division_of(names, path.name)
        album.division = division
        return album_source(album, options)

    others = [name for tar in tars for name in tar.others]
    album = Album(path.name, names, opened, columns=columns, others=others)
    # A packed one would be unpacked to its end once more.
    return Unread(printed, read, None if any(map(is_packed, files)) else few_of(album), len(names))


def _claims_zip(start: bytes, path: Path) -> bool:
    if not start.startswith(MAGICS):
        return False
    try:
        with open_file(path) as file, zipfile.ZipFile(file) as archive:
            names = archive.namelist()
    except (zipfile.BadZipFile, OSError, ValueError, LookupError, NotImplementedError):
        return False
    return any(map(_is_picture, names)) and not any(name.endswith(".npy") for name in names)


ZIP = Format("zip", _claims_zip, _open_zip)


def _claims_tar(_: bytes, path: Path) -> bool:
    return bool(tar_files(path)) if path.is_dir() else path.name.lower().endswith(TAR_ENDINGS)


TAR = Format("tar", _claims_tar, _open_tar)
