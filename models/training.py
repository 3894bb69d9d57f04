"""A training run as a stream of events: the worker and the command line pull it, one chunk of steps at a time."""

from __future__ import annotations

import math
import time
from collections.abc import Generator, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import tensorflow as tf

from models.architecture import architecture_of
from models.checkpoint import (
    STATE_GROUPS,
    Checkpoint,
    check_state,
    checkpoint_folder,
    latest_checkpoint,
    remove_run,
    write_checkpoint,
)
from models.datasets import load_images, opening_data
from models.evaluation import Evaluator
from models.files import reason_of
from models.optimizer import Tensors
from models.protocol import (
    CheckpointWritten,
    ControlAction,
    EpochDone,
    Finished,
    FinishReason,
    Floats32,
    InputError,
    ModelInfo,
    Progress,
    Reply,
    Terms,
    Train,
    TrainStarted,
)
from models.settings import check_settings, command_of
from models.training_loop import ChunkSums, LoopState, TrainingLoop, initial_state

SECONDS_PER_CHUNK = 0.1
SECONDS_PER_CHECKPOINT = 1.0
# The first chunks are short; each may have this many times the steps of the last.
MAX_GROWTH = 4


class DivergedError(ValueError):
    """The loss is no longer a number."""


@dataclass
class Clock:
    """Time spent in training, without the pauses, and the speed of the last chunks."""

    elapsed: float = 0.0
    seconds_per_step: float = 0.0
    last_steps: int = 1

    def add(self, steps: int, seconds: float) -> None:
        """Count a chunk; the speed follows it with a weight of one third, so that the time left is calm."""
        self.elapsed += seconds
        self.last_steps = steps
        latest = seconds / steps
        if self.seconds_per_step == 0.0:
            self.seconds_per_step = latest
        self.seconds_per_step += (latest - self.seconds_per_step) / 3.0

    def chunk(self) -> int:
        """Return how many steps take about a tenth of a second, careful until the speed is known."""
        if self.seconds_per_step == 0.0:
            return 1
        return max(1, min(int(SECONDS_PER_CHUNK / self.seconds_per_step), self.last_steps * MAX_GROWTH))


