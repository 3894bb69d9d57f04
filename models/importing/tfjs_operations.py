"""The operations of TensorFlow that graph models of TensorFlow.js are made of."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from models.core.text import shortened
from models.importing.onnx_graph import BATCH, Known, Scope, Value
from models.importing.operations import NOISE
from models.importing.refusal import RefusedError
from models.importing.scaling import scaled
from models.importing.windows import same_pads


@dataclass(frozen=True)
class TfNode:
    """A node of a graph: its operation, name, inputs and attributes."""

    operation: str
    name: str
    inputs: Sequence[str]
    attributes: Mapping[str, object]

    def wholes(self, key: str, default: Sequence[int] = ()) -> list[int]:
        """Return an attribute that is a list of whole numbers."""
        value = self.attributes.get(key)
        return [int(item) for item in value] if isinstance(value, list) and value else list(default)

    def words(self, key: str) -> list[str]:
        """Return an attribute that is a list of words."""
        value = self.attributes.get(key)
        return [str(item) for item in value] if isinstance(value, list) else []

    def real(self, key: str, default: float) -> float:
        """Return an attribute that is a number."""
        value = self.attributes.get(key, default)
        return float(value) if isinstance(value, int | float) else default

    def true(self, key: str) -> bool:
        """Return an attribute that is true or false."""
        return bool(self.attributes.get(key, False))

    @property
    def layout(self) -> str:
        """Where the channels of an image are."""
        return "first" if self.attributes.get("data_format") == "NCHW" else "last"

    def pair(self, key: str) -> tuple[int, int]:
        """Return the two of four numbers that stand for height and width."""
        four = self.wholes(key, (1, 1, 1, 1))
        return (four[2], four[3]) if self.layout == "first" else (four[1], four[2])

    def sides(self, shape: Sequence[int]) -> tuple[int, int]:
        """Return height and width of an image."""
        return (shape[2], shape[3]) if self.layout == "first" else (shape[1], shape[2])


Maker = Callable[[Scope, TfNode, Sequence[Value]], Value]


def _known(node: TfNode, value: Value) -> Known:
    if isinstance(value, str):
        raise RefusedError(f"its operation {shortened(node.name)} ({node.operation}) depends on what comes in")
    return value


def _dense(scope: Scope, node: TfNode, given: Sequence[Value]) -> str:
    if node.true("transpose_a"):
        raise RefusedError(f"its operation {shortened(node.name)} would turn the batch")
    kernel = _known(node, given[1])
    weights = [kernel.T if node.true("transpose_b") else kernel]
    weights += [_known(node, given[2])] if "BiasAdd" in node.words("fused_ops") else []
    return scope.builder.add("dense", scope.moving(given[0]), *map(scope.moving, weights), name=node.name)


def _pads(node: TfNode, sides: Sequence[int], reach: Sequence[int], strides: Sequence[int]) -> tuple[int, ...]:
    if node.attributes.get("padding") == "EXPLICIT":
        margins = node.wholes("explicit_paddings")
        return tuple(margins[4:8] if node.layout == "first" else margins[2:6])
    return same_pads(sides, reach, strides) if node.attributes.get("padding") == "SAME" else (0, 0, 0, 0)


def _conv(scope: Scope, node: TfNode, given: Sequence[Value]) -> str:
    value, kernel = scope.moving(given[0]), _known(node, given[1])
    groups = 1
    if node.operation in ("DepthwiseConv2dNative", "FusedDepthwiseConv2dNative"):
        rows, columns, groups, times = kernel.shape
        kernel = kernel.reshape(rows, columns, 1, groups * times)
    strides, dilations = node.pair("strides"), node.pair("dilations")
    reach = [(side - 1) * apart + 1 for side, apart in zip(kernel.shape[:2], dilations, strict=True)]
    bias = [scope.moving(given[2])] if "BiasAdd" in node.words("fused_ops") else []
    return scope.builder.add(
        "conv", value, scope.moving(kernel), *bias, name=node.name, strides=strides, dilations=dilations,
        pads=_pads(node, node.sides(scope.shape(value)), reach, strides), groups=groups, layout=node.layout,
    )  # fmt: skip


def _conv_transpose(scope: Scope, node: TfNode, given: Sequence[Value]) -> str:
    size, kernel, value = _known(node, given[0]), _known(node, given[1]), scope.moving(given[2])
    strides, sides = node.pair("strides"), node.sides(scope.shape(value))
    crops: list[int] = []
    wanted = node.sides([int(part) for part in size])
    for side, stride, reach, made in zip(sides, strides, kernel.shape[:2], wanted, strict=True):
        whole = (side - 1) * stride + reach - made
        before = max(whole, 0) // 2 if node.attributes.get("padding") == "SAME" else 0
        crops += [before, whole - before]
    return scope.builder.add(
        "conv_transpose", value, scope.moving(kernel), name=node.name, strides=strides, crops=tuple(crops), groups=1,
        layout=node.layout,
    )  # fmt: skip


def _bias(scope: Scope, node: TfNode, given: Sequence[Value]) -> str:
    value, bias = scope.moving(given[0]), _known(node, given[1])
    shaped = bias.reshape(-1, 1, 1) if node.layout == "first" and len(scope.shape(value)) == 4 else bias
    return scope.builder.add("add", value, scope.moving(shaped), name=node.name)


def _batch_norm(scope: Scope, node: TfNode, given: Sequence[Value]) -> str:
    gamma, beta, mean, variance = (_known(node, item).astype(np.float64) for item in given[1:5])
    scale = gamma / np.sqrt(variance + node.real("epsilon", 1e-3))
    value, axis = scope.moving(given[0]), 1 if node.layout == "first" else 3
    return scaled(scope.builder, value, scale, beta - mean * scale, axis, node.name)


def _reshape(scope: Scope, node: TfNode, given: Sequence[Value]) -> str:
    value, wanted = scope.moving(given[0]), [int(size) for size in _known(node, given[1]).ravel()][1:]
    if -1 in wanted:
        known = -math.prod(wanted)
        wanted[wanted.index(-1)] = math.prod(scope.shape(value)) // known if known > 0 else 0
    if not wanted:
        raise RefusedError(f"its operation {shortened(node.name)} mixes the images of a batch")
    return scope.builder.add("reshape", value, name=node.name, shape=tuple(wanted))


def _moved(change: Callable[[list[int], TfNode, Sequence[Value]], Sequence[int]]) -> Maker:
    """Return a maker for what changes the shape alone."""

    def make(scope: Scope, node: TfNode, given: Sequence[Value]) -> str:
        value = scope.moving(given[0])
        return scope.builder.add(
            "reshape", value, name=node.name, shape=tuple(change(list(scope.shape(value)), node, given)[1:])
        )

    return make


def _squeezed(shape: list[int], node: TfNode, given: Sequence[Value]) -> Sequence[int]:
    gone = {axis % len(shape) for axis in node.wholes("squeeze_dims")}
    gone = gone or {axis for axis, size in enumerate(shape) if axis and size == 1}
    return [size for axis, size in enumerate(shape) if axis not in gone]


def _expanded(shape: list[int], node: TfNode, given: Sequence[Value]) -> Sequence[int]:
    axis = int(_known(node, given[1]).flat[0]) % (len(shape) + 1)
    return [*shape[:axis], 1, *shape[axis:]]


def _transpose(scope: Scope, node: TfNode, given: Sequence[Value]) -> str:
    axes = tuple(int(axis) for axis in _known(node, given[1]))
    return scope.builder.add("transpose", scope.moving(given[0]), name=node.name, axes=axes)


def _concat(scope: Scope, node: TfNode, given: Sequence[Value]) -> str:
    values = [scope.moving(value) for value in given[:-1]]
    axis = int(_known(node, given[-1]).flat[0]) % len(scope.shape(values[0]))
    return scope.builder.add("concat", *values, name=node.name, axis=axis)


def _resize(scope: Scope, node: TfNode, given: Sequence[Value]) -> str:
    height, width = (int(side) for side in _known(node, given[1]))
    how = "nearest" if node.operation == "ResizeNearestNeighbor" else "bilinear"
    if node.true("align_corners"):
        how = "corners" if how == "bilinear" else how
    elif how == "bilinear" and not node.true("half_pixel_centers"):
        raise RefusedError(f"its operation {shortened(node.name)} resizes in the old way, which is not supported")
    return scope.builder.add(
        "resize", scope.moving(given[0]), name=node.name, size=(height, width), how=how, layout="last"
    )


def _pool(scope: Scope, node: TfNode, given: Sequence[Value]) -> str:
    value, size, strides = scope.moving(given[0]), node.pair("ksize"), node.pair("strides")
    pads = _pads(node, node.sides(scope.shape(value)), size, strides)
    kind = "max_pool" if node.operation == "MaxPool" else "mean_pool"
    return scope.builder.add(kind, value, name=node.name, size=size, strides=strides, pads=pads, layout=node.layout)


def _pad(scope: Scope, node: TfNode, given: Sequence[Value]) -> str:
    margins = tuple(int(side) for side in _known(node, given[1]).ravel())
    filled = float(_known(node, given[2]).flat[0]) if len(given) > 2 else 0.0
    how = "reflect" if node.operation == "MirrorPad" else "constant"
    return scope.builder.add("pad", scope.moving(given[0]), name=node.name, pads=margins, value=filled, how=how)


def _reduced(operation: str) -> Maker:
    def make(scope: Scope, node: TfNode, given: Sequence[Value]) -> str:
        value = scope.moving(given[0])
        axes = tuple(int(axis) % len(scope.shape(value)) for axis in np.atleast_1d(_known(node, given[1])))
        return scope.builder.add(operation, value, name=node.name, axes=axes, keep=int(node.true("keep_dims")))

    return make


def _cut(scope: Scope, node: TfNode, given: Sequence[Value]) -> str:
    """Take a slice, which begins and ends with the batch."""
    value = scope.moving(given[0])
    starts, ends = ([int(place) for place in _known(node, item)] for item in given[1:3])
    if node.operation == "Slice":
        ends = [-1 if size < 0 else start + size for start, size in zip(starts, ends, strict=True)]
    elif int(node.real("ellipsis_mask", 0)) or int(node.real("new_axis_mask", 0)):
        raise RefusedError(f"its operation {shortened(node.name)} cuts in a way that is not supported")
    steps = [int(step) for step in _known(node, given[3])] if len(given) > 3 else [1] * len(starts)
    first, last = int(node.real("begin_mask", 0)), int(node.real("end_mask", 0))
    for axis in range(1, len(starts)):
        side = scope.shape(value)[axis]
        start = 0 if first >> axis & 1 else starts[axis] % side
        stop = side if last >> axis & 1 or (node.operation == "Slice" and ends[axis] < 0) else ends[axis]
        stop = stop + side if stop < 0 else min(stop, side)
        if (start, stop, steps[axis]) != (0, side, 1):
            value = scope.builder.add(
                "slice", value, name=node.name, axis=axis, start=start, stop=stop, step=steps[axis]
            )
    gone = [axis for axis in range(1, len(starts)) if int(node.real("shrink_axis_mask", 0)) >> axis & 1]
    left = [size for axis, size in enumerate(scope.shape(value)) if axis not in gone]
    return scope.builder.add("reshape", value, name=node.name, shape=tuple(left[1:])) if gone else value


def _two(operation: str) -> Maker:
    def make(scope: Scope, node: TfNode, given: Sequence[Value]) -> str:
        value = scope.moving(given[0])
        for other in given[1:]:
            value = scope.builder.add(operation, value, scope.moving(other), name=node.name)
        return value

    return make


def _one(operation: str, **defaults: float) -> Maker:
    def make(scope: Scope, node: TfNode, given: Sequence[Value]) -> str:
        options = {key: node.real(key, value) for key, value in defaults.items()}
        return scope.builder.add(operation, scope.moving(given[0]), name=node.name, **options)

    return make


def _prelu(scope: Scope, node: TfNode, given: Sequence[Value]) -> str:
    value = scope.moving(given[0])
    below = scope.builder.add("minimum", value, scope.moving(np.zeros(1)))
    sloped = scope.builder.add("mul", below, scope.moving(given[1]))
    return scope.builder.add("add", scope.builder.add("relu", value), sloped, name=node.name)


def _elu(scope: Scope, node: TfNode, given: Sequence[Value]) -> str:
    return scope.builder.add("elu", scope.moving(given[0]), name=node.name, alpha=1.0)


def _softmax(scope: Scope, node: TfNode, given: Sequence[Value]) -> str:
    value = scope.moving(given[0])
    return scope.builder.add("softmax", value, name=node.name, axis=len(scope.shape(value)) - 1)


def _square(scope: Scope, node: TfNode, given: Sequence[Value]) -> str:
    value = scope.moving(given[0])
    return scope.builder.add("mul", value, value, name=node.name)


def _erfc(scope: Scope, node: TfNode, given: Sequence[Value]) -> str:
    error = scope.builder.add("erf", scope.moving(given[0]))
    return scope.builder.add("sub", scope.moving(np.ones(1)), error, name=node.name)


def _rsqrt(scope: Scope, node: TfNode, given: Sequence[Value]) -> str:
    root = scope.builder.add("sqrt", scope.moving(given[0]))
    return scope.builder.add("div", scope.moving(np.ones(1)), root, name=node.name)


def _shape(scope: Scope, node: TfNode, given: Sequence[Value]) -> Known:
    value = given[0]
    return np.array([BATCH if isinstance(value, str) else value.shape[0], *scope.shape(value)[1:]])


def _noise(scope: Scope, node: TfNode, given: Sequence[Value]) -> str:
    """Mark a draw: of the shape that is asked for, whose batch is that of the first input."""
    shape = [int(size) for size in _known(node, given[0])]
    name, batch = scope.builder.graph(()).inputs[0]
    first = scope.builder.add("mean", name, axes=tuple(range(1, len(batch))), keep=0)
    none = scope.builder.add("mul", scope.builder.add("reshape", first, shape=(1,)), scope.moving(np.zeros(1)))
    zeros = scope.builder.add("add", none, scope.moving(np.zeros((1, math.prod(shape[1:])))))
    return scope.builder.add(NOISE, scope.builder.add("reshape", zeros, shape=tuple(shape[1:])), name=node.name)


def _strided(node: TfNode, given: Sequence[Known]) -> Known:
    starts, ends, steps = ([int(place) for place in part] for part in given[1:4])
    first, last, gone = (int(node.real(f"{key}_mask", 0)) for key in ("begin", "end", "shrink_axis"))
    places: list[slice | int] = []
    for axis, (start, end, step) in enumerate(zip(starts, ends, steps, strict=True)):
        whole = slice(None if first >> axis & 1 else start, None if last >> axis & 1 else end, step)
        places.append(start if gone >> axis & 1 else whole)
    found: Known = np.asarray(given[0][tuple(places)])
    return found


CALCULATIONS: Mapping[str, Callable[[TfNode, Sequence[Known]], Known]] = {
    "StridedSlice": _strided,
    "Pack": lambda node, given: np.stack(given, int(node.real("axis", 0))),
    "ConcatV2": lambda node, given: np.concatenate(
        [np.atleast_1d(part) for part in given[:-1]], int(given[-1].flat[0])
    ),
    "Prod": lambda node, given: np.prod(given[0], axis=tuple(np.atleast_1d(given[1]).astype(int))),
    "Mul": lambda node, given: given[0] * given[1],
    "Add": lambda node, given: given[0] + given[1],
    "AddV2": lambda node, given: given[0] + given[1],
    "Sub": lambda node, given: given[0] - given[1],
    "Rsqrt": lambda node, given: 1.0 / np.sqrt(given[0]),
    "Reshape": lambda node, given: given[0].reshape([int(size) for size in given[1]]),
    "ExpandDims": lambda node, given: np.expand_dims(given[0], int(given[1].flat[0])),
    "Squeeze": lambda node, given: np.squeeze(given[0]),
    "Cast": lambda node, given: given[0],
    "Identity": lambda node, given: given[0],
}
ACTIVATIONS = ("Relu", "Relu6", "Elu", "LeakyRelu", "Prelu", "Sigmoid", "Tanh")
MAKERS: Mapping[str, Maker] = {
    **dict.fromkeys(("MatMul", "_FusedMatMul"), _dense),
    **dict.fromkeys(("Conv2D", "_FusedConv2D", "DepthwiseConv2dNative", "FusedDepthwiseConv2dNative"), _conv),
    "Conv2DBackpropInput": _conv_transpose, "BiasAdd": _bias, "Reshape": _reshape, "Transpose": _transpose,
    "Squeeze": _moved(_squeezed), "ExpandDims": _moved(_expanded), "ConcatV2": _concat, "Pad": _pad, "PadV2": _pad,
    "MirrorPad": _pad, "StridedSlice": _cut, "Slice": _cut, "Mean": _reduced("mean"), "Sum": _reduced("sum"),
    "Max": _reduced("max"), "Prelu": _prelu, "Elu": _elu, "Softmax": _softmax, "Square": _square, "Rsqrt": _rsqrt,
    "Erfc": _erfc, "Shape": _shape, "LeakyRelu": _one("leaky_relu", alpha=0.2),
    **dict.fromkeys(("RandomStandardNormal", "StatelessRandomNormalV2"), _noise),
    **dict.fromkeys(("FusedBatchNorm", "FusedBatchNormV2", "FusedBatchNormV3"), _batch_norm),
    **dict.fromkeys(("ResizeNearestNeighbor", "ResizeBilinear"), _resize),
    **dict.fromkeys(("MaxPool", "AvgPool"), _pool),
    **{name: _two(operation) for name, operation in (
        ("Add", "add"), ("AddV2", "add"), ("AddN", "add"), ("Sub", "sub"), ("Mul", "mul"), ("RealDiv", "div"),
        ("Div", "div"), ("Pow", "pow"), ("Maximum", "maximum"), ("Minimum", "minimum"),
    )},
    **{name: _one(name.lower()) for name in (
        "Relu", "Selu", "Sigmoid", "Tanh", "Softplus", "Softsign", "Exp", "Log", "Sqrt", "Abs", "Neg", "Erf",
    )},
    "Relu6": lambda scope, node, given: scope.builder.add(
        "clip", scope.moving(given[0]), name=node.name, low=0.0, high=6.0
    ),
    **dict.fromkeys(("Identity", "Cast", "StopGradient", "CheckNumerics"), lambda scope, node, given: given[0]),
}  # fmt: skip
