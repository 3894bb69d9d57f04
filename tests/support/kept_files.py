"""What only tests need of the files that the program writes: to make a model file, to read a history back."""

from __future__ import annotations

from pathlib import Path

from models.core.descriptions import ModelInfo
from models.vae.architecture import ParameterArrays
from models.vae.model_file import model_bytes


def write_model(path: Path, info: ModelInfo, parameters: ParameterArrays) -> None:
    """Write a model file."""
    path.write_bytes(model_bytes(info, parameters))
