"""Weights without an architecture as a graph: the usual one that names and shapes fit, and remarks that say so."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence

import numpy as np

from models.core.arrays import Floats32
from models.core.text import shortened
from models.importing.choices import Choices
from models.importing.graph import Builder
from models.importing.parsed import Parsed
from models.importing.refusal import RefusedError
from models.importing.scaling import scaled
from models.importing.weights_layers import Parts, WeightLayer, parts_of
from models.importing.weights_strides import USUAL_SIDES, Step, fitting

WAY_ON = "export the model to ONNX, which keeps its architecture: torch.onnx.export(model, example, 'model.onnx')"
EPSILON = 1e-5


def graph_of_weights(weights: Mapping[str, Floats32], choices: Choices, kind: str) -> Parsed:
    """Return the graph of encoder and decoder; :class:`RefusedError` if nothing usual fits."""
    parts = parts_of(weights)
    builder, hidden = Builder(), choices.hidden or "relu"
    maker = _Maker(builder, hidden)
    made: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {}
    if parts.decoder:
        made["decoder"] = _decoder(maker, parts, choices)
    if parts.moments:
        made["encoder"] = _encoder(maker, parts, made.get("decoder"), choices)
    outputs = tuple(name for _, part in made.values() for name in part)
    said = (
        f"{hidden} between the layers, and a sigmoid after the last"
        if parts.decoder
        else f"{hidden} between the layers"
    )
    remarks = (f"weights do not tell their architecture: {said}", *maker.remarks)
    return Parsed(f"{kind}, architecture inferred", builder.graph(outputs), builder.arrays, made, remarks, "sigmoid")


class _Maker:
    """Adds layers to a graph, with the activation of hidden layers where there is room for one."""

    def __init__(self, builder: Builder, hidden: str) -> None:
        self.builder, self._hidden = builder, hidden
        self.remarks: list[str] = []

    def chain(
        self, value: str, layers: Sequence[WeightLayer], steps: Mapping[str, tuple[str, Step]], last: bool
    ) -> str:
        """Apply layers in order; after the ``last`` of all, there is no activation."""
        for index, layer in enumerate(layers):
            value = self.layer(value, layer, steps)
            following = layers[index + 1] if index + 1 < len(layers) else None
            normed = following is not None and following.kind in ("batch_norm", "scale")
            if normed or (following is None and last) or (following is not None and _adjoining(layer, following)):
                continue
            value = self._activated(value, layer.name)
        return value

    def _activated(self, value: str, name: str) -> str:
        if self._hidden == "leaky_relu":
            return self.builder.add("leaky_relu", value, name=f"{name}.activation", alpha=0.01)
        if self._hidden == "elu":
            return self.builder.add("elu", value, name=f"{name}.activation", alpha=1.0)
        if self._hidden == "gelu":
            return self.builder.add("gelu", value, name=f"{name}.activation", approximate=0)
        return self.builder.add(self._hidden, value, name=f"{name}.activation")

    def layer(self, value: str, layer: WeightLayer, steps: Mapping[str, tuple[str, Step]]) -> str:
        """Apply one layer."""
        if layer.kind == "dense":
            return self._dense(value, layer)
        if layer.kind == "conv":
            return self._conv(value, layer, *steps[layer.name])
        return self._normed(value, layer)

    def _dense(self, value: str, layer: WeightLayer) -> str:
        shape = self.builder.shape(value)
        if len(shape) > 2:
            value = self.builder.add("reshape", value, shape=(math.prod(shape),))
        return self.builder.add("dense", value, *self._arrays(layer, layer.weights["weight"].T), name=layer.name)

    def _arrays(self, layer: WeightLayer, kernel: np.ndarray) -> list[str]:
        arrays = {"weight": kernel} | {key: layer.weights[key] for key in ("bias",) if key in layer.weights}
        return [self.builder.weight(f"{layer.name}.{key}", values) for key, values in arrays.items()]

    def _conv(self, value: str, layer: WeightLayer, way: str, step: Step) -> str:
        kernel = self._arrays(layer, np.transpose(layer.weights["weight"], (2, 3, 1, 0)))
        strides = (step.stride, step.stride)
        if way == "up":
            after = step.pad - step.more
            return self.builder.add(
                "conv_transpose", value, *kernel, name=layer.name, strides=strides,
                crops=(step.pad, after, step.pad, after), groups=1, layout="first",
            )  # fmt: skip
        return self.builder.add(
            "conv", value, *kernel, name=layer.name, strides=strides, pads=(step.pad,) * 4, dilations=(1, 1), groups=1,
            layout="first",
        )  # fmt: skip

    def _normed(self, value: str, layer: WeightLayer) -> str:
        weights = {key: np.asarray(array, np.float64) for key, array in layer.weights.items()}
        scale, shift = weights["weight"], weights.get("bias", np.zeros_like(weights["weight"]))
        if layer.kind == "batch_norm":
            scale = scale / np.sqrt(weights["running_var"] + EPSILON)
            return scaled(self.builder, value, scale, shift - weights["running_mean"] * scale, 1, layer.name)
        if len(self.builder.shape(value)) != 2:
            raise RefusedError(f"the groups of its layer {shortened(layer.name)} are not in the file", WAY_ON)
        names = [self.builder.weight(f"{layer.name}.{key}", array) for key, array in (("w", scale), ("b", shift))]
        return self.builder.add("layer_norm", value, *names, name=layer.name, axis=1, epsilon=EPSILON)


def _adjoining(layer: WeightLayer, following: WeightLayer) -> bool:
    """Return whether one follows the other in a Sequential, without room for an activation."""
    if layer.kind not in ("dense", "conv"):
        return False
    (before, first), (after, second) = (_numbered(each.name) for each in (layer, following))
    return bool(before) and before == after and second == first + 1


def _activated_before_grid(layer: WeightLayer, following: WeightLayer) -> bool:
    """Return whether there is room for an activation between a dense layer and the grid that is made of it.

    In one Sequential the grid takes a place too. A layer on its own is usually reshaped as it is.
    """
    (before, first), (after, second) = (_numbered(each.name) for each in (layer, following))
    if before and before == after:
        return second - first > 2
    return layer.kind == "batch_norm" or first > 0


def _numbered(name: str) -> tuple[str, int]:
    """Return the Sequential that a layer is in, and its place there; "" and 0 of a layer on its own."""
    match = re.fullmatch(r"(.+\.)(\d+)", name)
    return (match[1], int(match[2])) if match else ("", 0)


def _ways(layers: Sequence[WeightLayer], channels: int) -> list[tuple[WeightLayer, str]]:
    """Return the convolutions of a decoder, each with "up" if it is a transposed one, else "flat"."""
    ways: list[tuple[WeightLayer, str]] = []
    for layer in (layer for layer in layers if layer.kind == "conv"):
        first, second, *_ = layer.shape
        plain = re.search(r"deconv|trans|up", layer.name, re.IGNORECASE) is None and layer.shape[2] % 2
        up = first == channels and (second != channels or not plain or not ways or ways[-1][1] == "up")
        if not up and second != channels:
            raise RefusedError(f"its layer {shortened(layer.name)} does not fit on the one before it", WAY_ON)
        channels = second if up else first
        ways.append((layer, "up" if up else "flat"))
    return ways


def _decoder(maker: _Maker, parts: Parts, choices: Choices) -> tuple[tuple[str, ...], tuple[str, ...]]:
    layers = parts.decoder
    dims = layers[0].shape[1] if layers[0].kind == "dense" else layers[0].shape[0]
    z = maker.builder.input("z", (1, dims))
    first = next((index for index, layer in enumerate(layers) if layer.kind == "conv"), len(layers))
    bare = first == len(layers) or (first > 0 and not _activated_before_grid(layers[first - 1], layers[first]))
    value = maker.chain(z, layers[:first], {}, last=bare) if first else z
    if first == len(layers):
        return (z,), (value,)
    units, channels = math.prod(maker.builder.shape(value)), layers[first].shape[0]
    # A plain convolution comes first only behind an upsampling, which leaves no weights.
    side = math.isqrt(units // channels)
    if side * side * channels != units:
        raise RefusedError(f"its {units:,} values are no square grid of {channels} channels", WAY_ON)
    ways = _ways(layers[first:], channels)
    wanted = (choices.image_shape[0],) if choices.image_shape else USUAL_SIDES
    found = fitting(side, [(way, layer.shape[2]) for layer, way in ways], lambda made: made in wanted)
    if found is None:
        raise RefusedError("no usual strides lead from its latent to a picture of a usual size", WAY_ON)
    steps = {layer.name: (way, step) for (layer, way), step in zip(ways, found[0], strict=True)}
    maker.remarks.append(_told("decoder", found[0], found[1]))
    value = maker.builder.add("reshape", value, shape=(channels, side, side))
    return (z,), (maker.chain(value, layers[first:], steps, last=True),)


def _told(part: str, steps: Sequence[Step], side: int) -> str:
    return f"the {part}'s strides {', '.join(str(step.stride) for step in steps)} for pictures of {side} × {side}"


def _encoder(
    maker: _Maker, parts: Parts, decoder: tuple[tuple[str, ...], tuple[str, ...]] | None, choices: Choices
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    layers = [*parts.encoder, parts.moments[0]]
    first = layers[0]
    if first.kind == "dense":
        image = maker.builder.input("image", (1, first.shape[1]))
        steps: dict[str, tuple[str, Step]] = {}
    else:
        side = _side(maker, decoder, choices)
        image = maker.builder.input("image", (1, first.shape[1], side, side))
        steps = _encoder_steps(maker, layers, side)
    value = maker.chain(image, parts.encoder, steps, last=False) if parts.encoder else image
    return (image,), tuple(maker.layer(value, layer, steps) for layer in parts.moments)


def _side(maker: _Maker, decoder: tuple[tuple[str, ...], tuple[str, ...]] | None, choices: Choices) -> int:
    if choices.image_shape:
        return choices.image_shape[0]
    shape = maker.builder.shape(decoder[1][0]) if decoder else ()
    if len(shape) == 4:
        return shape[2]
    return math.isqrt(shape[1]) if shape else 28


def _encoder_steps(maker: _Maker, layers: Sequence[WeightLayer], side: int) -> dict[str, tuple[str, Step]]:
    convolutions = [layer for layer in layers if layer.kind == "conv"]
    dense = next((layer for layer in layers if layer.kind == "dense"), None)
    channels = convolutions[-1].shape[0]
    units = dense.shape[1] if dense else channels
    kernels = [("down", layer.shape[2]) for layer in convolutions]
    found = fitting(side, kernels, lambda made: made * made * channels == units)
    if found is None:
        raise RefusedError(f"no usual strides lead from pictures of {side} × {side} to its latent", WAY_ON)
    maker.remarks.append(_told("encoder", found[0], side))
    return {layer.name: ("down", step) for layer, step in zip(convolutions, found[0], strict=True)}
