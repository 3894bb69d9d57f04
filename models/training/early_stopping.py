"""When a run ends because it no longer improves: Keras' rule ``EarlyStopping`` for the loss of the test images."""

from __future__ import annotations

import math
from dataclasses import dataclass

from models.core.history import EpochRecord
from models.core.settings import TrainSettings


@dataclass(frozen=True)
class EarlyStopping:
    """What is known after some epochs: the lowest loss, its epoch, and for how many epochs it has not been beaten."""

    best: float = math.inf
    best_epoch: int = 0
    wait: int = 0

    def after(self, record: EpochRecord, settings: TrainSettings) -> EarlyStopping:
        """Return what is known after one more epoch; an improvement has ``wait`` 0."""
        loss = record.test.loss
        if loss < self.best - settings.min_delta:
            return EarlyStopping(loss, record.epoch, 0)
        return EarlyStopping(self.best, self.best_epoch, self.wait + 1)

    def ends(self, settings: TrainSettings) -> bool:
        """Whether the run has waited long enough."""
        return 0 < settings.early_stopping_patience <= self.wait
