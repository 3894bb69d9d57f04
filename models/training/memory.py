"""The memory of a run besides the state of its loop: the epochs so far, the dials, the best weights, the time."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import tensorflow as tf

from models.core.history import EpochRecord
from models.core.setting_checks import check_dials
from models.core.settings import Dials, TrainSettings
from models.training.clock import Clock
from models.training.early_stopping import EarlyStopping
from models.training.loop import LoopState
from models.training.storage.checkpoint import BEST, Checkpoint, Turn, check_state
from models.vae.architecture import Architecture
from models.vae.networks import Tensors


@dataclass
class RunMemory:
    """All of it is part of a checkpoint.

    Attributes
    ----------
    settings : TrainSettings
    dials : Dials
        The present ones; ``turns`` are the earlier ones, each with the epoch until which it was in force.
    extended : tuple of int
        Epochs after which the run had come to its end, and was trained further.
    best : mapping of str to tensor, or None
        The weights of the best epoch, if they are to be restored.
    """

    settings: TrainSettings
    dials: Dials
    turns: tuple[Turn, ...] = ()
    extended: tuple[int, ...] = ()
    history: list[EpochRecord] = field(default_factory=list)
    stopping: EarlyStopping = field(default_factory=EarlyStopping)
    best: Tensors | None = None
    clock: Clock = field(default_factory=Clock)

    def turn(self, dials: Dials, epoch: float) -> None:
        """Set the dials, and remember that the old ones were in force until ``epoch``."""
        if dials != self.dials:
            self.turns += ((epoch, self.dials.learning_rate, self.dials.beta),)
            self.dials = dials

    def add(self, record: EpochRecord, kept: Tensors) -> None:
        """Remember an epoch that ended with the weights ``kept``."""
        self.history.append(record)
        self.stopping = self.stopping.after(record, self.settings)
        if self.settings.restore_best_weights and self.stopping.wait == 0:
            self.best = kept

    def restore(
        self, checkpoint: Checkpoint, architecture: Architecture, learning_rate: float | None = None
    ) -> LoopState:
        """Take over what ``checkpoint`` holds and return its state; UserError if that does not fit the model.

        The learning rate becomes ``learning_rate``, or that of the settings if it is not the checkpoint's.
        """
        check_state(checkpoint, architecture)
        self.clock.elapsed = checkpoint.elapsed
        self.history, self.turns = list(checkpoint.history), checkpoint.turns
        self.extended = checkpoint.extended
        self.stopping = checkpoint.stopping
        self.dials = checkpoint.dials
        if learning_rate is None and checkpoint.settings.learning_rate != self.settings.learning_rate:
            learning_rate = self.settings.learning_rate
        if learning_rate is not None:
            self.turn(check_dials(Dials(learning_rate, self.dials.beta), self.settings), len(self.history))
        # In the order of the architecture, as at the start: sums over all parameters depend on it.
        groups = {
            group: {name: tf.constant(arrays[name]) for name in architecture.shapes()}
            for group, arrays in checkpoint.arrays.items()
        }
        self.best = groups.pop(BEST, None)
        return LoopState(checkpoint.step, **groups, sums=tf.constant(checkpoint.sums, tf.float64))

    def extend(self) -> None:
        """Go on after the end of the run: patience begins again, or a run that ended early would end at once."""
        self.extended += (len(self.history),)
        self.stopping = replace(self.stopping, wait=0)
