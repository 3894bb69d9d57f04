"""Find the encoder and the decoder: in one file or two, by the names of parts, a draw in between, or the sizes."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from models.core.arrays import Floats32
from models.core.text import shortened
from models.importing.choices import Activation, Layout
from models.importing.graph import Graph
from models.importing.operations import NOISE, SAMPLE, Shape
from models.importing.parsed import Parsed
from models.importing.refusal import RefusedError

# An image has more values than a latent of any model here, unless both are tiny.
FEWEST_PIXELS = 16


@dataclass(frozen=True)
class Half:
    """An encoder or a decoder: a graph with its weights.

    ``spread_kind``, ``activation`` and ``layout`` are as the file tells them.
    """

    graph: Graph
    weights: Mapping[str, Floats32]
    spread_kind: str = ""
    activation: Activation | None = None
    layout: Layout | None = None


@dataclass(frozen=True)
class Halves:
    """What was found; there is always a decoder."""

    encoder: Half | None
    decoder: Half


def find_halves(files: Sequence[Parsed]) -> Halves:
    """Return encoder and decoder of one or more files; :class:`RefusedError` if there is no decoder."""
    encoders: list[Half] = []
    decoders: list[Half] = []
    for file in files:
        encoder, decoder = _split(file)
        encoders += [encoder] if encoder else []
        decoders += [decoder] if decoder else []
    if not decoders:
        raise RefusedError("this is an encoder alone, which makes no pictures", "name the file of its decoder too")
    if len(decoders) > 1 or len(encoders) > 1:
        raise RefusedError("there is more than one encoder or decoder", "name the files of one model only")
    return Halves(encoders[0] if encoders else None, decoders[0])


def _split(file: Parsed) -> tuple[Half | None, Half | None]:
    """Return the encoder and the decoder of a file, as far as it holds them."""
    named = {word: _part_called(file, word) for word in ("encoder", "decoder")}
    if named["decoder"] is not None or (named["encoder"] is not None and len(file.parts) == 1):
        return named["encoder"], named["decoder"]
    drawn = next((node for node in file.graph.nodes if node.operation == SAMPLE), None)
    if drawn is not None:
        return _around(file, drawn.name, drawn.inputs, "")
    noise = _noise(file.graph)
    if noise is not None:
        return _around(file, noise[0], noise[1], "sigma")
    return _by_sizes(file)


def _part_called(file: Parsed, word: str) -> Half | None:
    """Return the part with this word in its name, cut out of the whole."""
    for name, (inputs, outputs) in file.parts.items():
        if word in name.lower():
            return _half(file, inputs, _without_draw(file.graph, outputs))
    return None


def _without_draw(graph: Graph, outputs: Sequence[str]) -> tuple[str, ...]:
    """Return mean and spread in place of outputs among which is a draw of both."""
    for name in outputs:
        node = graph.maker(name)
        if node is not None and node.operation == SAMPLE:
            return node.inputs
    noise = _noise(graph)
    if noise is not None and noise[0] in outputs:
        return noise[1]
    return tuple(outputs)


def _half(file: Parsed, inputs: Sequence[str], outputs: Sequence[str], spread_kind: str = "") -> Half:
    try:
        graph = file.graph.part(inputs, outputs)
    except ValueError as error:
        raise RefusedError(f"its encoder and decoder cannot be told apart ({shortened(error)})") from error
    weights = {name: file.weights[name] for name, _ in graph.weights}
    return Half(graph, weights, spread_kind, file.activation, file.layout)


def _around(file: Parsed, drawn: str, moments: Sequence[str], spread_kind: str) -> tuple[Half | None, Half | None]:
    """Return what is before and after a draw of z from its mean and spread."""
    inputs = tuple(name for name, _ in file.graph.inputs)
    encoder = _half(file, _needed(file.graph, inputs, moments), moments, spread_kind)
    after = [name for name in file.graph.outputs if name != drawn and _depends(file.graph, name, drawn)]
    return encoder, _half(file, [drawn], after[:1]) if after else None


def _needed(graph: Graph, inputs: Sequence[str], outputs: Sequence[str]) -> tuple[str, ...]:
    return tuple(name for name in inputs if any(_depends(graph, output, name) for output in outputs))


def _depends(graph: Graph, value: str, source: str) -> bool:
    reached = {value}
    for node in reversed(graph.nodes):
        if node.name in reached:
            reached.update(node.inputs)
    return source in reached


def _noise(graph: Graph) -> tuple[str, tuple[str, str]] | None:
    """Return z, and its mean and standard deviation, where the graph adds mean and deviation times noise."""
    users = {name: node for node in graph.nodes for name in node.inputs}
    for node in graph.nodes:
        if node.operation != NOISE:
            continue
        product = users.get(node.name)
        total = users.get(product.name) if product else None
        if product and total and product.operation == "mul" and total.operation == "add":
            deviation = next((name for name in product.inputs if name != node.name), node.name)
            mean = next((name for name in total.inputs if name != product.name), product.name)
            return total.name, (mean, deviation)
    return None


def _by_sizes(file: Parsed) -> tuple[Half | None, Half | None]:
    graph, shapes = file.graph, file.graph.shapes()
    inputs = tuple(name for name, _ in graph.inputs)
    if not inputs or not graph.outputs:
        raise RefusedError("it is no network: it has no input or no output")
    largest = max(_size(shapes[name]) for name in inputs)
    made = max(_size(shapes[name]) for name in graph.outputs)
    if made > largest:
        return None, _half(file, _needed(graph, inputs, graph.outputs[:1]), graph.outputs[:1])
    if made < largest:
        return _half(file, _needed(graph, inputs, graph.outputs), _without_draw(graph, graph.outputs)), None
    found = _given_apart(file, inputs, shapes, made)
    if found is not None:
        return found
    neck = _bottleneck(graph, inputs[0], graph.outputs[0], shapes)
    return _half(file, inputs, [neck]), _half(file, [neck], graph.outputs[:1])


def _given_apart(
    file: Parsed, inputs: Sequence[str], shapes: Mapping[str, Shape], made: int
) -> tuple[Half, Half] | None:
    """Return both halves of a model that gives image, mean and spread, and decodes the mean; None of any other."""
    graph = file.graph
    image = next(name for name in graph.outputs if _size(shapes[name]) == made)
    small = [name for name in graph.outputs if _size(shapes[name]) < made]
    for mean in small:
        if _depends(graph, image, mean) and _parts_well(graph, mean, image):
            others = [name for name in small if name != mean]
            return _half(file, inputs, [mean, *others]), _half(file, [mean], [image])
    return None


def _bottleneck(graph: Graph, source: str, output: str, shapes: Mapping[str, Shape]) -> str:
    """Return the smallest value that all of ``output`` depends on, the last of several; RefusedError if none."""
    best, size = "", _size(shapes[source])
    for node in graph.nodes:
        if not _depends(graph, output, node.name) or not _depends(graph, node.name, source):
            continue
        if _size(shapes[node.name]) <= size and _parts_well(graph, node.name, output):
            best, size = node.name, _size(shapes[node.name])
    if not best or size * 2 > _size(shapes[source]):
        raise RefusedError("it has no latent: no layer of it is narrower than its image")
    return best


def _parts_well(graph: Graph, value: str, output: str) -> bool:
    try:
        graph.part([value], [output])
    except ValueError:
        return False
    return True


def _size(shape: Shape) -> int:
    return math.prod(shape)
