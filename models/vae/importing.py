"""From files of other people to a model that is opened like any other."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import tensorflow as tf

from models.core.arrays import Floats32
from models.core.descriptions import ModelInfo
from models.core.errors import UserError
from models.importing.choices import Choices
from models.importing.contest import best_choices
from models.importing.execution import run
from models.importing.graph import Graph
from models.importing.halves import find_halves
from models.importing.opening import files_of, read_model
from models.importing.parsed import Parsed
from models.importing.refusal import RefusedError
from models.importing.understanding import understand
from models.vae.architecture import INITIAL_LOG_VARIANCE, LOG_VARIANCE
from models.vae.imported import imported_architecture
from models.vae.model_file import model_bytes


def import_model(paths: Sequence[Path], choices: Choices, name: str, recipe: str) -> tuple[bytes, ModelInfo]:
    """Return the content of a model file made of other people's ``paths``, and its description.

    :class:`UserError` says why a file is not opened, or what does not fit.
    """
    places = [file for path in paths for file in files_of(path)]

    def read(chosen: Choices) -> list[Parsed]:
        return [read_model(place, chosen) for place in places]

    files = read(choices)
    if any(file.inferred for file in files) and choices.hidden is None:
        choices = best_choices(read, choices, _probe)
        files = read(choices)
    try:
        understood = understand(find_halves(files), choices, _probe)
        architecture, settings = imported_architecture(understood)
    except (RefusedError, ValueError) as error:
        raise UserError(paths[0].name, str(error), getattr(error, "way_on", "")) from error
    weights = dict(understood.weights)
    if settings.likelihood == "gaussian":
        weights[LOG_VARIANCE] = np.array(INITIAL_LOG_VARIANCE, np.float32)
    told = {"format": ", ".join(dict.fromkeys(file.kind for file in files)), **dict(understood.lines)}
    remarks = [remark for file in files for remark in file.remarks]
    told |= {"guessed": "; ".join(remarks)} if remarks else {}
    info = ModelInfo(
        "", name, "", understood.image_shape, settings, "", 0, architecture.parameter_count(), recipe, understood=told
    )
    return model_bytes(info, weights, architecture), info


def _probe(graph: Graph, weights: dict[str, Floats32], latents: Floats32) -> Floats32:
    """Return the first output of ``graph`` at ``latents`` [n, …]."""
    tensors = {name: tf.constant(values) for name, values in weights.items()}
    made: Floats32 = run(graph, tensors, [tf.constant(latents)])[0].numpy()
    return made
