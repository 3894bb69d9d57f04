"""The course of a run: all that its epochs and its end work with."""

from __future__ import annotations

import math
from dataclasses import dataclass

from models.core.descriptions import DataInfo
from models.core.settings import TrainSettings
from models.protocol.training import Train
from models.training.loop import LoopState, TrainingLoop
from models.training.memory import RunMemory
from models.training.recorder import RunWriter
from models.training.steering import Steering
from models.training.step_details import StepDetails
from models.vae.architecture import Architecture
from models.vae.evaluation import Evaluator
from models.vae.networks import Tensors


@dataclass
class Course:
    """A run under way; ``state`` changes with every step, ``gradient_norm`` is the last one that was taken."""

    request: Train
    settings: TrainSettings
    steering: Steering
    memory: RunMemory
    writer: RunWriter
    data: DataInfo
    architecture: Architecture
    loop: TrainingLoop
    evaluator: Evaluator
    state: LoopState
    details: StepDetails
    gradient_norm: float = math.nan

    @property
    def epoch(self) -> int:
        """Number of complete epochs."""
        return self.state.step // self.loop.steps_per_epoch

    @property
    def progress(self) -> float:
        """Number of epochs, with the fraction of the one under way."""
        return self.state.step / self.loop.steps_per_epoch

    @property
    def images_per_second(self) -> float:
        """Speed of the last chunks."""
        return self.loop.batch_size / self.memory.clock.seconds_per_step

    @property
    def complete(self) -> bool:
        """Whether all epochs are done, or the loss of the test images has not improved for long enough."""
        return self.epoch >= self.settings.epochs or self.memory.stopping.ends(self.settings)

    @property
    def weights(self) -> Tensors:
        """The weights that are evaluated and kept after an epoch: the moving average, where there is one."""
        return self.state.average if self.settings.average > 0.0 else self.state.parameters
