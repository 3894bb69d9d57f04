"""A network as data: operations with attributes, inputs, outputs and the names and shapes of its weights.

All shapes are for a batch of one: the first axis of every value but a weight is the batch, and no operation touches it.
NumPy only, so that a model file can be checked and described without TensorFlow.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from models.core.arrays import Floats32
from models.core.numbers import to_float
from models.core.text import shortened
from models.importing.operations import OPERATIONS, Attribute, Shape, check_attributes

MOST_NODES = 4096
# Of one value, for one image: 64 MiB.
MOST_VALUES = 1 << 24


@dataclass(frozen=True)
class Node:
    """One operation; its value has its ``name``. ``attributes`` are sorted by name."""

    operation: str
    name: str
    inputs: tuple[str, ...]
    attributes: tuple[tuple[str, Attribute], ...] = ()

    @property
    def options(self) -> dict[str, Attribute]:
        """The attributes by name."""
        return dict(self.attributes)


@dataclass(frozen=True)
class Graph:
    """A network: its ``inputs`` and ``weights`` by name with their shapes, ``nodes`` in order, names of ``outputs``."""

    inputs: tuple[tuple[str, Shape], ...]
    weights: tuple[tuple[str, Shape], ...]
    nodes: tuple[Node, ...]
    outputs: tuple[str, ...]

    def shapes(self) -> dict[str, Shape]:
        """Return the shape of every value for a batch of one; ValueError if the graph makes no sense."""
        if len(self.nodes) > MOST_NODES:
            raise ValueError(f"it has more than {MOST_NODES:,} operations")
        shapes = dict(self.inputs) | dict(self.weights)
        for node in self.nodes:
            if node.name in shapes:
                raise ValueError(f"there are two values called {shortened(node.name)}")
            shapes[node.name] = shape_of(node, shapes)
        missing = set(self.outputs) - set(shapes)
        if missing:
            raise ValueError(f"nothing makes its output {shortened(min(missing))}")
        return shapes

    @property
    def widest(self) -> int:
        """The most values that one image has in any one value."""
        weights = {name for name, _ in self.weights}
        return max(math.prod(shape) for name, shape in self.shapes().items() if name not in weights)

    def part(self, inputs: Sequence[str], outputs: Sequence[str]) -> Graph:
        """Return what computes ``outputs`` from the values ``inputs``; ValueError if more than these is needed."""
        shapes, needed, kept = self.shapes(), set(outputs), []
        for node in reversed(self.nodes):
            if node.name in needed and node.name not in inputs:
                kept.append(node)
                needed.update(node.inputs)
        known = {node.name for node in kept} | set(inputs)
        weights = tuple(pair for pair in self.weights if pair[0] in needed)
        missing = needed - known - {name for name, _ in weights}
        if missing:
            raise ValueError(f"this needs {shortened(min(missing))} too")
        return Graph(tuple((name, shapes[name]) for name in inputs), weights, tuple(kept[::-1]), tuple(outputs))

    def maker(self, name: str) -> Node | None:
        """Return the operation whose value has this name, None of an input or a weight."""
        return next((node for node in self.nodes if node.name == name), None)


def shape_of(node: Node, shapes: Mapping[str, Shape]) -> Shape:
    """Return the shape of the value of ``node``; ValueError says what does not fit."""
    operation = OPERATIONS.get(node.operation)
    if operation is None:
        raise ValueError(f"there is no operation {shortened(node.operation)}")
    check_attributes(operation, node.options)
    given = []
    for name in node.inputs:
        if name not in shapes:
            raise ValueError(f"{shortened(node.name)} needs {shortened(name)}, which is not there")
        given.append(shapes[name])
    if not operation.fewest <= len(given) <= operation.most:
        raise ValueError(f"{shortened(node.name)} has {len(given)} inputs")
    try:
        shape = tuple(int(size) for size in operation.shape(given, node.options))
    except (IndexError, TypeError, ZeroDivisionError) as error:
        raise ValueError(f"the sizes of {shortened(node.name)} ({node.operation}) do not fit") from error
    except ValueError as error:
        raise ValueError(f"the sizes of {shortened(node.name)} ({node.operation}) do not fit: {error}") from error
    if not shape or shape[0] != 1 or min(shape) < 1 or math.prod(shape) > MOST_VALUES:
        raise ValueError(f"{shortened(node.name)} ({node.operation}) would have the size {shortened(shape)}")
    return shape


class Builder:
    """A graph that grows: each value's shape is known, and checked, as soon as it is added."""

    def __init__(self) -> None:
        self.arrays: dict[str, Floats32] = {}
        self._inputs: list[tuple[str, Shape]] = []
        self._nodes: list[Node] = []
        self._shapes: dict[str, Shape] = {}

    def take(
        self, graph: Graph, arrays: Mapping[str, Floats32], inputs: Sequence[str], without: str = ""
    ) -> tuple[str, ...]:
        """Add all of another graph, fed by the values ``inputs`` of this one, and return its outputs.

        The operation ``without`` is left out: its input takes its place.
        """
        names = {name: value for (name, _), value in zip(graph.inputs, inputs, strict=True)}
        names |= {name: self.weight(name, arrays[name]) for name, _ in graph.weights}
        for node in graph.nodes:
            given = [names[name] for name in node.inputs]
            names[node.name] = (
                given[0] if node.name == without else self.add(node.operation, *given, name=node.name, **node.options)
            )
        return tuple(names[name] for name in graph.outputs)

    def input(self, name: str, shape: Shape) -> str:
        """Add an input whose values have this shape, the first axis of which is the batch."""
        name = self._free(name)
        if len(shape) < 1 or min(shape) < 1 or math.prod(shape) > MOST_VALUES:
            raise ValueError(f"its input {shortened(name)} has the size {shortened(shape)}")
        self._shapes[name] = (1, *shape[1:])
        self._inputs.append((name, self._shapes[name]))
        return name

    def weight(self, name: str, values: np.ndarray) -> str:
        """Add a weight; ValueError if it holds NaN or infinite numbers."""
        values = np.ascontiguousarray(values, np.float32)
        if not np.isfinite(values).all():
            raise ValueError(f"the parameter {shortened(name)} holds NaN or infinite numbers")
        name = self._free(name)
        self.arrays[name], self._shapes[name] = values, values.shape
        return name

    def add(self, operation: str, *inputs: str, name: str = "", **attributes: Attribute) -> str:
        """Add an operation and return the name of its value."""
        node = Node(operation, self._free(name or operation), inputs, tuple(sorted(attributes.items())))
        if len(self._nodes) >= MOST_NODES:
            raise ValueError(f"it has more than {MOST_NODES:,} operations")
        self._shapes[node.name] = shape_of(node, self._shapes)
        self._nodes.append(node)
        return node.name

    def shape(self, name: str) -> Shape:
        """Return the shape of a value for a batch of one."""
        return self._shapes[name]

    def graph(self, outputs: Iterable[str]) -> Graph:
        """Return the graph so far."""
        weights = tuple((name, values.shape) for name, values in self.arrays.items())
        return Graph(tuple(self._inputs), weights, tuple(self._nodes), tuple(outputs))

    def _free(self, name: str) -> str:
        found, count = name, 1
        while found in self._shapes:
            found, count = f"{name}.{count}", count + 1
        return found


