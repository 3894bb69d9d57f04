"""What is black and what is white: the range of the values that images have, told by all of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from models.core.data_options import DataOptions, Range
from models.core.errors import UserError
from models.data.source import Images, Steps

# A value may be beyond the range by rounding.
ROUNDING = 1e-3
DEPTHS = (8, 10, 12, 14, 16)
NAMED: dict[Range, tuple[float, float]] = {"unit": (0.0, 1.0), "signed": (-1.0, 1.0), "bytes": (0.0, 255.0)}
WAY_ON = "--range full takes the lowest as black and the highest as white"


@dataclass(frozen=True)
class Scale:
    """The values that become black and white, and what to say about it."""

    low: float
    high: float
    note: str = ""

    def apply(self, images: np.ndarray) -> Images:
        """Return grey levels 0–255; what is beyond the range is clipped."""
        if images.dtype == np.uint8 and (self.low, self.high) == NAMED["bytes"]:
            return images
        span = self.high - self.low or 1.0
        levels = (images.astype(np.float64) - self.low) * (255.0 / span)
        scaled: Images = np.clip(np.rint(levels), 0.0, 255.0).astype(np.uint8)
        return scaled


def scale_of(
    dtype: np.dtype, blocks: Callable[[], Iterator[np.ndarray]], options: DataOptions, name: str, count: int
) -> Steps[Scale]:
    """Return the scale of an array read in ``blocks``; UserError where its range tells nothing."""
    if dtype.kind == "b":
        return Scale(0.0, 1.0)
    if options.range in NAMED:
        return Scale(*NAMED[options.range])
    low, high, done = np.inf, -np.inf, 0
    for block in blocks():
        check_finite(block, done, name)
        low, high, done = min(low, float(block.min())), max(high, float(block.max())), done + len(block)
        # Bytes that are not just 0 and 1 are what they are.
        if dtype == np.uint8 and high > 1 and options.range != "full":
            return Scale(*NAMED["bytes"])
        yield done, count
    return range_scale(dtype.kind, low, high, options, name)


def range_scale(kind: str, low: float, high: float, options: DataOptions, name: str) -> Scale:
    """Return the scale of values of a NumPy ``kind`` from ``low`` to ``high``."""
    if low > high:
        return Scale(*NAMED["bytes"])
    if options.range in NAMED:
        return Scale(*NAMED[options.range])
    if options.range == "full":
        return Scale(low, high, f"{low:g} was taken as black and {high:g} as white")
    return _of_floats(low, high, name) if kind == "f" else _of_integers(low, high, name)


def check_finite(block: np.ndarray, start: int, name: str) -> None:
    """Refuse NaN and infinite pixels; ``start`` is the number of the first image."""
    if block.dtype.kind == "f" and len(block):
        broken = ~np.isfinite(block.reshape(len(block), -1)).all(axis=1)
        if broken.any():
            raise UserError(name, f"image {start + int(np.argmax(broken))} holds NaN or infinite pixels")


def _of_floats(low: float, high: float, name: str) -> Scale:
    if low >= -ROUNDING and high <= 1.0 + ROUNDING:
        beyond = low < 0.0 or high > 1.0
        note = f"values a little outside of 0–1, from {low:.9g} to {high:.9g}, were clipped" if beyond else ""
        return Scale(0.0, 1.0, note)
    if low >= -1.0 - ROUNDING and high <= 1.0 + ROUNDING:
        return Scale(-1.0, 1.0, "values from −1 to 1 were taken as black to white")
    if low >= 0.0 and high <= 255.0:
        return Scale(0.0, 255.0, "floats from 0 to 255 were taken as black to white")
    raise UserError(name, f"float pixels must lie in 0–1, −1…1 or 0–255, there is {low:g} to {high:g}", WAY_ON)


def _of_integers(low: float, high: float, name: str) -> Scale:
    if low >= 0 and high <= 1:
        return Scale(0.0, 1.0, "0 and 1 were taken as black and white" if high else "")
    if low < 0 or high > 65535:
        raise UserError(name, f"pixels must be 0–255 or 16-bit, there is {low:.0f} to {high:.0f}", WAY_ON)
    bits = next(depth for depth in DEPTHS if high < 1 << depth)
    note = "" if bits == 8 else f"values up to {high:.0f} were read as {bits}-bit, {(1 << bits) - 1} is white"
    return Scale(0.0, float((1 << bits) - 1), note)
