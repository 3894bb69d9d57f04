"""Prepare a run: open its data, compile its loop, initialize its state or restore it from a checkpoint."""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import asdict
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from models.core.descriptions import DataInfo
from models.core.errors import UserError
from models.core.setting_table import SETTINGS
from models.core.settings import TrainSettings
from models.data.opening import load_images, opening_data
from models.data.source import silent
from models.protocol.training import Train, TrainStarted
from models.training.course import Course
from models.training.flops import gigaflop_per_image, peak_gflops
from models.training.loop import LoopState, TrainingLoop, initial_state
from models.training.memory import RunMemory
from models.training.recorder import RunWriter
from models.training.start import opened_start, start_parameters, started_architecture
from models.training.steering import Steering
from models.training.step_details import StepDetails
from models.training.storage.checkpoint import Checkpoint, latest_checkpoint
from models.training.storage.folder import RunFolder
from models.vae.architecture import Architecture, ParameterArrays, architecture_of
from models.vae.evaluation import Evaluator

# They are in memory all the time.
MAX_TEST_IMAGES = 10_000
# What a resumed run may have changed.
CHANGEABLE = ("epochs", "learning_rate")

Images = NDArray[np.uint8]
# Makes the loop of an architecture, settings, training images and the bytes of them that may be in memory.
LoopMaker = Callable[[Architecture, TrainSettings, Images, int], TrainingLoop]


def preparing(
    request: Train, steering: Steering, memory: RunMemory, writer: RunWriter, make_loop: LoopMaker
) -> Generator[None, None, tuple[Course, TrainStarted]]:
    """Return the prepared run and its first message; UserError or ValueError if it cannot be run."""
    data = yield from silent(opening_data(request.data_path, request.data_options))
    train, test = _split(data, request.memory_limit)
    opened = opened_start(request)
    architecture = (
        architecture_of(memory.settings, data.image_shape)
        if opened is None
        else started_architecture(opened, memory.settings, data)
    )
    writer.describe(data, architecture, None if opened is None else opened.info)
    loop = make_loop(architecture, memory.settings, train, request.memory_limit)
    evaluator = Evaluator(architecture, test)
    start = None if opened is None else start_parameters(opened, architecture)
    state = _starting_state(request, memory, writer, (architecture, start), data)
    details = StepDetails(loop, memory.settings.objective)
    course = Course(
        request, memory.settings, steering, memory, writer, data, architecture, loop, evaluator, state, details
    )
    # No steps: this only compiles, so that the first chunk has the speed of all others.
    loop.run(state, loop.epoch_order(0), 0, 0, memory.dials)
    return course, _started(course, len(train), len(test))


def _split(data: DataInfo, memory_limit: int) -> tuple[Images, Images]:
    """Return the training and the test images; if the former are streamed, only so many of the latter."""
    images, cut = load_images(data), data.train_count
    train, test = images[:cut], images[cut:]
    return train, test[:MAX_TEST_IMAGES] if train.nbytes > memory_limit else test


def _starting_state(
    request: Train,
    memory: RunMemory,
    writer: RunWriter,
    model: tuple[Architecture, ParameterArrays | None],
    data: DataInfo,
) -> LoopState:
    """Take the folder of the run, and return the state of its newest checkpoint, or that of step 0.

    That has the parameters given with the architecture of the ``model``, or fresh ones.
    """
    folder, snapshots, (architecture, start) = writer.folder, writer.snapshots, model
    checkpoint = _earlier(request, folder)
    if checkpoint is None:
        return initial_state(architecture, memory.settings.seed, start)
    _check_same_run(str(folder.path), checkpoint, memory.settings, data)
    state = memory.restore(checkpoint, architecture, request.learning_rate)
    if request.further and checkpoint.ended:
        memory.extend()
        snapshots.adopt(Path(request.further))
    snapshots.forget_after(len(memory.history))
    return state


def _earlier(request: Train, folder: RunFolder) -> Checkpoint | None:
    """Take the folder, and return the checkpoint to go on from, None to begin."""
    if request.resume:
        return folder.resume()
    checkpoint = None
    if request.again:
        checkpoint = folder.begin_again()
    else:
        folder.begin()
    return _ended(Path(request.further)) if checkpoint is None and request.further else checkpoint


def _ended(run_folder: Path) -> Checkpoint:
    """Return the checkpoint that a run ended with; UserError if it is not there or not whole."""
    checkpoint = latest_checkpoint(run_folder)
    if checkpoint is None:
        raise UserError(str(run_folder), "there is no whole checkpoint to train further from")
    return checkpoint


def _check_same_run(folder: str, checkpoint: Checkpoint, settings: TrainSettings, data: DataInfo) -> None:
    """Raise UserError unless settings and data are those of the checkpoint, but for what is :data:`CHANGEABLE`."""
    mine, theirs = asdict(settings), asdict(checkpoint.settings)
    other = [name for name in mine if name not in CHANGEABLE and mine[name] != theirs[name]]
    if other:
        row = SETTINGS[other[0]]
        text = f"this run was started with {row.label} {row.text(theirs[row.name])}, not {row.text(mine[row.name])}"
        raise UserError(folder, text)
    if checkpoint.data_digest != data.digest:
        raise UserError(folder, f"this run was trained on other data than {data.name}")


def _started(course: Course, train_count: int, test_count: int) -> TrainStarted:
    return TrainStarted(
        course.request.id,
        course.data.name,
        train_count,
        test_count,
        course.loop.steps_per_epoch,
        course.epoch,
        course.loop.steps.loss.describe(),
        course.steering.dials or course.memory.dials,
        gigaflop_per_image(course.architecture, course.settings.samples),
        peak_gflops(),
        tuple(course.memory.history),
        course.writer.snapshots.kept(),
    )
