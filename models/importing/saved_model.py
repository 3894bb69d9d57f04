"""SavedModels of TensorFlow, which are programs: loaded only once somebody trusts them, frozen, and read as a graph.

To load one runs what its author wrote. What is kept is a graph of known operations, in which nothing of that is left.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
from tensorflow.python.framework.convert_to_constants import (
    _FunctionConverterDataInEager,
    _replace_variables_by_constants,
)

from models.core.text import shortened
from models.importing.choices import Choices
from models.importing.graph import Builder
from models.importing.hdf5 import MOST_WEIGHTS
from models.importing.moments import MEAN_WORDS, SPREAD_WORDS
from models.importing.parsed import Parsed
from models.importing.programs import IS_PROGRAM, TRUST_IT, WAY_ON, files_of_program
from models.importing.refusal import RefusedError
from models.importing.tfjs_graph import add_nodes
from models.importing.tfjs_node import TfNode

# What halves are called as signatures, and as models or functions within the model.
HALVES = {"encoder": ("encoder", "encode"), "decoder": ("decoder", "decode")}
WHOLE = ("serving_default", "serve")
# Draws of which the shape alone counts: state and seed are not followed.
STATELESS = "StatelessRandomNormalV2"


def read_saved_model(path: Path, choices: Choices) -> Parsed:
    """Load the program in a folder, and return its graph; :class:`RefusedError` unless the person trusts it."""
    if not choices.trust:
        raise RefusedError(IS_PROGRAM, TRUST_IT)
    files_of_program(path)
    try:
        loaded = tf.saved_model.load(str(path))
        return _parsed(loaded)
    except tf.errors.OpError as error:
        raise RefusedError(f"it cannot be loaded ({shortened(error.message)})", WAY_ON) from error


def _parsed(loaded: Any) -> Parsed:  # noqa: ANN401
    builder, parts = Builder(), {}
    for name, function in _functions(loaded).items():
        parts[name] = _added(builder, function)
    outputs = tuple(value for _, made in parts.values() for value in made)
    halves = {name: ends for name, ends in parts.items() if name in HALVES}
    kind = f"a SavedModel of TensorFlow {shortened(loaded.tensorflow_version)}"
    return Parsed(kind, builder.graph(outputs), builder.arrays, halves)


def _functions(loaded: Any) -> Mapping[str, Any]:  # noqa: ANN401
    """Return the functions of the halves, by their names, or of the whole; :class:`RefusedError` if there are none."""
    signatures = dict(loaded.signatures)
    halves = {half: _half(loaded, signatures, words) for half, words in HALVES.items()}
    if halves["decoder"] is not None:
        return {half: function for half, function in halves.items() if function is not None}
    whole = next((signatures[name] for name in (*WHOLE, *signatures) if name in signatures), None) or _called(loaded)
    if whole is None:
        raise RefusedError("it has no signature, and no function that has been called", WAY_ON)
    return {"whole": whole}


def _half(loaded: Any, signatures: Mapping[str, Any], words: Sequence[str]) -> Any:  # noqa: ANN401
    """Return the function of one half: a signature, a model within the model, or a function; None if there is none."""
    for word in words:
        named = next((function for name, function in signatures.items() if word in name.lower()), None)
        found = named or _called(getattr(loaded, word, None))
        if found is not None:
            return found
    return None


def _called(thing: Any) -> Any:  # noqa: ANN401
    """Return what a restored function or model does outside of training; None if it was never traced."""
    for function in (thing, getattr(thing, "__call__", None)):  # noqa: B004
        traces = getattr(function, "concrete_functions", ())
        suited = [trace for trace in traces if True not in tf.nest.flatten(trace.structured_input_signature)]
        if suited:
            return min(suited, key=lambda trace: len(trace.inputs))
    return None


def _added(builder: Builder, function: Any) -> tuple[tuple[str, ...], tuple[str, ...]]:  # noqa: ANN401
    """Add a function to the graph; return the names of its inputs and outputs there."""
    outputs = [tensor.name.removesuffix(":0") for tensor in function.outputs]
    nodes, arrays = _needed(_frozen(function), outputs)
    scope = add_nodes(builder, nodes, arrays)
    inputs = tuple(str(scope.values[node.name]) for node in nodes if node.operation == "Placeholder")
    told = function.structured_outputs
    names = sorted(told) if isinstance(told, Mapping) else [""] * len(outputs)
    made = [scope.moving(scope.values[output]) for output in outputs]
    return inputs, tuple(_named(builder, value, name) for value, name in zip(made, names, strict=True))


def _named(builder: Builder, value: str, name: str) -> str:
    """Give a value the name that says what it is; any other stays as it is."""
    if MEAN_WORDS.search(name) or SPREAD_WORDS.search(name):
        return builder.add("reshape", value, name=name, shape=builder.shape(value)[1:])
    return value


def _frozen(function: Any) -> Any:  # noqa: ANN401
    """Return the GraphDef of a function, with the functions that it calls taken in and its variables as constants.

    It is not made a function again, as ``convert_variables_to_constants_v2`` does: TensorFlow accepts no generator of
    random numbers whose state is a constant, and here the graph is only read.
    """
    data = _FunctionConverterDataInEager(function, lower_control_flow=False, aggressive_inlining=True)
    return _replace_variables_by_constants(data)[0]


def _needed(graph: Any, outputs: Sequence[str]) -> tuple[list[TfNode], dict[str, np.ndarray]]:  # noqa: ANN401
    """Return the nodes that the outputs depend on, and the constants among them."""
    nodes = {node.name: node for node in graph.node}
    waiting, kept = [_maker(name) for name in outputs], dict[str, TfNode]()
    while waiting:
        name = waiting.pop()
        if name not in kept:
            kept[name] = _node(nodes[name])
            waiting += [_maker(given) for given in kept[name].inputs]
    constants = {name: nodes[name].attr["value"].tensor for name in kept if nodes[name].op == "Const"}
    arrays = {name: np.asarray(tf.make_ndarray(tensor)) for name, tensor in constants.items()}
    if sum(values.size for values in arrays.values()) > MOST_WEIGHTS:
        raise RefusedError(f"it has more than {MOST_WEIGHTS:,} parameters")
    return [kept[name] for name in nodes if name in kept], arrays


def _maker(name: str) -> str:
    """Return the node that makes a value."""
    return name.split(":", maxsplit=1)[0]


def _node(node: Any) -> TfNode:  # noqa: ANN401
    given = [name.removesuffix(":0") for name in node.input if not name.startswith("^")]
    attributes = {key: _attribute(value) for key, value in node.attr.items() if key != "value"}
    return TfNode(node.op, node.name, given[:1] if node.op == STATELESS else given, attributes)


def _attribute(value: Any) -> object:  # noqa: ANN401
    """Return the value of an attribute: a number, a word, a list of these, or a shape."""
    kind = value.WhichOneof("value")
    if kind == "list":
        return list(_items(value.list))
    if kind == "shape":
        return [int(dim.size) for dim in value.shape.dim]
    content: object = getattr(value, kind) if kind in ("i", "f", "b", "s") else None
    return content.decode(errors="replace") if isinstance(content, bytes) else content


def _items(values: Any) -> Iterator[object]:  # noqa: ANN401
    yield from (*values.i, *values.f, *(word.decode(errors="replace") for word in values.s))
