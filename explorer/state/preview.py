"""The preview of data that are about to be opened."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal

from models.core.data_options import DataOptions
from models.core.preview import PreviewOfData


class PreviewState(QObject):
    """Requests go out as signals to the controllers; answers come back through the setters.

    Signals
    -------
    shown(str)
        The person has chosen data, which are to be shown before they are used.
    requested(str, DataOptions, bool), cancel_requested
        Data to be looked at, and whether afresh; what is under way is no longer wanted.
    open_requested(str, DataOptions), stop_requested
        Data to be opened; the opening is no longer wanted.
    changed
        :attr:`preview` is another one.
    progressed(int, int)
        How much of the work under way is done, of how much.
    failed(str)
        Why data can be neither previewed nor opened.
    opened
        The data are open.
    """

    shown = Signal(str)
    requested = Signal(str, object, bool)
    cancel_requested = Signal()
    open_requested = Signal(str, object)
    stop_requested = Signal()
    changed = Signal()
    progressed = Signal(int, int)
    failed = Signal(str)
    opened = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.preview: PreviewOfData | None = None

    def show(self, path: str) -> None:
        """Show the data at a path before they are used."""
        self.shown.emit(path)

    def request(self, path: str, options: DataOptions, afresh: bool = False) -> None:
        """Ask what the data at a path would be by some options."""
        self.requested.emit(path, options, afresh)

    def open(self, path: str, options: DataOptions) -> None:
        """Ask for data to be opened by some options."""
        self.open_requested.emit(path, options)

    def cancel(self) -> None:
        """Ask for nothing that is under way."""
        self.cancel_requested.emit()

    def stop(self) -> None:
        """Ask for the opening under way to be given up."""
        self.stop_requested.emit()

    def report(self, done: int, total: int) -> None:
        """Say how much of the work under way is done."""
        self.progressed.emit(done, total)

    def fail(self, reason: str) -> None:
        """Say why data can be neither previewed nor opened."""
        self.failed.emit(reason)

    def finish(self) -> None:
        """Say that the data are open."""
        self.opened.emit()

    def set_preview(self, preview: PreviewOfData | None) -> None:
        """Show what data would be; None forgets it."""
        self.preview = preview
        self.changed.emit()
