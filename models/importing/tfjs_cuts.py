"""Parts of values in TensorFlow: what is written x[:, 0], x[..., :3] or x[:, None]."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from models.importing.onnx_graph import Known, Scope, Value
from models.importing.parts import Place, part_of
from models.importing.tfjs_node import TfNode, known


def strided(node: TfNode, given: Sequence[Known]) -> Known:
    """Return a part of what is known."""
    found: Known = np.asarray(given[0][tuple(_places(node, given[1:4]))])
    return found


def strided_part(scope: Scope, node: TfNode, given: Sequence[Value]) -> str:
    """Add what ``StridedSlice`` takes of a value; :class:`RefusedError` if it picks images of the batch."""
    places = _places(node, [known(node, part) for part in given[1:4]])
    return part_of(scope.builder, scope.moving(given[0]), places, node.name)


def sized_part(scope: Scope, node: TfNode, given: Sequence[Value]) -> str:
    """Add what ``Slice`` takes of a value: from a beginning on, as much as a size says, or all if it is −1."""
    starts, sizes = ([int(place) for place in known(node, item)] for item in given[1:3])
    places = [
        slice(start, None if size < 0 else start + size) for start, size in zip(starts[1:], sizes[1:], strict=True)
    ]
    return part_of(scope.builder, scope.moving(given[0]), [slice(None), *places], node.name)


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
