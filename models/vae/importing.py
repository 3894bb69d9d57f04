"""From files of other people to a model that is opened like any other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import tensorflow as tf

from models.core.arrays import Floats32
from models.core.descriptions import ModelInfo
from models.core.errors import UserError
from models.core.limits import bounded
from models.importing.choices import Choices
from models.importing.contest import Read, best_choices
from models.importing.execution import run
from models.importing.graph import Graph
from models.importing.halves import find_halves
from models.importing.opening import files_of, read_model
from models.importing.parsed import Parsed
from models.importing.refusal import RefusedError
from models.importing.understanding import Understood, understand
from models.vae.architecture import INITIAL_LOG_VARIANCE, LOG_VARIANCE
from models.vae.imported import ImportedArchitecture, imported_architecture
from models.vae.model_file import model_bytes


@dataclass(frozen=True)
class Imported:
    """A model made of other people's files: what was understood of them, and all that a model file needs."""

    understood: Understood
    architecture: ImportedArchitecture
    parameters: dict[str, Floats32]
    info: ModelInfo

    def content(self) -> bytes:
        """Return the content of its model file."""
        return model_bytes(self.info, self.parameters, self.architecture)


def import_model(paths: Sequence[Path], choices: Choices, name: str, recipe: str) -> tuple[bytes, ModelInfo]:
    """Return the content of a model file made of other people's ``paths``, and its description.

    :class:`UserError` says why a file is not opened, or what does not fit.
    """
    places = [file for path in paths for file in files_of(path)]
    with bounded(paths[0].name):
        files, choices = read_best(lambda chosen: [read_model(place, chosen) for place in places], choices)
    imported = import_parsed(files, choices, name, recipe, paths[0].name)
    return imported.content(), imported.info


def read_best(read: Read, choices: Choices) -> tuple[Sequence[Parsed], Choices]:
    """Return files as they are read best, and the choices with what was tried out of weights without architecture."""
    files = read(choices)
    if any(file.inferred for file in files) and choices.hidden is None:
        choices = best_choices(read, choices, _probe)
        files = read(choices)
    return files, choices


def import_parsed(files: Sequence[Parsed], choices: Choices, name: str, recipe: str, subject: str) -> Imported:
    """Return the model that ``files`` hold, called ``name``; :class:`UserError` about ``subject`` if they hold none."""
    try:
        understood = understand(find_halves(files), choices, _probe)
        architecture, settings = imported_architecture(understood)
    except (RefusedError, ValueError) as error:
        raise UserError(subject, str(error), getattr(error, "way_on", "")) from error
    weights = dict(understood.weights)
    if settings.likelihood == "gaussian":
        weights[LOG_VARIANCE] = np.array(INITIAL_LOG_VARIANCE, np.float32)
    told = {"format": ", ".join(dict.fromkeys(file.kind for file in files)), **dict(understood.lines)}
    remarks = [remark for file in files for remark in file.remarks]
    told |= {"guessed": "; ".join(remarks)} if remarks else {}
    info = ModelInfo(
        "", name, "", understood.image_shape, settings, "", 0, architecture.parameter_count(), recipe, understood=told
    )
    return Imported(understood, architecture, weights, info)


def _probe(graph: Graph, weights: dict[str, Floats32], latents: Floats32) -> Floats32:
    """Return the first output of ``graph`` at ``latents`` [n, …]."""
    return run_once(graph, weights, latents)[0]


def run_once(graph: Graph, weights: dict[str, Floats32], values: Floats32) -> list[Floats32]:
    """Return the outputs of ``graph`` at ``values`` [n, …], operation by operation: for a few values, once."""
    tensors = {name: tf.constant(weights[name]) for name, _ in graph.weights}
    return [made.numpy() for made in run(graph, tensors, [tf.constant(values)])]
