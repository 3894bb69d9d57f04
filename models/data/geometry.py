"""Where an array of images has its rows, columns and channels, told by its shape."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from models.core.data_options import DataOptions
from models.core.errors import UserError
from models.data.source import by

CHANNELS = (1, 3)
# Red, green, blue and how opaque a pixel is.
CLEAR = 4
# A row of fewer values is no square image.
FEWEST_PIXELS = 4


@dataclass(frozen=True)
class Geometry:
    """The shape [h, w, c] of the images of an array, in the order of its axes, and what to say about it.

    ``axes`` is the order after the number of the image; of images in a row that of the pixels. ``stored`` is the number
    of channels in the array, 4 of what is transparent, which is laid over white.
    """

    shape: tuple[int, int, int]
    axes: str = "HWC"
    note: str = ""
    stored: int = 0

    def images(self, block: np.ndarray) -> np.ndarray:
        """Return a block of the array as images [k, h, w, c]."""
        height, width, channels = self.shape
        channels = self.stored or channels
        if self.axes == "CHW":
            images = block.reshape(len(block), channels, height, width).transpose(0, 2, 3, 1)
        else:
            images = block.reshape(len(block), height, width, channels)
        return over_white(images) if self.stored == CLEAR else images


def over_white(images: np.ndarray) -> np.ndarray:
    """Return uint8 images [k, h, w, 4], whose last channel is how opaque they are, over white as [k, h, w, 3]."""
    opaque = images[..., 3:].astype(np.uint16)
    ink = images[..., :3].astype(np.uint16) * opaque + 255 * (255 - opaque)
    return ((ink + 127) // 255).astype(np.uint8)


def geometry_of(shape: tuple[int, ...], options: DataOptions, name: str) -> Geometry:
    """Return the geometry of images [n, …]; UserError if an array of this shape holds none."""
    if len(shape) == 2 and shape[1] >= FEWEST_PIXELS:
        return _in_a_row(shape[1], options, name)
    if len(shape) == 3:
        return Geometry((shape[1], shape[2], 1))
    if len(shape) != 4:
        wanted = "n × height × width, n × height × width × channels, or n × pixels"
        raise UserError(name, f"images must have the shape {wanted}, not {by(shape)}")
    last, first = shape[3] in (*CHANNELS, CLEAR), shape[1] in CHANNELS
    if options.layout == "NCHW" or (first and not last and options.layout != "NHWC"):
        note = "" if options.layout else f"{by(shape)} was read as n × channels × height × width"
        return _in_colour(shape[2:], shape[1], "CHW", note, name)
    if not last and not options.layout:
        raise UserError(name, f"{by(shape)} has no axis of 1 or 3 channels beside the images", _way_on(shape))
    return _in_colour(shape[1:3], shape[3], "HWC", "", name)


def _way_on(shape: tuple[int, ...]) -> str:
    """Return what may be done about an array without channels where they are looked for."""
    if shape[2] in CHANNELS:
        return "--layout HWCN reads it as height × width × channels × n"
    return "if these are n × frames × height × width, save them as n·frames × height × width"


def _in_colour(size: tuple[int, ...], channels: int, axes: str, note: str, name: str) -> Geometry:
    """Return the geometry of images of some channels; UserError if these are no colours."""
    if channels == CLEAR:
        notes = (note, "4 channels are colour and transparency, laid over white")
        return Geometry((size[0], size[1], 3), axes, "; ".join(filter(None, notes)), CLEAR)
    if channels not in CHANNELS:
        raise UserError(name, f"images must have 1 or 3 channels, not {channels}", "--layout says which axis they are")
    return Geometry((size[0], size[1], channels), axes, note)


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
