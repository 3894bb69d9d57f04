"""AutoencoderKL, the autoencoder of latent diffusion, as diffusers names its weights: its architecture is known.

Source: ``diffusers.models.autoencoders``. A latent here is what the diffusion sees: (z − shift_factor) scaling_factor,
which has about the variance of the prior.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from itertools import count, takewhile
from pathlib import Path

import numpy as np

from models.core.arrays import Floats32
from models.core.files import is_file
from models.core.reading import read_file
from models.core.text import shortened
from models.importing.archives import MOST_JSON_BYTES, json_of
from models.importing.choices import Choices
from models.importing.graph import Builder
from models.importing.parsed import Parsed
from models.importing.refusal import RefusedError

Arrays = Mapping[str, Floats32]
Config = Mapping[str, object]

CONFIG, CLASS = "config.json", "AutoencoderKL"
MARK, OTHER_NAMES = "mid_block.resnets.0.norm1.weight", ".mid.block_1."
# Of Stable Diffusion, where the configuration is missing or silent.
GROUPS, SCALING, EPSILON, SILU = 32, 0.18215, 1e-6, "silu"
# The side of the latent grid, unless a size is chosen.
GRID = 8
# What attention is called, today and before diffusers 0.15.
QUERY, KEY, VALUE, OUT = ("to_q", "query"), ("to_k", "key"), ("to_v", "value"), ("to_out.0", "proj_attn")


def is_kl(weights: Arrays) -> bool:
    """Return whether the names are those of diffusers' AutoencoderKL."""
    return any(name.endswith(MARK) for name in weights)


def config_beside(path: Path) -> Config:
    """Return the configuration beside a file of weights, empty if there is none of an AutoencoderKL."""
    place = path.with_name(CONFIG)
    content = json_of(read_file(place, MOST_JSON_BYTES)) if is_file(place) else None
    return content if isinstance(content, Mapping) and content.get("_class_name") == CLASS else {}


