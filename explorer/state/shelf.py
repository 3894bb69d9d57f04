"""What belongs to a model: its points with their locks and undo steps, and what of them was shown."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QObject

from explorer.state.display import Axes, DisplayState
from explorer.state.latent import LatentSnapshot, LatentState
from explorer.state.undo import UndoHistory
from models.core.history import run_of

MODELS_KEPT = 12


@dataclass(frozen=True)
class Belongings:
    """The points and locks of a model in the file ``path``, and the dimension and the plane of the map last shown."""

    latent: LatentSnapshot
    dimension: int
    axes: Axes
    path: str = ""


class Shelf(QObject):
    """Keeps the belongings of every model that was open while another one is, by its digest.

    :attr:`owner` is the digest of the model whose points are shown, :attr:`path` its file; both are empty while nobody
    knows. :attr:`kept` are the belongings of the others, the newest last.
    """

    def __init__(
        self, latent: LatentState, display: DisplayState, undo: UndoHistory, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._latent, self._display, self._undo = latent, display, undo
        self.owner = self.path = ""
        self.kept: dict[str, Belongings] = {}

    def adopt(self, digest: str, path: str) -> None:
        """Let what is shown belong to another model: the same one at another time of its training."""
        self.owner, self.path = digest, path
        self._undo.rename(digest)

    def leave(self) -> None:
        """Put the belongings of the model that is being closed away, and forget those of the model left longest ago."""
        shown = Belongings(self._latent.snapshot(), self._display.dimension, self._display.axes, self.path)
        self._undo.forget_model("")
        if self.owner:
            self.kept[self.owner] = shown
        for digest in list(self.kept)[:-MODELS_KEPT]:
            self.drop(digest)

    def take(self, digest: str, path: str) -> Belongings | None:
        """Make a model the owner, and return what it has left behind, be it at another time of its training."""
        found = digest if digest in self.kept else self._left_by_run(path)
        back = self.kept.pop(found, None)
        self.owner, self.path = digest, path
        self._undo.use(found)
        self._undo.rename(digest)
        return back

    def drop(self, digest: str) -> None:
        """Forget what a model has left behind."""
        self.kept.pop(digest, None)
        self._undo.forget_model(digest)

    def _left_by_run(self, path: str) -> str:
        run = run_of(path)
        return next((digest for digest, left in self.kept.items() if run and run_of(left.path) == run), "")
