"""A look back at training: the model of an earlier epoch, and an earlier run to compare with."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QObject, Signal

from models.core.history import RUNS_REMEMBERED, EpochSnapshot, PastRun


class ReviewState(QObject):
    """The epoch whose model is shown, and the run shown beside this one.

    Signals
    -------
    open_requested(path)
        A model file to open.
    snapshots_changed
        There are other epochs to go back to.
    shown_changed
        The model of another epoch is shown.
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
        self._left = self._recalled = False

    @property
    def following(self) -> bool:
        """Whether a newer model of the run will be opened: not while an earlier one or another model is looked at."""
        return self.live and not self._left

    @property
    def live(self) -> bool:
        """Whether the newest model is shown, not an earlier one."""
        return self.shown is None

    def set_snapshots(self, snapshots: tuple[EpochSnapshot, ...]) -> None:
        """Set the epochs to go back to; one that is shown stays even if its file is thinned out."""
        self.snapshots = snapshots
        self.snapshots_changed.emit()

    def clear(self) -> None:
        """Forget the epochs, for a new run that has none yet."""
        self.shown = self.newest = None
        self._left = False
        self.set_snapshots(())
        self.shown_changed.emit()

    def show(self, epoch: int | None) -> None:
        """Show the model of the last epoch kept up to ``epoch``, or with None the newest again."""
        earlier = [snapshot for snapshot in self.snapshots if epoch is not None and snapshot.epoch <= epoch]
        shown = earlier[-1] if earlier else (self.snapshots[0] if epoch is not None and self.snapshots else None)
        if shown != self.shown or self._left:
            self.shown, self._left = shown, False
            self.shown_changed.emit()
            path = self.newest if shown is None else shown.path
            if path is not None:
                self.open_requested.emit(path)

    def follow(self, path: str) -> None:
        """Open a newer model, unless an earlier epoch or another model is looked at."""
        self.newest = path
        if self.following:
            self.open_requested.emit(path)

    def leave(self, path: str) -> None:
        """Leave the run, for the person wants to see the model ``path``; one of the run comes back to it."""
        left, shown = self._left, self.shown
        self.shown = next((snapshot for snapshot in self.snapshots if snapshot.path == path), None)
        self._left = self.shown is None and path != self.newest
        if (self._left, self.shown) != (left, shown):
            self.shown_changed.emit()

    def remember(self, run: PastRun) -> None:
        """Keep what is known of a run that has ended."""
        self.past = [*self.past, run][-RUNS_REMEMBERED:]
        self.compared_changed.emit()

    def recall(self, runs: Sequence[PastRun]) -> None:
        """Put runs of earlier days before those that have ended since; a second time they are known already."""
        if self._recalled:
            return
        self._recalled = True
        self.past = [*runs, *self.past][-RUNS_REMEMBERED:]
        self.compared_changed.emit()

    def compare_with(self, run: PastRun) -> None:
        """Show a run from the run manager beside this one; it joins those that can be chosen."""
        if run not in self.past:
            self.remember(run)
        self.compare(run)

    def compare(self, run: PastRun | None) -> None:
        """Show another run beside this one."""
        self.compared = run
        self.compared_changed.emit()
