"""Writing models: one ``.safetensors`` file with the description in its header, whole or not there."""

from __future__ import annotations

import json
from pathlib import Path

from safetensors.numpy import save

from models.architecture import ParameterArrays
from models.files import atomic_file
from models.opening import FORMAT_VERSION, METADATA_KEY
from models.protocol import ModelInfo
from models.settings import settings_to_json


def description_of(info: ModelInfo) -> dict[str, object]:
    """Return what is stored of ``info`` in the header; path, digest and parameter count follow from the file."""
    return {
        "format": FORMAT_VERSION,
        "name": info.name,
        "image_shape": list(info.image_shape),
        "settings": settings_to_json(info.settings),
        "dataset": info.dataset,
        "epoch": info.epoch,
        "recipe": info.recipe,
        "metrics": info.metrics,
        "kl_per_dim": list(info.kl_per_dim),
    }


def model_bytes(info: ModelInfo, parameters: ParameterArrays) -> bytes:
    """Return the content of a model file; the same model gives the same bytes."""
    metadata = {METADATA_KEY: json.dumps(description_of(info), sort_keys=True)}
    content: bytes = save(dict(parameters), metadata=metadata)
    return content


def write_model(path: Path, info: ModelInfo, parameters: ParameterArrays) -> None:
    """Write a model file in one step; OSError if the folder cannot be written."""
    with atomic_file(path) as file:
        file.write(model_bytes(info, parameters))
