"""Go on with a training on the command line: after an interruption, or further than it was meant to go."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from models.core.errors import UserError
from models.protocol.training import Train

if TYPE_CHECKING:
    from models.training.storage.checkpoint import Checkpoint


def resumed(request: Train, out: Path, typed: Mapping[str, Any]) -> Train:
    """Return the request that goes on with the run in its folder, with its settings overridden by those ``typed``.

    UserError if there is nothing left to do. Without a run the request stays as it is: the trainer complains.
    """
    from models.training.storage.checkpoint import latest_checkpoint

    folder = Path(request.run_folder)
    checkpoint = latest_checkpoint(folder)
    if checkpoint is None:
        return request
    settings = replace(checkpoint.settings, **{"learning_rate": checkpoint.dials.learning_rate, **typed})
    done, held = len(checkpoint.history), _holds_model(out, checkpoint)
    if checkpoint.complete and settings.epochs <= done and held:
        way_on = f"use --epochs with more than {done} to train further"
        raise UserError(str(folder), f"this run is complete after {done} epochs", way_on)
    # Where the model is not in place yet, that is what is asked for.
    further = checkpoint.complete and settings.epochs > done and (held or "epochs" in typed)
    return replace(request, settings=settings, further=str(folder) if further else "")


def make_way(run_folder: Path, out: Path) -> None:
    """Remove a complete run whose model is in ``out``; UserError where a run can be resumed, or has the only copy."""
    from models.training.storage.folder import checkpoint_at_rest, remove_run

    found = checkpoint_at_rest(run_folder)
    if found is None:
        return
    if found.complete and _holds_model(out, found):
        remove_run(run_folder)
        return
    epoch = len(found.history)
    if found.complete:
        state = f"this run is complete after {epoch} epochs, but {out.name} is not its model"
    else:
        state = f"this run was {'stopped' if found.ended else 'interrupted'} after epoch {epoch}"
    raise UserError(str(run_folder), state, "use --resume to continue it, or remove its folder to start over")


def keep_the_end(run_folder: Path) -> None:
    """Keep of a run that is complete what is needed to train it further: not the models of its epochs."""
    from models.training.storage.snapshots import Snapshots

    Snapshots(run_folder).remove()


def _holds_model(out: Path, checkpoint: Checkpoint) -> bool:
    """Return whether the model file ``out`` is that of the checkpoint."""
    try:
        return out.read_bytes() == checkpoint.model_path.read_bytes()
    except OSError:
        return False
