"""End a run that no longer improves: the rule of Keras' ``EarlyStopping`` for the loss of the test images."""

from __future__ import annotations

import math
from dataclasses import dataclass

from models.core.history import EpochRecord
from models.core.settings import TrainSettings


@dataclass(frozen=True)
class EarlyStopping:
    """The state of the rule after some epochs: the lowest loss, its epoch, and the number of epochs since."""

    best: float = math.inf
    best_epoch: int = 0
    wait: int = 0

    def after(self, record: EpochRecord, settings: TrainSettings) -> EarlyStopping:
        """Return the state after one more epoch; an improvement has ``wait`` 0."""
        loss = record.test.loss
        if loss < self.best - settings.min_delta:
            return EarlyStopping(loss, record.epoch, 0)
        return EarlyStopping(self.best, self.best_epoch, self.wait + 1)

    def ends(self, settings: TrainSettings) -> bool:
        """Return whether the patience of ``settings`` is exhausted."""
        return 0 < settings.early_stopping_patience <= self.wait
