"""Weights without an architecture as a graph: the usual one that names and shapes fit, and remarks that say so."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from models.core.arrays import Floats32
from models.core.setting_table import SETTINGS
from models.importing.autoencoder_kl import OTHER_NAMES, Config, graph_of_kl, is_kl
from models.importing.choices import Choices, Habits
from models.importing.graph import Builder
from models.importing.operations import number
from models.importing.parsed import Parsed
from models.importing.refusal import RefusedError
from models.importing.taesd import graph_of_taesd, is_taesd
from models.importing.weights_blocks import with_blocks
from models.importing.weights_layers import Parts, sorted_parts
from models.importing.weights_maker import TORCH, Maker, Steps, Style
from models.importing.weights_names import WAY_ON, WeightLayer, layers_of, numbered
from models.importing.weights_strides import USUAL_SIDES, Step, Way, Window, cost_of_side, ways_through
from models.importing.weights_ways import channels_in, channels_of_picture, ways_of, windows_of

NO_CONFIG: Config = {}
# What weights of layers never tell.
CROPPED = "; weights tell neither groups nor whether pictures are cropped"
Ends = tuple[tuple[str, ...], tuple[str, ...]]


def graph_of_weights(
    weights: Mapping[str, Floats32], choices: Choices, kind: str, beside: Config = NO_CONFIG
) -> Parsed:
    """Return the graph of encoder and decoder of PyTorch's weights; :class:`RefusedError` if nothing usual fits.

    ``beside`` is the configuration of an AutoencoderKL that lies beside the file.
    """
    if is_kl(weights):
        return graph_of_kl(weights, beside, choices, kind)
    if is_taesd(weights):
        return graph_of_taesd(weights, choices, kind)
    if any(OTHER_NAMES in name for name in weights):
        reason = "this is an AutoencoderKL under the names of Stable Diffusion's first code"
        raise RefusedError(reason, "save it with diffusers: vae.save_pretrained('vae')")
    layers = layers_of(weights)
    layers, told = with_blocks(layers, choices.blocks)
    parsed = graph_of_parts(sorted_parts(layers), choices, kind, TORCH)
    return replace(parsed, remarks=(*parsed.remarks, *told), blocks=(choices.blocks or "residual") if told else None)


def graph_of_parts(parts: Parts, choices: Choices, kind: str, style: Style) -> Parsed:
    """Return the graph of layers that are sorted; :class:`RefusedError` if nothing usual fits."""
    maker, plan = Maker(Builder(), choices, style), _plan(parts, choices, style)
    made: dict[str, Ends] = {}
    if parts.decoder:
        made["decoder"] = _decoder(maker, parts, plan, choices.habits)
    if parts.moments:
        made["encoder"] = _encoder(maker, parts, plan)
    outputs = tuple(name for _, part in made.values() for name in part)
    last = f", and a {choices.activation or 'sigmoid'} after the last" if parts.decoder else ""
    said = f"{_told_hidden(maker, choices)} between the layers{last}"
    graph = maker.builder.graph(outputs)
    grouped = sorted({number(node.options, "groups") for node in graph.nodes if node.operation == "group_norm"})
    groups = [f"norms of {' and '.join(map(str, grouped))} groups, a guess{CROPPED}"] if grouped else []
    remarks = (f"weights do not tell their architecture: {said}", *plan.remarks, *groups)
    return Parsed(
        f"{kind}, architecture inferred", graph, maker.builder.arrays, made, remarks, "sigmoid", inferred=True,
        layout="NCHW" if style.layout == "first" else "NHWC",
    )  # fmt: skip


def _told_hidden(maker: Maker, choices: Choices) -> str:
    slope = choices.habits.slope
    hidden = f"{maker.hidden} of slope {slope:g}" if slope else maker.hidden
    return f"{hidden}, with batch norms behind it," if choices.habits.norm_last else hidden


@dataclass(frozen=True)
class _Plan:
    """The ``side`` of pictures and of the ``grid`` that the decoder starts from, and the steps of all convolutions."""

    side: int
    grid: int
    steps: Steps
    remarks: Sequence[str]


def _plan(parts: Parts, choices: Choices, style: Style) -> _Plan:
    """Return the most usual steps with which the encoder takes the pictures that the decoder makes."""
    deconvolutions = ways_of(parts.decoder)
    convolutions = [layer for layer in (*parts.encoder, *parts.moments[:1]) if layer.kind == "conv"]
    best: tuple[float, _Plan] | None = None
    for grid, side, cost, up in _decoders(parts, deconvolutions, choices, style):
        down = _down(parts, convolutions, grid, side, style, choices.habits.pooled)
        if down is not None and (best is None or cost + down[0] < best[0]):
            best = cost + down[0], _planned(side, grid, deconvolutions, up, convolutions, down[1])
    if best is None:
        raise RefusedError("no usual strides lead from its latent to a picture of a usual size and back", WAY_ON)
    return best[1]


def _planned(
    side: int,
    grid: int,
    deconvolutions: Sequence[tuple[WeightLayer, Way]],
    up: Sequence[Step],
    convolutions: Sequence[WeightLayer],
    down: Sequence[Step],
) -> _Plan:
    steps: dict[str, tuple[Way, Step]] = {layer.name: ("down", s) for layer, s in zip(convolutions, down, strict=True)}
    steps |= {layer.name: (way, step) for (layer, way), step in zip(deconvolutions, up, strict=True)}
    remarks = [_told(part, taken, side) for part, taken in (("decoder", up), ("encoder", down)) if taken]
    return _Plan(side, grid, steps, remarks)


def _told(part: str, steps: Sequence[Step], side: int) -> str:
    strides = ", ".join(str(step.stride) for step in steps)
    beside = " and resizing by 2" if any(step.times > 1 for step in steps) else ""
    beside += " and channels that become pixels" if any(step.shuffled > 1 for step in steps) else ""
    return f"the {part}'s strides {strides}{beside} for pictures of {side} × {side}"


def _decoders(
    parts: Parts, deconvolutions: Sequence[tuple[WeightLayer, Way]], choices: Choices, style: Style
) -> list[tuple[int, int, float, tuple[Step, ...]]]:
    """Return the ways of a decoder: the side it starts from, that of its pictures, what it costs, and its steps."""
    if choices.image_shape:
        wanted: tuple[int, ...] = (choices.image_shape[0],)
    elif parts.decoder and not deconvolutions:
        return [(1, _side_of_row(parts), 0.0, ())]
    else:
        wanted = ()
    if not deconvolutions:
        return [(1, side, cost_of_side(side, wanted), ()) for side in wanted or USUAL_SIDES]
    windows, channels = windows_of(deconvolutions), channels_of_picture(deconvolutions)
    found = []
    for grid in _grids(parts, deconvolutions[0][0]):
        for side, (cost, steps) in ways_through(grid, windows, style.framework).items():
            total = cost + cost_of_side(side, wanted, channels) + _cost_of_grid(parts, deconvolutions[0][0], grid)
            if total < float("inf"):
                found.append((grid, side, total, steps))
    return found


def _cost_of_grid(parts: Parts, first: WeightLayer, grid: int) -> float:
    """Return what a latent grid costs: the smaller the better, and no more dimensions than can be dragged."""
    if _before_grid(parts):
        return 0.0
    return 0.3 * grid + (20.0 if channels_in(first) * grid * grid > SETTINGS["latent_dim"].high else 0.0)


def _side_of_row(parts: Parts) -> int:
    """Return the side of a picture whose pixels a dense layer makes in a row."""
    last = next(layer for layer in reversed(parts.decoder) if layer.kind == "dense").shape[0]
    return math.isqrt(last // 3 if math.isqrt(last) ** 2 != last else last)


def _grids(parts: Parts, first: WeightLayer) -> Sequence[int]:
    """Return the sides that the grid may have which the first convolution of a decoder takes."""
    channels, before = channels_in(first), [layer for layer in _before_grid(parts) if layer.kind == "dense"]
    if before:
        units = before[-1].shape[0]
        side = math.isqrt(units // channels)
        if side * side * channels != units:
            raise RefusedError(f"its {units:,} values are no square grid of {channels} channels", WAY_ON)
        return (side,)
    return range(1, 33) if parts.moments and parts.moments[0].kind == "conv" else (1,)


def _before_grid(parts: Parts) -> Sequence[WeightLayer]:
    """Return what comes before the first convolution of a decoder, but not the norms of the channels that it takes."""
    layers = parts.decoder
    first = next((index for index, layer in enumerate(layers) if layer.kind == "conv"), len(layers))
    dense = max((index for index, layer in enumerate(layers[:first]) if layer.kind == "dense"), default=first)
    if dense + 1 < first < len(layers) and layers[dense + 1].shape[0] != layers[dense].shape[0]:
        first = dense + 1
    return layers[:first]


def _down(
    parts: Parts, convolutions: Sequence[WeightLayer], grid: int, side: int, style: Style, pooled: bool
) -> tuple[float, tuple[Step, ...]] | None:
    """Return what the steps of an encoder cost that takes pictures of this side, and the steps; None if none fit."""
    if not convolutions:
        return 0.0, ()
    dense = next((layer for layer in (*parts.encoder, *parts.moments) if layer.kind == "dense"), None)
    channels = convolutions[-1].shape[0]
    ways = [pair for pair in ways_of(parts.decoder) if not pair[0].block]
    # Who enlarges pictures by resizing makes them small by pooling, and who pools once does so again.
    pooled = pooled or {way for _, way in ways} == {"flat"} or any(layer.after for layer in convolutions)
    # Kernels of 5 without a decoder of convolutions are pooled as in LeNet.
    lenet = not ways and bool(parts.decoder)
    windows = [
        Window("down", layer.shape[2], layer.after, pooled or (lenet and layer.shape[2] == 5), kept=bool(layer.block))
        for layer in convolutions
    ]
    fitting = [
        found
        for made, found in ways_through(side, windows, style.framework).items()
        if (made * made * channels == dense.shape[1] if dense else made == grid)
    ]
    return min(fitting, key=lambda found: found[0], default=None)


def _decoder(maker: Maker, parts: Parts, plan: _Plan, habits: Habits) -> Ends:
    layers, before = parts.decoder, _before_grid(parts)
    following = next((layer for layer in layers[len(before) :] if layer.kind == "conv"), None)
    if not before and following is not None:
        z = maker.builder.input("z", (1, *maker.style.grid(channels_in(following), plan.grid)))
        return (z,), (maker.chain(z, layers, plan.steps, last=True),)
    inputs = _with_classes(maker, "z", before[0].shape[1], parts.latent)
    normed = following is not None and layers[len(before)] is not following
    bare = following is None or normed or not _activated_before_grid(before, following, maker.style, habits)
    value = maker.chain(_joined(maker, inputs), before, {}, last=bare)
    if following is not None:
        value = maker.builder.add("reshape", value, shape=maker.style.grid(channels_in(following), plan.grid))
        value = maker.chain(value, layers[len(before) :], plan.steps, last=True)
    return inputs, (value,)


def _with_classes(maker: Maker, name: str, taken: int, own: int) -> tuple[str, ...]:
    """Add the input of ``own`` values, and where a layer takes more, one for classes one-hot."""
    if not 0 < own < taken:
        return (maker.builder.input(name, (1, taken)),)
    return maker.builder.input(name, (1, own)), maker.builder.input("label", (1, taken - own))


def _joined(maker: Maker, inputs: Sequence[str]) -> str:
    return inputs[0] if len(inputs) == 1 else maker.builder.add("concat", *inputs, axis=1)


def _activated_before_grid(before: Sequence[WeightLayer], following: WeightLayer, style: Style, habits: Habits) -> bool:
    """Return whether there is an activation between dense layers and the grid that is made of the last.

    In one Sequential there is room for it or not: the grid takes a place too. Of layers on their own, one is usually
    reshaped as it is, unless it is one of a numbered row: those are all alike.
    """
    if habits.grid_activated is not None:
        return habits.grid_activated
    if style.layers_activate:
        return True
    (sequence, first), (after, second) = (numbered(each.name) for each in (before[-1], following))
    if sequence and sequence == after:
        return second - first > 2
    dense = [layer for layer in before if layer.kind == "dense"]
    alone = not after and re.search(r"(fc|lin|linear|dense|l|h|d)_?\d+$", before[-1].name, re.IGNORECASE) is not None
    return before[-1].kind == "batch_norm" or bool(sequence and first > 0) or alone or len(dense) > 1


def _encoder(maker: Maker, parts: Parts, plan: _Plan) -> Ends:
    first = (*parts.encoder, parts.moments[0])[0]
    if first.kind == "dense":
        inputs = _with_classes(maker, "image", first.shape[1], parts.pixels)
    else:
        inputs = (maker.builder.input("image", (1, *maker.style.grid(first.shape[1], plan.side))),)
    value = maker.chain(_joined(maker, inputs), parts.encoder, plan.steps, last=False)
    steps = dict(plan.steps)
    for mean, other in pairwise(parts.moments):
        steps |= {other.name: steps[mean.name]} if mean.name in steps else {}
    made = [maker.layer(value, layer, steps) for layer in parts.moments]
    return inputs, tuple(maker.pooled(value, layer, steps) for value, layer in zip(made, parts.moments, strict=True))
