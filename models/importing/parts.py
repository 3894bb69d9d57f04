"""Parts of values as Python writes them in brackets: x[:, 0], x[..., :3] or x[:, None]."""

from __future__ import annotations

from collections.abc import Sequence
from types import EllipsisType

from models.core.text import shortened
from models.importing.graph import Builder
from models.importing.refusal import RefusedError

# What stands in brackets: a part, one place, a new axis, or all axes that are not named.
Place = slice | int | EllipsisType | None


def part_of(builder: Builder, value: str, places: Sequence[Place], name: str) -> str:
    """Cut a value along its axes but the batch, and give it the axes left; RefusedError if it picks images of it."""
    shape, left, axis = builder.shape(value), [1], 1
    first, *others = _whole(places, len(shape))
    if not isinstance(first, slice):
        raise RefusedError(f"its operation {shortened(name)} picks an image of the batch, or moves it")
    for place in others:
        if place is None:
            left.append(1)
            continue
        side = shape[axis]
        part = place if isinstance(place, slice) else slice(place % side, place % side + 1)
        start, stop, step = part.indices(side)
        if step < 1:
            raise RefusedError(f"its operation {shortened(name)} goes backwards, which is not supported")
        if (start, stop, step) != (0, side, 1):
            value = builder.add("slice", value, name=name, axis=axis, start=start, stop=stop, step=step)
        left += [builder.shape(value)[axis]] if isinstance(place, slice) else []
        axis += 1
    return value if tuple(left) == builder.shape(value) else builder.add("reshape", value, shape=tuple(left[1:]))


def _whole(places: Sequence[Place], rank: int) -> list[slice | int | None]:
    """Return places for all axes of a value of this rank: those that are not named are taken whole."""
    named = sum(isinstance(place, slice | int) for place in places)
    spread = list(places) if ... in places else [*places, ...]
    whole: list[slice | int | None] = []
    for place in spread:
        whole += [slice(None)] * (rank - named) if isinstance(place, EllipsisType) else [place]
    return whole