def graph_of_kl(weights: Arrays, config: Config, choices: Choices, kind: str) -> Parsed:
    """Return the graph of encoder and decoder, as far as they are there, for images of the size that is chosen."""
    maker = _Maker(weights, config)
    times = 2 ** max(maker.count("encoder.down_blocks.{}.downsamplers"), maker.count("decoder.up_blocks.{}.upsamplers"))
    height, width, _ = choices.image_shape or (GRID * times, GRID * times, 3)
    if height % times or width % times:
        raise RefusedError(
            f"its pictures have sides that are multiples of {times}", f"--size {GRID * times}x{GRID * times}x3"
        )
    parts: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {}
    if "encoder.conv_in.weight" in weights:
        parts["encoder"] = maker.encoder(height, width)
    if "decoder.conv_in.weight" in weights:
        parts["decoder"] = maker.decoder(height // times, width // times)
    if left := maker.unused:
        raise RefusedError(f"its layer {shortened(left)} is of a kind that is not known here")
    outputs = tuple(value for _, made in parts.values() for value in made)
    told = "" if config else f"; no {CONFIG} beside it, so its latents are scaled by {SCALING:g}"
    remarks = (f"for pictures of {height} × {width}; --size chooses another{told}",)
    builder = maker.builder
    return Parsed(f"{kind} of {CLASS}", builder.graph(outputs), builder.arrays, parts, remarks, "linear")


class _Maker:
    """Adds the blocks of the architecture to a graph; each takes the name of its weights."""

    def __init__(self, weights: Arrays, config: Config) -> None:
        self.builder = Builder()
        self._weights = weights
        self._used: set[str] = set()
        groups = config.get("norm_num_groups")
        self._groups = groups if type(groups) is int else GROUPS
        self._scaling = _real(config.get("scaling_factor"), SCALING)
        self._shift = _real(config.get("shift_factor"), 0.0)
        if self._scaling <= 0:
            raise RefusedError(f"its {CONFIG} scales latents by {self._scaling:g}")
        if config.get("act_fn", SILU) != SILU:
            raise RefusedError(
                f"the activation in its {CONFIG} is {shortened(config['act_fn'])}, and only {SILU} is known"
            )

    @property
    def unused(self) -> str:
        """The name of a weight that no block has taken, "" if there is none."""
        return next((name for name in self._weights if name not in self._used), "")

    def _array(self, name: str) -> Floats32:
        self._used.add(name)
        return self._weights[name]

    def count(self, pattern: str) -> int:
        """Return how many blocks there are whose names begin with ``pattern`` and a number from 0."""
        starts = (pattern.format(number) for number in count())
        return sum(1 for _ in takewhile(lambda start: any(name.startswith(start) for name in self._weights), starts))

    def encoder(self, height: int, width: int) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Add the encoder of images in 0–1; return its input, and mean and log σ² of the scaled latent."""
        channels = self._weights["encoder.conv_in.weight"].shape[1]
        source = self.builder.input("image", (1, channels, height, width))
        value = self._conv(self._affine(source, 2.0, -1.0), "encoder.conv_in")
        for block in range(self.count("encoder.down_blocks.{}.")):
            value = self._resnets(value, f"encoder.down_blocks.{block}")
            name = f"encoder.down_blocks.{block}.downsamplers.0.conv"
            value = self._conv(value, name, 2, (0, 1, 0, 1)) if f"{name}.weight" in self._weights else value
        value = self._end(self._middle(value, "encoder.mid_block"), "encoder")
        value = self._conv(value, "quant_conv") if "quant_conv.weight" in self._weights else value
        half = self.builder.shape(value)[1] // 2
        mean, spread = (
            self.builder.add("slice", value, axis=1, start=start, stop=start + half, step=1) for start in (0, half)
        )
        mean = self._affine(mean, self._scaling, -self._shift * self._scaling, "mean")
        return (source,), (mean, self._affine(spread, 1.0, 2.0 * math.log(self._scaling), "log_var"))

    def decoder(self, height: int, width: int) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Add the decoder of scaled latents; return its input and its image in 0–1."""
        first = "post_quant_conv" if "post_quant_conv.weight" in self._weights else "decoder.conv_in"
        source = self.builder.input("z", (1, self._weights[f"{first}.weight"].shape[1], height, width))
        value = self._affine(source, 1.0 / self._scaling, self._shift)
        value = self._conv(value, first) if first != "decoder.conv_in" else value
        value = self._middle(self._conv(value, "decoder.conv_in"), "decoder.mid_block")
        for block in range(self.count("decoder.up_blocks.{}.")):
            value = self._resnets(value, f"decoder.up_blocks.{block}")
            name = f"decoder.up_blocks.{block}.upsamplers.0.conv"
            value = self._conv(self._doubled(value), name) if f"{name}.weight" in self._weights else value
        value = self._affine(self._end(value, "decoder"), 0.5, 0.5)
        return (source,), (self.builder.add("clip", value, name="picture", low=0.0, high=1.0),)

    def _middle(self, value: str, name: str) -> str:
        value = self._resnet(value, f"{name}.resnets.0")
        attention = f"{name}.attentions.0"
        value = self._attention(value, attention) if f"{attention}.group_norm.weight" in self._weights else value
        return self._resnet(value, f"{name}.resnets.1")

    def _resnets(self, value: str, name: str) -> str:
        for number in range(self.count(f"{name}.resnets.{{}}.")):
            value = self._resnet(value, f"{name}.resnets.{number}")
        return value

    def _resnet(self, value: str, name: str) -> str:
        made = self._conv(self._normal(value, f"{name}.norm1"), f"{name}.conv1")
        made = self._conv(self._normal(made, f"{name}.norm2"), f"{name}.conv2")
        beside = f"{name}.conv_shortcut"
        value = self._conv(value, beside) if f"{beside}.weight" in self._weights else value
        return self.builder.add("add", value, made, name=name)

    def _attention(self, value: str, name: str) -> str:
        """Add attention of one head among all places of an image, softmax(q kᵀ / √c) v, beside the image itself."""
        _, channels, height, width = self.builder.shape(value)
        normal = self._normal(value, f"{name}.group_norm", silu=False)
        places = self.builder.add("transpose", normal, axes=(0, 2, 3, 1))
        places = self.builder.add("reshape", places, shape=(height * width, channels))
        query, key, values = (self._dense(places, name, words) for words in (QUERY, KEY, VALUE))
        scores = self.builder.add("matmul", query, self.builder.add("transpose", key, axes=(0, 2, 1)))
        scale = self.builder.weight(f"{name}.scale", np.full(1, channels**-0.5))
        shares = self.builder.add("softmax", self.builder.add("mul", scores, scale), axis=2)
        made = self._dense(self.builder.add("matmul", shares, values), name, OUT)
        made = self.builder.add("reshape", made, shape=(height, width, channels))
        made = self.builder.add("transpose", made, axes=(0, 3, 1, 2))
        return self.builder.add("add", value, made, name=name)

    def _dense(self, value: str, name: str, words: tuple[str, str]) -> str:
        place = next(
            (f"{name}.{word}" for word in words if f"{name}.{word}.weight" in self._weights), f"{name}.{words[0]}"
        )
        kernel = self._array(f"{place}.weight")
        table = self.builder.weight(f"{place}.weight", kernel.reshape(kernel.shape[:2]).T)
        return self.builder.add("dense", value, table, self._weight(f"{place}.bias"), name=place)

    def _end(self, value: str, half: str) -> str:
        return self._conv(self._normal(value, f"{half}.conv_norm_out"), f"{half}.conv_out")

    def _normal(self, value: str, name: str, silu: bool = True) -> str:
        value = self.builder.add(
            "group_norm", value, self._weight(f"{name}.weight"), self._weight(f"{name}.bias"), name=name,
            groups=self._groups, epsilon=EPSILON, layout="first",
        )  # fmt: skip
        return self.builder.add("silu", value) if silu else value

    def _conv(self, value: str, name: str, stride: int = 1, pads: tuple[int, ...] | None = None) -> str:
        kernel = np.transpose(self._array(f"{name}.weight"), (2, 3, 1, 0))
        pads = (kernel.shape[0] // 2,) * 4 if pads is None else pads
        return self.builder.add(
            "conv", value, self.builder.weight(f"{name}.weight", kernel), self._weight(f"{name}.bias"), name=name,
            strides=(stride, stride), pads=pads, dilations=(1, 1), groups=1, layout="first",
        )  # fmt: skip

    def _doubled(self, value: str) -> str:
        _, _, height, width = self.builder.shape(value)
        return self.builder.add("resize", value, size=(2 * height, 2 * width), how="nearest", layout="first")

    def _affine(self, value: str, scale: float, shift: float, name: str = "") -> str:
        value = self.builder.add("mul", value, self.builder.weight("scale", np.full(1, scale)))
        return self.builder.add("add", value, self.builder.weight("shift", np.full(1, shift)), name=name)

    def _weight(self, name: str) -> str:
        return self.builder.weight(name, self._array(name))


def _real(value: object, default: float) -> float:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else default
