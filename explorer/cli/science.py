"""TensorFlow for the commands: quiet, and set up as in the workers, so that the same seed gives the same picture."""

from __future__ import annotations

import io
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from explorer.client.folders import log_path
from models.core.descriptions import DataInfo
from models.core.errors import UserError
from models.core.logs import keep_bounded, open_log
from models.core.sprite_names import is_sprites
from models.protocol.lifecycle import Role
from resources import bundled_datasets, bundled_models, dataset_path, model_path

if TYPE_CHECKING:
    from models.vae.model import VAE
    from models.vae.model_file import OpenedModel


def start_science(role: Role) -> None:
    """Import TensorFlow, with its log messages diverted from standard error to the log file."""
    _divert_native_output(log_path("command-line"))
    from models.workers.process import start_tensorflow

    start_tensorflow(role)


def open_named_model(name: str) -> OpenedModel:
    """Open a model file or bundled model without importing TensorFlow; UserError if it cannot be opened."""
    from models.vae.model_file import open_model

    return open_model(find_model(name))


def compiled(opened: OpenedModel) -> VAE:
    """Import TensorFlow and return the model, ready for use."""
    start_science("decoder")
    from models.vae.model import VAE

    return VAE(opened.architecture, opened.parameters)


def find_model(name: str) -> Path:
    """Return the path of the model ``name``, which is a file or the name of a bundled model."""
    if not Path(name).exists() and name in bundled_models():
        return model_path(name)
    return Path(name)


def find_data(name: str) -> Path:
    """Return the path of the data set ``name``: of a file, folder or bundled data set; a name of sprites as it is."""
    if is_sprites(name) and Path(name).exists():
        # An absolute path is not taken for a name of sprites.
        return Path(name).absolute()
    if not Path(name).exists() and name in bundled_datasets():
        return dataset_path(name)
    return Path(name)


def check_images(info: DataInfo, opened: OpenedModel) -> None:
    """Reject data whose images do not have the shape that the model takes."""
    if info.image_shape != opened.info.image_shape:
        raise UserError(info.name, f"its images are {info.image_shape}, but the model takes {opened.info.image_shape}")


def check_target(path: Path, *suffixes: str) -> None:
    """Reject an output path with another suffix, or that is a folder, before any work is done."""
    if path.suffix not in suffixes:
        raise UserError(str(path), f"the output file must end in {' or '.join(suffixes)}")
    if path.is_dir():
        raise UserError(str(path), "this is a folder")


def _divert_native_output(log: Path) -> None:
    """Keep standard error for Python, and redirect what native code writes to it to ``log``."""
    sys.stderr.flush()
    ours = os.dup(2)
    descriptor = open_log(log)
    os.dup2(descriptor, 2)
    os.close(descriptor)
    keep_bounded(2, log)
    raw = io.FileIO(ours, "w")
    sys.stderr = io.TextIOWrapper(raw, encoding="utf-8", errors="replace", write_through=True)
