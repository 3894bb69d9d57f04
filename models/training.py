"""A training run as a stream of events: the worker and the command line pull it, one chunk of steps at a time."""

from __future__ import annotations

import contextlib
import math
import time
from collections.abc import Generator, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import tensorflow as tf

from models.architecture import architecture_of
from models.arithmetic import gigaflop_per_image, peak_gflops
from models.checkpoint import BEST, STATE_GROUPS, Checkpoint, check_state, checkpoint_folder
from models.clock import Clock
from models.datasets import load_images, opening_data
from models.divergence import DivergedError, check_finite, fault_of
from models.early_stopping import EarlyStopping
from models.evaluation import Evaluation, Evaluator
from models.files import reason_of
from models.optimizer import Tensors
from models.protocol import (
    CheckpointDelayed,
    CheckpointWritten,
    ControlAction,
    Dials,
    Diverged,
    EpochDone,
    EpochRecord,
    Finished,
    FinishReason,
    Floats32,
    InputError,
    ModelInfo,
    Progress,
    Reply,
    Train,
    TrainStarted,
)
from models.run_folder import RunFolder
from models.settings import check_dials, check_settings, command_of
from models.snapshots import Snapshots
from models.step_details import StepDetails
from models.training_loop import ChunkSums, LoopState, TrainingLoop, initial_state

SECONDS_PER_CHECKPOINT = 1.0
SECONDS_PER_TRY = 0.5
# Writing takes at most a tenth of the time.
TRAINING_PER_WRITING = 9.0


