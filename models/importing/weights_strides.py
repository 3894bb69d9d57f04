"""Strides and margins of convolutions, which weights do not tell: the usual ones that make the sizes fit."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product

MOST_TRIED = 20_000
USUAL_SIDES = (28, 32, 64, 128, 96, 48, 16, 8, 256, 224, 112, 56, 40, 24, 20, 12)


@dataclass(frozen=True)
class Step:
    """How a convolution moves: its ``stride``, the margin on each side, and for transposed ones what is added."""

    stride: int
    pad: int
    more: int = 0

    def down(self, side: int, kernel: int) -> int:
        """Return the side that a convolution makes."""
        return (side + 2 * self.pad - kernel) // self.stride + 1

    def up(self, side: int, kernel: int) -> int:
        """Return the side that a transposed convolution makes."""
        return (side - 1) * self.stride + kernel - 2 * self.pad + self.more


# By the side of the kernel, the most usual first.
DOWN = {
    1: (Step(1, 0),), 2: (Step(2, 0),), 3: (Step(2, 1), Step(1, 1), Step(2, 0), Step(1, 0)),
    4: (Step(2, 1), Step(2, 0), Step(1, 0)), 5: (Step(2, 2), Step(2, 0), Step(1, 2), Step(1, 0)),
    6: (Step(2, 2), Step(2, 0)), 7: (Step(1, 3), Step(2, 3), Step(1, 0)), 8: (Step(1, 0), Step(2, 3)),
}  # fmt: skip
UP = {
    1: (Step(1, 0),), 2: (Step(2, 0),),
    3: (Step(2, 1, 1), Step(1, 1), Step(2, 0), Step(2, 1), Step(2, 0, 1), Step(1, 0)),
    4: (Step(2, 1), Step(1, 0), Step(2, 0)), 5: (Step(2, 2, 1), Step(2, 0), Step(1, 2), Step(1, 0)),
    6: (Step(2, 2), Step(2, 0)), 7: (Step(1, 3), Step(1, 0), Step(2, 3, 1)), 8: (Step(1, 0), Step(2, 3)),
}  # fmt: skip
FLAT = {kernel: (Step(1, kernel // 2), Step(1, 0)) for kernel in (1, 3, 5, 7)}


def fitting(
    start: int, kernels: Sequence[tuple[str, int]], fits: Callable[[int], bool]
) -> tuple[list[Step], int] | None:
    """Return the most usual steps from side ``start`` to one that ``fits``, and that side; None if there are none.

    ``kernels`` are the directions ("down", "up" or "flat") and sides of the kernels.
    """
    tables: Mapping[str, Mapping[int, Sequence[Step]]] = {"down": DOWN, "up": UP, "flat": FLAT}
    choices = [tuple(enumerate(tables[way].get(kernel, ()))) for way, kernel in kernels]
    best: tuple[int, list[Step], int] | None = None
    for count, chosen in enumerate(product(*choices)):
        if count >= MOST_TRIED:
            break
        cost = sum(place for place, _ in chosen)
        if best is not None and cost >= best[0]:
            continue
        side = start
        for (way, kernel), (_, step) in zip(kernels, chosen, strict=True):
            side = step.up(side, kernel) if way == "up" else step.down(side, kernel)
        if side > 0 and fits(side):
            best = (cost, [step for _, step in chosen], side)
    return None if best is None else best[1:]
