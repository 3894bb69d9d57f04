"""Go on with a training on the command line: after an interruption, or further than it was meant to go."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from models.core.data_options import AS_FOUND
from models.core.errors import UserError
from models.core.reading import read_file
from models.protocol.training import Train

if TYPE_CHECKING:
    from models.training.storage.checkpoint import Checkpoint


def resumed(request: Train, out: Path, typed: Mapping[str, Any], wanted: bool = False) -> Train:
    """Return the request that goes on with the run in its folder, with its settings overridden by those ``typed``.

    UserError if there is nothing left to do, and its curves are not ``wanted``. Without a run the request stays as it
    is: the trainer complains.
    """
    from models.training.storage.checkpoint import latest_checkpoint

    folder = Path(request.run_folder)
    checkpoint = latest_checkpoint(folder)
    if checkpoint is None:
        return request
    settings = replace(checkpoint.settings, **{"learning_rate": checkpoint.dials.learning_rate, **typed})
    done, held = len(checkpoint.history), _holds_model(out, checkpoint)
    if checkpoint.complete and settings.epochs <= done and held and not wanted:
        way_on = f"use --epochs with more than {done} to train further"
        raise UserError(str(folder), f"this run is complete after {done} epochs", way_on)
    # Where the model is not in place yet, that is what is asked for.
    further = checkpoint.complete and settings.epochs > done and (held or "epochs" in typed)
    # Unless it is said again, the data are read as they were.
    read_by = request.data_options if request.data_options != AS_FOUND else checkpoint.data_options
    return replace(request, settings=settings, further=str(folder) if further else "", data_options=read_by)


def make_way(run_folder: Path, out: Path, agreed: Callable[[], None]) -> None:
    """Remove a complete run whose model is in ``out``; UserError where there is other work, or a process is at work.

    Before anything is removed, ``agreed`` asks whether what is there may be replaced, and raises if it may not.
    """
    from models.training.storage.checkpoint import latest_checkpoint
    from models.training.storage.folder import check_vacant
    from models.training.storage.removal import remove_run
    from models.training.storage.shelf import at_rest

    if not run_folder.is_dir():
        agreed()
        return
    with at_rest(run_folder):
        found = latest_checkpoint(run_folder)
        over = found is not None and found.complete
        if found is not None and over and not _holds_model(out, found):
            state = f"this run is complete after {len(found.history)} epochs, but {out.name} is not its model"
            way_on = "use --resume to continue it, or move its folder away to start over"
            raise UserError(str(run_folder), state, way_on)
        if not over:
            check_vacant(run_folder)
    agreed()
    if over:
        remove_run(run_folder)


def keep_the_end(run_folder: Path) -> None:
    """Keep of a run that is complete what is needed to train it further: not the models of its epochs."""
    from models.training.storage.snapshots import Snapshots

    Snapshots(run_folder).remove()


def _holds_model(out: Path, checkpoint: Checkpoint) -> bool:
    """Return whether the model file ``out`` is that of the checkpoint."""
    try:
        return read_file(out) == read_file(checkpoint.model_path)
    except OSError:
        return False
