"""What was understood of other people's model: its layers, what can be answered, and pictures by which to judge it."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from models.core.arrays import Floats32
from models.core.geometry import standard_noise
from models.importing.answers import ALONE, BESIDE
from models.importing.choices import ALLOWED, RANGES, SPREADS
from models.importing.graph import Graph
from models.importing.halves import find_halves
from models.importing.parsed import Parsed
from models.importing.refusal import RefusedError
from models.protocol.importing import Inspected, LayerLine, Question
from models.vae.foreign import Understanding, identity
from models.vae.importing import Imported, run_once

SAMPLES, SEED = 4, 0
MOST_LAYERS = 500
# Beyond these a person knows it better by the option of the command line.
MOST_CLASSES = 1000
WORDS = {
    "NHWC": "last (NHWC)", "NCHW": "first (NCHW)",
    "halves": "μ first, then the spread", "interleaved": "by turns",
    "sigmoid": "probability (sigmoid)", "tanh": "−1 to 1 (tanh)", "linear": "image as it is",
    "residual": "residual: x + f(x)", "plain": "one after the other",
    **RANGES, **SPREADS,
}  # fmt: skip
LABELS = {
    "image_shape": "size of an image", "layout": "channels", "range": "pixels", "activation": "output of the decoder",
    "mu": "μ", "log_var": "spread", "spread": "the spread is", "packed": "both in one output", "label": "class",
    "hidden": "between the layers", "blocks": "layers in blocks", BESIDE: "file beside it",
}  # fmt: skip


def inspected(number: int, path: Path, found: Understanding, images: NDArray[np.uint8] | None) -> Inspected:
    """Return what a person should see of a model; ``images`` are some of the open data, None if there are none."""
    imported = found.imported
    about = (number, str(path), path.name, identity(path), found.answers, tuple(questions(found)))
    if imported is None:
        return Inspected(*about, fault=str(found.fault), program=not found.files.parsed)
    without = _without(imported, images)
    originals = images if images is not None and not without else np.zeros((0, *imported.info.image_shape), np.uint8)
    return Inspected(
        *about, imported.info.understood, tuple(layers(imported)), "", _samples(imported), originals,
        _reconstructed(imported, originals), without,
    )  # fmt: skip


def questions(found: Understanding) -> Iterator[Question]:
    """Yield what can be answered about a model, with what is taken now."""
    if not found.files.parsed:
        return
    taken = {**({} if found.imported is None else found.imported.understood.taken), **found.answers}
    if _flat(found) or "image_shape" in found.answers:
        yield _question("image_shape", taken)
    for name in ("layout", "range", "activation"):
        yield _question(name, taken, ALLOWED[name])
    outputs = _outputs(found)
    if len(outputs) > 1:
        yield _question("mu", taken, outputs)
        yield _question("log_var", taken, outputs)
    if outputs and taken.get("spread") != "none":
        yield _question("spread", taken, ALLOWED["spread"])
    if "packed" in taken:
        yield _question("packed", taken, ALLOWED["packed"])
    if found.classes:
        classes = [str(label) for label in range(min(found.classes, MOST_CLASSES))]
        yield _question("label", {"label": "0", **taken}, classes)
    yield from _of_weights(found.files.parsed, taken)
    if found.files.other is not None:
        name, said = found.files.other.name, found.answers.get(BESIDE, BESIDE)
        options = (BESIDE, name), (ALONE, "left out")
        yield Question(BESIDE, LABELS[BESIDE], said, options)


def _of_weights(files: Sequence[Parsed], taken: Mapping[str, str]) -> Iterator[Question]:
    """Yield what can be answered where there are weights only."""
    if any(file.remarks for file in files):
        yield _question("hidden", {"hidden": "relu", **taken}, ALLOWED["hidden"])
    blocks = next((file.blocks for file in files if file.blocks), None)
    if blocks:
        yield _question("blocks", {"blocks": blocks, **taken}, ALLOWED["blocks"])


def _question(name: str, taken: dict[str, str], options: Sequence[str] = ()) -> Question:
    return Question(name, LABELS[name], taken.get(name, ""), tuple((key, WORDS.get(key, key)) for key in options))


def _flat(found: Understanding) -> bool:
    """Return whether the decoder makes pixels in a row, whose height and width nothing tells."""
    try:
        graph = find_halves(found.files.parsed).decoder.graph
        return len(graph.shapes()[graph.outputs[0]]) < 4
    except (RefusedError, ValueError):
        return False


def _outputs(found: Understanding) -> tuple[str, ...]:
    """Return the names of the encoder's outputs."""
    try:
        encoder = find_halves(found.files.parsed).encoder
    except (RefusedError, ValueError):
        return ()
    return () if encoder is None else encoder.graph.outputs


def layers(imported: Imported) -> Iterator[LayerLine]:
    """Yield the operations of encoder and decoder, the first of them if there are very many."""
    architecture = imported.architecture
    for part, graph in (("encoder", architecture.encoder), ("decoder", architecture.decoder)):
        if graph is not None:
            yield from _layers(part, graph)


def _layers(part: str, graph: Graph) -> Iterator[LayerLine]:
    shapes, weights = graph.shapes(), dict(graph.weights)
    for node in graph.nodes[:MOST_LAYERS]:
        count = sum(math.prod(weights[name]) for name in node.inputs if name in weights)
        yield LayerLine(part, node.operation.replace("_", " "), shapes[node.name][1:], count)


def _samples(imported: Imported) -> Floats32:
    """Return the decoded origin and draws of the prior, [1 + 4, h, w, c]."""
    dims = imported.architecture.latent_dim
    return _decoded(imported, np.concatenate([np.zeros((1, dims), np.float32), standard_noise(SEED, SAMPLES, dims)]))


def _decoded(imported: Imported, z: Floats32) -> Floats32:
    made = run_once(imported.architecture.decoder, imported.parameters, z)[0]
    if imported.architecture.output == "logits":
        made = 0.5 * (1.0 + np.tanh(0.5 * made))
    return np.clip(np.nan_to_num(made), 0.0, 1.0).astype(np.float32)


def _without(imported: Imported, images: NDArray[np.uint8] | None) -> str:
    """Return why there are no reconstructions, nothing if there are."""
    if imported.architecture.encoder is None:
        return "This is a decoder alone: it encodes no images."
    if images is None:
        return "Open data to see what it makes of them."
    found, wanted = (" × ".join(map(str, shape)) for shape in (images.shape[1:], imported.info.image_shape))
    return "" if found == wanted else f"The open images are {found}, the model takes {wanted}."


def _reconstructed(imported: Imported, originals: NDArray[np.uint8]) -> Floats32:
    encoder = imported.architecture.encoder
    if encoder is None or not len(originals):
        return np.zeros((0, *imported.info.image_shape), np.float32)
    pixels = originals.astype(np.float32) / np.float32(255.0)
    return _decoded(imported, run_once(encoder, imported.parameters, pixels)[0])
