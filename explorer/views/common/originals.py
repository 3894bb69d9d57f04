"""The files that images were read from: open them in the program that the person has chosen for such."""

from __future__ import annotations

from PySide6.QtCore import QUrl
from PySide6.QtGui import QDesktopServices

from explorer.state import AppState
from explorer.state.latent import Point


def has_original(state: AppState, point: Point) -> bool:
    """Return whether a point stands for an image of the open data that was read from a file of its own."""
    data, source = state.model.data, point.source
    if data is None or source.index is None or source.data != data.info.digest:
        return False
    return state.model.stands_for_image(point) and data.original_of(source.index) is not None


def open_original(state: AppState, index: int) -> None:
    """Open the file of image ``index`` of the open data; where there is none of its own, say so."""
    data = state.model.data
    path = None if data is None else data.original_of(index)
    if path is None:
        state.notices.notice("info", f"Image {index} has no file of its own: the images of these data are in one.")
    elif not QDesktopServices.openUrl(QUrl.fromLocalFile(str(path))):
        state.notices.notice("error", f"{path}: no program is set up to open it.")