class TrainingRun:
    """One run from data to kept model.

    ``events`` yields replies, or None when nothing is to be said; between two of them :meth:`control` takes effect.
    One that is ``patient`` waits in the end until its model can be written.
    """

    def __init__(self, request: Train, patient: bool = False) -> None:
        self._request = request
        self._settings = check_settings(request.settings)
        self._folder = RunFolder(Path(request.run_folder), request.id)
        self._snapshots = Snapshots(Path(request.run_folder))
        self._patient = patient
        self._history: list[EpochRecord] = []
        self._earlier_rates: tuple[tuple[int, float], ...] = ()
        self._stopping = EarlyStopping()
        self._best: Tensors | None = None
        self._ended = False
        self._action: ControlAction | None = None
        self._clock = Clock()
        self._next_checkpoint = -math.inf
        self._dials = Dials(self._settings.learning_rate, self._settings.beta)
        self._stepping = request.stepping
        self._norm = math.nan

    def control(self, action: ControlAction) -> None:
        """Ask the run to stop, keeping the model, or to discard it, or to go step by step; before the next chunk."""
        if action in ("stop", "discard"):
            self._action = action
        self._stepping = action == "step"

    def adjust(self, dials: Dials) -> None:
        """Turn learning rate and β, from the next step on; ValueError if the settings do not allow it."""
        self._dials = check_dials(dials, self._settings)

    def events(self) -> Iterator[Reply | None]:
        """Train, and yield what happens; :class:`InputError` or ValueError if that is not possible."""
        try:
            yield from self._events()
        except OSError as error:
            raise InputError(str(self._folder.path), reason_of(error)) from error
        finally:
            self._folder.close()

    def _events(self) -> Iterator[Reply | None]:
        self._data = yield from opening_data(self._request.data_path)
        images, cut = load_images(self._data), self._data.train_count
        self._architecture = architecture_of(self._settings, self._data.image_shape)
        self._loop = TrainingLoop(self._architecture, self._settings, images[:cut])
        self._evaluator = Evaluator(self._architecture, images[cut:])
        self._state = self._starting_state()
        self._details = StepDetails(self._loop, self._settings.objective)
        # No steps: this only compiles, so that the first chunk has the speed of all others.
        self._loop.run(self._state, self._loop.epoch_order(0), 0, 0, self._dials)
        yield TrainStarted(
            self._request.id,
            self._data.name,
            cut,
            self._data.count - cut,
            self._loop.steps_per_epoch,
            self._epoch,
            self._loop.loss.describe(),
            self._dials,
            gigaflop_per_image(self._architecture, self._settings.samples),
            peak_gflops(),
            tuple(self._history),
            self._snapshots.kept(),
        )
        try:
            while self._action is None and not self._over():
                yield from self._train_epoch()
            yield from self._finish()
        except DivergedError as error:
            yield Diverged(self._request.id, error.step, error.reason, self._folder.last_good(self._settings))

    # ------------------------------------------------------------------------------------------------- start

    def _starting_state(self) -> LoopState:
        if not self._request.resume:
            self._folder.begin()
            self._snapshots.remove()
            return initial_state(self._architecture, self._settings.seed)
        checkpoint = self._folder.resume()
        self._check_same_run(checkpoint)
        check_state(checkpoint, self._architecture)
        self._clock.elapsed = checkpoint.elapsed
        self._history = list(checkpoint.history)
        self._snapshots.forget_after(len(self._history))
        self._stopping = checkpoint.stopping
        # In the order of the architecture, as at the start: sums over all parameters depend on it.
        groups = {
            group: {name: tf.constant(arrays[name]) for name in self._architecture.shapes()}
            for group, arrays in checkpoint.arrays.items()
        }
        self._best = groups.pop(BEST, None)
        self._earlier_rates = checkpoint.earlier_rates
        if checkpoint.settings.learning_rate == self._settings.learning_rate:
            self._dials = checkpoint.dials
        else:
            self._earlier_rates += ((len(self._history), checkpoint.settings.learning_rate),)
        return LoopState(checkpoint.step, **groups, sums=tf.constant(checkpoint.sums, tf.float64))

    def _check_same_run(self, checkpoint: Checkpoint) -> None:
        """Only the number of epochs and the learning rate may differ: all else would not be the same run."""
        mine = self._settings
        if replace(checkpoint.settings, epochs=mine.epochs, learning_rate=mine.learning_rate) != mine:
            raise InputError(str(self._folder.path), "this run was started with other settings")
        if checkpoint.data_digest != self._data.digest:
            raise InputError(str(self._folder.path), f"this run was trained on other data than {self._data.name}")

    # ------------------------------------------------------------------------------------------------- epochs

    @property
    def _epoch(self) -> int:
        """Epochs completed."""
        return self._state.step // self._loop.steps_per_epoch

    def _over(self) -> bool:
        return self._epoch >= self._settings.epochs or self._stopping.ends(self._settings)

    def _train_epoch(self) -> Iterator[Reply | None]:
        """Train to the end of the current epoch, or until told to stop."""
        epoch = self._epoch
        order = self._loop.epoch_order(epoch)
        self._loop.begin_epoch(self._state)
        while self._epoch == epoch:
            if self._action is not None:
                return
            if self._stepping:
                yield self._details.look(self._request.id, self._state, order, self._dials)
            yield self._progress(self._train_chunk(order))
        evaluation = yield from self._evaluator.terms(self._kept())
        record = self._record(evaluation)
        self._history.append(record)
        self._stopping = self._stopping.after(record, self._settings)
        if self._settings.restore_best_weights and self._stopping.wait == 0:
            self._best = self._kept()
        self._take_snapshot(evaluation)
        yield EpochDone(self._request.id, record, self._snapshots.kept())
        if time.monotonic() >= self._next_checkpoint and not self._over():
            yield self._folder.news(self._write(evaluation.metrics(), record.kl_per_dim))

    def _record(self, evaluation: Evaluation) -> EpochRecord:
        sums = self._loop.epoch_sums(self._state)
        rate, beta = self._loop.scheduled(self._dials, tf.constant(self._state.step - 1))
        return EpochRecord(
            epoch=self._epoch,
            step=self._state.step,
            train=sums.means(),
            test=evaluation.terms,
            kl_per_dim=tuple(evaluation.kl_per_dim.tolist()),
            active_units=int(evaluation.active.sum()),
            gradient_norm=sums.gradient_norm,
            learning_rate=float(rate),
            beta=float(beta),
            mu_counts=evaluation.mu_counts,
            sigma_counts=evaluation.sigma_counts,
            images_per_second=self._loop.batch_size / self._clock.seconds_per_step,
            elapsed=self._clock.elapsed,
        )

    def _train_chunk(self, order: tf.Tensor) -> ChunkSums:
        batch = self._state.step % self._loop.steps_per_epoch
        steps = 1 if self._stepping else min(self._clock.chunk(), self._loop.steps_per_epoch - batch)
        before, began = replace(self._state), time.perf_counter()
        sums = self._loop.run(self._state, order, batch, steps, self._dials)
        self._clock.add(steps, time.perf_counter() - began)
        self._norm = sums.gradient_norm if sums.values[3] else self._norm
        if self._fault(sums):
            self._raise_at_step(before, order)
        return sums

    def _fault(self, sums: ChunkSums) -> str:
        return fault_of(sums.means().loss, self._architecture.pixels)

    def _raise_at_step(self, state: LoopState, order: tf.Tensor) -> None:
        """Repeat a chunk from its beginning, one step at a time, and raise at the first that has a fault."""
        while state.step < self._state.step:
            sums = self._loop.run(state, order, state.step % self._loop.steps_per_epoch, 1, self._dials)
            if fault := self._fault(sums):
                raise DivergedError(state.step, fault)

    def _progress(self, sums: ChunkSums) -> Progress:
        left = self._settings.epochs * self._loop.steps_per_epoch - self._state.step
        return Progress(
            self._request.id,
            self._state.step / self._loop.steps_per_epoch,
            self._settings.epochs,
            self._state.step,
            sums.means(),
            self._norm,
            self._loop.batch_size / self._clock.seconds_per_step,
            self._clock.elapsed,
            left * self._clock.seconds_per_step,
        )

    # ------------------------------------------------------------------------------------------------- end

    def _finish(self) -> Iterator[Reply | None]:
        """Evaluate and keep the model, or remove the run; a request to stop or discard cuts the wait short."""
        self._ended = True
        reason: FinishReason = "stopped" if self._action else self._ending()
        if self._state.step == 0:
            # There is nothing to keep yet.
            self._action = "discard"
        evaluation = yield from self._evaluator.bound(self._kept())
        metrics = evaluation.metrics()
        if self._action is None:
            metrics |= yield from self._evidence()
        if self._action == "discard":
            yield self._discard()
            return
        written = yield from self._keep(metrics, tuple(evaluation.kl_per_dim.tolist()))
        if written is None:
            yield self._discard()
            return
        yield written
        yield Finished(self._request.id, reason, written.path, self._epoch)

    def _ending(self) -> FinishReason:
        return "early" if self._stopping.ends(self._settings) else "complete"

    def _discard(self) -> Finished:
        self._folder.remove()
        return Finished(self._request.id, "discarded", None, self._epoch)

    def _keep(
        self, metrics: dict[str, float], kl_per_dim: tuple[float, ...]
    ) -> Generator[Reply | None, None, CheckpointWritten | None]:
        """Write the last checkpoint; one that is patient tries until it succeeds, or the person gives up: None."""
        while self._action != "discard":
            written = self._write(metrics, kl_per_dim)
            if isinstance(written, CheckpointWritten):
                return written
            if not self._patient:
                raise InputError(written.folder, written.reason)
            yield self._folder.news(written)
            time.sleep(SECONDS_PER_TRY)
        return None

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
        """Return the weights that are evaluated and kept: in the end the best, if they are to be restored."""
        if self._ended and self._best is not None:
            return self._best
        return self._state.average if self._settings.average > 0.0 else self._state.parameters

    def _write(self, metrics: dict[str, float], kl_per_dim: tuple[float, ...]) -> CheckpointWritten | CheckpointDelayed:
        arrays = {group: _arrays(getattr(self._state, group)) for group in STATE_GROUPS}
        if self._best is not None:
            arrays[BEST] = _arrays(self._best)
        check_finite(self._state.step, arrays)
        checkpoint = Checkpoint(
            folder=checkpoint_folder(self._folder.path, self._state.step),
            step=self._state.step,
            settings=self._settings,
            data_digest=self._data.digest,
            arrays=arrays,
            elapsed=self._clock.elapsed,
            name=self._request.name,
            data_path=str(Path(self._request.data_path).absolute()),
            dials=self._dials,
            sums=tuple(self._state.sums.numpy().tolist()),
            history=tuple(self._history),
            earlier_rates=self._earlier_rates,
            stopping=self._stopping,
            ended=self._ended,
        )
        info = self._description(metrics, kl_per_dim)
        began = time.monotonic()
        written = self._folder.write(checkpoint, info, _arrays(self._kept()))
        taken = time.monotonic() - began
        self._next_checkpoint = began + taken + max(SECONDS_PER_CHECKPOINT, TRAINING_PER_WRITING * taken)
        return written

    def _take_snapshot(self, evaluation: Evaluation) -> None:
        """Keep the model of this epoch; where the disk is full the scrubber has a gap, no more."""
        info = self._description(evaluation.metrics(), tuple(evaluation.kl_per_dim.tolist()))
        with contextlib.suppress(OSError):
            self._snapshots.write(info, _arrays(self._kept()))

    def _description(self, metrics: dict[str, float], kl_per_dim: tuple[float, ...]) -> ModelInfo:
        return ModelInfo(
            path="",
            name=self._request.name,
            digest="",
            image_shape=self._data.image_shape,
            settings=self._settings,
            dataset=self._data.name,
            epoch=self._epoch if self._kept() is not self._best else self._stopping.best_epoch,
            parameters=self._architecture.parameter_count(),
            recipe=command_of(self._data.name, self._request.name, self._settings, self._earlier_rates),
            metrics=metrics,
            kl_per_dim=kl_per_dim,
        )


def _arrays(tensors: Tensors) -> dict[str, Floats32]:
    # A scalar tensor gives a NumPy scalar, which is no array to safetensors.
    return {name: np.asarray(tensor.numpy()) for name, tensor in tensors.items()}
