"""The nodes of an ONNX graph, one by one: what is known already is calculated, the rest becomes operations."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from models.core.text import shortened
from models.importing.graph import MOST_VALUES, Builder
from models.importing.refusal import RefusedError

Known = np.ndarray
Value = str | Known
Attribute = int | float | str | Sequence[int] | Sequence[float] | np.ndarray
# Stands for the batch in what is calculated from shapes.
BATCH = -1


@dataclass
class Scope:
    """What has been read: the graph so far, and every value by name, known or the name of one in the graph."""

    builder: Builder
    opset: int
    values: dict[str, Value] = field(default_factory=dict)

    def moving(self, value: Value) -> str:
        """Return a value in the graph; what is known becomes a weight."""
        return value if isinstance(value, str) else self.builder.weight("constant", value)

    def shape(self, value: Value) -> tuple[int, ...]:
        """Return the shape of a value, for a batch of one."""
        return self.builder.shape(value) if isinstance(value, str) else value.shape


@dataclass(frozen=True)
class Call:
    """A node: its operation, attributes, inputs (None where one is left out), and how many outputs are wanted."""

    operation: str
    name: str
    attributes: Mapping[str, Attribute]
    inputs: Sequence[Value | None]
    outputs: int = 1

    def given(self, index: int) -> Value:
        """Return an input that must be there."""
        value = self.inputs[index] if index < len(self.inputs) else None
        if value is None:
            raise RefusedError(f"its operation {shortened(self.name)} ({self.operation}) lacks an input")
        return value

    def known(self, index: int) -> Known | None:
        """Return an input that must be known before the model runs, None if it is left out."""
        value = self.inputs[index] if index < len(self.inputs) else None
        if isinstance(value, str):
            raise RefusedError(f"its operation {shortened(self.name)} ({self.operation}) depends on what comes in")
        return value

    def sure(self, index: int) -> Known:
        """Return an input that must be known and there."""
        value = self.known(index)
        if value is None:
            raise RefusedError(f"its operation {shortened(self.name)} ({self.operation}) lacks an input")
        return value

    def whole(self, key: str, default: int) -> int:
        """Return an attribute that is a whole number."""
        value = self.attributes.get(key, default)
        return value if isinstance(value, int) else default

    def real(self, key: str, default: float) -> float:
        """Return an attribute that is a number."""
        value = self.attributes.get(key, default)
        return float(value) if isinstance(value, int | float) else default

    def word(self, key: str, default: str = "") -> str:
        """Return an attribute that is text."""
        value = self.attributes.get(key, default)
        return value if isinstance(value, str) else default

    def wholes(self, key: str, default: Sequence[int] = ()) -> list[int]:
        """Return an attribute that is a list of whole numbers."""
        value = self.attributes.get(key, default)
        return [int(item) for item in value] if isinstance(value, Sequence) and not isinstance(value, str) else []

    def list(self, key: str, index: int) -> Sequence[int] | None:
        """Return a list that is an attribute in older files and an input in newer ones; None if it is left out."""
        if key in self.attributes:
            return self.wholes(key)
        value = self.known(index)
        return None if value is None else [int(item) for item in np.atleast_1d(value)]


def calculated(call: Call) -> Known | None:
    """Return what a node makes of what is known, None if it is not one of the few that are calculated."""
    work = CALCULATIONS.get(call.operation)
    if work is None or any(isinstance(value, str) for value in call.inputs):
        return None
    given = [np.asarray(value) for value in call.inputs if value is not None]
    return np.asarray(work(call, given))


def _unsqueezed(call: Call, given: Sequence[Known]) -> Known:
    return np.expand_dims(given[0], tuple(call.list("axes", 1) or (0,)))


def _squeezed(call: Call, given: Sequence[Known]) -> Known:
    axes = call.list("axes", 1)
    return np.squeeze(given[0], None if axes is None else tuple(axes))


def _filled(call: Call, given: Sequence[Known]) -> Known:
    shape = [1 if size == BATCH else int(size) for size in given[0]]
    if math.prod(shape) > MOST_VALUES:
        raise RefusedError(f"its operation {shortened(call.name)} would make an array of the size {shortened(shape)}")
    value = call.attributes.get("value", np.zeros(1, np.float32))
    return np.full(shape, np.asarray(value).flat[0])


def _cast(call: Call, given: Sequence[Known]) -> Known:
    whole = call.whole("to", 1) in (2, 3, 5, 6, 7)
    return given[0].astype(np.int64 if whole else np.float64)


def _sliced(call: Call, given: Sequence[Known]) -> Known:
    starts, ends = call.list("starts", 1) or [], call.list("ends", 2) or []
    axes = call.list("axes", 3) or list(range(len(starts)))
    steps = call.list("steps", 4) or [1] * len(starts)
    places = [slice(None)] * given[0].ndim
    for axis, start, end, step in zip(axes, starts, ends, steps, strict=True):
        places[axis] = slice(start, end, step)
    found: Known = given[0][tuple(places)]
    return found


def _divided(call: Call, given: Sequence[Known]) -> Known:
    whole = all(value.dtype.kind in "iu" for value in given)
    divided: Known = given[0] // given[1] if whole else given[0] / given[1]
    return divided


CALCULATIONS: Mapping[str, Callable[[Call, Sequence[Known]], Known]] = {
    "Unsqueeze": _unsqueezed,
    "Squeeze": _squeezed,
    "ConstantOfShape": _filled,
    "Cast": _cast,
    "Slice": _sliced,
    "Div": _divided,
    "Gather": lambda call, given: np.take(given[0], given[1].astype(np.int64), call.whole("axis", 0)),
    "Concat": lambda call, given: np.concatenate([np.atleast_1d(value) for value in given], call.whole("axis", 0)),
    "Reshape": lambda call, given: given[0].reshape([int(size) for size in given[1]]),
    "Transpose": lambda call, given: np.transpose(given[0], call.wholes("perm") or None),
    "Identity": lambda call, given: given[0],
    "Add": lambda call, given: given[0] + given[1],
    "Sub": lambda call, given: given[0] - given[1],
    "Mul": lambda call, given: given[0] * given[1],
    "Pow": lambda call, given: np.power(given[0], given[1]),
    "Neg": lambda call, given: -given[0],
    "Sqrt": lambda call, given: np.sqrt(given[0]),
    "Floor": lambda call, given: np.floor(given[0]),
    "ReduceProd": lambda call, given: np.prod(given[0], keepdims=bool(call.whole("keepdims", 1))),
}
