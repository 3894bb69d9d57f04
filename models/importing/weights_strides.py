"""Strides and margins of convolutions, which weights do not tell: the usual ones that make the sizes fit."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from models.importing.windows import same_crops, same_pads

Way = Literal["down", "up", "flat"]
Framework = Literal["torch", "keras"]
Margins = tuple[int, int, int, int]

MOST_SIDE = 1024
# What a picture of a side costs: nothing where it is that of the data sets that everybody takes.
USUAL_SIDES: Mapping[int, float] = {
    28: 0.0, 32: 0.01, 64: 0.02, 128: 0.5, 256: 4.0, 96: 6.0, 224: 8.0, 48: 8.0, 512: 12.0, 80: 15.0, 112: 15.0,
    56: 15.0, 40: 15.0, 100: 15.0, 160: 15.0, 24: 16.0, 20: 16.0, 16: 16.0, 12: 17.0, 8: 17.0,
}  # fmt: skip


@dataclass(frozen=True)
class Step:
    """How a convolution moves: its ``stride``, the margin on each side, and for transposed ones what is added.

    ``same`` are the margins that TensorFlow calls so. ``times`` is by how much an image is enlarged before it, or
    pooled behind it.
    """

    stride: int
    pad: int = 0
    more: int = 0
    same: bool = False
    times: int = 1

    def side(self, way: Way, side: int, kernel: int) -> int:
        """Return the side that a convolution makes of a side; below 1 if it does not fit."""
        if way == "up":
            whole = (side - 1) * self.stride + max(kernel, self.stride)
            return side * self.stride if self.same else whole - 2 * self.pad + self.more
        side *= self.times if way == "flat" else 1
        made = -(-side // self.stride) if self.same else (side + 2 * self.pad - kernel) // self.stride + 1
        return made // self.times if way == "down" else made

    def pads(self, side: int, kernel: int) -> Margins:
        """Return the zeros above, below, left and right of an image."""
        if self.same:
            return same_pads((side, side), (kernel, kernel), (self.stride, self.stride))
        return (self.pad,) * 4

    def crops(self, kernel: int) -> Margins:
        """Return what a transposed convolution cuts off; what is negative is added."""
        if self.same:
            return same_crops((kernel, kernel), (self.stride, self.stride))
        after = self.pad - self.more - max(self.stride - kernel, 0)
        return self.pad, after, self.pad, after


@dataclass(frozen=True)
class Window:
    """A convolution of which the ``kernel`` is known; ``room`` if a layer without weights stands beside it."""

    way: Way
    kernel: int
    room: bool = False


# By the side of the kernel, the most usual first.
DOWN = {
    1: (Step(1),), 2: (Step(2),), 3: (Step(2, 1), Step(1, 1), Step(2), Step(1)),
    4: (Step(2, 1), Step(2), Step(1)), 5: (Step(2, 2), Step(2), Step(1, 2), Step(1)),
    6: (Step(2, 2), Step(2)), 7: (Step(1, 3), Step(2, 3), Step(1)), 8: (Step(1), Step(2, 3)),
}  # fmt: skip
UP = {
    1: (Step(1),), 2: (Step(2), Step(1)),
    3: (Step(2, 1, 1), Step(1, 1), Step(2), Step(2, 1), Step(2, 0, 1), Step(1)),
    4: (Step(2, 1), Step(1), Step(2)), 5: (Step(2, 2, 1), Step(2), Step(1, 2), Step(1), Step(2, 0, 1)),
    6: (Step(2, 2), Step(2)), 7: (Step(1, 3), Step(1), Step(2, 3, 1)), 8: (Step(1), Step(2, 3)),
}  # fmt: skip
SAME = (Step(2, same=True), Step(1, same=True), Step(1), Step(2), Step(3, same=True), Step(4, same=True))
# What a step costs that only makes sense with a layer beside it, and what it costs to leave the room of one empty.
POOLED, EMPTY = 4.0, 2.0
ALIKE = 0.1
# The first step from a single place is not cut off.
CUT = 6.0


def _steps(window: Window, framework: Framework, side: int) -> list[tuple[float, Step]]:
    """Return the steps that a convolution may take, with what each costs."""
    kernel = window.kernel
    if window.way == "flat":
        plain = Step(1, same=True) if framework == "keras" else Step(1, kernel // 2)
        steps, pooled = [plain, Step(1)] if kernel > 1 else [Step(1)], plain
    else:
        table: Mapping[int, Sequence[Step]] = DOWN if window.way == "down" else UP
        steps = list(SAME if framework == "keras" else table.get(kernel, (Step(2, (kernel - 1) // 2), Step(1))))
        pooled = Step(1, same=True) if framework == "keras" else Step(1, kernel // 2)
    found = [
        (
            place
            + (EMPTY if window.room else 0.0)
            + (CUT if window.way == "up" and side == 1 and (step.pad or (step.same and kernel > step.stride)) else 0.0),
            step,
        )
        for place, step in enumerate(steps)
    ]
    if window.way != "up" and kernel % 2:
        twice = Step(1, pooled.pad, same=pooled.same, times=2)
        found.append((0.0 if window.room else POOLED, twice))
    return found


def _bare(step: Step) -> bool:
    return not (step.pad or step.more or step.same) and step.times == 1


def ways_through(
    start: int, windows: Sequence[Window], framework: Framework = "torch"
) -> dict[int, tuple[float, tuple[Step, ...]]]:
    """Return the sides that convolutions may make of the side ``start``, with the most usual steps to each.

    The first of a pair is what the steps cost: the less, the more usual.
    """
    reached: dict[int, tuple[float, tuple[Step, ...]]] = {start: (0.0, ())}
    for place, window in enumerate(windows):
        following: dict[int, tuple[float, tuple[Step, ...]]] = {}
        for side, (cost, taken) in reached.items():
            for price, step in _steps(window, framework, side):
                made = step.side(window.way, side, window.kernel)
                # The same kernel mostly moves in the same way, and who leaves out margins mostly does so throughout.
                turned = 0.0 if not taken or taken[-1] == step else 0.1
                bare = bool(taken) and _bare(step) and _bare(taken[-1]) and step.stride == taken[-1].stride
                # What enlarges an image comes first.
                late = 0.01 * place if window.way != "down" and made > side else 0.0
                total = cost + (ALIKE * price if bare else price) + turned + late
                if 0 < made <= MOST_SIDE and total < following.get(made, (float("inf"), ()))[0]:
                    following[made] = (total, (*taken, step))
        reached = following
    return reached


def cost_of_side(side: int, wanted: Collection[int] = ()) -> float:
    """Return what a picture of this side costs, ``wanted`` ones nothing; infinite if it is not usual."""
    if wanted:
        return 0.0 if side in wanted else float("inf")
    return USUAL_SIDES.get(side, float("inf"))
