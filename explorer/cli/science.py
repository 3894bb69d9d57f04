"""TensorFlow for the commands: quiet, and set up as in the workers, so that the same seed gives the same picture."""

from __future__ import annotations

import io
import os
import sys
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click
import numpy as np
from rich.progress import Progress, TaskID

from explorer.cli.console import progress_bar
from explorer.client.folders import log_path
from models.core.arrays import Floats32
from models.core.data_options import AS_FOUND, DataOptions
from models.core.descriptions import DataInfo
from models.core.errors import UserError
from models.core.files import is_there
from models.core.folders import usable_cache
from models.core.formats import is_elsewhere
from models.core.logs import keep_bounded, open_log
from models.core.sprite_names import is_sprites
from models.core.steps import finished
from models.protocol.lifecycle import Role
from resources import bundled_datasets, bundled_models, dataset_path, model_path

if TYPE_CHECKING:
    from models.data.source import Share
    from models.vae.model import VAE
    from models.vae.model_file import OpenedModel
    from models.vae.posterior import Posteriors


# In which TensorFlow has been started, at most one: it cannot be set up twice.
_roles: list[Role] = []


def start_science(role: Role) -> None:
    """Import TensorFlow, unless that is done, with its log messages diverted from standard error to the log file."""
    if _roles:
        return
    _roles.append(role)
    _divert_native_output(log_path("command-line"))
    from models.workers.process import start_tensorflow

    start_tensorflow(role)


def open_named_model(name: str) -> OpenedModel:
    """Open a model file or bundled model; UserError if it cannot be opened.

    TensorFlow is imported for files of other people only: some are asked what they make of draws of the prior.
    """
    from models.vae.model_file import is_foreign, open_model

    path = find_model(name)
    return _open_foreign(path) if is_foreign(path) else open_model(path)


def _open_foreign(path: Path) -> OpenedModel:
    start_science("decoder")
    from models.vae.foreign import Reader

    return Reader().open(path)


def compiled(opened: OpenedModel) -> VAE:
    """Import TensorFlow and return the model, ready for use."""
    start_science("decoder")
    from models.vae.model import VAE

    return VAE(opened.architecture, opened.parameters)


def find_model(name: str) -> Path:
    """Return the path of the model ``name``, which is a file or the name of a bundled model."""
    if not is_there(name) and name in bundled_models():
        return model_path(name)
    return _named(name)


def finite(images: Floats32, model: str) -> Floats32:
    """Return decoded images; UserError if the model has made no images of some points."""
    if not np.isfinite(images).all():
        raise UserError(model, "it decodes some of the points to images that are not finite")
    return images


@dataclass(frozen=True)
class Data:
    """A data set as it was named on the command line, and how to read it."""

    name: str
    options: DataOptions = AS_FOUND


def opened_data(data: Data, silent: bool = False) -> DataInfo:
    """Open a data set, and say on standard error what was made of its files; UserError if it cannot be used."""
    from models.data.opening import opening_data

    with progress_bar() as bar:
        task = bar.add_task("reading", total=None)
        info = finished(opening_data(find_data(data.name), data.options), partial(_advance, bar, task))
    for conversion in () if silent else info.conversions:
        _say(f"{info.name}: {conversion}")
    return info


def _advance(bar: Progress, task: TaskID, share: Share) -> None:
    if share is not None:
        bar.update(task, completed=share[0], total=share[1])


def find_data(name: str) -> Path:
    """Return the path of the data set ``name``: of a file, folder or bundled data set; a name of sprites as it is."""
    _say(usable_cache())
    if is_sprites(name) and is_there(name):
        # An absolute path is not taken for a name of sprites.
        return Path(name).absolute()
    if not is_there(name) and name in bundled_datasets():
        return dataset_path(name)
    return _named(name)


def _named(name: str) -> Path:
    """Return the path ``name``; UserError for the empty one, which would mean this folder, and an address."""
    if not name:
        raise UserError("the name of a file", "it is empty")
    if is_elsewhere(name):
        raise UserError(name, "this is not a file on this computer", "download it first")
    return Path(name)


def _say(remark: str) -> None:
    if remark:
        click.echo(f"latentscape: {remark}", err=True)


def check_images(info: DataInfo, opened: OpenedModel) -> None:
    """Reject data whose images do not have the shape that the model takes."""
    if info.image_shape != opened.info.image_shape:
        raise UserError(info.name, f"its images are {info.image_shape}, but the model takes {opened.info.image_shape}")


def embedded(vae: VAE, info: DataInfo) -> Posteriors:
    """Return the posteriors of all images of a data set."""
    from models.data.opening import load_images
    from models.vae.posterior import EMBED_SLICE, embed

    with progress_bar() as bar:
        task = bar.add_task("images", total=info.count)
        return finished(embed(vae, load_images(info)), lambda _: bar.advance(task, EMBED_SLICE))


def _divert_native_output(log: Path) -> None:
    """Keep standard error for Python, and redirect what native code writes to it to ``log``."""
    sys.stderr.flush()
    ours = os.dup(2)
    descriptor = open_log(log)
    os.dup2(descriptor, 2)
    os.close(descriptor)
    keep_bounded(2, log)
    raw, encoding = io.FileIO(ours, "w"), getattr(sys.stderr, "encoding", None) or "utf-8"
    sys.stderr = io.TextIOWrapper(raw, encoding=encoding, errors="backslashreplace", write_through=True)
