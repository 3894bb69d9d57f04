"""The operations of ONNX that move values about: reshaping, cutting, joining, padding, reducing."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np

from models.core.text import shortened
from models.importing.onnx_graph import Call, Scope
from models.importing.onnx_operations import Maker
from models.importing.refusal import RefusedError


def _reshape(scope: Scope, call: Call) -> str:
    value, wanted = scope.moving(call.given(0)), [int(size) for size in call.sure(1)]
    shape = scope.builder.shape(value)
    kept = [shape[place] if size == 0 and place < len(shape) else size for place, size in enumerate(wanted)][1:]
    if kept.count(-1) == 1:
        known = -math.prod(kept)
        kept[kept.index(-1)] = math.prod(shape) // known if known > 0 else 0
    if not kept:
        raise RefusedError(f"its operation {shortened(call.name)} mixes the images of a batch")
    return scope.builder.add("reshape", value, name=call.name, shape=tuple(kept))


def _flatten(scope: Scope, call: Call) -> str:
    value = scope.moving(call.given(0))
    if call.whole("axis", 1) != 1:
        raise RefusedError(f"its operation {shortened(call.name)} mixes the images of a batch")
    return scope.builder.add("reshape", value, name=call.name, shape=(math.prod(scope.builder.shape(value)),))


def _transpose(scope: Scope, call: Call) -> str:
    value = scope.moving(call.given(0))
    axes = call.wholes("perm") or list(range(len(scope.builder.shape(value))))[::-1]
    return scope.builder.add("transpose", value, name=call.name, axes=tuple(axes))


def _squeeze(scope: Scope, call: Call) -> str:
    value = scope.moving(call.given(0))
    shape, axes = scope.builder.shape(value), call.list("axes", 1)
    gone = {axis % len(shape) for axis in axes or [place for place, size in enumerate(shape) if place and size == 1]}
    left = tuple(size for place, size in enumerate(shape) if place not in gone)
    return scope.builder.add("reshape", value, name=call.name, shape=left[1:])


def _unsqueeze(scope: Scope, call: Call) -> str:
    value = scope.moving(call.given(0))
    shape, axes = list(scope.builder.shape(value)), call.list("axes", 1) or ()
    for axis in sorted(axis % (len(shape) + len(axes)) for axis in axes):
        shape.insert(axis, 1)
    return scope.builder.add("reshape", value, name=call.name, shape=tuple(shape[1:]))


def _axis(scope: Scope, value: str, axis: int) -> int:
    return axis % len(scope.builder.shape(value))


def _concat(scope: Scope, call: Call) -> str:
    values = [scope.moving(call.given(index)) for index in range(len(call.inputs))]
    return scope.builder.add("concat", *values, name=call.name, axis=_axis(scope, values[0], call.whole("axis", 1)))


def _cut(scope: Scope, name: str, value: str, axis: int, start: int, stop: int, step: int = 1) -> str:
    """Add a slice; places are counted from the end where they are negative."""
    side = scope.builder.shape(value)[axis]
    first, last, _ = slice(start, stop).indices(side)
    return scope.builder.add("slice", value, name=name, axis=axis, start=first, stop=last, step=step)


def _slice(scope: Scope, call: Call) -> str:
    value = scope.moving(call.given(0))
    starts, stops = call.list("starts", 1) or (), call.list("ends", 2) or ()
    axes, steps = call.list("axes", 3) or range(len(starts)), call.list("steps", 4) or [1] * len(starts)
    for axis, start, stop, step in zip(axes, starts, stops, steps, strict=True):
        value = _cut(scope, call.name, value, _axis(scope, value, axis), start, stop, step)
    return value


def _split(scope: Scope, call: Call) -> Sequence[str]:
    value = scope.moving(call.given(0))
    axis = _axis(scope, value, call.whole("axis", 0))
    side, sizes = scope.builder.shape(value)[axis], call.list("split", 1)
    part = -(-side // max(call.outputs, 1))
    sizes = sizes or [min(part, side - part * index) for index in range(call.outputs)]
    ends = np.cumsum(sizes).tolist()
    return [
        _cut(scope, f"{call.name}.{index}", value, axis, end - size, end)
        for index, (end, size) in enumerate(zip(ends, sizes, strict=True))
    ]


def _gather(scope: Scope, call: Call) -> str:
    """Take one place of an axis, or places in a row; what is taken by a number alone loses the axis.

    Of a table that is known, rows are taken by the number of a class.
    """
    if isinstance(call.given(1), str) and not isinstance(call.given(0), str) and call.whole("axis", 0) == 0:
        table = call.sure(0)
        classes = scope.builder.add("one_hot", scope.moving(call.given(1)), depth=len(table))
        return scope.builder.add("dense", classes, scope.moving(table), name=call.name)
    value, places = scope.moving(call.given(0)), np.asarray(call.sure(1))
    axis = _axis(scope, value, call.whole("axis", 0))
    side, first = scope.builder.shape(value)[axis], int(places.flat[0])
    first %= side
    step = int(places.flat[1]) - int(places.flat[0]) if places.size > 1 else 1
    if step < 1 or not np.array_equal(places.ravel() % side, first + step * np.arange(places.size)):
        raise RefusedError(f"its operation {shortened(call.name)} picks places out of order, which is not supported")
    taken = _cut(scope, call.name, value, axis, first, first + step * (places.size - 1) + 1, step)
    if places.ndim:
        return taken
    shape = scope.builder.shape(taken)
    return scope.builder.add("reshape", taken, name=call.name, shape=(*shape[1:axis], *shape[axis + 1 :]))


def _pad(scope: Scope, call: Call) -> str:
    value = scope.moving(call.given(0))
    rank, pads = len(scope.builder.shape(value)), call.list("pads", 1) or ()
    axes = [axis % rank for axis in call.list("axes", 3) or range(rank)]
    full = [0] * (2 * rank)
    for place, axis in enumerate(axes):
        full[2 * axis], full[2 * axis + 1] = pads[place], pads[place + len(axes)]
    how, number = call.word("mode", "constant"), call.known(2)
    if how not in ("constant", "reflect"):
        raise RefusedError(f"its operation {shortened(call.name)} pads by {how}, which is not supported")
    filled = call.real("value", 0.0) if number is None or not number.size else float(number.flat[0])
    return scope.builder.add("pad", value, name=call.name, pads=tuple(full), value=filled, how=how)


def _reduced(operation: str) -> Maker:
    def make(scope: Scope, call: Call) -> str:
        value = scope.moving(call.given(0))
        rank = len(scope.builder.shape(value))
        axes = tuple(sorted(axis % rank for axis in call.list("axes", 1) or range(1, rank)))
        return scope.builder.add(operation, value, name=call.name, axes=axes, keep=call.whole("keepdims", 1))

    return make


def _global(operation: str) -> Maker:
    def make(scope: Scope, call: Call) -> str:
        value = scope.moving(call.given(0))
        axes = tuple(range(2, len(scope.builder.shape(value))))
        return scope.builder.add(operation, value, name=call.name, axes=axes, keep=1)

    return make


def _depth_to_space(scope: Scope, call: Call) -> str:
    value, block = scope.moving(call.given(0)), call.whole("blocksize", 1)
    _, channels, height, width = scope.builder.shape(value)
    left = channels // (block * block)
    first = call.word("mode", "DCR") == "DCR"
    parts = (block, block, left, height, width) if first else (left, block, block, height, width)
    axes = (0, 3, 4, 1, 5, 2) if first else (0, 1, 4, 2, 5, 3)
    turned = scope.builder.add("transpose", scope.builder.add("reshape", value, shape=parts), axes=axes)
    return scope.builder.add("reshape", turned, name=call.name, shape=(left, height * block, width * block))


def _one_hot(scope: Scope, call: Call) -> str:
    depth, values = int(call.sure(1).flat[0]), call.sure(2)
    if list(values.ravel()) != [0, 1] or call.whole("axis", -1) not in (-1, len(scope.shape(call.given(0)))):
        raise RefusedError(f"its operation {shortened(call.name)} makes classes in a way that is not supported")
    return scope.builder.add("one_hot", scope.moving(call.given(0)), name=call.name, depth=depth)


MOVERS: Mapping[str, Maker] = {
    "Reshape": _reshape,
    "Flatten": _flatten,
    "Transpose": _transpose,
    "Squeeze": _squeeze,
    "Unsqueeze": _unsqueeze,
    "Concat": _concat,
    "Slice": _slice,
    "Split": _split,
    "Gather": _gather,
    "OneHot": _one_hot,
    "Pad": _pad,
    "DepthToSpace": _depth_to_space,
    "ReduceMean": _reduced("mean"),
    "ReduceSum": _reduced("sum"),
    "ReduceMax": _reduced("max"),
    "GlobalAveragePool": _global("mean"),
    "GlobalMaxPool": _global("max"),
}
