"""``latentscape train``: the trainer of the window without the window."""

from __future__ import annotations

import signal
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any

from rich.progress import Progress as ProgressBar
from rich.progress import TaskID, TextColumn

from explorer.commands.info import model_fields, model_lines
from explorer.commands.report import print_result, progress_bar
from explorer.commands.science import check_target, find_data, start_science
from explorer.export.files import whole_file
from models.protocol import (
    CheckpointDelayed,
    Diverged,
    EpochDone,
    Finished,
    InputError,
    Progress,
    Train,
    TrainSettings,
    TrainStarted,
)

if TYPE_CHECKING:
    from models.training import TrainingRun


def run_training(data: str, out: Path, options: Mapping[str, Any], resume: bool, as_json: bool) -> int:
    """Train on ``data`` and leave the model at ``out``; return the exit code.

    Checkpoints lie in ``OUT.run`` until the model is written, so that ``--resume`` goes on after a crash.
    """
    check_target(out, ".safetensors")
    settings = TrainSettings(**{**options, "hidden": parse_hidden(options["hidden"])})
    _check_input(find_data(data), settings)
    run_folder = out.with_suffix(".run")
    request = Train(1, str(find_data(data)), str(run_folder), out.stem, settings, resume)
    start_science("trainer")
    from models.checkpoint import remove_run
    from models.training import TrainingRun

    run = TrainingRun(request)
    with _stopped_by_interrupt(run):
        finished, last = _follow(run)
    if finished.path is None:
        raise KeyboardInterrupt
    with whole_file(out) as unfinished:
        unfinished.write_bytes(Path(finished.path).read_bytes())
    remove_run(run_folder)
    _report(out, finished, last, as_json)
    return 0


def _check_input(data: Path, settings: TrainSettings) -> None:
    """Refuse data or settings that cannot be used before TensorFlow is imported."""
    from models.architecture import architecture_of
    from models.datasets import open_data
    from models.settings import check_settings

    architecture_of(check_settings(settings), open_data(data).image_shape)


def parse_hidden(text: str) -> tuple[int, ...]:
    """Return the layers of e.g. ``256,128``; none for an empty text. InputError if it is something else."""
    try:
        return tuple(int(part) for part in text.split(",")) if text.strip() else ()
    except ValueError as error:
        raise InputError("--hidden", f"{text!r} is not a list of numbers like 256,128") from error


@contextmanager
def _stopped_by_interrupt(run: TrainingRun) -> Iterator[None]:
    """Let Ctrl-C end the training and keep the model; a second Ctrl-C interrupts as always."""

    def stop(_signal: int, _frame: FrameType | None) -> None:
        run.control("stop")
        signal.signal(signal.SIGINT, signal.default_int_handler)

    before = signal.signal(signal.SIGINT, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _follow(run: TrainingRun) -> tuple[Finished, Progress | None]:
    """Pull the run to its end behind a progress bar; return its end and its last progress."""
    last: Progress | None = None
    with progress_bar(TextColumn("{task.fields[terms]}")) as bar:
        task = bar.add_task("reading and compiling", total=None, terms="")
        for event in run.events():
            if isinstance(event, Finished):
                return event, last
            if isinstance(event, Diverged):
                raise ValueError(_diverged(event))
            if isinstance(event, CheckpointDelayed):
                bar.print(f"latentscape: {event.folder}: no checkpoint: {event.reason}; the training goes on")
            elif isinstance(event, Progress):
                last = event
            _show(bar, task, event)
    raise AssertionError("a training ends with Finished")


def _show(bar: ProgressBar, task: TaskID, event: object) -> None:
    if isinstance(event, TrainStarted):
        bar.console.print(f"minimizing the negative {event.loss}")
    elif isinstance(event, Progress):
        bar.update(task, description="epoch", completed=round(event.epoch, 1), total=event.epochs)
    elif isinstance(event, EpochDone):
        record = event.record
        terms = f"ELBO {record.train.elbo:.2f} train, {record.test.elbo:.2f} test"
        bar.update(task, completed=record.epoch, terms=terms)


def _diverged(event: Diverged) -> str:
    text = f"the training diverged at step {event.step}: {event.reason}; "
    if event.last_good is None:
        return text + "a lower learning rate may help"
    rate = event.last_good.settings.learning_rate / 2.0
    return f"{text}--resume --learning-rate {rate:g} goes on from epoch {event.last_good.epoch}"


def _report(out: Path, finished: Finished, last: Progress | None, as_json: bool) -> None:
    from models.opening import open_model

    info = open_model(out).info
    seconds = 0.0 if last is None else last.elapsed
    speed = 0.0 if last is None else last.images_per_second
    result = {
        **model_fields(info), "reason": finished.reason, "seconds": seconds, "images_per_second": speed
    }  # fmt: skip
    ending = "done" if finished.reason == "complete" else f"stopped, kept at epoch {finished.epoch}"
    lines = [f"{ending} after {seconds:.1f} s at {speed:,.0f} images/s", *model_lines(info)]
    print_result(result, lines, as_json)
