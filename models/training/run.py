"""A training run as a stream of events: the worker and the command line pull it, one chunk of steps at a time."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Generator, Iterator
from dataclasses import asdict, replace

import numpy as np
import tensorflow as tf

from models.core.descriptions import ModelInfo
from models.core.errors import UserError
from models.core.files import reason_of
from models.core.history import EpochRecord
from models.core.settings import Dials, TrainSettings, check_dials, check_settings
from models.data.opening import load_images, opening_data
from models.protocol.messages import Reply
from models.protocol.training import (
    CheckpointWritten,
    ControlAction,
    Diverged,
    EpochDone,
    Evaluating,
    Finished,
    FinishReason,
    Progress,
    Train,
    TrainStarted,
)
from models.training.divergence import DivergedError, fault_of
from models.training.flops import gigaflop_per_image, peak_gflops
from models.training.loop import ChunkSums, LoopState, TrainingLoop, initial_state
from models.training.memory import RunMemory
from models.training.recorder import RunWriter
from models.training.step_details import StepDetails
from models.training.storage.checkpoint import Checkpoint
from models.vae.architecture import Architecture, architecture_of
from models.vae.evaluation import BOUND_DRAWS, Evaluation, Evaluator
from models.vae.networks import Tensors

SECONDS_PER_TRY = 0.5
SECONDS_PER_NEWS = 0.1
# They are in memory all the time.
MAX_TEST_IMAGES = 10_000

# The loop of architecture, settings, training images and the bytes of them that may be in memory.
LoopMaker = Callable[[Architecture, TrainSettings, np.ndarray, int], TrainingLoop]


class TrainingRun:
    """One run from data to kept model.

    ``events`` yields replies, or None when nothing is to be said; between two of them :meth:`control` takes effect.
    One that is ``patient`` waits in the end until its model can be written; ``make_loop`` decides who shares the work.
    """

    def __init__(self, request: Train, patient: bool = False, make_loop: LoopMaker = TrainingLoop) -> None:
        self._request, self._make_loop = request, make_loop
        self._settings = check_settings(request.settings)
        dials = Dials(self._settings.learning_rate, self._settings.beta)
        self._memory = RunMemory(self._settings, dials)
        self._writer = RunWriter(request, self._memory)
        self._patient = patient
        self._ended = False
        self._action: ControlAction | None = None
        self._stepping = request.stepping
        self._norm = math.nan
        self._wanted: Dials | None = None

    def control(self, action: ControlAction) -> None:
        """Ask the run to stop, keeping the model, or to discard it, or to go step by step; before the next chunk."""
        if action in ("stop", "discard"):
            self._action = action
        self._stepping = action == "step"

    def adjust(self, dials: Dials) -> None:
        """Turn learning rate and β, from the next step on; ValueError if the settings do not allow it."""
        self._wanted = check_dials(dials, self._settings)

    def events(self) -> Iterator[Reply | None]:
        """Train, and yield what happens; :class:`UserError` or ValueError if that is not possible."""
        try:
            yield from self._events()
        except OSError as error:
            raise UserError(str(self._writer.folder.path), reason_of(error)) from error
        finally:
            self._writer.folder.close()

    def _events(self) -> Iterator[Reply | None]:
        self._data = yield from opening_data(self._request.data_path)
        train, test = self._images()
        self._architecture = architecture_of(self._settings, self._data.image_shape)
        self._writer.describe(self._data, self._architecture)
        self._loop = self._make_loop(self._architecture, self._settings, train, self._request.memory_limit)
        self._evaluator = Evaluator(self._architecture, test)
        self._state = self._starting_state()
        self._details = StepDetails(self._loop, self._settings.objective)
        # No steps: this only compiles, so that the first chunk has the speed of all others.
        self._loop.run(self._state, self._loop.epoch_order(0), 0, 0, self._memory.dials)
        yield TrainStarted(
            self._request.id,
            self._data.name,
            len(train),
            len(test),
            self._loop.steps_per_epoch,
            self._epoch,
            self._loop.loss.describe(),
            self._wanted or self._memory.dials,
            gigaflop_per_image(self._architecture, self._settings.samples),
            peak_gflops(),
            tuple(self._memory.history),
            self._writer.snapshots.kept(),
        )
        try:
            while self._action is None and not self._over():
                yield from self._train_epoch()
            yield from self._finish()
        except DivergedError as error:
            last_good = self._writer.folder.last_good(self._settings, self._memory.dials.learning_rate)
            yield Diverged(self._request.id, error.step, error.reason, last_good)

    # ------------------------------------------------------------------------------------------------- start

    def _images(self) -> tuple[np.ndarray, np.ndarray]:
        """Return the training and the test images; where the first are streamed, only so many of the others."""
        images, cut = load_images(self._data), self._data.train_count
        train, test = images[:cut], images[cut:]
        return train, test[:MAX_TEST_IMAGES] if train.nbytes > self._request.memory_limit else test

    def _starting_state(self) -> LoopState:
        folder, snapshots = self._writer.folder, self._writer.snapshots
        if not self._request.resume:
            folder.begin()
            snapshots.remove()
            return initial_state(self._architecture, self._settings.seed)
        checkpoint = folder.resume()
        self._check_same_run(checkpoint)
        state = self._memory.restore(checkpoint, self._architecture, self._request.learning_rate)
        snapshots.forget_after(len(self._memory.history))
        return state

    def _check_same_run(self, checkpoint: Checkpoint) -> None:
        """Only the number of epochs and the learning rate may differ: all else would not be the same run."""
        mine, theirs = asdict(self._settings), asdict(checkpoint.settings)
        other = [name for name in mine if name not in ("epochs", "learning_rate") and mine[name] != theirs[name]]
        if other:
            name = other[0]
            text = f"this run was started with {name.replace('_', ' ')} {theirs[name]}, not {mine[name]}"
            raise UserError(str(self._writer.folder.path), text)
        if checkpoint.data_digest != self._data.digest:
            raise UserError(str(self._writer.folder.path), f"this run was trained on other data than {self._data.name}")

    # ------------------------------------------------------------------------------------------------- epochs

    @property
    def _epoch(self) -> int:
        """Epochs completed."""
        return self._state.step // self._loop.steps_per_epoch

    def _over(self) -> bool:
        return self._epoch >= self._settings.epochs or self._memory.stopping.ends(self._settings)

    def _train_epoch(self) -> Iterator[Reply | None]:
        """Train to the end of the current epoch, or until told to stop."""
        epoch = self._epoch
        order = self._loop.epoch_order(epoch)
        self._loop.begin_epoch(self._state)
        while self._epoch == epoch:
            if self._action is not None:
                return
            if self._wanted is not None:
                self._memory.turn(self._wanted, self._state.step / self._loop.steps_per_epoch)
            if self._stepping:
                yield self._details.look(self._request.id, self._state, order, self._memory.dials)
            yield self._progress(self._train_chunk(order))
        evaluation = yield from self._evaluator.terms(self._kept())
        record, kept = self._record(evaluation), self._kept()
        self._memory.add(record, kept)
        info = self._writer.info(self._epoch, evaluation, evaluation.metrics())
        self._writer.snapshot(self._state.step, kept, info)
        yield EpochDone(self._request.id, record, self._writer.snapshots.kept())
        if self._writer.due and not self._over():
            yield self._writer.folder.news(self._writer.write(self._state, kept, info))

    def _record(self, evaluation: Evaluation) -> EpochRecord:
        sums = self._loop.epoch_sums(self._state)
        rate, beta = self._loop.scheduled(self._memory.dials, tf.constant(self._state.step - 1))
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
            images_per_second=self._loop.batch_size / self._memory.clock.seconds_per_step,
            elapsed=self._memory.clock.elapsed,
        )

    def _train_chunk(self, order: tf.Tensor) -> ChunkSums:
        batch = self._state.step % self._loop.steps_per_epoch
        left = self._loop.steps_per_epoch - batch
        steps = 1 if self._stepping else self._loop.chunk(self._memory.clock.chunk(), left)
        before, began = replace(self._state), time.perf_counter()
        sums = self._loop.run(self._state, order, batch, steps, self._memory.dials)
        self._memory.clock.add(steps, time.perf_counter() - began)
        self._norm = sums.gradient_norm if sums.values[3] else self._norm
        if self._fault(sums):
            self._raise_at_step(before, order)
        return sums

    def _fault(self, sums: ChunkSums) -> str:
        return fault_of(sums.means().loss, self._architecture.pixels)

    def _raise_at_step(self, state: LoopState, order: tf.Tensor) -> None:
        """Repeat a chunk from its beginning, one step at a time, and raise at the first that has a fault."""
        while state.step < self._state.step:
            sums = self._loop.run(state, order, state.step % self._loop.steps_per_epoch, 1, self._memory.dials)
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
            self._loop.batch_size / self._memory.clock.seconds_per_step,
            self._memory.clock.elapsed,
            left * self._memory.clock.seconds_per_step,
        )

    # ------------------------------------------------------------------------------------------------- end

    def _finish(self) -> Iterator[Reply | None]:
        """Evaluate and keep the model, or remove the run; a request to stop or discard cuts the wait short."""
        self._ended = True
        reason: FinishReason = "stopped" if self._action else self._ending()
        if self._state.step == 0:
            # There is nothing to keep yet.
            self._action = "discard"
        if self._action == "discard":
            yield self._discard()
            return
        evaluation = yield from self._evaluator.bound(self._kept())
        metrics = evaluation.metrics()
        if self._action is None:
            metrics |= yield from self._evidence()
        epoch = self._epoch if self._kept() is not self._memory.best else self._memory.stopping.best_epoch
        written = yield from self._keep(self._writer.info(epoch, evaluation, metrics))
        if written is None:
            yield self._discard()
            return
        yield written
        yield Finished(self._request.id, reason, written.path, self._epoch)

    def _ending(self) -> FinishReason:
        return "early" if self._memory.stopping.ends(self._settings) else "complete"

    def _discard(self) -> Finished:
        self._writer.folder.remove()
        return Finished(self._request.id, "discarded", None, self._epoch)

    def _keep(self, info: ModelInfo) -> Generator[Reply | None, None, CheckpointWritten | None]:
        """Write the last checkpoint; one that is patient tries until it succeeds, or the person gives up: None."""
        while self._action != "discard":
            written = self._writer.write(self._state, self._kept(), info, ended=True)
            if isinstance(written, CheckpointWritten):
                return written
            if not self._patient:
                raise UserError(written.folder, written.reason)
            yield self._writer.folder.news(written)
            time.sleep(SECONDS_PER_TRY)
        return None

    def _evidence(self) -> Generator[Reply | None, None, dict[str, float]]:
        """Estimate −log p(x), which takes seconds to minutes; nothing if told to stop meanwhile."""
        steps, told = self._evaluator.evidence(self._kept()), 0.0
        while self._action is None:
            try:
                share = next(steps)
            except StopIteration as end:
                return {"nll": -end.value[BOUND_DRAWS[-1]][0]}
            due = time.perf_counter() - told > SECONDS_PER_NEWS
            told = time.perf_counter() if due else told
            yield Evaluating(self._request.id, share) if due else None
        return {}

    def _kept(self) -> Tensors:
        """Return the weights that are evaluated and kept: in the end the best, if they are to be restored."""
        if self._ended and self._memory.best is not None:
            return self._memory.best
        return self._state.average if self._settings.average > 0.0 else self._state.parameters