def graph_to_json(graph: Graph) -> dict[str, object]:
    """Return a graph as plain JSON values; the shapes of weights are those of the tensors beside it."""
    return {
        "inputs": [[name, list(shape)] for name, shape in graph.inputs],
        "weights": [[name, list(shape)] for name, shape in graph.weights],
        "nodes": [[node.operation, node.name, list(node.inputs), node.options] for node in graph.nodes],
        "outputs": list(graph.outputs),
    }


def graph_from_json(value: object) -> Graph:
    """Rebuild a graph from :func:`graph_to_json`, checked; ValueError says what is wrong with it."""
    if not isinstance(value, dict) or not all(isinstance(item, list) for item in value.values()):
        raise ValueError("a graph is not as it should be")
    try:
        inputs, weights = (tuple((_word(name), _sizes(shape)) for name, shape in value[key]) for key in _SHAPED)
        nodes = tuple(_node(item) for item in value["nodes"])
        graph = Graph(inputs, weights, nodes, tuple(_word(name) for name in value["outputs"]))
    except (KeyError, TypeError) as error:
        raise ValueError("a graph is not as it should be") from error
    if any(not shape or shape[0] != 1 for _, shape in inputs):
        raise ValueError("an input of a graph has no batch")
    graph.shapes()
    return graph


_SHAPED = ("inputs", "weights")


def _node(item: object) -> Node:
    if not (isinstance(item, list) and len(item) == 4 and isinstance(item[2], list) and isinstance(item[3], dict)):
        raise ValueError("an operation of a graph is not as it should be")
    attributes = tuple(sorted((_word(key), _attribute(value)) for key, value in item[3].items()))
    return Node(_word(item[0]), _word(item[1]), tuple(_word(name) for name in item[2]), attributes)


def _attribute(value: object) -> Attribute:
    if isinstance(value, list):
        return _sizes(value, lowest=-MOST_VALUES)
    if isinstance(value, float):
        return to_float(value)
    if isinstance(value, str) or type(value) is int:
        return value
    raise ValueError("an attribute of a graph is not as it should be")


def _word(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError("a name in a graph is not text")
    return value


def _sizes(values: object, lowest: int = 0) -> tuple[int, ...]:
    if not isinstance(values, list) or not all(type(size) is int and lowest <= size <= 1 << 31 for size in values):
        raise ValueError("a size in a graph is not a number")
    return tuple(values)
