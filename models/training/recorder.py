"""Writes what is left of a run: its checkpoints, the model of every epoch, and the model in the end."""

from __future__ import annotations

import contextlib
import math
import time
from pathlib import Path

import numpy as np

from models.core.arrays import Floats32
from models.core.descriptions import DataInfo, ModelInfo
from models.core.setting_text import command_of, start_of
from models.core.sprite_names import is_sprites
from models.protocol.training import CheckpointDelayed, CheckpointWritten, Train
from models.training.divergence import check_finite
from models.training.loop import LoopState
from models.training.memory import RunMemory
from models.training.storage.checkpoint import BEST, STATE_GROUPS, Checkpoint, checkpoint_folder
from models.training.storage.folder import RunFolder
from models.training.storage.snapshots import Snapshots
from models.vae.architecture import Architecture
from models.vae.evaluation import Evaluation
from models.vae.networks import Tensors
from resources import bundled_datasets, dataset_path

SECONDS_PER_CHECKPOINT = 1.0
# Writing takes at most a tenth of the time.
TRAINING_PER_WRITING = 9.0


class RunWriter:
    """Knows where the files of the run ``request`` go, and when the next checkpoint is due.

    :attr:`written_step` is the step of the newest checkpoint, None before the first.
    """

    def __init__(self, request: Train, memory: RunMemory) -> None:
        self.folder = RunFolder(Path(request.run_folder), request.id)
        self.snapshots = Snapshots(Path(request.run_folder))
        self._request, self._memory = request, memory
        self._next = -math.inf
        self.written_step: int | None = None

    def describe(self, data: DataInfo, architecture: Architecture, began: ModelInfo | None) -> None:
        """Tell what is trained on what, once that is known, and with which model the run ``began``, if with any."""
        self._data, self._architecture, self._began = data, architecture, began

    @property
    def due(self) -> bool:
        """Whether it is time for a checkpoint."""
        return time.monotonic() >= self._next

    def write(
        self, state: LoopState, kept: Tensors, info: ModelInfo, ended: bool = False
    ) -> CheckpointWritten | CheckpointDelayed:
        """Write a checkpoint of ``state`` whose model is ``kept``; DivergedError if either holds NaN."""
        memory, arrays = self._memory, {group: _arrays(getattr(state, group)) for group in STATE_GROUPS}
        if memory.best is not None:
            arrays[BEST] = _arrays(memory.best)
        check_finite(state.step, arrays)
        checkpoint = Checkpoint(
            folder=checkpoint_folder(self.folder.path, state.step),
            step=state.step,
            settings=memory.settings,
            data_digest=self._data.digest,
            arrays=arrays,
            elapsed=memory.clock.elapsed,
            name=self._request.name,
            data_path=absolute_data(self._request.data_path),
            data_options=self._data.options,
            dials=memory.dials,
            sums=tuple(state.sums.numpy().tolist()),
            history=tuple(memory.history),
            turns=memory.turns,
            stopping=memory.stopping,
            ended=ended,
            extended=memory.extended,
        )
        began = time.monotonic()
        written = self.folder.write(checkpoint, info, _arrays(kept), self._architecture)
        if isinstance(written, CheckpointWritten):
            self.written_step = state.step
        taken = time.monotonic() - began
        self._next = began + taken + max(SECONDS_PER_CHECKPOINT, TRAINING_PER_WRITING * taken)
        return written

    def snapshot(self, step: int, kept: Tensors, info: ModelInfo) -> None:
        """Keep the model of an epoch; where the disk is full there is a gap, no more. DivergedError if it holds NaN."""
        arrays = _arrays(kept)
        check_finite(step, {"kept": arrays})
        with contextlib.suppress(OSError):
            self.snapshots.write(info, arrays, self._architecture)

    def info(self, epoch: int, evaluation: Evaluation, metrics: dict[str, float]) -> ModelInfo:
        """Return what the model after ``epoch`` says of itself."""
        return ModelInfo(
            path="",
            name=self._request.name,
            digest="",
            image_shape=self._data.image_shape,
            settings=self._memory.settings,
            dataset=self._data.name,
            epoch=epoch,
            parameters=self._architecture.parameter_count(),
            recipe=self._recipe(),
            metrics=metrics,
            kl_per_dim=tuple(evaluation.kl_per_dim.tolist()),
            data_digest=self._data.digest,
            understood={} if self._began is None else self._began.understood,
            data_options=self._data.options,
        )

    def _recipe(self) -> str:
        memory = self._memory
        data = _name_of_data(self._request.data_path)
        words = self._data.options.words()
        start = self._request.start or ("" if self._began is None else start_of(self._began.recipe))
        return command_of(data, self._request.name, memory.settings, memory.turns, memory.extended, words, start)


def _arrays(tensors: Tensors) -> dict[str, Floats32]:
    # A scalar tensor gives a NumPy scalar, which is no array to safetensors.
    return {name: np.asarray(tensor.numpy()) for name, tensor in tensors.items()}


def _name_of_data(path: str) -> str:
    """Return the name of bundled data, and the path of others as it is."""
    stem = Path(path).stem
    return stem if stem in bundled_datasets() and Path(path) == dataset_path(stem) else path


def absolute_data(path: str) -> str:
    """Return a path of data so that it means the same in another folder; the name of generated data does already."""
    return path if is_sprites(path) else str(Path(path).absolute())
