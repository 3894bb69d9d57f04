"""Offers to resume a run."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from models.core.history import UnfinishedRun
from models.protocol.training import CheckpointDelayed, Diverged


def offer_of(run: UnfinishedRun) -> Offer:
    """Offer a run that a program that died has left."""
    when = datetime.fromtimestamp(run.when).strftime("%d %b %Y, %H:%M")
    text = (
        f"The training of {run.name} on {Path(run.data_path).name} was interrupted "
        f"after epoch {run.epoch} of {run.settings.epochs} ({when})."
    )
    return Offer(run, text)


def after_divergence(diverged: Diverged) -> Offer | None:
    """Offer to go on from the last good checkpoint with half the learning rate; None if there is no checkpoint."""
    run = diverged.last_good
    if run is None:
        return None
    rate = run.learning_rate / 2.0
    text = (
        f"The training of {run.name} diverged at step {diverged.step}: {diverged.reason}. "
        f"It can go on from epoch {run.epoch} with half the learning rate, {rate:g}."
    )
    return Offer(replace(run, learning_rate=rate), text, "Go on")


def delayed_text(delayed: CheckpointDelayed) -> str:
    """Say that a checkpoint could not be written."""
    return f"No checkpoint can be written to {delayed.folder}: {delayed.reason}. The training goes on and tries again."


@dataclass(frozen=True)
class Offer:
    """A run that can go on: what is told of it, and what the button says."""

    run: UnfinishedRun
    text: str
    button: str = "Resume"
