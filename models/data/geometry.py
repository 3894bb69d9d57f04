"""Where an array of images has its rows, columns and channels, told by its shape."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from models.core.data_options import DataOptions
from models.core.errors import UserError
from models.data.source import by

CHANNELS = (1, 3)
# A row of fewer values is no square image.
FEWEST_PIXELS = 4


@dataclass(frozen=True)
class Geometry:
    """The shape [h, w, c] of the images of an array, in the order of its axes, and what to say about it.

    ``axes`` is the order after the number of the image; of images in a row that of the pixels.
    """

    shape: tuple[int, int, int]
    axes: str = "HWC"
    note: str = ""

    def images(self, block: np.ndarray) -> np.ndarray:
        """Return a block of the array as images [k, h, w, c]."""
        height, width, channels = self.shape
        if self.axes == "CHW":
            return block.reshape(len(block), channels, height, width).transpose(0, 2, 3, 1)
        return block.reshape(len(block), height, width, channels)


def geometry_of(shape: tuple[int, ...], options: DataOptions, name: str) -> Geometry:
    """Return the geometry of images [n, …]; UserError if an array of this shape holds none."""
    if len(shape) == 2 and shape[1] >= FEWEST_PIXELS:
        return _in_a_row(shape[1], options, name)
    if len(shape) == 3:
        return Geometry((shape[1], shape[2], 1))
    if len(shape) != 4:
        wanted = "n × height × width, n × height × width × channels, or n × pixels"
        raise UserError(name, f"images must have the shape {wanted}, not {by(shape)}")
    last, first = shape[3] in CHANNELS, shape[1] in CHANNELS
    if options.layout == "NCHW" or (first and not last and options.layout != "NHWC"):
        return _channels_first(shape, options, name)
    if not last:
        raise UserError(name, f"images must have 1 or 3 channels, not {shape[3]}", "--layout says where they are")
    return Geometry((shape[1], shape[2], shape[3]))


def _channels_first(shape: tuple[int, ...], options: DataOptions, name: str) -> Geometry:
    if shape[1] not in CHANNELS:
        raise UserError(name, f"images must have 1 or 3 channels, not {shape[1]}")
    note = "" if options.layout else f"{by(shape)} was read as n × channels × height × width"
    return Geometry((shape[2], shape[3], shape[1]), "CHW", note)


def _in_a_row(pixels: int, options: DataOptions, name: str) -> Geometry:
    """Return the geometry of images whose pixels are in a row: of the size that was asked for, or square."""
    for channels in CHANNELS:
        side = math.isqrt(pixels // channels)
        size = options.size if options.size and math.prod(options.size) * channels == pixels else (side, side)
        if math.prod(size) * channels == pixels:
            # Data in rows of colour, such as CIFAR's, have a plane for each of the colours.
            axes = "HWC" if channels == 1 or options.layout == "NHWC" else "CHW"
            planes = "" if channels == 1 else ", one colour after the other" if axes == "CHW" else ", colours together"
            note = f"rows of {pixels} values were read as {size[0]} × {size[1]} pixels{planes}"
            return Geometry((*size, channels), axes, note)
    raise UserError(name, f"rows of {pixels} values are no square images", "--size HEIGHTxWIDTH says their shape")
