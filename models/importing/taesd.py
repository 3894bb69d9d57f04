"""TAESD, the tiny autoencoder of Stable Diffusion (``AutoencoderTiny``), whose architecture is known by its names."""

from __future__ import annotations

import re
from collections.abc import Mapping

import numpy as np

from models.core.arrays import Floats32
from models.core.text import shortened
from models.importing.choices import Choices
from models.importing.graph import Builder
from models.importing.parsed import Parsed
from models.importing.refusal import RefusedError

BLOCK = re.compile(r"(^|\.)\d+\.conv\.[024]\.weight$")
PLACE = re.compile(r"^(?P<top>.*?)(?P<number>\d+)\.(?P<part>(conv\.[024]|skip)\.)?(?P<what>weight|bias)$")
# Latents are kept within ±3 by 3 tanh(z / 3).
REACH = 3.0
# An image is eight times as wide as its latent; one of this side has 256 dimensions.
SIDE, TIMES = 64, 8

Arrays = Mapping[str, Floats32]
Layers = dict[int, dict[str, Floats32]]


def is_taesd(weights: Arrays) -> bool:
    """Return whether the names are those of the blocks of TAESD."""
    return any(BLOCK.search(name) for name in weights)


def graph_of_taesd(weights: Arrays, choices: Choices, kind: str) -> Parsed:
    """Return the graph of encoder and decoder, as far as they are there, for images of the size that is chosen."""
    height, width, _ = choices.image_shape or (SIDE, SIDE, 3)
    if height % TIMES or width % TIMES:
        raise RefusedError(f"its pictures have sides that are multiples of {TIMES}", "--size 64x64x3")
    builder = Builder()
    parts: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {}
    for name, layers in _halves(weights).items():
        channels = layers[min(layers)]["weight"].shape[1]
        if name == "decoder":
            source = builder.input("z", (1, channels, height // TIMES, width // TIMES))
        else:
            source = builder.input("image", (1, channels, height, width))
        parts[name] = (source,), (_chain(builder, source, layers, name),)
    outputs = tuple(value for _, made in parts.values() for value in made)
    remarks = (f"for pictures of {height} × {width}; --size chooses another",)
    return Parsed(f"{kind} of TAESD", builder.graph(outputs), builder.arrays, parts, remarks, "linear")


def _halves(weights: Arrays) -> dict[str, Layers]:
    """Return the layers of each half by their number; a half without a name takes images or it does not."""
    halves: dict[str, Layers] = {}
    for name, values in weights.items():
        match = PLACE.match(name)
        if match is None:
            raise RefusedError(f"its layer {shortened(name)} is of a kind that is not known here")
        half = next((word for word in ("encoder", "decoder") if word in match["top"]), "")
        layer = halves.setdefault(half, {}).setdefault(int(match["number"]), {})
        layer[f"{match['part'] or ''}{match['what']}"] = values
    if "" in halves:
        layers = halves.pop("")
        takes_images = layers[min(layers)]["weight"].shape[1] == 3
        halves["encoder" if takes_images else "decoder"] = layers
    return halves


def _chain(builder: Builder, value: str, layers: Layers, half: str) -> str:
    """Apply the layers: a convolution without a bias halves images in the encoder, and comes after an enlargement."""
    decoder = half == "decoder"
    if decoder:
        reach = builder.weight("reach", np.full(1, REACH))
        value = builder.add("mul", builder.add("tanh", builder.add("div", value, reach)), reach)
    for number in sorted(layers):
        name, layer = f"{half}.{number}", layers[number]
        if "conv.0.weight" in layer:
            value = _block(builder, value, layer, name)
            continue
        changes = "bias" not in layer
        if changes and decoder:
            _, _, height, width = builder.shape(value)
            value = builder.add("resize", value, size=(2 * height, 2 * width), how="nearest", layout="first")
        value = _conv(builder, value, layer, "", name, 2 if changes and not decoder else 1)
        if decoder and number == min(layers):
            value = builder.add("relu", value)
    return builder.add("clip", value, name="image", low=0.0, high=1.0) if decoder else value


def _block(builder: Builder, value: str, layer: Arrays, name: str) -> str:
    beside = _conv(builder, value, layer, "skip.", f"{name}.skip") if "skip.weight" in layer else value
    for index in (0, 2, 4):
        value = _conv(builder, value, layer, f"conv.{index}.", f"{name}.conv.{index}")
        value = builder.add("relu", value) if index < 4 else value
    return builder.add("relu", builder.add("add", value, beside), name=name)


def _conv(builder: Builder, value: str, layer: Arrays, part: str, name: str, stride: int = 1) -> str:
    kernel = np.transpose(layer[f"{part}weight"], (2, 3, 1, 0))
    arrays = [kernel] + ([layer[f"{part}bias"]] if f"{part}bias" in layer else [])
    names = [builder.weight(f"{name}.{word}", array) for word, array in zip(("weight", "bias"), arrays, strict=False)]
    return builder.add(
        "conv", value, *names, name=name, strides=(stride, stride), pads=(kernel.shape[0] // 2,) * 4, dilations=(1, 1),
        groups=1, layout="first",
    )  # fmt: skip