class TrainingRun:
    """One run from data to kept model.

    ``events`` yields replies, or None when nothing is to be said; between two of them :meth:`control` takes effect.
    """

    def __init__(self, request: Train) -> None:
        self._request = request
        self._settings = check_settings(request.settings)
        self._folder = Path(request.run_folder)
        self._action: ControlAction | None = None
        self._clock = Clock()
        self._last_checkpoint = -math.inf

    def control(self, action: ControlAction) -> None:
        """Ask the run to stop, keeping the model, or to discard it; it does so before the next chunk."""
        if action in ("stop", "discard"):
            self._action = action

    def events(self) -> Iterator[Reply | None]:
        """Train, and yield what happens; :class:`InputError` or ValueError if that is not possible."""
        try:
            yield from self._events()
        except OSError as error:
            raise InputError(self._folder.name, reason_of(error)) from error

    def _events(self) -> Iterator[Reply | None]:
        self._data = yield from opening_data(self._request.data_path)
        images, cut = load_images(self._data), self._data.train_count
        self._architecture = architecture_of(self._settings, self._data.image_shape)
        self._loop = TrainingLoop(self._architecture, self._settings, images[:cut])
        self._evaluator = Evaluator(self._architecture, images[cut:])
        self._state = self._starting_state()
        # No steps: this only compiles, so that the first chunk has the speed of all others.
        self._loop.run(self._state, self._loop.epoch_order(0), 0, 0)
        yield TrainStarted(
            self._request.id,
            self._data.name,
            cut,
            self._data.count - cut,
            self._loop.steps_per_epoch,
            self._epoch,
            self._loop.loss.describe(),
        )
        while self._action is None and self._epoch < self._settings.epochs:
            yield from self._train_epoch()
        yield from self._finish()

    # ------------------------------------------------------------------------------------------------- start

    def _starting_state(self) -> LoopState:
        if not self._request.resume:
            remove_run(self._folder)
            return initial_state(self._architecture, self._settings.seed)
        checkpoint = latest_checkpoint(self._folder)
        if checkpoint is None:
            raise InputError(self._folder.name, "there is no whole checkpoint to resume from")
        self._check_same_run(checkpoint)
        check_state(checkpoint, self._architecture)
        self._clock.elapsed = checkpoint.elapsed
        groups = [_tensors(checkpoint.arrays[group]) for group in STATE_GROUPS]
        return LoopState(checkpoint.step, *groups)

    def _check_same_run(self, checkpoint: Checkpoint) -> None:
        """Only the number of epochs may differ: all else would not be the same run."""
        if replace(checkpoint.settings, epochs=self._settings.epochs) != self._settings:
            raise InputError(self._folder.name, "this run was started with other settings")
        if checkpoint.data_digest != self._data.digest:
            raise InputError(self._folder.name, f"this run was trained on other data than {self._data.name}")

    # ------------------------------------------------------------------------------------------------- epochs

    @property
    def _epoch(self) -> int:
        """Epochs completed."""
        return self._state.step // self._loop.steps_per_epoch

    def _train_epoch(self) -> Iterator[Reply | None]:
        """Train to the end of the current epoch, or until told to stop."""
        epoch = self._epoch
        order = self._loop.epoch_order(epoch)
        # After a resume within an epoch, its means are those of the steps made since.
        total = self._loop.nothing()
        while self._epoch == epoch:
            if self._action is not None:
                return
            sums = self._train_chunk(order)
            total = total.plus(sums)
            yield self._progress(sums)
        test = yield from self._evaluator.terms(self._kept())
        yield EpochDone(self._request.id, epoch + 1, total.means(), test)
        due = time.monotonic() - self._last_checkpoint >= SECONDS_PER_CHECKPOINT
        if due and self._epoch < self._settings.epochs:
            yield self._write(_metrics(test), ())

    def _train_chunk(self, order: tf.Tensor) -> ChunkSums:
        batch = self._state.step % self._loop.steps_per_epoch
        steps = min(self._clock.chunk(), self._loop.steps_per_epoch - batch)
        began = time.perf_counter()
        sums = self._loop.run(self._state, order, batch, steps)
        self._clock.add(steps, time.perf_counter() - began)
        if not sums.finite:
            raise DivergedError(
                f"the training diverged at step {self._state.step}: its loss is no longer a number; "
                "a lower learning rate may help"
            )
        return sums

    def _progress(self, sums: ChunkSums) -> Progress:
        left = self._settings.epochs * self._loop.steps_per_epoch - self._state.step
        return Progress(
            self._request.id,
            self._state.step / self._loop.steps_per_epoch,
            self._settings.epochs,
            self._state.step,
            sums.means(),
            self._loop.batch_size / self._clock.seconds_per_step,
            self._clock.elapsed,
            left * self._clock.seconds_per_step,
        )

    # ------------------------------------------------------------------------------------------------- end

    def _finish(self) -> Iterator[Reply | None]:
        """Evaluate and keep the model, or remove the run; a request to stop or discard cuts the wait short."""
        reason: FinishReason = "complete" if self._action is None else "stopped"
        if self._state.step == 0:
            # There is nothing to keep yet.
            self._action = "discard"
        evaluation = yield from self._evaluator.bound(self._kept())
        metrics = evaluation.metrics()
        if self._action is None:
            metrics |= yield from self._evidence()
        if self._action == "discard":
            remove_run(self._folder)
            yield Finished(self._request.id, "discarded", None, self._epoch)
            return
        written = self._write(metrics, tuple(evaluation.kl_per_dim.tolist()))
        yield written
        yield Finished(self._request.id, reason, written.path, self._epoch)

    def _evidence(self) -> Generator[None, None, dict[str, float]]:
        """Estimate −log p(x), which takes seconds; nothing if told to stop meanwhile."""
        steps = self._evaluator.evidence(self._kept())
        while self._action is None:
            try:
                next(steps)
            except StopIteration as end:
                return {"nll": -end.value[0]}
            yield
        return {}

    def _kept(self) -> Tensors:
        """Return the weights that are evaluated and kept."""
        return self._state.average if self._settings.average > 0.0 else self._state.parameters

    def _write(self, metrics: dict[str, float], kl_per_dim: tuple[float, ...]) -> CheckpointWritten:
        folder = checkpoint_folder(self._folder, self._state.step)
        arrays = {group: _arrays(getattr(self._state, group)) for group in STATE_GROUPS}
        checkpoint = Checkpoint(
            folder, self._state.step, self._settings, self._data.digest, arrays, self._clock.elapsed
        )
        info = ModelInfo(
            path=str(checkpoint.model_path),
            name=self._request.name,
            digest="",
            image_shape=self._data.image_shape,
            settings=self._settings,
            dataset=self._data.name,
            epoch=self._epoch,
            parameters=self._architecture.parameter_count(),
            recipe=command_of(self._data.name, self._request.name, self._settings),
            metrics=metrics,
            kl_per_dim=kl_per_dim,
        )
        write_checkpoint(checkpoint, info, _arrays(self._kept()))
        self._last_checkpoint = time.monotonic()
        return CheckpointWritten(self._request.id, str(checkpoint.model_path), self._epoch)


def _metrics(terms: Terms) -> dict[str, float]:
    return {"elbo": terms.elbo, "reconstruction": terms.reconstruction, "kl": terms.kl}


def _tensors(arrays: dict[str, Floats32]) -> Tensors:
    return {name: tf.constant(values) for name, values in arrays.items()}


def _arrays(tensors: Tensors) -> dict[str, Floats32]:
    # A scalar tensor gives a NumPy scalar, which is no array to safetensors.
    return {name: np.asarray(tensor.numpy()) for name, tensor in tensors.items()}
