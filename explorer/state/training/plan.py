"""The settings of the next run as far as they are known: what the person set, and what is proposed for the data."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import QObject, Signal

from explorer.state.model import ModelState
from models.core.proposal import PROPOSED, Proposal, propose


class PlanState(QObject):
    """What is proposed for the open data, and the settings that were set by hand, by name, in :attr:`chosen`.

    What was set by hand stays when other data are opened; only the rest follows the proposal.

    Signals
    -------
    changed
        There is another proposal, or other settings have been set.
    """

    changed = Signal()

    def __init__(self, model: ModelState, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._model = model
        self.proposal: Proposal | None = None
        self.chosen: dict[str, object] = {}
        model.data_changed.connect(self._propose)

    def _propose(self) -> None:
        data = self._model.data
        if data is not None:
            self.proposal = propose(data.info, data.images)
            self.changed.emit()

    def choose(self, values: Mapping[str, object]) -> None:
        """Remember settings that were set by hand, or that a run has which goes on."""
        self.chosen |= values
        self.changed.emit()

    def restore(self, chosen: Mapping[str, object]) -> None:
        """Show settings that were set by hand in an earlier session."""
        self.chosen = dict(chosen)
        self.changed.emit()

    def accept(self) -> None:
        """Forget what was set by hand in place of a proposal, which then counts."""
        self.chosen = {name: value for name, value in self.chosen.items() if name not in PROPOSED}
        self.changed.emit()

    def values(self) -> dict[str, object]:
        """Return the settings known by name: those proposed, and over them those set by hand."""
        proposed = {} if self.proposal is None else {name: getattr(self.proposal, name) for name in PROPOSED}
        return proposed | self.chosen
