"""The distribution workbench: any family with any parameters, and one value of it. No model is needed."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QObject, Signal

from explorer.state.gestures import Gestures
from explorer.state.latent import Hold
from models.core.families import STANDARD_NORMAL, Family, usual_family, with_parameter
from models.protocol.distribution import Anchor, Place

START_U = 0.7
SMALLEST_U = 1e-12


@dataclass(frozen=True)
class WorkbenchSnapshot:
    """All that is set on the workbench."""

    family: Family
    reference: Family
    anchor: Anchor
    value: float


class WorkbenchState(Gestures):
    """A family q, a reference p, and a value of q given by its z, ε or u; the decoder answers the other two.

    Signals
    -------
    changed
        Anything above has changed: curves are asked for.
    family_changed
        Another family was chosen: its parameters have other names.
    """

    changed = Signal()
    family_changed = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.family = usual_family("Gamma")
        self.reference = STANDARD_NORMAL
        self.anchor: Anchor = "u"
        self.value = START_U
        self._answered: Place | None = None

    def snapshot(self) -> WorkbenchSnapshot:
        """Return what is set."""
        return WorkbenchSnapshot(self.family, self.reference, self.anchor, self.value)

    def restore(self, snapshot: WorkbenchSnapshot) -> None:
        """Set everything as it was."""
        other = snapshot.family.name != self.family.name
        self.family, self.reference = snapshot.family, snapshot.reference
        self.anchor, self.value, self._answered = snapshot.anchor, snapshot.value, None
        if other:
            self.family_changed.emit()
        self.changed.emit()

    def choose(self, name: str) -> None:
        """Take another family with its usual parameters; the value keeps its probability u."""
        with self.part(f"Choose {name}"):
            self.anchor, self.value = "u", self._probability
            self.family, self._answered = usual_family(name), None
        self.family_changed.emit()
        self.changed.emit()

    @property
    def _probability(self) -> float:
        """The u of the value, of a whole number in the middle of its step; never 0 or 1, to which far tails round."""
        place = self._answered
        if place is None:
            return START_U
        u = place.u - 0.5 * place.pdf if self.family.facts.whole else place.u
        return min(max(u, SMALLEST_U), 1.0 - SMALLEST_U)

    def pin(self) -> None:
        """Make the current family the reference p."""
        with self.part("Pin as p"):
            self.reference = self.family
        self.changed.emit()

    def unpin(self) -> None:
        """Make N(0, 1) the reference p again."""
        with self.part("Unpin p"):
            self.reference = STANDARD_NORMAL
        self.changed.emit()

    def set_value(self, anchor: Anchor, value: float) -> None:
        """Move the value to this z, ε or u."""
        self.anchor, self.value, self._answered = anchor, value, None
        self.changed.emit()

    def set_parameter(self, name: str, value: float, hold: Hold) -> None:
        """Set one parameter, kept in its domain; ε or z of the value stays.

        A name that the family does not have is ignored: the plots show the last family until the next one is answered.
        """
        if name not in self.family.parameters:
            return
        self.family = with_parameter(self.family, name, value)
        if self._answered is not None and self.anchor != hold:
            self.anchor, self.value = hold, getattr(self._answered, hold)
        self.changed.emit()

    def answer(self, place: Place) -> None:
        """Take the answer to the newest request."""
        self._answered = place
