"""The margins of convolutions and poolings, as the frameworks count them."""

from __future__ import annotations

from collections.abc import Sequence


def same_pads(sides: Sequence[int], reach: Sequence[int], strides: Sequence[int]) -> tuple[int, int, int, int]:
    """Return the zeros above, below, left and right with which a window meets ⌈side / stride⌉ places.

    ``reach`` is how far a window goes, its dilation included. The odd one comes after, as in TensorFlow.
    """
    pads: list[int] = []
    for side, size, stride in zip(sides, reach, strides, strict=True):
        missing = max((-(-side // stride) - 1) * stride + size - side, 0)
        pads += [missing // 2, missing - missing // 2]
    return pads[0], pads[1], pads[2], pads[3]


def same_crops(kernel: Sequence[int], strides: Sequence[int]) -> tuple[int, int, int, int]:
    """Return what a transposed convolution that makes side · stride cuts off; what is negative is added in zeros."""
    crops: list[int] = []
    for size, stride in zip(kernel, strides, strict=True):
        before = max(size - stride, 0) // 2
        crops += [before, size - stride - before]
    return crops[0], crops[1], crops[2], crops[3]
