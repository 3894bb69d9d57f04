"""Saving the open model and the curves of a run where the person wants them."""

from __future__ import annotations

import shutil
from pathlib import Path

from explorer.export.files import ExportError, whole_file, with_ending
from explorer.state import AppState
from models.history import SUFFIXES, write_history
from models.protocol import InputError


def save_model(state: AppState, source: str, path: Path) -> bool:
    """Copy the model file ``source`` to ``path``, whole or not at all; failures are notified, False is returned."""
    target = with_ending(path, ".safetensors")
    try:
        with whole_file(target) as unfinished:
            shutil.copyfile(source, unfinished)
    except ExportError as error:
        state.engine.notice("error", str(error))
        return False
    state.run.mark_saved(source)
    state.model.remember(str(target))
    state.model.open_model_requested.emit(str(target))
    state.engine.notice("info", f"Saved {target.name}.")
    return True


def save_curves(state: AppState, path: Path) -> None:
    """Write the curves of the run to a ``.csv`` or ``.json`` file, with the names of Keras; failures are notified."""
    target = with_ending(path, *SUFFIXES)
    try:
        write_history(target, state.run.records)
    except InputError as error:
        state.engine.notice("error", str(error))
    else:
        state.engine.notice("info", f"Wrote {target.name}: {len(state.run.records)} epochs.")
