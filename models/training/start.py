"""Start a run with the weights and the network of a model that is there already, such as one of other people."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from models.core.arrays import Floats32
from models.core.descriptions import DataInfo
from models.core.errors import UserError
from models.core.settings import TrainSettings
from models.protocol.training import Train
from models.training.storage.checkpoint import latest_checkpoint
from models.vae.architecture import INITIAL_LOG_VARIANCE, LOG_VARIANCE, Architecture
from models.vae.foreign import Reader
from models.vae.imported import ImportedArchitecture
from models.vae.model_file import OpenedModel, open_model


def opened_start(request: Train) -> OpenedModel | None:
    """Return the model that a run starts with, None if it starts with fresh weights of a network of its settings.

    A run of other people's model that goes on finds the network in its newest checkpoint.
    """
    earlier = [request.run_folder] if request.resume or request.again else []
    for folder in filter(None, [*earlier, request.further]):
        checkpoint = latest_checkpoint(Path(folder))
        if checkpoint is not None:
            opened = open_model(checkpoint.model_path)
            return opened if isinstance(opened.architecture, ImportedArchitecture) else None
    return Reader().open(request.start) if request.start else None


def settings_of_start(opened: OpenedModel, settings: TrainSettings) -> TrainSettings:
    """Return ``settings`` with the network of a model; :class:`UserError` if it cannot be trained."""
    architecture, name = opened.architecture, opened.info.name
    if not architecture.has_encoder:
        raise UserError(name, "this is a decoder alone, which cannot be trained", "open it with its encoder")
    if opened.info.classes:
        raise UserError(name, "it is conditional on a class, which cannot be trained further")
    return replace(
        settings,
        latent_dim=architecture.latent_dim,
        hidden=architecture.hidden,
        network=architecture.network,
        channels=architecture.channels or settings.channels,
    )


def started_architecture(opened: OpenedModel, settings: TrainSettings, data: DataInfo) -> Architecture:
    """Return the network of a model with the families that ``settings`` name; :class:`UserError` if they do not fit."""
    if settings != settings_of_start(opened, settings):
        raise UserError(opened.info.name, "the settings ask for another network than this model has")
    if data.image_shape != opened.info.image_shape:
        found, wanted = (" × ".join(map(str, shape)) for shape in (data.image_shape, opened.info.image_shape))
        raise UserError(data.name, f"its images are {found}, but {opened.info.name} takes {wanted}")
    return replace(
        opened.architecture, likelihood=settings.likelihood, posterior=settings.posterior, prior=settings.prior
    )


def start_parameters(opened: OpenedModel, architecture: Architecture) -> dict[str, Floats32]:
    """Return the parameters of a model for an architecture whose likelihood may have one more."""
    arrays = {LOG_VARIANCE: np.array(INITIAL_LOG_VARIANCE, np.float32), **opened.parameters}
    return {name: arrays[name] for name in architecture.shapes()}
