"""Undo and redo of every change of the latent points: one gesture, one step."""

from __future__ import annotations

from PySide6.QtCore import QObject
from PySide6.QtGui import QUndoCommand, QUndoGroup, QUndoStack

from explorer.state.latent import LatentSnapshot, LatentState

STEPS_KEPT = 500


class _LatentStep(QUndoCommand):
    def __init__(self, latent: LatentState, text: str, before: LatentSnapshot, after: LatentSnapshot) -> None:
        super().__init__(text)
        self._latent, self._before, self._after = latent, before, after
        self._done = True

    def undo(self) -> None:
        self._done = False
        self._latent.replace_points(self._before.points, self._before.current)

    def redo(self) -> None:
        if not self._done:
            self._latent.replace_points(self._after.points, self._after.current)


class UndoHistory(QObject):
    """Records the steps of a :class:`LatentState`, in a ``QUndoStack`` for each number of latent dimensions.

    A model of another latent space has steps of its own; those of the one before wait for its return.
    """

    def __init__(self, latent: LatentState, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._latent = latent
        self.group = QUndoGroup(self)
        self._stacks: dict[int, QUndoStack] = {}
        self.switch()
        latent.step_done.connect(self._record)

    @property
    def stack(self) -> QUndoStack:
        """The steps in the latent space that is open."""
        return self.group.activeStack()

    def switch(self) -> None:
        """Use the steps of the latent space whose points are shown now."""
        dims = self._latent.latent_dim
        if dims not in self._stacks:
            self._stacks[dims] = QUndoStack(self.group)
            self._stacks[dims].setUndoLimit(STEPS_KEPT)
        self.group.setActiveStack(self._stacks[dims])

    def _record(self, text: str, before: LatentSnapshot, after: LatentSnapshot) -> None:
        self.stack.push(_LatentStep(self._latent, text, before, after))

    def forget(self) -> None:
        """Forget all steps in the latent space that is open."""
        self.stack.clear()
