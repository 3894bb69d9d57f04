"""Layers of which there are weights only, as operations of a graph, with activations where there is room for one."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from models.importing.choices import Choices
from models.importing.graph import Builder
from models.importing.operations import Attribute
from models.importing.scaling import scaled
from models.importing.weights_names import WeightLayer, lists_of, numbered
from models.importing.weights_strides import Framework, Step, Way

WITH_NUMBERS: Mapping[str, Mapping[str, Attribute]] = {"elu": {"alpha": 1.0}, "gelu": {"approximate": 0}}

NORMS = ("batch_norm", "scale")

Steps = Mapping[str, tuple[Way, Step]]


@dataclass(frozen=True)
class Style:
    """What a framework does where nothing is said: layout of images, ε of a batch norm, slope of a leaky ReLU.

    ``layers_activate`` if an activation is mostly part of its layer, so that it is not forgotten before a reshape.
    """

    framework: Framework
    layout: str
    epsilon: float
    slope: float
    layers_activate: bool

    @property
    def axis(self) -> int:
        """The axis of the channels of an image."""
        return 1 if self.layout == "first" else 3

    def grid(self, channels: int, side: int) -> tuple[int, int, int]:
        """Return the shape of an image in this layout."""
        return (channels, side, side) if self.layout == "first" else (side, side, channels)

    def sides(self, shape: Sequence[int]) -> tuple[int, int]:
        """Return height and width of an image."""
        return (shape[2], shape[3]) if self.layout == "first" else (shape[1], shape[2])


TORCH = Style("torch", "first", 1e-5, 0.01, False)
KERAS = Style("keras", "last", 1e-3, 0.2, True)


class Maker:
    """Adds layers to a graph."""

    def __init__(self, builder: Builder, choices: Choices, style: Style) -> None:
        self.builder, self.style, self.hidden = builder, style, choices.hidden or "relu"
        self._slope, self._norm_last = choices.habits.slope or style.slope, choices.habits.norm_last

    def chain(self, value: str, layers: Sequence[WeightLayer], steps: Steps, last: bool) -> str:
        """Apply layers in order; after the ``last`` of all, there is no activation."""
        for index, layer in enumerate(layers):
            if layer.block:
                if index == 0 or layers[index - 1].block != layer.block:
                    value = self._residual(value, layers[index:], steps, last)
                continue
            value = self.layer(value, layer, steps)
            if not (index + 1 == len(layers) and last) and not self._bare(layers, index):
                value = self._activated(value, layer.name)
            value = self.pooled(value, layer, steps)
        return value

    def _residual(self, value: str, layers: Sequence[WeightLayer], steps: Steps, last: bool) -> str:
        """Return x + f(x) of the first block of ``layers``, with an activation unless one comes first in the next."""
        block = layers[0].block
        inner = [replace(layer, block="") for layer in layers if layer.block == block]
        after = [layer for layer in layers if layer.block != block]
        first = _active_first(inner) and inner[0].kind not in NORMS
        start = self._activated(value, f"{block}.before") if first else value
        total = self.builder.add("add", value, self.chain(start, inner, steps, last=True), name=f"{block}.sum")
        bare = bool(after[0].block) and _active_first(after) if after else last
        return total if bare else self._activated(total, block)

    def _bare(self, layers: Sequence[WeightLayer], index: int) -> bool:
        """Return whether a layer has no activation behind it: a normalization comes first, or a learned one is next."""
        layer, following = layers[index], layers[index + 1] if index + 1 < len(layers) else None
        if layer.kind == "prelu" or (following is not None and following.kind == "prelu"):
            return True
        if layer.kind in NORMS:
            before = _apart(layers[index - 1], layer) if index else 0
            return (following is not None and _apart(layer, following) == 1) or before == 2 or self._norm_last
        if following is None:
            return False
        if following.block:
            return _active_first(layers[index + 1 :])
        apart = _apart(layer, following)
        if following.kind in NORMS:
            return apart != 2 and (apart == 1 or not self._norm_last)
        return apart == 1 and numbered(layer.name)[0] not in lists_of(layers)

    def layer(self, value: str, layer: WeightLayer, steps: Steps) -> str:
        """Apply one layer, without what comes after it."""
        if layer.kind == "dense":
            return self._dense(value, layer)
        if layer.kind == "conv":
            return self._conv(value, layer, *steps[layer.name])
        return self._prelu(value, layer) if layer.kind == "prelu" else self._normed(value, layer)

    def _activated(self, value: str, name: str) -> str:
        options = {"alpha": self._slope} if self.hidden == "leaky_relu" else WITH_NUMBERS.get(self.hidden, {})
        return self.builder.add(self.hidden, value, name=f"{name}.activation", **options)

    def pooled(self, value: str, layer: WeightLayer, steps: Steps) -> str:
        """Apply the pooling that comes after a convolution, if there is one."""
        way, step = steps.get(layer.name, ("up", Step(1)))
        if way != "down" or step.times == 1:
            return value
        size = (step.times, step.times)
        return self.builder.add(
            "max_pool", value, name=f"{layer.name}.pool", size=size, strides=size, pads=(0, 0, 0, 0),
            layout=self.style.layout,
        )  # fmt: skip

    def _dense(self, value: str, layer: WeightLayer) -> str:
        shape = self.builder.shape(value)
        if len(shape) > 2:
            value = self.builder.add("reshape", value, shape=(math.prod(shape),))
        return self.builder.add("dense", value, *self._arrays(layer, layer.weights["weight"].T), name=layer.name)

    def _arrays(self, layer: WeightLayer, kernel: np.ndarray) -> list[str]:
        arrays = {"weight": kernel} | {key: layer.weights[key] for key in ("bias",) if key in layer.weights}
        return [self.builder.weight(f"{layer.name}.{key}", values) for key, values in arrays.items()]

    def _conv(self, value: str, layer: WeightLayer, way: Way, step: Step) -> str:
        kernel = self._arrays(layer, np.transpose(layer.weights["weight"], (2, 3, 1, 0)))
        strides, layout = (step.stride, step.stride), self.style.layout
        if way == "up":
            return self.builder.add(
                "conv_transpose", value, *kernel, name=layer.name, strides=strides, crops=step.crops(layer.shape[2]),
                groups=1, layout=layout,
            )  # fmt: skip
        height, width = self.style.sides(self.builder.shape(value))
        if way == "flat" and step.times > 1:
            height, width = height * step.times, width * step.times
            value = self.builder.add("resize", value, size=(height, width), how="nearest", layout=layout)
        made = self.builder.add(
            "conv", value, *kernel, name=layer.name, strides=strides, pads=step.pads(height, layer.shape[2]),
            dilations=(1, 1), groups=1, layout=layout,
        )  # fmt: skip
        return self._shuffled(made, step.shuffled) if way == "flat" and step.shuffled > 1 else made

    def _shuffled(self, value: str, times: int) -> str:
        """Make pixels of channels, as PyTorch's PixelShuffle and TensorFlow's depth_to_space do."""
        shape, axis = self.builder.shape(value), self.style.axis
        (height, width), channels = self.style.sides(shape), shape[axis] // (times * times)
        first = self.style.layout == "first"
        apart = (channels, times, times, height, width) if first else (height, width, times, times, channels)
        value = self.builder.add("reshape", value, shape=apart)
        value = self.builder.add("transpose", value, axes=(0, 1, 4, 2, 5, 3) if first else (0, 1, 3, 2, 4, 5))
        whole = (height * times, width * times)
        return self.builder.add("reshape", value, shape=(channels, *whole) if first else (*whole, channels))

    def _channels(self, value: str) -> int:
        return self.style.axis if len(self.builder.shape(value)) == 4 else 1

    def _normed(self, value: str, layer: WeightLayer) -> str:
        weights = {key: np.asarray(array, np.float64) for key, array in layer.weights.items()}
        scale = weights["weight"]
        shift = weights.get("bias", np.zeros_like(scale))
        if layer.kind == "batch_norm":
            scale = scale / np.sqrt(weights["running_var"] + self.style.epsilon)
            moved = shift - weights["running_mean"] * scale
            return scaled(self.builder, value, scale, moved, self._channels(value), layer.name)
        names = [self.builder.weight(f"{layer.name}.{key}", array) for key, array in (("w", scale), ("b", shift))]
        if len(self.builder.shape(value)) == 4:
            return self.builder.add(
                "group_norm", value, *names, name=layer.name, groups=usual_groups(len(scale)),
                epsilon=self.style.epsilon, layout=self.style.layout,
            )  # fmt: skip
        return self.builder.add("layer_norm", value, *names, name=layer.name, axis=1, epsilon=self.style.epsilon)

    def _prelu(self, value: str, layer: WeightLayer) -> str:
        slope = np.asarray(layer.weights["weight"], np.float64)
        rank, axis = len(self.builder.shape(value)), self._channels(value)
        below = self.builder.add("minimum", value, self.builder.weight("zero", np.zeros(1)))
        shape = [-1 if place == axis else 1 for place in range(rank)]
        sloped = self.builder.add("mul", below, self.builder.weight(f"{layer.name}.slope", slope.reshape(shape)))
        return self.builder.add("add", self.builder.add("relu", value), sloped, name=layer.name)


def usual_groups(channels: int) -> int:
    """Return in how many groups channels are mostly normalized: 32 if there are many, else 8, or as many as divide."""
    return math.gcd(channels, 32 if channels >= 64 else 8)


def _active_first(block: Sequence[WeightLayer]) -> bool:
    """Return whether f begins with a norm, or an activation: the first place of its Sequential has no weights."""
    return block[0].kind in NORMS or numbered(block[0].name)[1] == 1


def _apart(layer: WeightLayer, following: WeightLayer) -> int:
    """Return how many places one comes after the other in a Sequential, 0 if they are not in the same."""
    (before, first), (after, second) = numbered(layer.name), numbered(following.name)
    return second - first if before and before == after else 0
