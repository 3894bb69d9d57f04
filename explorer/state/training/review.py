"""Looking back at training: the model of an earlier epoch, and an earlier run to compare with."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QObject, Signal

from models.core.history import EpochSnapshot, PastRun

RUNS_REMEMBERED = 12


class ReviewState(QObject):
    """Which epoch of the run is looked at, and which run beside it.

    Signals
    -------
    open_requested(path)
        The model file to be looked at.
    snapshots_changed
        There are other epochs to go back to.
    shown_changed
        Another epoch is looked at.
    compared_changed
        Another run stands beside this one, or there is another to choose.
    """

    open_requested = Signal(str)
    snapshots_changed = Signal()
    shown_changed = Signal()
    compared_changed = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.snapshots: tuple[EpochSnapshot, ...] = ()
        self.shown: EpochSnapshot | None = None
        self.newest: str | None = None
        self.past: list[PastRun] = []
        self.compared: PastRun | None = None

    @property
    def live(self) -> bool:
        """Whether the newest model is looked at, not an earlier one."""
        return self.shown is None

    def set_snapshots(self, snapshots: tuple[EpochSnapshot, ...]) -> None:
        """There are these epochs to go back to; one that is looked at stays even if its file is thinned out."""
        self.snapshots = snapshots
        self.snapshots_changed.emit()

    def clear(self) -> None:
        """A new run begins: it has no epochs yet."""
        self.shown = self.newest = None
        self.set_snapshots(())
        self.shown_changed.emit()

    def show(self, epoch: int | None) -> None:
        """Look at the model of the last epoch kept up to ``epoch``, or with None at the newest again."""
        earlier = [snapshot for snapshot in self.snapshots if epoch is not None and snapshot.epoch <= epoch]
        shown = earlier[-1] if earlier else (self.snapshots[0] if epoch is not None and self.snapshots else None)
        if shown != self.shown:
            self.shown = shown
            self.shown_changed.emit()
            path = self.newest if shown is None else shown.path
            if path is not None:
                self.open_requested.emit(path)

    def follow(self, path: str) -> None:
        """There is a newer model; it is opened unless an earlier epoch is looked at."""
        self.newest = path
        if self.live:
            self.open_requested.emit(path)

    def remember(self, run: PastRun) -> None:
        """Keep what is known of a run that has ended."""
        self.past = [*self.past, run][-RUNS_REMEMBERED:]
        self.compared_changed.emit()

    def recall(self, runs: Sequence[PastRun]) -> None:
        """Put runs of earlier days before those that have ended since."""
        self.past = [*runs, *self.past][-RUNS_REMEMBERED:]
        self.compared_changed.emit()

    def compare(self, run: PastRun | None) -> None:
        """Show another run beside this one."""
        self.compared = run
        self.compared_changed.emit()
