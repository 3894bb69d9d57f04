"""Saving the open model where the person wants it."""

from __future__ import annotations

import shutil
from pathlib import Path

from explorer.export.files import ExportError, whole_file
from explorer.state import AppState


def save_model(state: AppState, path: Path) -> bool:
    """Copy the open model's file to ``path``, whole or not at all; failures are notified, False is returned."""
    model = state.model.model
    if model is None:
        return False
    target = path if path.suffix else path.with_suffix(".safetensors")
    try:
        with whole_file(target) as unfinished:
            shutil.copyfile(model.path, unfinished)
    except ExportError as error:
        state.engine.notice("error", str(error))
        return False
    state.run.mark_saved(model.path)
    state.model.remember(str(target))
    state.model.open_model_requested.emit(str(target))
    state.engine.notice("info", f"Saved {target.name}.")
    return True
