"""A TIFF or GIF of several pages, each of which is an image."""

from __future__ import annotations

from pathlib import Path

from models.core.errors import UserError
from models.data.album import PAGED, Album, album_source
from models.data.formats.format import Format, Unread, fingerprint
from models.data.pictures import opened_picture
from models.data.source import Steps

STARTS = (b"GIF8", b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")


def _opening(path: Path) -> Steps[Unread]:
    printed = yield from fingerprint([path])
    album = Album(path.name, [path.name], lambda _: opened_picture(path))
    return Unread(printed, lambda options: album_source(album, options))


def _claims(start: bytes, path: Path) -> bool:
    """Return whether a file has a second page."""
    if not start.startswith(STARTS):
        return False
    try:
        with opened_picture(path) as image:
            if image.format not in PAGED:
                return False
            image.seek(1)
            return True
    except (UserError, EOFError):
        return False


FORMAT = Format("pages", _claims, _opening, certain=True)
