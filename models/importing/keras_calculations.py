"""Calculations that stand between the layers of a Keras model, and need more than the values that they are made of."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from itertools import accumulate, pairwise
from typing import Any

import numpy as np

from models.core.text import shortened
from models.importing.graph import Builder
from models.importing.operations import NOISE
from models.importing.parts import Place, part_of
from models.importing.refusal import RefusedError

Config = Mapping[str, Any]
Calculation = Callable[[Builder, Sequence[str], Config, str], Sequence[str]]


def calculation_of(layer: Config) -> Calculation | None:
    """Return the calculation that a layer stands for by its class in Keras 3, or by its function in Keras 2."""
    function = str(layer["config"].get("function", "")) if isinstance(layer["config"], Mapping) else ""
    return CALCULATIONS.get((function.rpartition(".")[2] or str(layer["class_name"])).lower().replace("_", ""))


def options_of(layer: Config, call: object) -> dict[str, Any]:
    """Return all that is said of a calculation: in its configuration, and beside the values of its call."""
    found = dict(layer["config"])
    if isinstance(call, Mapping):
        arguments = call.get("args")
        found |= call.get("kwargs") or {}
        if isinstance(arguments, list) and len(arguments) > 1:
            found["places"] = arguments[1]
    while isinstance(call, list) and call and isinstance(call[0], list):
        call = call[0]
    if isinstance(call, list) and len(call) > 3 and isinstance(call[3], Mapping):
        found |= call[3]
    return found


def _part(builder: Builder, given: Sequence[str], options: Config, name: str) -> Sequence[str]:
    places = options.get("slice_spec", options.get("places"))
    listed = places if isinstance(places, list) else [places]
    return [part_of(builder, given[0], [_place(place) for place in listed], name)]


def _place(place: object) -> Place:
    if isinstance(place, Mapping):
        if place.get("class_name") == "__ellipsis__":
            return ...
        limits = place.get("config", place)
        return slice(*(None if limits[key] is None else int(limits[key]) for key in ("start", "stop", "step")))
    return None if place is None or place == "newaxis" else int(str(place))


def _axis(builder: Builder, value: str, options: Config, default: int = -1) -> int:
    axis = options.get("axis")
    return int(default if axis is None else axis) % len(builder.shape(value))


def _split(builder: Builder, given: Sequence[str], options: Config, name: str) -> Sequence[str]:
    asked = options.get("indices_or_sections", options.get("num_or_size_splits"))
    axis = _axis(builder, given[0], options, 0)
    side = builder.shape(given[0])[axis]
    if isinstance(asked, list):
        sizes = [int(size) for size in asked]
        inner = sizes if "indices_or_sections" in options else list(accumulate(sizes[:-1]))
    else:
        inner = list(range(side // int(str(asked)), side, side // int(str(asked))))
    return [
        builder.add("slice", given[0], name=name, axis=axis, start=start, stop=stop, step=1)
        for start, stop in pairwise([0, *inner, side])
    ]


def _square(builder: Builder, given: Sequence[str], options: Config, name: str) -> Sequence[str]:
    return [builder.add("mul", given[0], given[0], name=name)]


def _reduced(operation: str) -> Calculation:
    def reduced(builder: Builder, given: Sequence[str], options: Config, name: str) -> Sequence[str]:
        rank, asked = len(builder.shape(given[0])), options.get("axis")
        axes = tuple(int(axis) % rank for axis in (asked if isinstance(asked, list) else [asked]) if axis is not None)
        keep = int(bool(options.get("keepdims", False)))
        return [builder.add(operation, given[0], name=name, axes=axes or tuple(range(1, rank)), keep=keep)]

    return reduced


def _clip(builder: Builder, given: Sequence[str], options: Config, name: str) -> Sequence[str]:
    low, high = (options.get(f"x_{end}", options.get(f"clip_value_{end}")) for end in ("min", "max"))
    return [builder.add("clip", given[0], name=name, low=float(str(low)), high=float(str(high)))]


def _reshape(builder: Builder, given: Sequence[str], options: Config, name: str) -> Sequence[str]:
    asked = options.get("newshape", options.get("shape"))
    if not isinstance(asked, list) or not all(type(size) is int for size in asked[1:]):
        raise RefusedError(f"the shape that its {shortened(name)} makes is not in the file")
    wanted, count = list(asked[1:]), math.prod(builder.shape(given[0]))
    if -1 in wanted:
        others = -math.prod(wanted)
        wanted[wanted.index(-1)] = count // others if others > 0 else 0
    return [builder.add("reshape", given[0], name=name, shape=tuple(wanted))]


def _concat(builder: Builder, given: Sequence[str], options: Config, name: str) -> Sequence[str]:
    return [builder.add("concat", *given, name=name, axis=_axis(builder, given[0], options))]


def _expanded(builder: Builder, given: Sequence[str], options: Config, name: str) -> Sequence[str]:
    shape, axis = builder.shape(given[0]), int(options["axis"])
    place = axis % (len(shape) + 1)
    return [builder.add("reshape", given[0], name=name, shape=(*shape[1:place], 1, *shape[place:]))]


def _squeezed(builder: Builder, given: Sequence[str], options: Config, name: str) -> Sequence[str]:
    shape, asked = builder.shape(given[0]), options.get("axis")
    listed = asked if isinstance(asked, list) else [asked]
    gone = {int(axis) % len(shape) for axis in listed if axis is not None}
    kept = [size for axis, size in enumerate(shape) if axis and (axis not in gone if gone else size != 1)]
    return [builder.add("reshape", given[0], name=name, shape=tuple(kept))]


def _transpose(builder: Builder, given: Sequence[str], options: Config, name: str) -> Sequence[str]:
    axes = options.get("axes", options.get("perm"))
    return [builder.add("transpose", given[0], name=name, axes=tuple(int(axis) for axis in axes or ()))]


def _softmax(builder: Builder, given: Sequence[str], options: Config, name: str) -> Sequence[str]:
    return [builder.add("softmax", given[0], name=name, axis=_axis(builder, given[0], options))]


def _filled(number: float) -> Calculation:
    def filled(builder: Builder, given: Sequence[str], options: Config, name: str) -> Sequence[str]:
        none = builder.add("mul", given[0], builder.weight(f"{name}.zero", np.zeros(1)))
        return [builder.add("add", none, builder.weight(f"{name}.number", np.full(1, number)), name=name)]

    return filled


def _noise(builder: Builder, given: Sequence[str], options: Config, name: str) -> Sequence[str]:
    """Mark a draw, of the shape of the value that it is asked for."""
    return [builder.add(NOISE, given[0], name=name)]


def _given(builder: Builder, given: Sequence[str], options: Config, name: str) -> Sequence[str]:
    return given[:1]


CALCULATIONS: Mapping[str, Calculation] = {
    "getitem": _part, "split": _split, "square": _square, "clip": _clip, "clipbyvalue": _clip, "reshape": _reshape,
    "mean": _reduced("mean"), "reducemean": _reduced("mean"), "sum": _reduced("sum"), "reducesum": _reduced("sum"),
    "max": _reduced("max"), "reducemax": _reduced("max"), "concatenate": _concat, "concat": _concat,
    "expanddims": _expanded, "squeeze": _squeezed, "transpose": _transpose, "softmax": _softmax,
    "zeroslike": _filled(0.0), "oneslike": _filled(1.0), "shape": _given, "normal": _noise, "cast": _given,
    "stopgradient": _given, "converttotensor": _given,
}  # fmt: skip
