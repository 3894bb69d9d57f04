"""The runs on disk and in the trash, and what is asked of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from PySide6.QtCore import QObject, Signal

from explorer.state.notices import NoticeState
from models.core.history import DAYS_IN_TRASH, EpochSnapshot, PastRun, StoredRun

# Runs and trash that take more bytes than this are worth a warning.
PLENTY = 4 * 2**30
# Takes the curves of a run and the models of its epochs.
Reader = Callable[[PastRun, tuple[EpochSnapshot, ...]], None]


class RunsState(QObject):
    """What the run manager lists: :attr:`runs`, newest first, and :attr:`trash`; both None until they are listed.

    Requests go out as signals to the controller; answers come back through the setters. What is discarded can be
    taken back: by the notification, and from the trash.

    Signals
    -------
    changed
        Other runs are listed.
    list_requested
        The list is wanted, or must be made again.
    discard_requested(str)
        The run in a folder shall go to the trash.
    restore_requested(str)
        The run that lay in a folder shall return to it.
    removal_requested(object)
        The run that lay in a folder shall go for good, or with None all of the trash.
    read_requested(str)
        The curves of the run in a folder are wanted.
    """

    changed = Signal()
    list_requested = Signal()
    discard_requested = Signal(str)
    restore_requested = Signal(str)
    removal_requested = Signal(object)
    read_requested = Signal(str)

    def __init__(self, notices: NoticeState, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._notices = notices
        self.runs: tuple[StoredRun, ...] | None = None
        self.trash: tuple[StoredRun, ...] | None = None
        self._readers: dict[str, list[Reader]] = {}

    def list_again(self) -> None:
        """Ask for the list."""
        self.list_requested.emit()

    def discard(self, folders: Sequence[str], what: str) -> None:
        """Ask for runs to be moved to the trash; ``what`` names them in the notification."""
        for folder in folders:
            self.discard_requested.emit(folder)
        self.tell_discarded(folders, what)

    def tell_discarded(self, folders: Sequence[str], what: str) -> None:
        """Say that runs are in the trash, and offer to take them back."""
        text = f"Discarded {what}. Undo, or find it in Model ▸ Runs … for {DAYS_IN_TRASH} days."
        self._notices.notice("info", text, undo=partial(self.restore, tuple(folders)))

    def restore(self, folders: Sequence[str]) -> None:
        """Ask for runs to return from the trash."""
        for folder in folders:
            self.restore_requested.emit(folder)

    def remove(self, folder: str | None) -> None:
        """Ask for a run in the trash to be removed for good, or with None for all of them."""
        self.removal_requested.emit(folder)

    def read(self, folder: str, then: Reader) -> None:
        """Ask for the curves of a run, and call ``then`` with them."""
        self._readers.setdefault(folder, []).append(then)
        self.read_requested.emit(folder)

    # -------------------------------------------------------------------------------------------------- answers

    def set_listed(self, runs: tuple[StoredRun, ...], trash: tuple[StoredRun, ...]) -> None:
        """Set what there is."""
        self.runs, self.trash = runs, trash
        self.changed.emit()

    @property
    def taken(self) -> int:
        """How many bytes the runs and the trash take."""
        return sum(run.size for run in (*(self.runs or ()), *(self.trash or ())))

    def set_read(self, folder: str, run: PastRun, snapshots: tuple[EpochSnapshot, ...]) -> None:
        """Give the curves of a run to those who asked for them."""
        for then in self._readers.pop(folder, []):
            then(run, snapshots)

    def forget_readers(self) -> None:
        """Forget who asked for curves: they cannot be read."""
        self._readers.clear()
