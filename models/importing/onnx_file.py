"""ONNX files: a graph of Protocol Buffers, with its weights inside or in a file beside it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from models.core.reading import read_file
from models.core.text import shortened
from models.importing.graph import MOST_NODES, Builder
from models.importing.hdf5 import MOST_FILE_BYTES
from models.importing.onnx_graph import Attribute, Call, Scope, Value, calculated
from models.importing.onnx_operations import MAKERS
from models.importing.onnx_shapes import MOVERS
from models.importing.onnx_tensors import array_of
from models.importing.parsed import Parsed
from models.importing.refusal import RefusedError
from models.importing.wire import Message

OLDEST = 7
OWN_DOMAINS = ("", "ai.onnx")
# AttributeProto: the field of each type of value.
REAL, WHOLE, TEXT, TENSOR, REALS, WHOLES = 1, 2, 3, 4, 6, 7


def read_onnx(path: Path) -> Parsed:
    """Parse an ONNX file; :class:`RefusedError` says what is not understood."""
    model = Message(memoryview(read_file(path, MOST_FILE_BYTES)))
    opsets = {item.word(1): item.number(2) for item in model.messages(8)}
    opset = max(opsets.get(domain, 0) for domain in OWN_DOMAINS)
    if not model.has(7) or not opset:
        raise RefusedError("this is no ONNX model, whatever its name says")
    if opset < OLDEST:
        raise RefusedError(f"its opset is {opset}, and {OLDEST} or later is read", "export it again")
    scope, graph = Scope(Builder(), opset), model.message(7)
    _take_tensors(scope, graph, path.parent)
    nodes = graph.messages(1)
    if len(nodes) > MOST_NODES:
        raise RefusedError(f"it has more than {MOST_NODES:,} operations")
    outputs = [item.word(1) for item in graph.messages(12)]
    for node in nodes:
        _take(scope, node, outputs, path.parent)
    names = [scope.moving(_value(scope, name)) for name in outputs]
    return Parsed(f"an ONNX model (opset {opset})", scope.builder.graph(names), scope.builder.arrays)


def _take_tensors(scope: Scope, graph: Message, folder: Path) -> None:
    for tensor in graph.messages(5):
        scope.values[tensor.word(8)] = array_of(tensor, folder)
    for item in graph.messages(11):
        name = item.word(1)
        if name not in scope.values:
            scope.values[name] = scope.builder.input(name, _input_shape(item))


def _input_shape(item: Message) -> tuple[int, ...]:
    tensor = item.message(2).message(1)
    sizes = [dim.number(1, -1) if dim.has(1) else -1 for dim in tensor.message(2).messages(1)]
    if len(sizes) < 2 or any(size < 1 for size in sizes[1:]):
        reason = f"the size of its input {shortened(item.word(1))} is not in the file"
        raise RefusedError(reason, "export it with fixed sizes, only the batch may be dynamic")
    return (1, *sizes[1:])


def _value(scope: Scope, name: str) -> Value:
    if name not in scope.values:
        raise RefusedError(f"its value {shortened(name)} is used before it is made")
    return scope.values[name]


def _take(scope: Scope, node: Message, asked: Sequence[str], folder: Path) -> None:
    operation, outputs = node.word(4), node.words(2)
    if node.word(7) not in OWN_DOMAINS:
        raise RefusedError(f"its operation {shortened(operation)} is one of somebody's own, {shortened(node.word(7))}")
    attributes = {item.word(1): _attribute(item, folder) for item in node.messages(5)}
    inputs = [_value(scope, name) if name else None for name in node.words(1)]
    # The names of outputs say what they are; of all else, the node's own says where it comes from.
    name = next((name for name in outputs if name in asked), node.word(3) or operation)
    made = _made(scope, Call(operation, name.strip("/"), attributes, inputs, len(outputs)))
    scope.values.update(zip(outputs, made, strict=False))


def _made(scope: Scope, call: Call) -> Sequence[Value]:
    if call.operation == "Constant":
        return [_constant(call)]
    known = calculated(call)
    if known is not None:
        return [known]
    maker = MOVERS.get(call.operation) or MAKERS.get(call.operation)
    if maker is None:
        raise RefusedError(f"its operation {shortened(call.operation)} is not known here")
    made = maker(scope, call)
    return [made] if isinstance(made, str | np.ndarray) else made


def _constant(call: Call) -> np.ndarray:
    for key in ("value", "value_float", "value_int", "value_floats", "value_ints"):
        if key in call.attributes:
            return np.asarray(call.attributes[key])
    raise RefusedError(f"its constant {shortened(call.name)} is of a kind that is not known here")


def _attribute(item: Message, folder: Path) -> Attribute:
    kind = item.number(20)
    if kind == REAL:
        return (item.floats(2) or [0.0])[-1]
    if kind == WHOLE:
        return item.number(3)
    if kind == TENSOR:
        return array_of(item.message(5), folder)
    if kind in (REALS, WHOLES):
        return item.floats(7) if kind == REALS else item.numbers(8)
    if kind == TEXT:
        return item.word(4)
    raise RefusedError(f"its attribute {shortened(item.word(1))} is of a kind that is not known here")
