"""Exported programs of PyTorch, ``.pt2``: a graph of ATen operations in JSON, and weights as plain bytes.

What else is in the archive is left alone: inputs that are samples, compiled code, pickles.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from models.core.arrays import Floats32
from models.core.reading import open_file
from models.core.text import shortened
from models.importing.archives import TORCH_PROGRAM, Archive, json_of
from models.importing.aten import MAKERS, AtenNode, Item
from models.importing.graph import MOST_NODES, Builder
from models.importing.hdf5 import MOST_WEIGHTS
from models.importing.onnx_graph import Scope, Value
from models.importing.parsed import Parsed
from models.importing.refusal import RefusedError

WEIGHTS, CONSTANTS = "data/weights/", "data/constants/"
CONFIG = "_config.json"
PLAIN = (
    "export it for the CPU with plain tensors: torch.export.save(torch.export.export(model, (example,)), 'model.pt2')"
)
# The numbers that the format gives to kinds of numbers.
KINDS = {1: "u1", 2: "i1", 3: "<i2", 4: "<i4", 5: "<i8", 6: "<f2", 7: "<f4", 8: "<f8", 12: "?", 13: "<u2"}
BFLOAT16 = 13
OWN = ("torch.ops.aten.", "_operator.")

Table = Mapping[str, Any]


def read_exported(path: Path) -> Parsed:
    """Parse a ``.pt2`` file; :class:`RefusedError` says what is not understood."""
    with open_file(path) as file:
        archive = Archive(file)
        name = next(name for name in archive.names if name.endswith(TORCH_PROGRAM))
        top = name.removesuffix(TORCH_PROGRAM)
        compiled = [member for member in archive.names if member.endswith((".so", ".dll", ".dylib", ".cubin"))]
        if compiled:
            raise RefusedError(f"it holds compiled code ({shortened(compiled[0])}), which is never loaded", PLAIN)
        program = json_of(archive.read(name))
        tensors = {key: _tensors(archive, f"{top}{key}") for key in (WEIGHTS, CONSTANTS)}
    if not isinstance(program, Mapping):
        raise RefusedError("its program is damaged")
    return _program(program["graph_module"], tensors[WEIGHTS] | tensors[CONSTANTS])


def _tensors(archive: Archive, folder: str) -> dict[str, Floats32]:
    """Return the tensors of a folder by name: of each there is an entry that says where and how it is laid out."""
    found: dict[str, Floats32] = {}
    left = MOST_WEIGHTS
    for name in (name for name in archive.names if name.startswith(folder) and name.endswith(CONFIG)):
        table = json_of(archive.read(name))
        entries = table.get("config", table) if isinstance(table, Mapping) else {}
        for key, entry in entries.items():
            if entry.get("use_pickle"):
                raise RefusedError(f"its parameter {shortened(key)} is pickled, which is not opened", PLAIN)
            found[str(key)] = _tensor(
                str(key), entry["tensor_meta"], archive.read(f"{folder}{entry['path_name']}"), left
            )
            left -= found[str(key)].size
    return found


def _tensor(name: str, meta: Table, content: bytes, most: int) -> Floats32:
    kind = KINDS.get(meta["dtype"])
    if kind is None:
        raise RefusedError(f"its parameter {shortened(name)} is of a type that is not known here")
    sizes, strides = (tuple(_whole(size) for size in meta[key]) for key in ("sizes", "strides"))
    offset = _whole(meta.get("storage_offset", {"as_int": 0}))
    values = np.frombuffer(content[: len(content) // np.dtype(kind).itemsize * np.dtype(kind).itemsize], kind)
    if len(sizes) != len(strides) or min((*sizes, *strides, offset, 0)) < 0 or math.prod(sizes) > most:
        raise RefusedError(f"its parameter {shortened(name)} makes no sense")
    last = offset + sum((size - 1) * stride for size, stride in zip(sizes, strides, strict=True))
    if math.prod(sizes) and last >= values.size:
        raise RefusedError(f"its parameter {shortened(name)} is truncated or damaged")
    if meta["dtype"] == BFLOAT16:
        values = (values.astype(np.uint32) << 16).view(np.float32)
    places = [stride * values.itemsize for stride in strides]
    return np.array(np.lib.stride_tricks.as_strided(values[offset:], sizes, places), np.float32)


def _whole(value: object) -> int:
    """Return a size; :class:`RefusedError` if it is an expression, which is not evaluated."""
    if isinstance(value, Mapping):
        value = value.get("as_int", value)
    if type(value) is not int:
        raise RefusedError("a size in it is an expression, which is not evaluated", "export it with fixed sizes")
    return value


def _program(module: Table, tensors: Mapping[str, Floats32]) -> Parsed:
    graph, signature = module["graph"], module["signature"]
    nodes = graph["nodes"]
    if len(nodes) > MOST_NODES:
        raise RefusedError(f"it has more than {MOST_NODES:,} operations")
    scope = Scope(Builder(), 0)
    for spec in signature["input_specs"]:
        _take_input(scope, spec, graph["tensor_values"], tensors)
    for node in nodes:
        _take(scope, node)
    outputs = [_tensor_name(spec["user_output"]["arg"]) for spec in signature["output_specs"] if "user_output" in spec]
    names = [scope.moving(_found(scope, name)) for name in outputs]
    return Parsed("an exported program of PyTorch", scope.builder.graph(names), scope.builder.arrays, layout="NCHW")


def _take_input(scope: Scope, spec: Table, values: Table, tensors: Mapping[str, Floats32]) -> None:
    (kind, content), *_ = spec.items()
    if kind == "user_input":
        name = _tensor_name(content["arg"])
        sizes = values[name]["sizes"]
        # Only the batch may be an expression.
        scope.values[name] = scope.builder.input(name, (1, *(_whole(size) for size in sizes[1:])))
        return
    key = {"parameter": "parameter_name", "buffer": "buffer_name", "tensor_constant": "tensor_constant_name"}.get(kind)
    if key is None:
        raise RefusedError(f"it takes a {shortened(kind)}, which is not read", PLAIN)
    name = content["arg"]["name"]
    if content[key] in tensors:
        scope.values[name] = tensors[content[key]]
    elif not name.endswith("num_batches_tracked"):
        raise RefusedError(f"its parameter {shortened(content[key])} is missing")


def _tensor_name(argument: Table) -> str:
    return str(argument["as_tensor"]["name"])


def _found(scope: Scope, name: str) -> Value:
    if name not in scope.values:
        raise RefusedError(f"its value {shortened(name)} is used before it is made")
    return scope.values[name]


def _take(scope: Scope, node: Table) -> None:
    target = str(node["target"])
    word = target.removeprefix("torch.ops.aten.").split(".")[0]
    maker = MAKERS.get(word) if target.startswith(OWN) else None
    if maker is None:
        raise RefusedError(f"its operation {shortened(target)} is not known here")
    given = {str(item["name"]): _item(scope, item["arg"]) for item in node["inputs"]}
    outputs = [name for item in node["outputs"] for name in _names(item)]
    made = maker(scope, AtenNode(word, outputs[0] if outputs else word, given, len(outputs)))
    scope.values.update(zip(outputs, [made] if isinstance(made, str | np.ndarray) else made, strict=False))


def _names(item: Table) -> Sequence[str]:
    if "as_tensors" in item:
        return [str(part["name"]) for part in item["as_tensors"]]
    return [_tensor_name(item)] if "as_tensor" in item else []


def _item(scope: Scope, argument: Table) -> Item:
    """Return an argument: values of the graph, numbers, words, lists of them, or None."""
    (kind, content), *_ = argument.items()
    if kind == "as_tensor":
        return _found(scope, str(content["name"]))
    if kind == "as_tensors":
        return [_found(scope, str(part["name"])) for part in content]
    if kind in ("as_sym_int", "as_sym_float", "as_sym_ints"):
        parts = content if isinstance(content, list) else [content]
        return [part.get("as_int", -1) for part in parts] if kind == "as_sym_ints" else parts[0].get("as_int", -1)
    if kind in ("as_int", "as_float", "as_bool", "as_string", "as_ints", "as_floats", "as_bools"):
        return content if isinstance(content, int | float | str | list) else None
    if kind in ("as_custom_obj", "as_operator", "as_graph", "as_script_obj"):
        raise RefusedError(f"it takes an opaque object ({shortened(kind)}), which is not opened", PLAIN)
    return None
