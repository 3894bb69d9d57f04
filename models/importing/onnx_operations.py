"""The operations of ONNX that are understood, opsets 7 to 24: each becomes one or a few of a graph."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence

import numpy as np

from models.core.text import shortened
from models.importing.onnx_graph import BATCH, Call, Scope, Value
from models.importing.operations import NOISE
from models.importing.refusal import RefusedError
from models.importing.scaling import scaled
from models.importing.windows import same_pads

Maker = Callable[[Scope, Call], Value | Sequence[Value]]
FLOAT_MOST = 3.0e38
CHANNELS = "first"
# The numbers that the format gives to kinds of whole numbers: bytes of an image, or places in a table.
WHOLE_TYPES = (2, 3, 5, 6, 7)


def _gemm(scope: Scope, call: Call) -> str:
    kernel = np.asarray(call.sure(1), np.float32) * call.real("alpha", 1.0)
    kernel = kernel.T if call.whole("transB", 0) else kernel
    bias = call.known(2)
    weights = [scope.builder.weight(f"{call.name}.kernel", kernel)]
    if bias is not None:
        full = np.broadcast_to(np.asarray(bias, np.float32) * call.real("beta", 1.0), (1, kernel.shape[1]))
        weights.append(scope.builder.weight(f"{call.name}.bias", full[0]))
    if call.whole("transA", 0):
        raise RefusedError(f"its operation {shortened(call.name)} would turn the batch")
    return scope.builder.add("dense", scope.moving(call.given(0)), *weights, name=call.name)


def _matmul(scope: Scope, call: Call) -> str:
    second = call.given(1)
    if isinstance(second, str):
        return scope.builder.add("matmul", scope.moving(call.given(0)), second, name=call.name)
    return scope.builder.add("dense", scope.moving(call.given(0)), scope.moving(second), name=call.name)


def _pads(call: Call, sides: Sequence[int], reach: Sequence[int], strides: Sequence[int]) -> tuple[int, ...]:
    """Return the margins above, below, left and right."""
    auto = call.word("auto_pad", "NOTSET")
    if auto == "SAME_UPPER":
        return same_pads(sides, reach, strides)
    if auto == "SAME_LOWER":
        top, bottom, left, right = same_pads(sides, reach, strides)
        return bottom, top, right, left
    top, left, bottom, right = call.wholes("pads", (0, 0, 0, 0))
    return top, bottom, left, right


def _image(scope: Scope, call: Call) -> tuple[str, tuple[int, ...]]:
    value = scope.moving(call.given(0))
    shape = scope.builder.shape(value)
    if len(shape) != 4:
        raise RefusedError(f"its operation {shortened(call.name)} ({call.operation}) is not on images")
    return value, shape


def _weights(scope: Scope, call: Call, kernel: np.ndarray) -> list[str]:
    bias = call.known(2)
    arrays = [("kernel", kernel)] if bias is None else [("kernel", kernel), ("bias", bias)]
    return [scope.builder.weight(f"{call.name}.{part}", array) for part, array in arrays]


def _conv(scope: Scope, call: Call) -> str:
    value, shape = _image(scope, call)
    kernel = np.transpose(call.sure(1), (2, 3, 1, 0))
    strides, dilations = call.wholes("strides", (1, 1)), call.wholes("dilations", (1, 1))
    reach = [(side - 1) * apart + 1 for side, apart in zip(kernel.shape[:2], dilations, strict=True)]
    return scope.builder.add(
        "conv", value, *_weights(scope, call, kernel), name=call.name, strides=tuple(strides),
        pads=_pads(call, shape[2:], reach, strides), dilations=tuple(dilations), groups=call.whole("group", 1),
        layout=CHANNELS,
    )  # fmt: skip


def _conv_transpose(scope: Scope, call: Call) -> str:
    value, _ = _image(scope, call)
    kernel = np.transpose(call.sure(1), (2, 3, 1, 0))
    strides, more = call.wholes("strides", (1, 1)), call.wholes("output_padding", (0, 0))
    plain = call.word("auto_pad", "NOTSET") in ("NOTSET", "VALID") and "output_shape" not in call.attributes
    if not plain or call.wholes("dilations", (1, 1)) != [1, 1]:
        raise RefusedError(f"its transposed convolution {shortened(call.name)} is dilated, or its size is not plain")
    top, left, bottom, right = call.wholes("pads", (0, 0, 0, 0))
    return scope.builder.add(
        "conv_transpose", value, *_weights(scope, call, kernel), name=call.name, strides=tuple(strides),
        crops=(top, bottom - more[0], left, right - more[1]), groups=call.whole("group", 1), layout=CHANNELS,
    )  # fmt: skip


def _pool(scope: Scope, call: Call) -> str:
    value, shape = _image(scope, call)
    size, strides = call.wholes("kernel_shape"), call.wholes("strides", (1, 1))
    pads = _pads(call, shape[2:], size, strides)
    counted = any(pads) and call.whole("count_include_pad", 0)
    if call.whole("ceil_mode", 0) or counted or call.wholes("dilations", (1, 1)) != [1, 1]:
        raise RefusedError(f"its pooling {shortened(call.name)} is of a kind that is not supported")
    kind = "max_pool" if call.operation == "MaxPool" else "mean_pool"
    return scope.builder.add(
        kind, value, name=call.name, size=tuple(size), strides=tuple(strides), pads=pads, layout=CHANNELS
    )


def _batch_norm(scope: Scope, call: Call) -> str:
    gamma, beta, mean, variance = (np.asarray(call.sure(index), np.float64) for index in range(1, 5))
    scale = gamma / np.sqrt(variance + call.real("epsilon", 1e-5))
    return scaled(scope.builder, scope.moving(call.given(0)), scale, beta - mean * scale, 1, call.name)


def _group_norm(scope: Scope, call: Call) -> str:
    value, shape = _image(scope, call)
    groups = call.whole("num_groups", shape[1]) if call.operation == "GroupNormalization" else shape[1]
    weights = [np.asarray(call.sure(index), np.float32) for index in (1, 2)]
    if any(weight.size != shape[1] for weight in weights):
        weights = [np.repeat(weight, shape[1] // weight.size) for weight in weights]
    names = [scope.builder.weight(f"{call.name}.{part}", w) for part, w in zip(("scale", "bias"), weights, strict=True)]
    epsilon = call.real("epsilon", 1e-5)
    return scope.builder.add(
        "group_norm", value, *names, name=call.name, groups=groups, epsilon=epsilon, layout=CHANNELS
    )


def _layer_norm(scope: Scope, call: Call) -> str:
    value = scope.moving(call.given(0))
    axis = call.whole("axis", -1) % len(scope.builder.shape(value))
    scale = call.sure(1)
    bias = call.known(2)
    names = [scope.moving(scale), scope.moving(np.zeros_like(scale) if bias is None else bias)]
    return scope.builder.add("layer_norm", value, *names, name=call.name, axis=axis, epsilon=call.real("epsilon", 1e-5))


def _clip(scope: Scope, call: Call) -> str:
    low, high = (call.known(index) for index in (1, 2))
    lowest = call.real("min", -FLOAT_MOST) if low is None else float(low.flat[0])
    highest = call.real("max", FLOAT_MOST) if high is None else float(high.flat[0])
    lowest, highest = max(lowest, -FLOAT_MOST), min(highest, FLOAT_MOST)
    return scope.builder.add("clip", scope.moving(call.given(0)), name=call.name, low=lowest, high=highest)


def _prelu(scope: Scope, call: Call) -> str:
    value, slope = scope.moving(call.given(0)), np.asarray(call.sure(1))
    slope = slope.reshape(1, *slope.shape) if slope.ndim == len(scope.builder.shape(value)) - 1 else slope
    below = scope.builder.add("minimum", value, scope.moving(np.zeros(1)))
    sloped = scope.builder.add("mul", below, scope.moving(slope))
    return scope.builder.add("add", scope.builder.add("relu", value), sloped, name=call.name)


def _two(operation: str) -> Maker:
    def make(scope: Scope, call: Call) -> str:
        value = scope.moving(call.given(0))
        for index in range(1, max(len(call.inputs), 2)):
            value = scope.builder.add(operation, value, scope.moving(call.given(index)), name=call.name)
        return value

    return make


def _one(operation: str, **defaults: float) -> Maker:
    def make(scope: Scope, call: Call) -> str:
        options = {name: call.real(name, value) for name, value in defaults.items()}
        return scope.builder.add(operation, scope.moving(call.given(0)), name=call.name, **options)

    return make


def _gelu(scope: Scope, call: Call) -> str:
    approximate = int(call.word("approximate", "none") == "tanh")
    return scope.builder.add("gelu", scope.moving(call.given(0)), name=call.name, approximate=approximate)


def _softmax(scope: Scope, call: Call) -> str:
    value = scope.moving(call.given(0))
    axis = call.whole("axis", -1 if scope.opset >= 13 else 1) % len(scope.builder.shape(value))
    return scope.builder.add("softmax", value, name=call.name, axis=axis)


def _reciprocal(scope: Scope, call: Call) -> str:
    return scope.builder.add("div", scope.moving(np.ones(1)), scope.moving(call.given(0)), name=call.name)


def _same(scope: Scope, call: Call) -> Value:
    return call.given(0)


def _cast(scope: Scope, call: Call) -> Value:
    """Return the same, or of bytes the whole numbers."""
    value = call.given(0)
    whole = call.whole("to", 1) in WHOLE_TYPES and isinstance(value, str)
    return scope.builder.add("floor", str(value), name=call.name) if whole else value


def _noise(scope: Scope, call: Call) -> str:
    return scope.builder.add(NOISE, scope.moving(call.given(0)), name=call.name)


def _shape(scope: Scope, call: Call) -> np.ndarray:
    value = call.given(0)
    batch = [BATCH] if isinstance(value, str) else list(value.shape[:1])
    return np.array([*batch, *scope.shape(value)[1:]], np.int64)


def _resize(scope: Scope, call: Call) -> str:
    value, shape = _image(scope, call)
    size = _new_size(call, shape)
    coordinates = call.word("coordinate_transformation_mode", "half_pixel")
    how = call.word("mode", "nearest")
    whole = all(new % old == 0 for new, old in zip(size, shape[2:], strict=True))
    if how == "nearest" and whole and coordinates != "align_corners":
        kind = "nearest"
    elif how == "linear" and coordinates in ("half_pixel", "pytorch_half_pixel") and call.operation == "Resize":
        kind = "bilinear"
    elif how == "linear" and coordinates == "align_corners":
        kind = "corners"
    else:
        raise RefusedError(f"its operation {shortened(call.name)} resizes by {how} with {coordinates}, not supported")
    return scope.builder.add("resize", value, name=call.name, size=size, how=kind, layout=CHANNELS)


def _new_size(call: Call, shape: Sequence[int]) -> tuple[int, int]:
    places = (1, 2) if call.operation == "Upsample" or len(call.inputs) == 2 else (2, 3)
    sizes = call.known(places[1])
    if sizes is not None and sizes.size:
        return int(sizes[-2]), int(sizes[-1])
    scales = call.attributes.get("scales")
    factors = np.asarray(call.sure(places[0]) if scales is None else scales, np.float64)
    return math.floor(shape[2] * factors[-2]), math.floor(shape[3] * factors[-1])


MAKERS: Mapping[str, Maker] = {
    "Gemm": _gemm, "MatMul": _matmul, "Conv": _conv, "ConvTranspose": _conv_transpose,
    "MaxPool": _pool, "AveragePool": _pool, "BatchNormalization": _batch_norm,
    "InstanceNormalization": _group_norm, "GroupNormalization": _group_norm, "LayerNormalization": _layer_norm,
    "Clip": _clip, "PRelu": _prelu, "Gelu": _gelu, "Softmax": _softmax, "Reciprocal": _reciprocal,
    "Resize": _resize, "Upsample": _resize, "Shape": _shape, "RandomNormalLike": _noise,
    "LeakyRelu": _one("leaky_relu", alpha=0.01), "Elu": _one("elu", alpha=1.0),
    "HardSigmoid": _one("hard_sigmoid", alpha=0.2, beta=0.5),
    **{name: _two(operation) for name, operation in (
        ("Add", "add"), ("Sub", "sub"), ("Mul", "mul"), ("Div", "div"), ("Pow", "pow"), ("Max", "maximum"),
        ("Min", "minimum"), ("Sum", "add"), ("Less", "less"),
    )},
    **{name: _one(name.lower()) for name in (
        "Relu", "Selu", "Sigmoid", "Tanh", "Softplus", "Softsign", "Exp", "Log", "Sqrt", "Abs", "Neg", "Erf", "Mish",
        "Round", "Floor",
    )},
    **dict.fromkeys(("Identity", "Dropout"), _same), "Cast": _cast,
}  # fmt: skip
