"""Strides and margins of convolutions, which weights do not tell: the usual ones that make the sizes fit."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from models.importing.windows import same_crops, same_pads

Way = Literal["down", "up", "flat"]
Framework = Literal["torch", "keras"]
Margins = tuple[int, int, int, int]

MOST_SIDE = 1024
# What a picture of a side costs: nothing where it is that of the data sets that everybody takes.
USUAL_SIDES: Mapping[int, float] = {
    28: 0.0, 32: 0.01, 64: 0.02, 128: 0.5, 96: 2.0, 256: 2.5, 224: 4.0, 48: 4.0, 512: 6.0, 80: 15.0, 112: 15.0,
    56: 15.0, 40: 15.0, 100: 15.0, 160: 15.0, 24: 16.0, 20: 16.0, 16: 16.0, 12: 17.0, 8: 17.0,
}  # fmt: skip
# What a picture in colour of the side of handwritten digits costs more.
COLOURED_DIGITS = 8.0


@dataclass(frozen=True)
class Step:
    """How a convolution moves: its ``stride``, the margin on each side, and for transposed ones what is added.

    ``same`` are the margins that TensorFlow calls so. ``times`` is by how much an image is enlarged before it, or
    pooled behind it; ``shuffled`` by how much it is enlarged behind it, where channels become pixels.
    """

    stride: int
    pad: int = 0
    more: int = 0
    same: bool = False
    times: int = 1
    shuffled: int = 1

    def side(self, way: Way, side: int, kernel: int) -> int:
        """Return the side that a convolution makes of a side; below 1 if it does not fit."""
        if way == "up":
            whole = (side - 1) * self.stride + max(kernel, self.stride)
            return side * self.stride if self.same else whole - 2 * self.pad + self.more
        side *= self.times if way == "flat" else 1
        made = -(-side // self.stride) if self.same else (side + 2 * self.pad - kernel) // self.stride + 1
        return made // self.times if way == "down" else made * self.shuffled

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
    """A convolution of which the ``kernel`` is known.

    ``room`` is whether a layer without weights stands beside it, None if that is not known; ``usual`` is whether one
    does in most such networks. ``shuffled`` is by how much its channels become pixels. ``kept`` is whether the side
    stays as it is, as in a residual block.
    """

    way: Way
    kernel: int
    room: bool | None = None
    usual: bool = False
    shuffled: int = 1
    kept: bool = False


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
# Among even kernels, an odd one is there to make an odd side.
ODD = (Step(2, 1), Step(1, 1), Step(2, 1, 1), Step(2), Step(2, 0, 1), Step(1))
SAME = (Step(2, same=True), Step(1, same=True), Step(1), Step(2), Step(3, same=True), Step(4, same=True))
# What a step costs that only makes sense with a layer beside it, and what it costs to leave the room of one empty.
POOLED, EMPTY = 4.0, 2.0
# What pooling without margins costs more than with them.
UNPADDED = 1.0
# Who resizes before each convolution leaves none out.
LEFT_OUT = 0.3
ALIKE = 0.1
# The same kernel and stride with other margins than in the layer before.
UNEVEN = 0.5
# The first step from a single place is not cut off.
CUT = 6.0


def _steps(window: Window, framework: Framework, side: int, windows: Sequence[Window]) -> list[tuple[float, Step]]:
    """Return the steps that a convolution, one of ``windows``, may take, with what each costs."""
    kernel = window.kernel
    same = Step(1, same=True) if framework == "keras" else Step(1, kernel // 2)
    if window.kept:
        return [(0.0, same)]
    empty = EMPTY if window.room else (LEFT_OUT if window.usual and window.room is None else 0.0)
    plain = SAME if framework == "keras" and window.way != "flat" else _plain(window, windows, same)
    steps = [(place + empty + _cut(window, step, side), step) for place, step in enumerate(plain)]
    if window.way != "up" and kernel % 2 and window.room is not False:
        price = 0.0 if window.room or window.usual else POOLED
        steps.append((price, replace(same, times=2)))
        if window.way == "down" and kernel > 1:
            steps.append((price + UNPADDED, Step(1, times=2)))
    return [(price, replace(step, shuffled=window.shuffled)) for price, step in steps]


def _plain(window: Window, windows: Sequence[Window], same: Step) -> Sequence[Step]:
    """Return the steps of a convolution alone, the most usual first; ``same`` keeps the side."""
    if window.way == "flat":
        return (same, Step(1)) if window.kernel > 1 else (Step(1),)
    table: Mapping[int, Sequence[Step]] = DOWN if window.way == "down" else UP
    if window.way == "up" and window.kernel == 3 and any(each.kernel % 2 == 0 for each in windows):
        return ODD
    return table.get(window.kernel, (Step(2, (window.kernel - 1) // 2), Step(1)))


def _cut(window: Window, step: Step, side: int) -> float:
    cuts = step.pad or (step.same and window.kernel > step.stride)
    return CUT if window.way == "up" and side == 1 and cuts else 0.0


def _bare(step: Step) -> bool:
    return not (step.pad or step.more or step.same)


def _price(price: float, step: Step, window: Window, last: Step | None, before: Window | None) -> float:
    """Return what a step costs behind the ``last`` one: the same kernel mostly moves in the same way."""
    if last is None or before is None:
        return price
    grows = window.way == "up" and step.stride == 1 and window.kernel % 2 == 0
    if _bare(step) and _bare(last) and (step.stride, step.times) == (last.stride, last.times) and not grows:
        # Who leaves out margins mostly does so throughout, but what leads from a single place does so once.
        price *= ALIKE
    moved = (step.stride, step.times, step.same) == (last.stride, last.times, last.same)
    uneven = window.kernel == before.kernel and moved and step.pad != last.pad
    return price + (0.0 if last == step else 0.1) + (UNEVEN if uneven else 0.0)


def ways_through(
    start: int, windows: Sequence[Window], framework: Framework = "torch"
) -> dict[int, tuple[float, tuple[Step, ...]]]:
    """Return the sides that convolutions may make of the side ``start``, with the most usual steps to each.

    The first of a pair is what the steps cost: the less, the more usual.
    """
    reached: dict[int, tuple[float, tuple[Step, ...]]] = {start: (0.0, ())}
    for place, window in enumerate(windows):
        before = windows[place - 1] if place else None
        following: dict[int, tuple[float, tuple[Step, ...]]] = {}
        for side, (cost, taken) in reached.items():
            for price, step in _steps(window, framework, side, windows):
                made = step.side(window.way, side, window.kernel)
                whole = window.way == "down" and side == window.kernel and _bare(step)
                # What enlarges an image comes first.
                late = 0.01 * place if window.way != "down" and made > side else 0.0
                paid = 0.0 if whole else _price(price, step, window, taken[-1] if taken else None, before)
                total = cost + paid + late
                if 0 < made <= MOST_SIDE and total < following.get(made, (float("inf"), ()))[0]:
                    following[made] = (total, (*taken, step))
        reached = following
    return reached


def cost_of_side(side: int, wanted: Collection[int] = (), channels: int = 1) -> float:
    """Return what a picture of this side costs, ``wanted`` ones nothing; infinite if it is not usual."""
    if wanted:
        return 0.0 if side in wanted else float("inf")
    return USUAL_SIDES.get(side, float("inf")) + (COLOURED_DIGITS if channels == 3 and side == 28 else 0.0)
