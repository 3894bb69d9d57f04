"""Trained models that the person has neither saved nor thrown away yet."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QObject, Signal

from models.core.history import UnfinishedRun, run_of

DOT = "●"


@dataclass(frozen=True)
class UnsavedModel:
    """The model file that a run ended with, the epoch whose weights it holds, and the run as it could go on."""

    path: str
    epoch: int
    run: UnfinishedRun

    @property
    def title(self) -> str:
        """Its name and epoch, as lists show it."""
        return model_title(self.run.name, self.epoch)


def model_title(name: str, epoch: int) -> str:
    """Return the title of a model that lies in the folder of its run, where many have the same name."""
    return f"{name}, epoch {epoch}"


class UnsavedState(QObject):
    """The unsaved models in :attr:`models`, the newest last; all of them lie in the folders of their runs.

    Signals
    -------
    changed
        There are others.
    """

    changed = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.models: tuple[UnsavedModel, ...] = ()
        self._saved: set[str] = set()

    def is_draft(self, path: str) -> bool:
        """Return whether a model file is one of a run that has not been saved anywhere."""
        return run_of(path) != "" and path not in self._saved

    def at(self, path: str) -> UnsavedModel | None:
        """Return the unsaved model in this file, None if there is none."""
        return next((model for model in self.models if model.path == path), None)

    def add(self, model: UnsavedModel) -> None:
        """Add a model that a run has ended with."""
        self.set_models((*(other for other in self.models if other.path != model.path), model))

    def mark_saved(self, path: str) -> None:
        """Record that the model file ``path`` has been saved where the person wanted."""
        self._saved.add(path)
        self.set_models(tuple(model for model in self.models if model.path != path))

    def leave(self, folder: str) -> tuple[UnsavedModel, ...]:
        """Forget the models of the run in ``folder``, which is thrown away, and return them."""
        gone = tuple(model for model in self.models if run_of(model.path) == folder)
        if gone:
            self.set_models(tuple(model for model in self.models if model not in gone))
        return gone

    def set_models(self, models: tuple[UnsavedModel, ...]) -> None:
        """Replace all of them."""
        self.models = models
        self.changed.emit()
