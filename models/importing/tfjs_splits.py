"""The operations of TensorFlow that make several values of one."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise

import numpy as np

from models.core.text import shortened
from models.importing.onnx_graph import Scope, Value
from models.importing.refusal import RefusedError
from models.importing.tfjs_node import TfNode

Splitter = Callable[[Scope, TfNode, Sequence[Value]], list[Value]]


def _whole(node: TfNode, value: Value) -> list[int]:
    if isinstance(value, str):
        raise RefusedError(f"its operation {shortened(node.name)} ({node.operation}) depends on what comes in")
    return [int(item) for item in np.atleast_1d(value)]


def _cut(scope: Scope, node: TfNode, value: Value, axis: int, sizes: Sequence[int]) -> list[Value]:
    """Cut a value along an axis into parts of these sizes, one of which may be −1 for the rest."""
    axis %= len(scope.shape(value))
    rest = scope.shape(value)[axis] - sum(sizes) - 1
    stops = np.cumsum([rest if size < 0 else size for size in sizes])
    if isinstance(value, np.ndarray):
        return [*np.split(value, stops[:-1], axis)]
    return [
        scope.builder.add("slice", value, name=node.name, axis=axis, start=int(start), stop=int(stop), step=1)
        for start, stop in pairwise([0, *stops])
    ]


def _split(scope: Scope, node: TfNode, given: Sequence[Value]) -> list[Value]:
    (axis,), count = _whole(node, given[0]), max(1, int(node.real("num_split", 1)))
    return _cut(scope, node, given[1], axis, [scope.shape(given[1])[axis] // count] * count)


def _split_by_sizes(scope: Scope, node: TfNode, given: Sequence[Value]) -> list[Value]:
    (axis,) = _whole(node, given[2])
    return _cut(scope, node, given[0], axis, _whole(node, given[1]))


def _unpacked(scope: Scope, node: TfNode, given: Sequence[Value]) -> list[Value]:
    shape = scope.shape(given[0])
    axis = int(node.real("axis", 0)) % len(shape)
    left = tuple(size for place, size in enumerate(shape) if place != axis)
    return [
        part.reshape(left) if isinstance(part, np.ndarray) else scope.builder.add("reshape", part, shape=left[1:])
        for part in _cut(scope, node, given[0], axis, [1] * shape[axis])
    ]


def _given(_scope: Scope, _node: TfNode, given: Sequence[Value]) -> list[Value]:
    return list(given)


SPLITS: Mapping[str, Splitter] = {
    "Split": _split,
    "SplitV": _split_by_sizes,
    "Unpack": _unpacked,
    "IdentityN": _given,
}
