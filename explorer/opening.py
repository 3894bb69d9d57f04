"""What to do with a file that was dropped on the window, chosen in a dialog or named on the command line."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from explorer.state import AppState
from explorer.state.latent import Source
from models.protocol import is_sprites

if TYPE_CHECKING:
    from explorer.export.images import Latent

PICTURES = {".png", ".jpg", ".jpeg", ".bmp", ".webp", ".gif", ".tif", ".tiff"}
MODELS = {".safetensors"}


def open_path(state: AppState, path: str) -> None:
    """Open a model, an exported or any other picture, or a data set, by what the path is."""
    kind = Path(path).suffix.lower()
    if is_sprites(path) and not Path(path).exists():
        state.model.open_data_requested.emit(path)
    elif not Path(path).exists():
        state.engine.notice("error", f"{path}: there is no such file.")
    elif kind in MODELS:
        state.model.open_model_requested.emit(path)
    elif kind in PICTURES and Path(path).is_file():
        _open_picture(state, path)
    else:
        # A full path: a folder with the name of generated data is none of those.
        state.model.open_data_requested.emit(str(Path(path).absolute()))


def _open_picture(state: AppState, path: str) -> None:
    from explorer.export.files import ExportError
    from explorer.export.images import read_latent

    try:
        latent = read_latent(Path(path))
    except ExportError as error:
        state.engine.notice("error", str(error))
        return
    if latent is None:
        state.model.open_picture_requested.emit(path)
    else:
        _return_to(state, path, latent)


def _return_to(state: AppState, path: str, latent: Latent) -> None:
    name, model = Path(path).name, state.model.model
    if len(latent.z) != state.latent.latent_dim:
        state.engine.notice(
            "error",
            f"{name} holds a point of {len(latent.z)} dimensions from the model {latent.model!r}; "
            f"the open model has {state.latent.latent_dim}.",
        )
        return
    with state.latent.step(f"Open {name}"):
        state.latent.set_posterior(
            np.asarray(latent.mu), np.asarray(latent.sigma), Source("picture", name), np.asarray(latent.z)
        )
    if model is not None and latent.model_hash != model.digest:
        state.engine.notice("warning", f"{name} was made by another model ({latent.model}); its point is shown here.")
    else:
        state.engine.notice("info", f"Back at the point of {name}.")
