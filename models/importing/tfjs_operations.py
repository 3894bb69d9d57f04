"""The operations of TensorFlow that graph models of TensorFlow.js are made of."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence

import numpy as np

from models.core.text import shortened
from models.importing.graph import MOST_VALUES
from models.importing.onnx_graph import BATCH, Known, Scope, Value
from models.importing.operations import NOISE
from models.importing.refusal import RefusedError
from models.importing.scaling import scaled
from models.importing.tfjs_cuts import sized_part, strided_part
from models.importing.tfjs_node import TfNode, known
from models.importing.windows import same_pads

Maker = Callable[[Scope, TfNode, Sequence[Value]], Value]


def _dense(scope: Scope, node: TfNode, given: Sequence[Value]) -> str:
    if node.true("transpose_a"):
        raise RefusedError(f"its operation {shortened(node.name)} would turn the batch")
    kernel = known(node, given[1])
    weights = [kernel.T if node.true("transpose_b") else kernel]
    weights += [known(node, given[2])] if "BiasAdd" in node.words("fused_ops") else []
    return scope.builder.add("dense", scope.moving(given[0]), *map(scope.moving, weights), name=node.name)


def _pads(node: TfNode, sides: Sequence[int], reach: Sequence[int], strides: Sequence[int]) -> tuple[int, ...]:
    if node.attributes.get("padding") == "EXPLICIT":
        margins = node.wholes("explicit_paddings")
        return tuple(margins[4:8] if node.layout == "first" else margins[2:6])
    return same_pads(sides, reach, strides) if node.attributes.get("padding") == "SAME" else (0, 0, 0, 0)


def _conv(scope: Scope, node: TfNode, given: Sequence[Value]) -> str:
    value, kernel = scope.moving(given[0]), known(node, given[1])
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
    size, kernel, value = known(node, given[0]), known(node, given[1]), scope.moving(given[2])
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
    value, bias = scope.moving(given[0]), known(node, given[1])
    shaped = bias.reshape(-1, 1, 1) if node.layout == "first" and len(scope.shape(value)) == 4 else bias
    return scope.builder.add("add", value, scope.moving(shaped), name=node.name)


def _batch_norm(scope: Scope, node: TfNode, given: Sequence[Value]) -> str:
    gamma, beta, mean, variance = (known(node, item).astype(np.float64) for item in given[1:5])
    scale = gamma / np.sqrt(variance + node.real("epsilon", 1e-3))
    value, axis = scope.moving(given[0]), 1 if node.layout == "first" else 3
    return scaled(scope.builder, value, scale, beta - mean * scale, axis, node.name)


def _reshape(scope: Scope, node: TfNode, given: Sequence[Value]) -> str:
    value, wanted = scope.moving(given[0]), [int(size) for size in known(node, given[1]).ravel()][1:]
    if -1 in wanted:
        others = -math.prod(wanted)
        wanted[wanted.index(-1)] = math.prod(scope.shape(value)) // others if others > 0 else 0
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
    axis = int(known(node, given[1]).flat[0]) % (len(shape) + 1)
    return [*shape[:axis], 1, *shape[axis:]]


def _transpose(scope: Scope, node: TfNode, given: Sequence[Value]) -> str:
    axes = tuple(int(axis) for axis in known(node, given[1]))
    return scope.builder.add("transpose", scope.moving(given[0]), name=node.name, axes=axes)


def _concat(scope: Scope, node: TfNode, given: Sequence[Value]) -> str:
    values = [scope.moving(value) for value in given[:-1]]
    axis = int(known(node, given[-1]).flat[0]) % len(scope.shape(values[0]))
    return scope.builder.add("concat", *values, name=node.name, axis=axis)


def _stacked(scope: Scope, node: TfNode, given: Sequence[Value]) -> str:
    shape = scope.shape(scope.moving(given[0]))
    axis = int(node.real("axis", 0)) % (len(shape) + 1)
    wanted = (*shape[1:axis], 1, *shape[axis:])
    parts = [scope.builder.add("reshape", scope.moving(value), shape=wanted) for value in given]
    return scope.builder.add("concat", *parts, name=node.name, axis=axis)


def _tiled(scope: Scope, node: TfNode, given: Sequence[Value]) -> str:
    """Repeat a value along its axes: one that has a single place there meets as many ones."""
    value, counts = scope.moving(given[0]), [int(count) for count in known(node, given[1])]
    for axis, count in enumerate(counts[1:], 1):
        shape = scope.shape(value)
        if count < 1 or math.prod(shape) * count > MOST_VALUES:
            raise RefusedError(f"its operation {shortened(node.name)} repeats a value {count:,} times")
        if count > 1 and shape[axis] == 1:
            ones = np.ones([count if place == axis else 1 for place in range(len(shape))])
            value = scope.builder.add("mul", value, scope.moving(ones), name=node.name)
        elif count > 1:
            value = scope.builder.add("concat", *[value] * count, name=node.name, axis=axis)
    return value


def _resize(scope: Scope, node: TfNode, given: Sequence[Value]) -> str:
    height, width = (int(side) for side in known(node, given[1]))
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
    margins = tuple(int(side) for side in known(node, given[1]).ravel())
    filled = float(known(node, given[2]).flat[0]) if len(given) > 2 else 0.0
    how = "reflect" if node.operation == "MirrorPad" else "constant"
    return scope.builder.add("pad", scope.moving(given[0]), name=node.name, pads=margins, value=filled, how=how)


def _reduced(operation: str) -> Maker:
    def make(scope: Scope, node: TfNode, given: Sequence[Value]) -> str:
        value = scope.moving(given[0])
        axes = tuple(int(axis) % len(scope.shape(value)) for axis in np.atleast_1d(known(node, given[1])))
        return scope.builder.add(operation, value, name=node.name, axes=axes, keep=int(node.true("keep_dims")))

    return make


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


def _squared_difference(scope: Scope, node: TfNode, given: Sequence[Value]) -> str:
    difference = scope.builder.add("sub", scope.moving(given[0]), scope.moving(given[1]))
    return scope.builder.add("mul", difference, difference, name=node.name)


def _filled(scope: Scope, node: TfNode, given: Sequence[Value]) -> str:
    none = scope.builder.add("mul", scope.moving(given[0]), scope.moving(np.zeros(1)))
    return scope.builder.add("add", none, scope.moving(np.ones(1) if node.operation == "OnesLike" else np.zeros(1)))


def _greater(scope: Scope, node: TfNode, given: Sequence[Value]) -> str:
    return scope.builder.add("less", scope.moving(given[1]), scope.moving(given[0]), name=node.name)


def _chosen(scope: Scope, node: TfNode, given: Sequence[Value]) -> Value:
    """Choose by a condition. A place that is counted from the end if it is below 0 stays as it is: no class is."""
    asked = scope.builder.graph(()).maker(given[0]) if isinstance(given[0], str) else None
    if asked is not None and asked.operation == "less" and asked.inputs[0] == given[2]:
        return given[2]
    return scope.builder.add("where", *map(scope.moving, given), name=node.name)


def _looked_up(scope: Scope, node: TfNode, given: Sequence[Value]) -> str:
    """Look classes up in a table of what stands for each."""
    table, axis = known(node, given[0]), int(known(node, given[2]).flat[0]) if len(given) > 2 else 0
    if axis or table.ndim != 2:
        raise RefusedError(f"its operation {shortened(node.name)} looks up what is no table of classes")
    classes = scope.builder.add("one_hot", scope.moving(given[1]), depth=len(table))
    return scope.builder.add("dense", classes, scope.moving(table), name=node.name)


def _depth_to_space(scope: Scope, node: TfNode, given: Sequence[Value]) -> str:
    value, times = scope.moving(given[0]), int(node.real("block_size", 2))
    if node.layout == "first":
        raise RefusedError(f"its operation {shortened(node.name)} has its channels first, which is not supported")
    _, height, width, channels = scope.shape(value)
    left = channels // (times * times)
    value = scope.builder.add("reshape", value, shape=(height, width, times, times, left))
    value = scope.builder.add("transpose", value, axes=(0, 1, 3, 2, 4, 5))
    return scope.builder.add("reshape", value, name=node.name, shape=(height * times, width * times, left))


def _shape(scope: Scope, node: TfNode, given: Sequence[Value]) -> Known:
    value = given[0]
    return np.array([BATCH if isinstance(value, str) else value.shape[0], *scope.shape(value)[1:]])


def _noise(scope: Scope, node: TfNode, given: Sequence[Value]) -> str:
    """Mark a draw: of the shape that is asked for, whose batch is that of the first input."""
    shape = [int(size) for size in known(node, given[0])]
    name, batch = scope.builder.graph(()).inputs[0]
    first = scope.builder.add("mean", name, axes=tuple(range(1, len(batch))), keep=0)
    none = scope.builder.add("mul", scope.builder.add("reshape", first, shape=(1,)), scope.moving(np.zeros(1)))
    zeros = scope.builder.add("add", none, scope.moving(np.zeros((1, math.prod(shape[1:])))))
    return scope.builder.add(NOISE, scope.builder.add("reshape", zeros, shape=tuple(shape[1:])), name=node.name)


ACTIVATIONS = ("Relu", "Relu6", "Elu", "LeakyRelu", "Prelu", "Sigmoid", "Tanh")
MAKERS: Mapping[str, Maker] = {
    **dict.fromkeys(("MatMul", "_FusedMatMul"), _dense),
    **dict.fromkeys(("Conv2D", "_FusedConv2D", "DepthwiseConv2dNative", "FusedDepthwiseConv2dNative"), _conv),
    "Conv2DBackpropInput": _conv_transpose, "BiasAdd": _bias, "Reshape": _reshape, "Transpose": _transpose,
    "Squeeze": _moved(_squeezed), "ExpandDims": _moved(_expanded), "ConcatV2": _concat, "Pad": _pad, "PadV2": _pad,
    "MirrorPad": _pad, "StridedSlice": strided_part, "Slice": sized_part, "Pack": _stacked, "Tile": _tiled,
    "Mean": _reduced("mean"), "Sum": _reduced("sum"), "Max": _reduced("max"), "Prelu": _prelu, "Elu": _elu,
    "Softmax": _softmax, "Square": _square, "Rsqrt": _rsqrt, "SquaredDifference": _squared_difference,
    "Greater": _greater, "DepthToSpace": _depth_to_space, "Erfc": _erfc, "Shape": _shape,
    "LeakyRelu": _one("leaky_relu", alpha=0.2),
    **dict.fromkeys(("ZerosLike", "OnesLike"), _filled),
    **dict.fromkeys(("Select", "SelectV2"), _chosen),
    **dict.fromkeys(("GatherV2", "ResourceGather"), _looked_up),
    **dict.fromkeys(("RandomStandardNormal", "StatelessRandomNormalV2"), _noise),
    **dict.fromkeys(("FusedBatchNorm", "FusedBatchNormV2", "FusedBatchNormV3"), _batch_norm),
    **dict.fromkeys(("ResizeNearestNeighbor", "ResizeBilinear"), _resize),
    **dict.fromkeys(("MaxPool", "AvgPool"), _pool),
    **{name: _two(operation) for name, operation in (
        ("Add", "add"), ("AddV2", "add"), ("AddN", "add"), ("Sub", "sub"), ("Mul", "mul"), ("RealDiv", "div"),
        ("Div", "div"), ("Pow", "pow"), ("Maximum", "maximum"), ("Minimum", "minimum"), ("Less", "less"),
    )},
    **{name: _one(name.lower()) for name in (
        "Relu", "Selu", "Sigmoid", "Tanh", "Softplus", "Softsign", "Exp", "Log", "Sqrt", "Abs", "Neg", "Erf",
    )},
    "Relu6": lambda scope, node, given: scope.builder.add(
        "clip", scope.moving(given[0]), name=node.name, low=0.0, high=6.0
    ),
    **dict.fromkeys(("Identity", "Cast", "StopGradient", "CheckNumerics"), lambda scope, node, given: given[0]),
}  # fmt: skip
