"""Which convolutions of a decoder are transposed, and where its channels become pixels: what shapes and names tell."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

from models.core.text import shortened
from models.importing.refusal import RefusedError
from models.importing.weights_names import WAY_ON, WeightLayer
from models.importing.weights_strides import Way, Window

# By how much pictures grow at once where channels become pixels.
SHUFFLES = (2, 3, 4)


def ways_of(layers: Sequence[WeightLayer]) -> list[tuple[WeightLayer, Way]]:
    """Return the convolutions of a decoder, each with "up" if it is a transposed one, else "flat"."""
    ways: list[tuple[WeightLayer, Way]] = []
    made = 0
    for layer in (layer for layer in layers if layer.kind == "conv"):
        outside = [way for other, way in ways if not other.block]
        up = _transposed(layer, up=not outside or outside[-1] == "up")
        fitting = [way for way in (up, not up) if not made or _fits(made, channels_in(layer, way))]
        if not fitting:
            raise RefusedError(f"its layer {shortened(layer.name)} does not fit on the one before it", WAY_ON)
        ways.append((layer, "up" if fitting[0] else "flat"))
        made = _channels_made(layer, fitting[0])
    return ways


def windows_of(ways: Sequence[tuple[WeightLayer, Way]]) -> list[Window]:
    """Return the windows of a decoder. Where none is transposed, pictures are resized, or channels become pixels."""
    flat = all(way == "flat" for layer, way in ways if not layer.block)
    wanted = [channels_in(layer, way == "up") for layer, way in ways[1:]]
    made = [_channels_made(layer, way == "up") for layer, way in ways]
    shuffled = [*(math.isqrt(before // after) for before, after in zip(made, wanted, strict=False)), _last(made[-1])]
    return [
        Window(way, layer.shape[2], layer.before, flat and max(shuffled) == 1, times, bool(layer.block))
        for (layer, way), times in zip(ways, shuffled, strict=True)
    ]


def channels_of_picture(ways: Sequence[tuple[WeightLayer, Way]]) -> int:
    """Return the channels that a decoder makes."""
    made = _channels_made(ways[-1][0], ways[-1][1] == "up")
    return made // _last(made) ** 2


def channels_in(layer: WeightLayer, up: bool | None = None) -> int:
    """Return the channels that a convolution takes; of the first of a decoder, whether it is transposed is asked."""
    return layer.shape[0] if (_transposed(layer, up=True) if up is None else up) else layer.shape[1]


def _channels_made(layer: WeightLayer, up: bool) -> int:
    return layer.shape[1] if up else layer.shape[0]


def _fits(made: int, wanted: int) -> bool:
    return made == wanted or any(made == wanted * times * times for times in SHUFFLES)


def _last(made: int) -> int:
    """Return by how much an image grows whose last channels become the pixels of a picture in colour."""
    return next((times for times in SHUFFLES if made == 3 * times * times), 1)


def _transposed(layer: WeightLayer, up: bool) -> bool:
    """Return whether a convolution is transposed, by what it is called and by the size of its bias; else ``up``."""
    first, second, kernel, _ = layer.shape
    if layer.way:
        return layer.way == "up"
    if first != second and "bias" in layer.weights:
        return len(layer.weights["bias"]) == second
    if re.search(r"deconv|trans|convT|up", layer.name):
        return True
    return up or kernel % 2 == 0
