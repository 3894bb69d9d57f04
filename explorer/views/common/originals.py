"""The files that images were read from: open them in the program that the person has chosen for such."""

from __future__ import annotations

import threading
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from PySide6.QtCore import QObject, Qt, QUrl, Signal
from PySide6.QtGui import QDesktopServices

from explorer.state import AppState
from explorer.state.latent import Point
from models.core.errors import UserError
from models.core.packed import unpacked


def has_original(state: AppState, point: Point) -> bool:
    """Return whether a point stands for an image of the open data that was read from a file of its own."""
    data, source = state.model.data, point.source
    if data is None or source.index is None or source.data != data.info.digest:
        return False
    known = data.original_of(source.index) is not None or data.packed_of(source.index) is not None
    return state.model.stands_for_image(point) and known


def open_original(state: AppState, index: int) -> None:
    """Open the file of image ``index`` of the open data; where there is none of its own, say so."""
    data = state.model.data
    path = None if data is None else data.original_of(index)
    packed = None if data is None else data.packed_of(index)
    if path is not None:
        _open(state, path)
    elif packed is not None:
        Unpacking(state, *packed)
    else:
        state.notices.notice("info", f"Image {index} has no file of its own: the images of these data are in one.")


def _open(state: AppState, path: Path) -> None:
    if not QDesktopServices.openUrl(QUrl.fromLocalFile(str(path))):
        state.notices.notice("error", f"{path}: no program is set up to open it.")


@cache
def _own_folder() -> TemporaryDirectory[str]:
    """Return the folder that only this person can read, for what is taken out of archives; it goes with the process."""
    return TemporaryDirectory(prefix="latentscape-", ignore_cleanup_errors=True)


class Unpacking(QObject):
    """Takes a picture out of an archive in a thread, since a long one is read to its end, and opens it."""

    _ended = Signal(str, str)

    def __init__(self, state: AppState, archive: Path, member: str) -> None:
        super().__init__(state.model)
        self._state, self._archive, self._member = state, archive, member
        self._ended.connect(self._finish, Qt.ConnectionType.QueuedConnection)
        threading.Thread(target=self._work, name="unpack", daemon=True).start()

    def _work(self) -> None:
        path, fault = "", ""
        try:
            path = str(unpacked(self._archive, self._member, Path(_own_folder().name)))
        except (OSError, UserError) as error:
            fault = str(error)
        try:
            self._ended.emit(path, fault)
        except RuntimeError:
            # The window is gone.
            return

    def _finish(self, path: str, fault: str) -> None:
        if fault:
            self._state.notices.notice("error", fault)
        else:
            _open(self._state, Path(path))
        self.deleteLater()
