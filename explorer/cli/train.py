"""``latentscape train``: train a model without the window."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.progress import Progress as ProgressBar
from rich.progress import TaskID, TextColumn

from explorer.cli.console import complain_over, print_result, progress_bar
from explorer.cli.exit_codes import EXIT_ERROR
from explorer.cli.info import model_fields, model_lines
from explorer.cli.recording import EpochReports, recording
from explorer.cli.resuming import keep_the_end, make_way, resumed
from explorer.cli.science import Data, find_data, open_named_model, opened_data, start_science
from explorer.cli.stopping import stopped_by_signals
from explorer.cli.targets import allow_replacing, check_target
from models.core.diagnosis import diagnose
from models.core.errors import UserError
from models.core.files import output_file
from models.core.history import EpochRecord
from models.core.setting_table import SETTINGS
from models.core.settings import TrainSettings
from models.protocol.training import (
    CheckpointDelayed,
    Diverged,
    EpochDone,
    Evaluating,
    Finished,
    Progress,
    Train,
    TrainStarted,
)

if TYPE_CHECKING:
    from models.training.run import TrainingRun

LISTS = tuple(row.name for row in SETTINGS.values() if row.kind == "sizes")
ENDINGS = {
    "complete": "done",
    "early": "stopped early at epoch {epoch}, kept the model of epoch {kept}",
    "stopped": "stopped, kept the model of epoch {kept}",
}


@dataclass(frozen=True)
class Outputs:
    """The places of the results: the model file and, if asked for, the curves and a TensorBoard log."""

    model: Path
    history: Path | None
    logdir: Path | None
    as_json: bool
    overwrite: bool = False


@dataclass(frozen=True)
class How:
    """The options of a training that are not part of the model; the memory limit is in MiB, ``start`` is a model.

    ``given`` names the options that were typed; a resumed run takes all others from its checkpoint.
    """

    resume: bool
    memory_limit: int
    strategy: str | None = None
    given: frozenset[str] = frozenset()
    start: str | None = None


def run_training(data: Data, outputs: Outputs, how: How, options: Mapping[str, Any]) -> int:
    """Train on ``data`` and write the model; return the exit code.

    Checkpoints lie in ``OUT.run``, so that ``--resume`` can continue after a crash, Ctrl-C, a shutdown or a closed
    terminal. The last one stays there, so that a training that is complete can be trained further. In a cluster only
    the chief writes files and prints; the other machines are silent.
    """
    out = outputs.model
    check_target(out, ".safetensors")
    if outputs.history is not None:
        check_target(outputs.history, ".csv", ".json")
    typed = {**options, **{name: parse_sizes(options[name], name) for name in LISTS}}
    run_folder = out.with_suffix(".run")
    request = Train(
        1, str(find_data(data.name)), str(run_folder), out.stem, TrainSettings(**typed), how.resume,
        memory_limit=how.memory_limit << 20, data_options=data.options,
    )  # fmt: skip
    if how.start is not None and not how.resume:
        request = _started(request, how)
    if how.resume:
        given = {name: typed[name] for name in how.given if name in typed}
        request = resumed(request, out, given, wanted=outputs.history is not None)
    if not request.start:
        _check_input(replace(data, options=request.data_options), request.settings, outputs.as_json)
    if not _is_chief(how):
        return _assist(request, how)
    if not how.resume:
        # What a run wrote when it was stopped is its own to replace.
        files = [file for file in (out, outputs.history) if file is not None]
        make_way(run_folder, out, partial(allow_replacing, files, outputs.overwrite))
    start_science("trainer")
    run = _run_of(request, how)
    with (
        stopped_by_signals(partial(run.control, "stop")),
        recording(outputs.history, outputs.logdir, run_folder) as curves,
    ):
        story, finished = _follow(run, curves)
        if finished.path is None:
            raise KeyboardInterrupt
        # Before the curves, so that failing to write those does not cost the model.
        _keep_model(Path(finished.path), out, run_folder)
        curves.model = out
    if finished.reason != "stopped" and not curves.lost:
        # Last of all: until model and curves are on the disk, the run is all there is of them.
        keep_the_end(run_folder)
    _report(outputs, finished, story, curves.records, run_folder)
    return EXIT_ERROR if curves.lost else 0


def _started(request: Train, how: How) -> Train:
    """Return the request to start with a model, whose network and, unless another was typed, likelihood it takes."""
    start_science("trainer")
    opened = open_named_model(how.start or "")
    from models.training.start import settings_of_start

    settings = settings_of_start(opened, request.settings)
    if "likelihood" not in how.given:
        settings = replace(settings, likelihood=opened.info.settings.likelihood)
    return replace(request, start=opened.info.origin, settings=settings)


def _keep_model(model: Path, out: Path, run_folder: Path) -> None:
    """Copy the model to where it was asked for; UserError says where else it is."""
    try:
        with output_file(out) as draft:
            shutil.copyfile(model, draft)
    except UserError as error:
        way_on = f"the run is kept in {run_folder}: --resume writes the model once there is room"
        raise UserError(error.subject, error.reason, way_on) from error


def _is_chief(how: How) -> bool:
    """Return whether this process writes the results: always, unless TF_CONFIG makes another machine the chief."""
    from models.training.cluster import read_cluster

    return how.strategy != "multiworker" or read_cluster().chief


def _assist(request: Train, how: How) -> int:
    """Train on a machine that is not the chief; its own copy of the run is discarded at the end."""
    with tempfile.TemporaryDirectory() as scratch:
        mine = Path(scratch) / "run"
        if request.resume:
            _copy_run(Path(request.run_folder), mine)
        start_science("trainer")
        assisting = replace(request, run_folder=str(mine), further=str(mine) if request.further else "")
        for event in _run_of(assisting, how).events():
            if isinstance(event, Diverged):
                raise ValueError(_diverged(event))
    return 0


def _copy_run(run_folder: Path, mine: Path) -> None:
    """Copy the checkpoints of the chief; UserError if they are not on this machine."""
    if not run_folder.is_dir():
        raise UserError(str(run_folder), "to resume, the run folder must exist on every machine")
    shutil.copytree(run_folder, mine, ignore=shutil.ignore_patterns(".*", "run.lock", "epochs"))


def _run_of(request: Train, how: How) -> TrainingRun:
    """Return the run, possibly shared by several devices or machines; wait until all machines have joined.

    A batch size that was typed is per replica; that of a resumed run is the total over all replicas.
    """
    from models.training.run import TrainingRun

    if how.strategy is None:
        return TrainingRun(request)
    from models.training.distributed import mirrored, multiworker, shared_by

    strategy = mirrored() if how.strategy == "mirrored" else multiworker()
    of_each = not how.resume or "batch_size" in how.given
    batch = request.settings.batch_size * (strategy.num_replicas_in_sync if of_each else 1)
    settings = replace(request.settings, batch_size=batch)
    return TrainingRun(replace(request, settings=settings), make_loop=shared_by(strategy))


def _check_input(data: Data, settings: TrainSettings, silent: bool) -> None:
    """Reject unusable data or settings, before TensorFlow is imported."""
    from models.core.setting_checks import check_settings
    from models.vae.architecture import architecture_of

    architecture_of(check_settings(settings), opened_data(data, silent).image_shape)


def parse_sizes(text: str, option: str) -> tuple[int, ...]:
    """Parse layer sizes such as ``256,128``; no layers for an empty text. UserError for anything else."""
    try:
        return tuple(int(part) for part in text.split(",")) if text.strip() else ()
    except ValueError as error:
        raise UserError(f"--{option}", f"{text!r} is not a list of numbers like 256,128") from error


@dataclass
class Story:
    """The outcome of a run: ``loss`` names the objective that was maximized, ``last`` is the last progress report."""

    loss: str = ""
    last: Progress | None = None


def _follow(run: TrainingRun, curves: EpochReports) -> tuple[Story, Finished]:
    """Pull the run to its end behind a progress bar; return how it went and its end."""
    story = Story()
    with progress_bar(TextColumn("{task.fields[terms]}")) as bar:
        task = bar.add_task("reading data and compiling", total=None, terms="")
        for event in run.events():
            if isinstance(event, Finished):
                return story, event
            if isinstance(event, TrainStarted):
                story.loss = event.loss
                _complain(bar, curves.add(*event.records))
            elif isinstance(event, EpochDone):
                _complain(bar, curves.add(event.record))
            elif isinstance(event, Diverged):
                raise ValueError(_diverged(event))
            elif isinstance(event, CheckpointDelayed):
                complain_over(bar, f"{event.folder}: cannot write a checkpoint: {event.reason}; training continues")
            elif isinstance(event, Progress):
                story.last = event
            _show(bar, task, event)
    raise AssertionError("training must end with Finished")


def _complain(bar: ProgressBar, complaint: str) -> None:
    if complaint:
        complain_over(bar, f"{complaint}; training continues")


def _show(bar: ProgressBar, task: TaskID, event: object) -> None:
    if isinstance(event, TrainStarted):
        bar.update(task, terms=event.loss)
    elif isinstance(event, Progress):
        bar.update(task, description="epoch", completed=round(event.epoch, 1), total=event.epochs)
    elif isinstance(event, Evaluating):
        bar.update(task, description="estimating −log p(x)", completed=round(100 * event.share), total=100)
    elif isinstance(event, EpochDone):
        record = event.record
        terms = f"ELBO {record.train.elbo:.2f} train, {record.test.elbo:.2f} test"
        bar.update(task, completed=record.epoch, terms=terms)


def _diverged(event: Diverged) -> str:
    text = f"the training diverged at step {event.step}: {event.reason}; "
    if event.last_good is None:
        return text + "try a lower learning rate"
    rate = event.last_good.learning_rate / 2.0
    return f"{text}continue from epoch {event.last_good.epoch} with --resume --learning-rate {rate:g}"


def _report(
    outputs: Outputs, finished: Finished, story: Story, records: Sequence[EpochRecord], run_folder: Path
) -> None:
    """Print how the run went, and how it can go on."""
    from models.vae.model_file import open_model

    info, last = open_model(outputs.model).info, story.last
    trouble = diagnose(records, info.settings)
    seconds = 0.0 if last is None else last.elapsed
    speed = 0.0 if last is None else last.images_per_second
    result = {
        **model_fields(info), "reason": finished.reason, "loss": story.loss, "seconds": seconds,
        "images_per_second": speed, "trouble": trouble,
        "run_folder": str(run_folder) if finished.reason == "stopped" else None, "checkpoint": str(run_folder),
    }  # fmt: skip
    ending = ENDINGS[finished.reason].format(epoch=finished.epoch, kept=info.epoch)
    lines = [
        f"{ending} after {seconds:.1f} s at {speed:,.0f} images/s, maximizing the {story.loss}", *model_lines(info)
    ]  # fmt: skip
    more = "" if finished.reason == "stopped" else f" --epochs N, more than {finished.epoch}"
    onward = f"to {'train further' if more else 'continue'}, use --resume{more}; the checkpoint is in {run_folder}"
    print_result(result, [*lines, onward, *filter(None, [trouble])], outputs.as_json)
