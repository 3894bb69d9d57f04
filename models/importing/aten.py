"""The operations of ATen that an exported program of PyTorch is made of."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from models.core.text import shortened
from models.importing.onnx_graph import Scope, Value
from models.importing.operations import NOISE
from models.importing.refusal import RefusedError
from models.importing.scaling import scaled

Item = Value | int | float | str | Sequence[object] | None
CHANNELS = "first"


@dataclass(frozen=True)
class AtenNode:
    """A node: its operation, the name of its first output, its arguments by name, and how many outputs it has."""

    operation: str
    name: str
    given: Mapping[str, Item]
    outputs: int = 1

    def value(self, *keys: str) -> Value:
        """Return an argument that is a value of the graph or known, by the first of ``keys`` that is there."""
        for key in keys:
            item = self.given.get(key)
            if isinstance(item, str | np.ndarray):
                return item
        raise RefusedError(f"its operation {shortened(self.name)} ({self.operation}) lacks an input")

    def known(self, key: str) -> np.ndarray | None:
        """Return an argument that must be known before the model runs, None if it is left out."""
        item = self.given.get(key)
        if isinstance(item, str):
            raise RefusedError(f"its operation {shortened(self.name)} ({self.operation}) depends on what comes in")
        return item if isinstance(item, np.ndarray) else None

    def sure(self, key: str) -> np.ndarray:
        """Return an argument that must be known and there."""
        item = self.known(key)
        if item is None:
            raise RefusedError(f"its operation {shortened(self.name)} ({self.operation}) lacks {key}")
        return item

    def whole(self, key: str, default: int) -> int:
        """Return an argument that is a whole number."""
        item = self.given.get(key)
        return int(item) if isinstance(item, int) else default

    def real(self, key: str, default: float) -> float:
        """Return an argument that is a number."""
        item = self.given.get(key)
        return float(item) if isinstance(item, int | float) else default

    def wholes(self, key: str, default: Sequence[int] = ()) -> list[int]:
        """Return an argument that is a list of whole numbers."""
        item = self.given.get(key)
        found = [part for part in item if isinstance(part, int)] if isinstance(item, list) else []
        return found or list(default)

    def pair(self, key: str, default: int) -> tuple[int, int]:
        """Return two whole numbers, which may be given as one."""
        found = self.wholes(key, (default,))
        return (found[0], found[0]) if len(found) == 1 else (found[0], found[1])


Maker = Callable[[Scope, AtenNode], Value | Sequence[Value]]


def _weights(scope: Scope, node: AtenNode, kernel: np.ndarray) -> list[str]:
    bias = node.known("bias")
    return [scope.moving(kernel)] + ([] if bias is None else [scope.moving(bias)])


def _linear(scope: Scope, node: AtenNode) -> str:
    value = scope.moving(node.value("input"))
    return scope.builder.add("dense", value, *_weights(scope, node, node.sure("weight").T), name=node.name)


def _addmm(scope: Scope, node: AtenNode) -> str:
    names = [scope.moving(node.value(key)) for key in ("mat1", "mat2", "self")]
    return scope.builder.add("dense", *names, name=node.name)


def _matmul(scope: Scope, node: AtenNode) -> str:
    first, second = node.value("self"), node.value("mat2", "other")
    operation = "matmul" if isinstance(second, str) else "dense"
    return scope.builder.add(operation, scope.moving(first), scope.moving(second), name=node.name)


def _conv(scope: Scope, node: AtenNode) -> str:
    value, kernel = scope.moving(node.value("input")), node.sure("weight").transpose(2, 3, 1, 0)
    strides, (top, left) = node.pair("stride", 1), node.pair("padding", 0)
    up = node.operation == "conv_transpose2d" or node.given.get("transposed") is True
    dilations, groups = node.pair("dilation", 1), node.whole("groups", 1)
    if node.operation == "conv2d" and isinstance(node.given.get("padding"), str):
        same = node.given["padding"] == "same"
        top, left = ((kernel.shape[axis] - 1) * dilations[axis] // 2 * same for axis in (0, 1))
    weights = _weights(scope, node, kernel)
    if not up:
        return scope.builder.add(
            "conv", value, *weights, name=node.name, strides=strides, pads=(top, top, left, left), groups=groups,
            dilations=dilations, layout=CHANNELS,
        )  # fmt: skip
    if dilations != (1, 1):
        raise RefusedError(f"its transposed convolution {shortened(node.name)} is dilated, which is not supported")
    more = node.pair("output_padding", 0)
    return scope.builder.add(
        "conv_transpose", value, *weights, name=node.name, strides=strides, groups=groups, layout=CHANNELS,
        crops=(top, top - more[0], left, left - more[1]),
    )  # fmt: skip


def _batch_norm(scope: Scope, node: AtenNode) -> str | Sequence[str]:
    mean, variance = (node.sure(key).astype(np.float64) for key in ("running_mean", "running_var"))
    gamma, beta = node.known("weight"), node.known("bias")
    scale = (1.0 if gamma is None else gamma) / np.sqrt(variance + node.real("eps", 1e-5))
    shift = (0.0 if beta is None else beta) - mean * scale
    made = scaled(scope.builder, scope.moving(node.value("input")), scale, shift, 1, node.name)
    return made if node.outputs == 1 else [made] * node.outputs


def _group_norm(scope: Scope, node: AtenNode) -> str:
    value = scope.moving(node.value("input"))
    channels = scope.shape(value)[1]
    weight, bias = node.known("weight"), node.known("bias")
    given = [np.ones(channels) if weight is None else weight, np.zeros(channels) if bias is None else bias]
    return scope.builder.add(
        "group_norm", value, *map(scope.moving, given), name=node.name, groups=node.whole("num_groups", 1),
        epsilon=node.real("eps", 1e-5), layout=CHANNELS,
    )  # fmt: skip


def _layer_norm(scope: Scope, node: AtenNode) -> str:
    value, shape = scope.moving(node.value("input")), node.wholes("normalized_shape")
    weight, bias = node.known("weight"), node.known("bias")
    given = [] if weight is None else [weight, np.zeros_like(weight) if bias is None else bias]
    axis = len(scope.shape(value)) - len(shape)
    return scope.builder.add(
        "layer_norm", value, *map(scope.moving, given), name=node.name, axis=axis, epsilon=node.real("eps", 1e-5)
    )


def _reshape(scope: Scope, node: AtenNode) -> Value:
    value = node.value("self")
    wanted = node.wholes("size", node.wholes("shape"))
    if not isinstance(value, str):
        return value.reshape(wanted)
    shape, kept = scope.shape(value), wanted[1:]
    if kept.count(-1) == 1:
        known = -math.prod(kept)
        kept[kept.index(-1)] = math.prod(shape) // known if known > 0 else 0
    if not kept:
        raise RefusedError(f"its operation {shortened(node.name)} mixes the images of a batch")
    return scope.builder.add("reshape", value, name=node.name, shape=tuple(kept))


def _flatten(scope: Scope, node: AtenNode) -> str:
    value = scope.moving(node.value("self"))
    shape = scope.shape(value)
    first, last = (node.whole(key, default) % len(shape) for key, default in (("start_dim", 0), ("end_dim", -1)))
    if first < 1:
        raise RefusedError(f"its operation {shortened(node.name)} mixes the images of a batch")
    flat = (*shape[1:first], math.prod(shape[first : last + 1]), *shape[last + 1 :])
    return scope.builder.add("reshape", value, name=node.name, shape=flat)


def _unflatten(scope: Scope, node: AtenNode) -> str:
    value = scope.moving(node.value("self"))
    shape, sizes = scope.shape(value), node.wholes("sizes")
    axis = node.whole("dim", 1) % len(shape)
    if -1 in sizes:
        sizes[sizes.index(-1)] = shape[axis] // -math.prod(sizes)
    return scope.builder.add("reshape", value, name=node.name, shape=(*shape[1:axis], *sizes, *shape[axis + 1 :]))


def _moved(scope: Scope, node: AtenNode) -> str:
    """Take or give an axis of one place."""
    value = scope.moving(node.value("self"))
    shape = list(scope.shape(value))
    if node.operation == "unsqueeze":
        shape.insert(node.whole("dim", 0) % (len(shape) + 1), 1)
    else:
        axes = node.wholes("dim", [node.whole("dim", -1)])
        shape = [size for axis, size in enumerate(shape) if axis not in {place % len(shape) for place in axes}]
    return scope.builder.add("reshape", value, name=node.name, shape=tuple(shape[1:]))


def _permute(scope: Scope, node: AtenNode) -> str:
    value = scope.moving(node.value("self"))
    axes = node.wholes("dims")
    if not axes:
        axes = list(range(len(scope.shape(value))))
        first, second = node.whole("dim0", 0), node.whole("dim1", 1)
        axes[first], axes[second] = axes[second], axes[first]
    return scope.builder.add("transpose", value, name=node.name, axes=tuple(axes))


def _split(scope: Scope, node: AtenNode) -> Sequence[str]:
    """Cut into pieces, of a size or so many."""
    value = scope.moving(node.value("self"))
    axis = node.whole("dim", 0) % len(scope.shape(value))
    side = scope.shape(value)[axis]
    sizes = node.wholes("split_sizes", node.wholes("split_size"))
    step = -(-side // node.whole("chunks", 1)) if node.operation == "chunk" else node.whole("split_size", side)
    sizes = sizes or [min(step, side - start) for start in range(0, side, max(step, 1))]
    starts = [sum(sizes[:index]) for index in range(len(sizes))]
    return [
        scope.builder.add("slice", value, name=node.name, axis=axis, start=start, stop=start + size, step=1)
        for start, size in zip(starts, sizes, strict=True)
    ]


def _slice(scope: Scope, node: AtenNode) -> str:
    value = scope.moving(node.value("self"))
    axis = node.whole("dim", 0) % len(scope.shape(value))
    side = scope.shape(value)[axis]
    start, stop, step = slice(node.whole("start", 0), node.whole("end", side), node.whole("step", 1)).indices(side)
    if axis == 0 and (start, stop) == (0, side):
        return value
    return scope.builder.add("slice", value, name=node.name, axis=axis, start=start, stop=stop, step=step)


def _concat(scope: Scope, node: AtenNode) -> str:
    parts = node.given.get("tensors")
    values = [scope.moving(part) for part in parts or () if isinstance(part, str | np.ndarray)]  # type: ignore[union-attr]
    return scope.builder.add("concat", *values, name=node.name, axis=node.whole("dim", 0) % len(scope.shape(values[0])))


def _pooled(scope: Scope, node: AtenNode) -> str:
    size, (top, left) = node.pair("kernel_size", 2), node.pair("padding", 0)
    strides = node.pair("stride", 0) if node.wholes("stride") else size
    kind = "max_pool" if node.operation == "max_pool2d" else "mean_pool"
    if kind == "mean_pool" and (top or left) and node.given.get("count_include_pad", True):
        raise RefusedError(f"its pooling {shortened(node.name)} is of a kind that is not supported")
    return scope.builder.add(
        kind, scope.moving(node.value("self")), name=node.name, size=size, strides=strides,
        pads=(top, top, left, left), layout=CHANNELS,
    )  # fmt: skip


def _resized(scope: Scope, node: AtenNode) -> str:
    value = scope.moving(node.value("input", "self"))
    shape, factors = scope.shape(value), node.given.get("scale_factors")
    size = node.wholes("output_size")
    if not size and isinstance(factors, list):
        size = [int(side * float(str(factor))) for side, factor in zip(shape[2:], factors, strict=True)]
    how = "nearest" if "nearest" in node.operation else "bilinear"
    how = "corners" if node.given.get("align_corners") is True else how
    return scope.builder.add("resize", value, name=node.name, size=tuple(size), how=how, layout=CHANNELS)


def _two(operation: str) -> Maker:
    def make(scope: Scope, node: AtenNode) -> str:
        values = []
        for key in ("self", "other"):
            item = node.given.get(key)
            values.append(np.full(1, item) if isinstance(item, int | float) else node.value(key))
        alpha = node.real("alpha", 1.0)
        if alpha != 1.0:
            values[1] = scope.builder.add("mul", scope.moving(values[1]), scope.moving(np.full(1, alpha)))
        return scope.builder.add(operation, *map(scope.moving, values), name=node.name)

    return make


def _one(operation: str, **defaults: tuple[str, float]) -> Maker:
    def make(scope: Scope, node: AtenNode) -> str:
        options = {name: node.real(key, default) for name, (key, default) in defaults.items()}
        return scope.builder.add(operation, scope.moving(node.value("self", "input")), name=node.name, **options)

    return make


def _power(scope: Scope, node: AtenNode) -> str:
    exponent = scope.moving(np.full(1, node.real("exponent", 2.0)))
    return scope.builder.add("pow", scope.moving(node.value("self")), exponent, name=node.name)


def _softmax(scope: Scope, node: AtenNode) -> str:
    value = scope.moving(node.value("self"))
    return scope.builder.add("softmax", value, name=node.name, axis=node.whole("dim", -1) % len(scope.shape(value)))


def _gelu(scope: Scope, node: AtenNode) -> str:
    approximate = int(node.given.get("approximate") == "tanh")
    return scope.builder.add("gelu", scope.moving(node.value("self")), name=node.name, approximate=approximate)


def _noise(scope: Scope, node: AtenNode) -> str:
    return scope.builder.add(NOISE, scope.moving(node.value("self")), name=node.name)


def _same(scope: Scope, node: AtenNode) -> Value:
    return node.value("self", "input", "x")


MAKERS: Mapping[str, Maker] = {
    "linear": _linear, "addmm": _addmm, "mm": _matmul, "matmul": _matmul, "bmm": _matmul, "batch_norm": _batch_norm,
    "_native_batch_norm_legit_no_training": _batch_norm, "group_norm": _group_norm, "layer_norm": _layer_norm,
    "flatten": _flatten, "unflatten": _unflatten, "cat": _concat, "slice": _slice, "pow": _power,
    "softmax": _softmax, "gelu": _gelu, "randn_like": _noise,
    "leaky_relu": _one("leaky_relu", alpha=("negative_slope", 0.01)),
    "elu": _one("elu", alpha=("alpha", 1.0)), "clamp": _one("clip", low=("min", -3e38), high=("max", 3e38)),
    "hardtanh": _one("clip", low=("min_val", -1.0), high=("max_val", 1.0)),
    **dict.fromkeys(("conv2d", "conv_transpose2d", "convolution"), _conv),
    **dict.fromkeys(("view", "reshape", "_unsafe_view"), _reshape),
    **dict.fromkeys(("unsqueeze", "squeeze"), _moved),
    **dict.fromkeys(("permute", "transpose", "t", "numpy_T"), _permute),
    **dict.fromkeys(("split", "split_with_sizes", "chunk"), _split),
    **dict.fromkeys(("max_pool2d", "avg_pool2d"), _pooled),
    **dict.fromkeys(("upsample_nearest2d", "upsample_bilinear2d", "_upsample_nearest_exact2d"), _resized),
    **{word: _two(operation) for word, operation in (
        ("add", "add"), ("add_", "add"), ("sub", "sub"), ("mul", "mul"), ("div", "div"), ("maximum", "maximum"),
        ("minimum", "minimum"),
    )},
    **{f"{word}{ending}": _one(word) for word in (
        "relu", "selu", "silu", "mish", "sigmoid", "tanh", "softplus", "exp", "log", "sqrt", "abs", "neg", "erf",
    ) for ending in ("", "_")},
    **dict.fromkeys(
        ("dropout", "clone", "contiguous", "detach", "alias", "to", "_to_copy", "lift_fresh_copy", "dropout_"), _same
    ),
}  # fmt: skip
MAKERS = {**MAKERS, "leaky_relu_": MAKERS["leaky_relu"], "elu_": MAKERS["elu"]}
