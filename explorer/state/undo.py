"""Undo and redo of every change of the latent points: one gesture, one step."""

from __future__ import annotations

from PySide6.QtCore import QObject
from PySide6.QtGui import QUndoCommand, QUndoStack

from explorer.state.latent import LatentState, Snapshot

STEPS_KEPT = 500


class _LatentStep(QUndoCommand):
    def __init__(self, latent: LatentState, text: str, before: Snapshot, after: Snapshot) -> None:
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
    """Records the steps of a :class:`LatentState` in a ``QUndoStack``."""

    def __init__(self, latent: LatentState, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._latent = latent
        self.stack = QUndoStack(self)
        self.stack.setUndoLimit(STEPS_KEPT)
        latent.step_done.connect(self._record)

    def _record(self, text: str, before: Snapshot, after: Snapshot) -> None:
        self.stack.push(_LatentStep(self._latent, text, before, after))

    def forget(self) -> None:
        """Forget all steps: they belong to another latent space."""
        self.stack.clear()
