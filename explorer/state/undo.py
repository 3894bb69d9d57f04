"""Undo and redo of every gesture: on the latent points, the workbench and the laboratory."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from itertools import count
from typing import Literal

from PySide6.QtCore import QObject, Signal

from explorer.state.gestures import Gestures

STEPS_KEPT = 500
# Where the steps go: back, or forth again.
Way = Literal["undo", "redo"]
BACK: dict[Way, Way] = {"undo": "redo", "redo": "undo"}


@dataclass(frozen=True)
class Step:
    """A gesture that can be undone; ``when`` counts what was done, undone and redone in the whole window."""

    when: int
    text: str
    subject: Gestures
    before: object
    after: object


@dataclass
class _Track:
    """The steps on one subject, by the way they can go, the next one at the end."""

    piles: dict[Way, list[Step]] = field(default_factory=lambda: {"undo": [], "redo": []})


class UndoHistory(QObject):
    """Undoes the last step, whatever it was on, and redoes in the order of undoing.

    The steps on the latent points belong to a model, which :meth:`use` names: those of another model wait for its
    return. The steps on everything else belong to the window.

    Signals
    -------
    changed
        There is another step to undo or to redo.
    travelled(Gestures)
        A step on this subject was undone or redone.
    """

    changed = Signal()
    travelled = Signal(object)

    def __init__(self, latent: Gestures, *others: Gestures, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._clock = count(1)
        self._latent = latent
        self._models: dict[str, _Track] = {}
        self._others = {subject: _Track() for subject in others}
        self._model = ""
        for subject in (latent, *others):
            subject.step_done.connect(self._record)

    # ------------------------------------------------------------------------------------------------- the model

    def use(self, model: str) -> None:
        """Use the steps on the points of this model, by its digest."""
        self._model = model
        self.changed.emit()

    def rename(self, model: str) -> None:
        """Let the steps on the points that are shown belong to this model from now on."""
        self._models[model] = self._models.pop(self._model, _Track())
        self.use(model)

    def forget_model(self, model: str) -> None:
        """Forget the steps on the points of a model."""
        self._models.pop(model, None)
        self.changed.emit()

    def forget(self) -> None:
        """Forget all steps, but those on the points of other models."""
        self._models.pop(self._model, None)
        self._others = {subject: _Track() for subject in self._others}
        self.changed.emit()

    def forget_subject(self, subject: Gestures) -> None:
        """Forget the steps on one of the others: what they were about is gone."""
        self._others[subject] = _Track()
        self.changed.emit()

    # ----------------------------------------------------------------------------------------------- undo and redo

    @property
    def _tracks(self) -> list[_Track]:
        return [self._track_of(self._latent), *self._others.values()]

    def _track_of(self, subject: Gestures) -> _Track:
        return self._others.get(subject) or self._models.setdefault(self._model, _Track())

    def _next(self, way: Way) -> _Track | None:
        """Return the track with the step that goes this way next: the one that was done last, whatever it was on."""
        tracks = (track for track in self._tracks if track.piles[way])
        return max(tracks, key=lambda track: track.piles[way][-1].when, default=None)

    def _text(self, way: Way) -> str:
        track = self._next(way)
        return "" if track is None else track.piles[way][-1].text

    def _go(self, way: Way) -> None:
        """Take the next step this way, so that it can go back; a gesture that is open is ended first."""
        self._close_gestures()
        track = self._next(way)
        if track is not None:
            step = track.piles[way].pop()
            track.piles[BACK[way]].append(replace(step, when=next(self._clock)))
            step.subject.restore(step.before if way == "undo" else step.after)
            self.changed.emit()
            self.travelled.emit(step.subject)

    def count(self) -> int:
        """Return how many steps there are, with those undone."""
        return sum(len(pile) for track in self._tracks for pile in track.piles.values())

    def can_undo(self) -> bool:
        """Return whether there is a step to undo."""
        return self._next("undo") is not None

    def can_redo(self) -> bool:
        """Return whether there is a step to redo."""
        return self._next("redo") is not None

    def undo_text(self) -> str:
        """Return the name of the step that would be undone."""
        return self._text("undo")

    def redo_text(self) -> str:
        """Return the name of the step that would be redone."""
        return self._text("redo")

    def undo(self) -> None:
        """Undo the last step."""
        self._go("undo")

    def redo(self) -> None:
        """Redo the step that was undone last."""
        self._go("redo")

    def _close_gestures(self) -> None:
        for subject in (self._latent, *self._others):
            subject.close_gesture()

    def _record(self, text: str, before: object, after: object) -> None:
        subject = self.sender()
        if not isinstance(subject, Gestures):
            return
        for track in self._tracks:
            track.piles["redo"].clear()
        done = self._track_of(subject).piles["undo"]
        done.append(Step(next(self._clock), text, subject, before, after))
        del done[:-STEPS_KEPT]
        self.changed.emit()
