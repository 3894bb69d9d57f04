"""Import a model and open what was written; compare it with what somebody else computes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from models.importing.choices import Choices
from models.vae.importing import import_model
from models.vae.model import VAE
from models.vae.model_file import open_model

RELATIVE = 1e-5
GUESSED = Choices()


def opened(paths: Sequence[Path], choices: Choices = GUESSED) -> VAE:
    """Import, write, open again."""
    content, _ = import_model(paths, choices, "other", "")
    target = paths[0].with_name("imported.safetensors")
    target.write_bytes(content)
    model = open_model(target)
    return VAE(model.architecture, model.parameters)


def same(ours: np.ndarray, theirs: Any) -> None:
    """Compare within 1e-5 of the largest value."""
    theirs = np.asarray(theirs).reshape(ours.shape)
    assert np.abs(ours - theirs).max() <= RELATIVE * max(1.0, np.abs(theirs).max())
