"""Runs that can go on, offered to the person one after the other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from PySide6.QtCore import QObject, Signal

from explorer.state.training.run import RunState
from explorer.state.training.runs import RunsState
from models.core.history import UnfinishedRun
from models.protocol.training import Diverged


@dataclass(frozen=True)
class Offer:
    """A run that can go on: what is told of it, and what the button says."""

    run: UnfinishedRun
    text: str
    button: str = "Resume"


def offer_of(run: UnfinishedRun) -> Offer:
    """Return the offer to resume a run that was interrupted when its program ended."""
    when = datetime.fromtimestamp(run.when).strftime("%d %b %Y, %H:%M")
    text = (
        f"The training of {run.name} on {Path(run.data_path).name} was interrupted "
        f"after epoch {run.epoch} of {run.settings.epochs} ({when})."
    )
    return Offer(run, text)


def after_return(run: UnfinishedRun) -> Offer:
    """Return the offer to go on with a run that has returned from the trash."""
    text = f"The training of {run.name} is back, after epoch {run.epoch} of {run.settings.epochs}."
    return Offer(run, text)


def after_divergence(diverged: Diverged) -> Offer | None:
    """Return the offer to go on from the last good checkpoint with half the learning rate, None if there is none."""
    run = diverged.last_good
    if run is None:
        return None
    rate = run.learning_rate / 2.0
    text = (
        f"The training of {run.name} diverged at step {diverged.step}: {diverged.reason}. "
        f"It can go on from epoch {run.epoch} with half the learning rate, {rate:g}."
    )
    return Offer(replace(run, learning_rate=rate), text, "Go on")


class OfferState(QObject):
    """The run on offer in :attr:`offer`, and those to be offered after it in :attr:`waiting`.

    :attr:`found` says whether the trainer has looked for runs that earlier programs left.

    Signals
    -------
    changed
        Another run is offered, or none.
    """

    changed = Signal()

    def __init__(self, run: RunState, runs: RunsState, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._run, self._runs = run, runs
        self.offer: Offer | None = None
        self.waiting: list[Offer] = []
        self.found = False
        run.start_requested.connect(self._started)
        run.resume_requested.connect(self._withdraw)
        run.further_requested.connect(self._withdraw)

    def set_found(self, runs: Sequence[UnfinishedRun]) -> None:
        """Offer these runs one after the other, unless the person was quicker and trains already."""
        self.found = True
        if not self._run.active:
            self.waiting = [offer_of(run) for run in runs]
            self.offer_next()

    def look_again(self) -> None:
        """Have the next trainer look for runs again: one has just been left behind."""
        self.found = False

    def set_offer(self, offer: Offer | None) -> None:
        """Offer a run, or take the offer back; what was offered stays on disk."""
        self.offer = offer
        self.changed.emit()

    def offer_first(self, offer: Offer) -> None:
        """Offer a run at once; one that is offered waits."""
        if self.offer is not None:
            self.waiting.insert(0, self.offer)
        self.set_offer(offer)

    def dismiss(self) -> None:
        """Take the offer back and make the next one."""
        self.set_offer(None)
        self.offer_next()

    def offer_next(self) -> None:
        """Offer the next run that waits, unless one trains or is offered."""
        if self.waiting and self.offer is None and not self._run.active:
            self.set_offer(self.waiting.pop(0))

    def drop(self, run: UnfinishedRun) -> None:
        """Discard a run that shall not go on."""
        self.dismiss()
        self._runs.discard([run.folder], f"the training of {run.name}")

    def _started(self) -> None:
        """Forget runs that might have gone on instead: the next start of the program offers them again."""
        self.waiting.clear()
        self._withdraw()

    def _withdraw(self) -> None:
        self.set_offer(None)
