"""The operations of a graph: how many inputs and which attributes each has, and the shape that it makes.

Shapes are for a batch of one. Images are [1, h, w, c] where ``layout`` is "last", and [1, c, h, w] where it is "first";
kernels are [h, w, inputs, outputs], those of transposed convolutions [h, w, outputs, inputs].
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import cast

import numpy as np

Shape = tuple[int, ...]
Attribute = int | float | str | tuple[int, ...]
Options = Mapping[str, Attribute]
ShapeRule = Callable[[Sequence[Shape], Options], Sequence[int]]


@dataclass(frozen=True)
class Operation:
    """An operation: the ``shape`` that it makes, its ``fewest`` and ``most`` inputs, and the kinds of its attributes.

    The values of an attribute that is a word are listed instead of its kind.
    """

    shape: ShapeRule
    fewest: int = 1
    most: int = 1
    attributes: Mapping[str, type | tuple[str, ...]] = field(default_factory=dict)


def check_attributes(operation: Operation, options: Options) -> None:
    """Raise ValueError unless ``options`` are just those of the operation, each of its kind."""
    if set(options) != set(operation.attributes):
        raise ValueError(f"an operation has the attributes {sorted(options)}, not {sorted(operation.attributes)}")
    for name, kind in operation.attributes.items():
        value = options[name]
        if not (isinstance(value, kind) if isinstance(kind, type) else value in kind):
            raise ValueError(f"the attribute {name} of an operation has the wrong type")
        if isinstance(value, float) and not math.isfinite(value):
            raise ValueError(f"the attribute {name} of an operation is not finite")


def numbers(options: Options, name: str) -> tuple[int, ...]:
    """Return an attribute that is a list of whole numbers."""
    return cast("tuple[int, ...]", options[name])


def number(options: Options, name: str) -> int:
    """Return an attribute that is a whole number."""
    return cast("int", options[name])


def real(options: Options, name: str) -> float:
    """Return an attribute that is a real number."""
    return float(cast("float", options[name]))


def _same(shapes: Sequence[Shape], options: Options) -> Shape:
    return shapes[0]


def _broadcast(shapes: Sequence[Shape], options: Options) -> Shape:
    return np.broadcast_shapes(*shapes)


def _grid(shape: Shape, options: Options) -> tuple[int, int, int]:
    """Return height, width and channels of an image."""
    if len(shape) != 4:
        raise ValueError("this is no image")
    _, first, second, third = shape
    return (first, second, third) if options["layout"] == "last" else (second, third, first)


def _image(height: int, width: int, channels: int, options: Options) -> Shape:
    return (1, height, width, channels) if options["layout"] == "last" else (1, channels, height, width)


def _bias_fits(shapes: Sequence[Shape], units: int) -> None:
    if len(shapes) > 2 and shapes[2] != (units,):
        raise ValueError("the bias has another size")


def _dense(shapes: Sequence[Shape], options: Options) -> Shape:
    inputs, outputs = shapes[1]
    if shapes[0][-1] != inputs or len(shapes[0]) < 2:
        raise ValueError(f"{shapes[0][-1]} values meet a kernel of {inputs}")
    _bias_fits(shapes, outputs)
    return (*shapes[0][:-1], outputs)


def _windows(side: int, kernel: int, stride: int) -> int:
    return (side - kernel) // stride + 1


def _conv(shapes: Sequence[Shape], options: Options) -> Shape:
    height, width, channels = _grid(shapes[0], options)
    rows, columns, inputs, outputs = shapes[1]
    groups, (top, bottom, left, right) = number(options, "groups"), numbers(options, "pads")
    (down, across), (apart, beside) = numbers(options, "strides"), numbers(options, "dilations")
    if groups < 1 or inputs * groups != channels or outputs % groups or min(top, bottom, left, right) < 0:
        raise ValueError(f"{channels} channels meet a kernel of {inputs}")
    if min(down, across, apart, beside) < 1:
        raise ValueError("a step is not positive")
    _bias_fits(shapes, outputs)
    new_height = _windows(height + top + bottom, (rows - 1) * apart + 1, down)
    return _image(new_height, _windows(width + left + right, (columns - 1) * beside + 1, across), outputs, options)


def _conv_transpose(shapes: Sequence[Shape], options: Options) -> Shape:
    height, width, channels = _grid(shapes[0], options)
    rows, columns, outputs, inputs = shapes[1]
    groups, (top, bottom, left, right) = number(options, "groups"), numbers(options, "crops")
    down, across = numbers(options, "strides")
    if groups < 1 or inputs != channels or channels % groups or min(down, across) < 1 or min(top, left) < 0:
        raise ValueError(f"{channels} channels meet a kernel of {inputs}")
    _bias_fits(shapes, outputs * groups)
    new_height = (height - 1) * down + rows - top - bottom
    return _image(new_height, (width - 1) * across + columns - left - right, outputs * groups, options)


def _pool(shapes: Sequence[Shape], options: Options) -> Shape:
    height, width, channels = _grid(shapes[0], options)
    (rows, columns), (down, across) = numbers(options, "size"), numbers(options, "strides")
    top, bottom, left, right = numbers(options, "pads")
    if min(rows, columns, down, across) < 1 or min(top, bottom, left, right) < 0:
        raise ValueError("a window is not positive")
    new_height = _windows(height + top + bottom, rows, down)
    return _image(new_height, _windows(width + left + right, columns, across), channels, options)


def _resize(shapes: Sequence[Shape], options: Options) -> Shape:
    _, _, channels = _grid(shapes[0], options)
    height, width = numbers(options, "size")
    return _image(height, width, channels, options)


def _reshape(shapes: Sequence[Shape], options: Options) -> Shape:
    shape = numbers(options, "shape")
    if math.prod(shape) != math.prod(shapes[0]):
        raise ValueError(f"{list(shapes[0][1:])} cannot become {list(shape)}")
    return (1, *shape)


def _transpose(shapes: Sequence[Shape], options: Options) -> Shape:
    axes = numbers(options, "axes")
    if axes[0] != 0 or sorted(axes) != list(range(len(shapes[0]))):
        raise ValueError("it would turn the batch")
    return tuple(shapes[0][axis] for axis in axes)


def _axis(shape: Shape, axis: int) -> int:
    if not 1 <= axis < len(shape):
        raise ValueError("there is no such axis")
    return axis


def _concat(shapes: Sequence[Shape], options: Options) -> Shape:
    axis = _axis(shapes[0], number(options, "axis"))
    if any(shape[:axis] + shape[axis + 1 :] != shapes[0][:axis] + shapes[0][axis + 1 :] for shape in shapes):
        raise ValueError("the parts have different sizes")
    return (*shapes[0][:axis], sum(shape[axis] for shape in shapes), *shapes[0][axis + 1 :])


def _slice(shapes: Sequence[Shape], options: Options) -> Shape:
    axis = _axis(shapes[0], number(options, "axis"))
    if number(options, "step") < 1 or number(options, "start") < 0:
        raise ValueError("it goes backwards")
    taken = range(shapes[0][axis])[number(options, "start") : number(options, "stop") : number(options, "step")]
    return (*shapes[0][:axis], len(taken), *shapes[0][axis + 1 :])


def _pad(shapes: Sequence[Shape], options: Options) -> Shape:
    pads = numbers(options, "pads")
    if len(pads) != 2 * len(shapes[0]) or pads[:2] != (0, 0) or min(pads) < 0:
        raise ValueError("the margins do not fit")
    return tuple(size + sum(pads[2 * axis : 2 * axis + 2]) for axis, size in enumerate(shapes[0]))


def _reduce(shapes: Sequence[Shape], options: Options) -> Shape:
    axes = {_axis(shapes[0], axis) for axis in numbers(options, "axes")}
    if number(options, "keep"):
        return tuple(1 if axis in axes else size for axis, size in enumerate(shapes[0]))
    return tuple(size for axis, size in enumerate(shapes[0]) if axis not in axes)


def _group_norm(shapes: Sequence[Shape], options: Options) -> Shape:
    *_, channels = _grid(shapes[0], options)
    if number(options, "groups") < 1 or channels % number(options, "groups") or shapes[1:] != [(channels,)] * 2:
        raise ValueError("the channels do not fit")
    return shapes[0]


def _layer_norm(shapes: Sequence[Shape], options: Options) -> Shape:
    axis = _axis(shapes[0], number(options, "axis"))
    if any(shape != shapes[0][axis:] for shape in shapes[1:]):
        raise ValueError("the scale has another size")
    return shapes[0]


def _softmax(shapes: Sequence[Shape], options: Options) -> Shape:
    _axis(shapes[0], number(options, "axis"))
    return shapes[0]


def _one_hot(shapes: Sequence[Shape], options: Options) -> Shape:
    if number(options, "depth") < 1:
        raise ValueError("there are no classes")
    return (*shapes[0], number(options, "depth"))


def _matmul(shapes: Sequence[Shape], options: Options) -> Shape:
    (*outer, rows, inner), (*others, also, columns) = shapes
    if inner != also or outer != others or not outer:
        raise ValueError("the tables do not fit")
    return (*outer, rows, columns)


def _sample(shapes: Sequence[Shape], options: Options) -> Shape:
    if shapes[0] != shapes[1]:
        raise ValueError("mean and spread have different sizes")
    return shapes[0]


_LAYOUT = ("last", "first")
_POOL: Mapping[str, type | tuple[str, ...]] = {"size": tuple, "strides": tuple, "pads": tuple, "layout": _LAYOUT}
_REDUCE = {"axes": tuple, "keep": int}
SAMPLE, NOISE = "sample", "noise"
# What a reader finds where a model draws at random: never executed, it marks where encoder and decoder meet.
RANDOM = (SAMPLE, NOISE)

OPERATIONS: Mapping[str, Operation] = {
    "dense": Operation(_dense, 2, 3),
    "conv": Operation(
        _conv, 2, 3, {"strides": tuple, "pads": tuple, "dilations": tuple, "groups": int, "layout": _LAYOUT}
    ),
    "conv_transpose": Operation(
        _conv_transpose, 2, 3, {"strides": tuple, "crops": tuple, "groups": int, "layout": _LAYOUT}
    ),
    "max_pool": Operation(_pool, attributes=_POOL),
    "mean_pool": Operation(_pool, attributes=_POOL),
    "resize": Operation(
        _resize, attributes={"size": tuple, "how": ("nearest", "bilinear", "corners"), "layout": _LAYOUT}
    ),
    "reshape": Operation(_reshape, attributes={"shape": tuple}),
    "transpose": Operation(_transpose, attributes={"axes": tuple}),
    "concat": Operation(_concat, 1, 64, {"axis": int}),
    "slice": Operation(_slice, attributes={"axis": int, "start": int, "stop": int, "step": int}),
    "pad": Operation(_pad, attributes={"pads": tuple, "value": float, "how": ("constant", "reflect", "symmetric")}),
    "mean": Operation(_reduce, attributes=_REDUCE),
    "sum": Operation(_reduce, attributes=_REDUCE),
    "max": Operation(_reduce, attributes=_REDUCE),
    "group_norm": Operation(_group_norm, 3, 3, {"groups": int, "epsilon": float, "layout": _LAYOUT}),
    "layer_norm": Operation(_layer_norm, 1, 3, {"axis": int, "epsilon": float}),
    "softmax": Operation(_softmax, attributes={"axis": int}),
    "matmul": Operation(_matmul, 2, 2),
    "where": Operation(_broadcast, 3, 3),
    "leaky_relu": Operation(_same, attributes={"alpha": float}),
    "elu": Operation(_same, attributes={"alpha": float}),
    "hard_sigmoid": Operation(_same, attributes={"alpha": float, "beta": float}),
    "clip": Operation(_same, attributes={"low": float, "high": float}),
    "gelu": Operation(_same, attributes={"approximate": int}),
    "one_hot": Operation(_one_hot, attributes={"depth": int}),
    **{name: Operation(_broadcast, 2, 2) for name in ("add", "sub", "mul", "div", "pow", "maximum", "minimum", "less")},
    **{
        name: Operation(_same)
        for name in (
            "relu", "selu", "silu", "mish", "sigmoid", "tanh", "softplus", "softsign", "exp", "log", "sqrt", "abs",
            "neg", "erf", "round", "floor",
        )
    },
    SAMPLE: Operation(_sample, 2, 2),
    NOISE: Operation(_same),
}  # fmt: skip
