"""Open files that were dropped on the window, chosen in a dialog or named on the command line; save models, curves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from explorer.state import AppState
from explorer.state.latent import PointSource, fault_of
from explorer.state.unsaved import UnsavedModel
from models.core.descriptions import digest_of_model
from models.core.errors import UserError
from models.core.files import is_file, is_there, output_file, reason_of, with_ending
from models.core.foreign import is_model
from models.core.formats import MODEL_SUFFIX, PICTURE_SUFFIXES, is_elsewhere
from models.core.history import SUFFIXES, EpochRecord, StoredRun, write_history
from models.core.reading import read_file
from models.core.sprite_names import is_sprites

if TYPE_CHECKING:
    from explorer.export.pictures import Latent


def open_path(state: AppState, path: str, look: bool = False) -> None:
    """Open a model, an exported or any other picture, or a data set, by what the path is.

    With ``look`` data are shown before they replace the open ones.
    """
    if not path or is_elsewhere(path):
        text = f"{path or 'What was dropped'}: this is not a file on this computer. Download it first."
        state.notices.notice("error", text, "open")
    elif is_sprites(path) and not is_there(path):
        state.model.request_data(path)
    elif not is_there(path):
        state.notices.notice("error", f"{path}: no such file.", "open")
    elif is_model(Path(path)):
        state.model.request_model(path)
    elif Path(path).suffix.lower() in PICTURE_SUFFIXES and is_file(path):
        _open_picture(state, path)
    else:
        # A full path: a folder with the name of generated data is none of those.
        opened = state.preview.show if look else state.model.request_data
        opened(str(Path(path).absolute()))


def _open_picture(state: AppState, path: str) -> None:
    from explorer.export.pictures import read_latent

    try:
        latent = read_latent(Path(path))
    except UserError as error:
        state.notices.notice("error", str(error), "open")
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
            "open",
        )
        return
    mu, sigma, z = (np.asarray(vector) for vector in (latent.mu, latent.sigma, latent.z))
    if fault := fault_of(mu, sigma, z):
        state.notices.notice("error", f"{name}: its point cannot be shown: {fault}.", "open")
        return
    with state.latent.step(f"Open {name}"):
        state.latent.set_posterior(mu, sigma, PointSource("picture", name), z)
    if model is not None and latent.model_hash != model.digest:
        text = f"{name} was made with another model ({latent.model}); its point is shown in this one."
        state.notices.notice("warning", text)
    else:
        held = " Locked dimensions stay where they were." if state.latent.locked.any() else ""
        state.notices.notice("info", f"Returned to the point saved in {name}.{held}")


@dataclass(frozen=True)
class ModelToSave:
    """A model file as it is when the person asks for it to be saved: what is shown then is what is saved.

    ``file_name`` is what to call the copy unless the person says otherwise.
    """

    path: str
    file_name: str
    content: bytes


def shown_model(state: AppState) -> ModelToSave | None:
    """Return the model that is shown; None, and a notice, if there is none or its file is another one by now."""
    model = state.model.model
    if model is None:
        return None
    draft = state.unsaved.is_draft(model.path)
    usual = f"{model.name}{MODEL_SUFFIX}" if model.source else Path(model.path).name
    read = _read_model(state, model.path, file_name(model.name, model.epoch) if draft else usual)
    if read is not None and digest_of_model(read.content) != model.digest:
        text = f"{model.path} has changed since it was opened, so that it would not be the model shown: open it again."
        state.notices.notice("error", text)
        return None
    return read


def unsaved_model(state: AppState, model: UnsavedModel) -> ModelToSave | None:
    """Return a model that a run has ended with; None, and a notice, if it cannot be read."""
    return _read_model(state, model.path, file_name(model.run.name, model.epoch))


def stored_model(state: AppState, run: StoredRun) -> ModelToSave | None:
    """Return the newest model of a run on disk; None, and a notice, if it cannot be read."""
    epoch = 0 if run.run is None else run.run.epoch
    return _read_model(state, run.model, file_name(run.name, epoch))


def file_name(name: str, epoch: int) -> str:
    """Return the name of a file for the model of an epoch."""
    return f"{name}-epoch-{epoch}{MODEL_SUFFIX}"


def _read_model(state: AppState, path: str, name: str) -> ModelToSave | None:
    try:
        return ModelToSave(path, name, read_file(path))
    except OSError as error:
        state.notices.notice("error", str(UserError(path, reason_of(error))))
        return None


def save_model(state: AppState, model: ModelToSave, path: Path) -> bool:
    """Write a model to ``path``, whole or not at all; failures are notified, False is returned.

    The copy is opened in place of the model, but not in place of one that a run has gone through: the slider through
    the epochs stays where it is.
    """
    target = with_ending(path, MODEL_SUFFIX)
    try:
        with output_file(target) as draft:
            draft.write_bytes(model.content)
    except UserError as error:
        state.notices.notice("error", str(error), "save")
        return False
    state.notices.succeed("save")
    passing = state.unsaved.is_draft(model.path) and state.unsaved.at(model.path) is None
    state.unsaved.mark_saved(model.path)
    state.model.remember(str(target))
    if state.model.model is not None and state.model.model.path == model.path and not passing:
        state.model.request_model(str(target))
    state.notices.notice("info", f"Saved {target.name}.")
    return True


def save_curves(state: AppState, path: Path, records: Sequence[EpochRecord]) -> None:
    """Write the curves of a run to a ``.csv`` or ``.json`` file, with the names of Keras; failures are notified."""
    target = with_ending(path, *SUFFIXES)
    try:
        write_history(target, records)
    except UserError as error:
        state.notices.notice("error", str(error), "save")
    else:
        state.notices.notice("info", f"Wrote {target.name}: {len(records)} epochs.")
