"""Graph models of TensorFlow.js: nodes of TensorFlow in JSON, which become operations of a graph one by one."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from models.core.arrays import Floats32
from models.core.text import shortened
from models.importing.graph import MOST_NODES, Builder
from models.importing.onnx_graph import Known, Scope, Value
from models.importing.parsed import Parsed
from models.importing.refusal import RefusedError
from models.importing.tfjs_known import CALCULATIONS
from models.importing.tfjs_node import TfNode
from models.importing.tfjs_operations import ACTIVATIONS, MAKERS
from models.importing.tfjs_splits import SPLITS

# What only names its inputs, or gives them on.
SILENT = ("NoOp", "Assert")
NEUTRAL = {"Mul": 1.0, "Add": 0.0, "AddV2": 0.0}


def read_graph_model(topology: Mapping[str, Any], arrays: Mapping[str, Floats32], signature: object) -> Parsed:
    """Parse the nodes of a graph model; :class:`RefusedError` says what is not understood.

    ``signature`` lists its inputs and outputs, if the converter has written it.
    """
    nodes = [_node(item) for item in topology["node"]]
    scope = add_nodes(Builder(), nodes, arrays)
    used = {name for node in nodes for name in node.inputs}
    told = _signed(signature)
    last = [node.name for node in nodes if node.name not in used and node.operation not in (*SILENT, "Const")]
    outputs = [name for name in told if isinstance(scope.values.get(name), str)] or last
    names = [scope.moving(scope.values[name]) for name in outputs]
    return Parsed("a graph model of TensorFlow.js", scope.builder.graph(names), scope.builder.arrays)


def add_nodes(builder: Builder, nodes: Sequence[TfNode], arrays: Mapping[str, np.ndarray]) -> Scope:
    """Add nodes, in any order, to a graph; return all values by their names, of later outputs with their numbers."""
    if len(nodes) > MOST_NODES:
        raise RefusedError(f"it has more than {MOST_NODES:,} operations")
    scope = Scope(builder, 0)
    for node in _in_order(nodes):
        if node.operation in SPLITS:
            parts = SPLITS[node.operation](scope, node, [scope.values[name] for name in node.inputs])
            scope.values |= {f"{node.name}:{number}": part for number, part in enumerate(parts)}
            scope.values[node.name] = parts[0]
        else:
            scope.values[node.name] = _made(scope, node, arrays)
    return scope


def _signed(signature: object) -> list[str]:
    """Return the nodes that are the outputs by the signature, in the order of their names."""
    outputs = signature.get("outputs") if isinstance(signature, Mapping) else None
    if not isinstance(outputs, Mapping):
        return []
    return [str(outputs[key].get("name", key)).split(":")[0] for key in sorted(outputs)]


def _node(item: Mapping[str, Any]) -> TfNode:
    inputs = [str(name) for name in item.get("input", []) if not str(name).startswith("^")]
    attributes = {str(key): _attribute(value) for key, value in item.get("attr", {}).items()}
    return TfNode(str(item["op"]), str(item["name"]), [name.removesuffix(":0") for name in inputs], attributes)


def _attribute(value: Mapping[str, Any]) -> object:
    """Return the value of an attribute: a number, a word, a list of these, or a shape."""
    for key, content in value.items():
        if key in _PLAIN:
            return _PLAIN[key](content)
        if key == "list":
            return [_attribute({kind: part}) for kind, parts in content.items() for part in parts]
        if key == "shape":
            return [int(dim.get("size", -1)) for dim in content.get("dim", [])]
    return None


def _word(content: object) -> str:
    if isinstance(content, list):
        return bytes(content).decode(errors="replace")
    try:
        return base64.b64decode(str(content), validate=True).decode(errors="replace")
    except binascii.Error:
        return str(content)


_PLAIN: Mapping[str, Callable[[Any], object]] = {"i": int, "f": float, "b": bool, "s": _word}


def _in_order(nodes: Sequence[TfNode]) -> list[TfNode]:
    """Return the nodes so that each comes after its inputs; :class:`RefusedError` if there is a circle."""
    made: set[str] = set()
    ordered: list[TfNode] = []
    waiting = list(nodes)
    while waiting:
        ready = [node for node in waiting if all(name.split(":")[0] in made for name in node.inputs)]
        if not ready:
            raise RefusedError(f"the inputs of its operation {shortened(waiting[0].name)} are never made")
        ordered += ready
        made.update(node.name for node in ready)
        waiting = [node for node in waiting if node.name not in made]
    return ordered


def _made(scope: Scope, node: TfNode, arrays: Mapping[str, np.ndarray]) -> Value:
    if node.operation == "Const":
        if node.name not in arrays:
            raise RefusedError(f"the weight {shortened(node.name)} is missing")
        return arrays[node.name]
    if node.operation == "Placeholder":
        return scope.builder.input(node.name, _input_shape(node))
    given = [scope.values[name] for name in node.inputs]
    known = CALCULATIONS.get(node.operation)
    if known is not None and all(isinstance(value, np.ndarray) for value in given):
        return np.asarray(known(node, [value for value in given if isinstance(value, Known)]))
    if len(given) == 2 and _changes_nothing(node, given[1]):
        return given[0]
    maker = MAKERS.get(node.operation)
    if maker is None:
        if node.operation in SILENT:
            return np.zeros(1)
        raise RefusedError(f"its operation {shortened(node.operation)} is not known here")
    value = maker(scope, node, given)
    for word in node.words("fused_ops"):
        if word != "BiasAdd":
            value = _fused(scope, node, word, value, given)
    return value


def _changes_nothing(node: TfNode, other: Value) -> bool:
    """Return whether something is multiplied by 1 or 0 is added, as behind a draw of a standard normal."""
    neutral = NEUTRAL.get(node.operation)
    return neutral is not None and isinstance(other, np.ndarray) and other.shape == () and float(other) == neutral


def _fused(scope: Scope, node: TfNode, word: str, value: Value, given: Sequence[Value]) -> str:
    """Apply an activation that the converter has fused to the operation before it."""
    if word not in ACTIVATIONS:
        raise RefusedError(f"its operation {shortened(node.name)} is fused with {shortened(word)}, not known here")
    activation = TfNode(word, f"{node.name}.{word}", [], {"alpha": node.real("leakyrelu_alpha", 0.2)})
    return str(MAKERS[word](scope, activation, [value, *given[3:]]))


def _input_shape(node: TfNode) -> tuple[int, ...]:
    shape = node.wholes("shape")
    if len(shape) < 1 or any(size < 1 for size in shape[1:]):
        raise RefusedError(f"the size of its input {shortened(node.name)} is not in the file", "fix its size")
    return (1, *shape[1:])
