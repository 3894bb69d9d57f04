"""Rewrite a graph for images [n, h, w, c], in which convolutions run: turned once at either end, not around each."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from models.core.arrays import Floats32
from models.importing.graph import Builder, Graph, Node
from models.importing.operations import numbers

# What gives each value what it would have wherever it stands.
POINTWISE = frozenset({
    "add", "sub", "mul", "div", "pow", "maximum", "minimum", "less", "where", "leaky_relu", "elu", "hard_sigmoid",
    "clip", "gelu", "relu", "selu", "silu", "mish", "sigmoid", "tanh", "softplus", "softsign", "exp", "log", "sqrt",
    "abs", "neg", "erf",
})  # fmt: skip
TO_LAST, TO_FIRST = (0, 2, 3, 1), (0, 3, 1, 2)


def channels_last(graph: Graph, weights: Mapping[str, Floats32]) -> tuple[Graph, dict[str, Floats32]]:
    """Return a graph that gives the same with its images' channels last, and its weights."""
    if not any(node.options.get("layout") == "first" for node in graph.nodes):
        return graph, dict(weights)
    return _Turning(graph, weights).turned()


class _Turning:
    """Builds a graph anew: each value is known as it was, or turned, or both."""

    def __init__(self, graph: Graph, weights: Mapping[str, Floats32]) -> None:
        self._graph, self._weights, self._builder = graph, weights, Builder()
        self._shapes = graph.shapes()
        self._plain: dict[str, str] = {}
        self._last: dict[str, str] = {}

    def turned(self) -> tuple[Graph, dict[str, Floats32]]:
        """Return the new graph with the inputs and the outputs of the old one."""
        for name, shape in self._graph.inputs:
            self._plain[name] = self._builder.input(name, shape)
        for node in self._graph.nodes:
            self._take(node)
        outputs = [self._as_it_was(name) for name in self._graph.outputs]
        return self._builder.graph(outputs), self._builder.arrays

    def _take(self, node: Node) -> None:
        turnable = [name for name in node.inputs if name in self._last]
        if node.options.get("layout") == "first":
            given = [self._channels_last(node.inputs[0]), *map(self._as_it_was, node.inputs[1:])]
            self._last[node.name] = self._add(node, given, layout="last")
        elif node.operation in POINTWISE and turnable and len(self._shapes[node.name]) == 4:
            self._last[node.name] = self._add(node, [self._beside(name) for name in node.inputs])
        elif node.operation == "concat" and turnable and len(self._shapes[node.name]) == 4:
            axis = (0, 3, 1, 2)[int(str(node.options["axis"]))]
            self._last[node.name] = self._add(node, [self._channels_last(name) for name in node.inputs], axis=axis)
        elif node.operation == "transpose" and turnable and numbers(node.options, "axes") == TO_LAST:
            self._plain[node.name] = self._last[node.inputs[0]]
        elif node.operation == "transpose" and numbers(node.options, "axes") == TO_FIRST:
            self._last[node.name] = self._as_it_was(node.inputs[0])
        else:
            self._plain[node.name] = self._add(node, [self._as_it_was(name) for name in node.inputs])

    def _add(self, node: Node, given: list[str], **changed: int | str) -> str:
        return self._builder.add(node.operation, *given, name=node.name, **(node.options | changed))

    def _as_it_was(self, name: str) -> str:
        """Return a value as the old graph had it."""
        if name not in self._plain:
            if name in self._weights:
                self._plain[name] = self._builder.weight(name, self._weights[name])
            else:
                self._plain[name] = self._builder.add("transpose", self._last[name], axes=TO_FIRST)
        return self._plain[name]

    def _channels_last(self, name: str) -> str:
        """Return an image with its channels last."""
        if name not in self._last:
            self._last[name] = self._builder.add("transpose", self._as_it_was(name), axes=TO_LAST)
        return self._last[name]

    def _beside(self, name: str) -> str:
        """Return what meets an image whose channels are last: another image, or a weight, brought to four axes."""
        if name not in self._weights:
            shape = self._shapes[name]
            return self._channels_last(name) if len(shape) == 4 else self._spread(name)
        values = self._weights[name]
        if values.ndim == 0 or values.size == 1:
            return self._as_it_was(name)
        four = values.reshape((1,) * (4 - values.ndim) + values.shape)
        return self._builder.weight(name, np.transpose(four, TO_LAST))

    def _spread(self, name: str) -> str:
        shape = self._shapes[name]
        four = self._builder.add("reshape", self._as_it_was(name), shape=(1,) * (4 - len(shape)) + shape[1:])
        return self._builder.add("transpose", four, axes=TO_LAST)
