"""Open files that were dropped on the window, chosen in a dialog or named on the command line; save models, curves."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from explorer.state import AppState
from explorer.state.latent import PointSource
from models.core.errors import UserError
from models.core.files import output_file, with_ending
from models.core.formats import MODEL_SUFFIX, PICTURE_SUFFIXES
from models.core.history import SUFFIXES, write_history
from models.core.sprite_names import is_sprites

if TYPE_CHECKING:
    from explorer.export.pictures import Latent


def open_path(state: AppState, path: str) -> None:
    """Open a model, an exported or any other picture, or a data set, by what the path is."""
    kind = Path(path).suffix.lower()
    if is_sprites(path) and not Path(path).exists():
        state.model.request_data(path)
    elif not Path(path).exists():
        state.notices.notice("error", f"{path}: no such file.")
    elif kind == MODEL_SUFFIX:
        state.model.request_model(path)
    elif kind in PICTURE_SUFFIXES and Path(path).is_file():
        _open_picture(state, path)
    else:
        # A full path: a folder with the name of generated data is none of those.
        state.model.request_data(str(Path(path).absolute()))


def _open_picture(state: AppState, path: str) -> None:
    from explorer.export.pictures import read_latent

    try:
        latent = read_latent(Path(path))
    except UserError as error:
        state.notices.notice("error", str(error))
        return
    if latent is None:
        state.model.request_picture(path)
    else:
        _return_to(state, path, latent)


def _return_to(state: AppState, path: str, latent: Latent) -> None:
    name, model = Path(path).name, state.model.model
    if len(latent.z) != state.latent.latent_dim:
        state.notices.notice(
            "error",
            f"{name} holds a point with {len(latent.z)} dimensions from the model {latent.model!r}, "
            f"but the open model has {state.latent.latent_dim}.",
        )
        return
    with state.latent.step(f"Open {name}"):
        state.latent.set_posterior(
            np.asarray(latent.mu), np.asarray(latent.sigma), PointSource("picture", name), np.asarray(latent.z)
        )
    if model is not None and latent.model_hash != model.digest:
        text = f"{name} was made with another model ({latent.model}); its point is shown in this one."
        state.notices.notice("warning", text)
    else:
        state.notices.notice("info", f"Returned to the point saved in {name}.")


def save_model(state: AppState, source: str, path: Path) -> bool:
    """Copy the model file ``source`` to ``path``, whole or not at all; failures are notified, False is returned."""
    target = with_ending(path, MODEL_SUFFIX)
    try:
        with output_file(target) as draft:
            shutil.copyfile(source, draft)
    except UserError as error:
        state.notices.notice("error", str(error))
        return False
    state.run.mark_saved(source)
    state.model.remember(str(target))
    state.model.request_model(str(target))
    state.notices.notice("info", f"Saved {target.name}.")
    return True


def save_curves(state: AppState, path: Path) -> None:
    """Write the curves of the run to a ``.csv`` or ``.json`` file, with the names of Keras; failures are notified."""
    target = with_ending(path, *SUFFIXES)
    try:
        write_history(target, state.run.records)
    except UserError as error:
        state.notices.notice("error", str(error))
    else:
        state.notices.notice("info", f"Wrote {target.name}: {len(state.run.records)} epochs.")
