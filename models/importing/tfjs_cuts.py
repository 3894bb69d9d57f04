"""Parts of values in TensorFlow: what is written x[:, 0], x[..., :3] or x[:, None]."""

from __future__ import annotations

from collections.abc import Sequence
from types import EllipsisType

import numpy as np

from models.core.text import shortened
from models.importing.onnx_graph import Known, Scope, Value
from models.importing.refusal import RefusedError
from models.importing.tfjs_node import TfNode, known

# What stands in brackets: a part, one place, a new axis, or all axes that are not named.
Place = slice | int | EllipsisType | None


def strided(node: TfNode, given: Sequence[Known]) -> Known:
    """Return a part of what is known."""
    found: Known = np.asarray(given[0][tuple(_places(node, given[1:4]))])
    return found


def strided_part(scope: Scope, node: TfNode, given: Sequence[Value]) -> str:
    """Add what ``StridedSlice`` takes of a value; :class:`RefusedError` if it picks images of the batch."""
    value = scope.moving(given[0])
    places = _whole(_places(node, [known(node, part) for part in given[1:4]]), len(scope.shape(value)))
    return _taken(scope, node, value, places)


def sized_part(scope: Scope, node: TfNode, given: Sequence[Value]) -> str:
    """Add what ``Slice`` takes of a value: from a beginning on, as much as a size says, or all if it is −1."""
    starts, sizes = ([int(place) for place in known(node, item)] for item in given[1:3])
    places = [
        slice(start, None if size < 0 else start + size) for start, size in zip(starts[1:], sizes[1:], strict=True)
    ]
    return _taken(scope, node, scope.moving(given[0]), [slice(None), *places])


def _places(node: TfNode, given: Sequence[Known]) -> list[Place]:
    """Return what stands in the brackets, as Python writes it."""
    starts, ends, steps = ([int(place) for place in np.atleast_1d(part)] for part in given)
    first, last, gone, new, rest = (
        int(node.real(f"{key}_mask", 0)) for key in ("begin", "end", "shrink_axis", "new_axis", "ellipsis")
    )
    places: list[Place] = []
    for axis, (start, end, step) in enumerate(zip(starts, ends, steps, strict=True)):
        if rest >> axis & 1:
            places.append(...)
        elif new >> axis & 1:
            places.append(None)
        elif gone >> axis & 1:
            places.append(start)
        else:
            places.append(slice(None if first >> axis & 1 else start, None if last >> axis & 1 else end, step))
    return places


def _whole(places: Sequence[Place], rank: int) -> list[slice | int | None]:
    """Return places for all axes of a value of this rank: those that are not named are taken whole."""
    named = sum(isinstance(place, slice | int) for place in places)
    spread = list(places) if ... in places else [*places, ...]
    whole: list[slice | int | None] = []
    for place in spread:
        whole += [slice(None)] * (rank - named) if isinstance(place, EllipsisType) else [place]
    return whole


def _taken(scope: Scope, node: TfNode, value: str, places: Sequence[slice | int | None]) -> str:
    """Cut a value along each of its axes but the batch, and give it the axes that are left."""
    if not isinstance(places[0], slice):
        raise RefusedError(f"its operation {shortened(node.name)} picks an image of the batch, or moves it")
    shape, left, axis = scope.shape(value), [1], 1
    for place in places[1:]:
        if place is None:
            left.append(1)
            continue
        side = shape[axis]
        part = place if isinstance(place, slice) else slice(place % side, place % side + 1)
        start, stop, step = part.indices(side)
        if step < 1:
            raise RefusedError(f"its operation {shortened(node.name)} goes backwards, which is not supported")
        if (start, stop, step) != (0, side, 1):
            value = scope.builder.add("slice", value, name=node.name, axis=axis, start=start, stop=stop, step=step)
        left += [scope.shape(value)[axis]] if isinstance(place, slice) else []
        axis += 1
    wanted = tuple(left[1:])
    return value if (1, *wanted) == tuple(scope.shape(value)) else scope.builder.add("reshape", value, shape=wanted)
