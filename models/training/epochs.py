"""Train for one epoch, in chunks of steps between which a run can be steered."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace

import tensorflow as tf

from models.core.history import EpochRecord
from models.protocol.messages import Reply
from models.protocol.training import EpochDone, Progress
from models.training.course import Course
from models.training.divergence import DivergedError, fault_of
from models.training.loop import ChunkSums, LoopState
from models.vae.evaluation import Evaluation


def train_epoch(course: Course) -> Iterator[Reply | None]:
    """Train to the end of the current epoch, or until told to end; DivergedError if the loss diverges."""
    epoch = course.epoch
    order = course.loop.epoch_order(epoch)
    course.loop.begin_epoch(course.state)
    while course.epoch == epoch:
        if course.steering.ending is not None:
            return
        if course.steering.dials is not None:
            course.memory.turn(course.steering.dials, course.progress)
        if course.steering.stepping:
            yield course.details.look(course.request.id, course.state, order, course.memory.dials)
        yield _progress(course, _train_chunk(course, order))
    yield from _end_epoch(course)


def _end_epoch(course: Course) -> Iterator[Reply | None]:
    """Evaluate and record the epoch, keep its model, and write a checkpoint if one is due."""
    kept, writer = course.weights, course.writer
    evaluation = yield from course.evaluator.terms(kept)
    record = _record(course, evaluation)
    course.memory.add(record, kept)
    info = writer.info(course.epoch, evaluation, evaluation.metrics())
    writer.snapshot(course.state.step, kept, info)
    yield EpochDone(course.request.id, record, writer.snapshots.kept())
    if writer.due and not course.complete:
        yield writer.folder.news(writer.write(course.state, kept, info))


def _train_chunk(course: Course, order: tf.Tensor) -> ChunkSums:
    """Make as many steps as take about a tenth of a second; DivergedError at the first that has a fault."""
    batch, clock = course.state.step % course.loop.steps_per_epoch, course.memory.clock
    left = course.loop.steps_per_epoch - batch
    steps = 1 if course.steering.stepping else course.loop.chunk(clock.chunk(), left)
    before, began = replace(course.state), time.perf_counter()
    sums = course.loop.run(course.state, order, batch, steps, course.memory.dials)
    clock.add(steps, time.perf_counter() - began)
    if sums.values[3]:
        course.gradient_norm = sums.gradient_norm
    if _fault(course, sums):
        _raise_at_step(course, before, order)
    return sums


def _fault(course: Course, sums: ChunkSums) -> str:
    return fault_of(sums.means().loss, course.architecture.pixels)


def _raise_at_step(course: Course, state: LoopState, order: tf.Tensor) -> None:
    """Repeat a chunk from its beginning, one step at a time, and raise at the first that has a fault."""
    while state.step < course.state.step:
        sums = course.loop.run(state, order, state.step % course.loop.steps_per_epoch, 1, course.memory.dials)
        if fault := _fault(course, sums):
            raise DivergedError(state.step, fault)


def _progress(course: Course, sums: ChunkSums) -> Progress:
    left = course.settings.epochs * course.loop.steps_per_epoch - course.state.step
    return Progress(
        course.request.id,
        course.progress,
        course.settings.epochs,
        course.state.step,
        sums.means(),
        course.gradient_norm,
        course.images_per_second,
        course.memory.clock.elapsed,
        left * course.memory.clock.seconds_per_step,
    )


def _record(course: Course, evaluation: Evaluation) -> EpochRecord:
    sums = course.loop.epoch_sums(course.state)
    rate, beta = course.loop.steps.scheduled(course.memory.dials, tf.constant(course.state.step - 1))
    return EpochRecord(
        epoch=course.epoch,
        step=course.state.step,
        train=sums.means(),
        test=evaluation.terms,
        kl_per_dim=tuple(evaluation.kl_per_dim.tolist()),
        active_units=int(evaluation.active.sum()),
        gradient_norm=sums.gradient_norm,
        learning_rate=float(rate),
        beta=float(beta),
        mu_counts=evaluation.mu_counts,
        sigma_counts=evaluation.sigma_counts,
        images_per_second=course.images_per_second,
        elapsed=course.memory.clock.elapsed,
    )
