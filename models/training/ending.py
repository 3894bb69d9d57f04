"""End a run: evaluate and keep its model, or move what it left to the trash."""

from __future__ import annotations

import time
from collections.abc import Generator, Iterator
from contextlib import suppress

from models.core.descriptions import ModelInfo
from models.core.errors import UserError
from models.protocol.messages import Reply
from models.protocol.training import CheckpointWritten, Evaluating, Finished, FinishReason
from models.training.course import Course
from models.training.divergence import DivergedError
from models.vae.evaluation import BOUND_DRAWS, Evidence
from models.vae.networks import Tensors

SECONDS_PER_TRY = 0.5
SECONDS_PER_NEWS = 0.1


def end_run(course: Course, patient: bool) -> Iterator[Reply | None]:
    """Evaluate and keep the model, or discard the run; a request to stop or discard cuts the wait short.

    A ``patient`` run waits until its model can be written.
    """
    reason = _reason(course)
    if course.state.step == 0 or course.steering.ending == "discard":
        yield from _discarded(course)
        return
    epoch, kept = _kept(course)
    info = yield from _evaluated(course, epoch, kept)
    written = yield from _written(course, kept, info, patient)
    if written is None:
        yield from _discarded(course)
        return
    yield written
    yield Finished(course.request.id, reason, written.path, course.epoch)


def _reason(course: Course) -> FinishReason:
    if course.steering.ending is not None:
        return "stopped"
    return "early" if course.memory.stopping.ends(course.settings) else "complete"


def _discarded(course: Course) -> Iterator[Reply | None]:
    """Move the run to the trash as it is now, so that all of it can be taken back."""
    if course.state.step > 0 and course.writer.written_step != course.state.step:
        with suppress(DivergedError):
            yield from _secured(course)
    restorable = course.writer.folder.discard()
    yield Finished(course.request.id, "discarded", None, course.epoch, restorable)


def _secured(course: Course) -> Iterator[Reply | None]:
    """Write a last checkpoint; where the disk is full, the one before must do."""
    kept = course.weights
    evaluation = yield from course.evaluator.terms(kept)
    course.writer.write(course.state, kept, course.writer.info(course.epoch, evaluation, evaluation.metrics()))


def _kept(course: Course) -> tuple[int, Tensors]:
    """Return the weights to keep and their epoch: the last ones, or the best if they are to be restored."""
    best = course.memory.best
    return (course.epoch, course.weights) if best is None else (course.memory.stopping.best_epoch, best)


def _evaluated(course: Course, epoch: int, kept: Tensors) -> Generator[Reply | None, None, ModelInfo]:
    """Return the description of the model with its metrics, −log p(x) among them unless told to stop."""
    evaluation = yield from course.evaluator.bound(kept)
    evidence = yield from _evidence(course, kept)
    if evidence is None:
        return course.writer.info(epoch, evaluation, evaluation.metrics())
    evaluation = evaluation.refined(evidence)
    nll = -evidence.bounds[BOUND_DRAWS[-1]][0]
    return course.writer.info(epoch, evaluation, evaluation.metrics() | {"nll": nll})


def _evidence(course: Course, kept: Tensors) -> Generator[Reply | None, None, Evidence | None]:
    """Estimate log p(x), which takes seconds to minutes; None if told to stop meanwhile."""
    steps, told = course.evaluator.evidence(kept), 0.0
    while course.steering.ending is None:
        try:
            share = next(steps)
        except StopIteration as end:
            evidence: Evidence = end.value
            return evidence
        due = time.perf_counter() - told > SECONDS_PER_NEWS
        told = time.perf_counter() if due else told
        yield Evaluating(course.request.id, share) if due else None
    return None


def _written(
    course: Course, kept: Tensors, info: ModelInfo, patient: bool
) -> Generator[Reply | None, None, CheckpointWritten | None]:
    """Write the last checkpoint; a patient run tries until that succeeds, or the person gives up: None."""
    while course.steering.ending != "discard":
        written = course.writer.write(course.state, kept, info, ended=True)
        if isinstance(written, CheckpointWritten):
            return written
        if not patient:
            raise UserError(written.folder, written.reason, "the last checkpoint is kept; resume once there is room")
        yield course.writer.folder.news(written)
        time.sleep(SECONDS_PER_TRY)
    return None
