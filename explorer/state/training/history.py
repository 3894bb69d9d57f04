"""The curves of a training run, and a record of each of its epochs."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from models.core.history import EpochRecord
from models.protocol.training import Progress

POINTS_KEPT = 4000
TERMS = ("elbo", "reconstruction", "kl")
NORM = "gradient_norm"


@dataclass
class CurveHistory:
    """One curve: epochs and values in nats. A long one is thinned to every other point again and again."""

    epochs: list[float] = field(default_factory=list)
    values: list[float] = field(default_factory=list)

    def add(self, epoch: float, value: float) -> None:
        """Append a value; a run resumed from an earlier epoch drops what lies after it."""
        while self.epochs and self.epochs[-1] >= epoch:
            self.epochs.pop()
            self.values.pop()
        self.epochs.append(epoch)
        self.values.append(value)
        if len(self.epochs) > POINTS_KEPT:
            self.epochs, self.values = self.epochs[1::2], self.values[1::2]

    def reaches(self, epoch: float) -> bool:
        """Return whether there is a value for this epoch or a later one."""
        return bool(self.epochs) and self.epochs[-1] >= epoch


class RunHistory:
    """The terms of a run on the training images, the same on the test images, and a record of every epoch."""

    def __init__(self) -> None:
        self.train = {term: CurveHistory() for term in (*TERMS, NORM)}
        self.test = {term: CurveHistory() for term in TERMS}
        self.records: list[EpochRecord] = []

    def add_progress(self, progress: Progress) -> None:
        """Add the newest terms on the training images."""
        for term in TERMS:
            self.train[term].add(progress.epoch, getattr(progress.train, term))
        if math.isfinite(progress.gradient_norm):
            self.train[NORM].add(progress.epoch, progress.gradient_norm)

    def restart(self, records: tuple[EpochRecord, ...]) -> None:
        """Replace the records by those of the checkpoint a run goes on from."""
        self.records = []
        for record in records:
            self.add_record(record)

    def add_record(self, record: EpochRecord) -> None:
        """Add an epoch: its terms on the test images, and those on the training images where the curves lack them."""
        self.records.append(record)
        epoch = float(record.epoch)
        for term in TERMS:
            self.test[term].add(epoch, getattr(record.test, term))
            if not self.train[term].reaches(epoch):
                self.train[term].add(epoch, getattr(record.train, term))
        if not self.train[NORM].reaches(epoch):
            self.train[NORM].add(epoch, record.gradient_norm)
