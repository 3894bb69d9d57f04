"""Layers from the names of arrays: as PyTorch's modules name them, or as people do who write NumPy by hand."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from models.core.arrays import Floats32
from models.core.text import shortened
from models.importing.refusal import RefusedError
from models.importing.weights_strides import Way

WAY_ON = "export the model to ONNX, which keeps its architecture: torch.onnx.export(model, example, 'model.onnx')"
PREFIXES = ("module.", "_orig_mod.", "model.", "vae.", "net.", "autoencoder.")
NORMED = ".parametrizations.weight.original"
KERNEL = re.compile(r"(^|[._/])(W|w|weights?|kernel|theta)(\d*)(?=$|[._/])")
BIAS = re.compile(r"(^|[._/])(b|B|bias|biases)(\d*)(?=$|[._/])")
CODEBOOK = re.compile(r"codebook|quantiz|vq|(^|[._])embed(ding)?s?[._]weight$", re.IGNORECASE)

# Parts that do not follow one after the other.
BESIDE = re.compile(
    r"(^|[._])(res\d*|res_?(net|block|layer|unit)s?\w*|resid\w*|shortcut\w*|skip\w*|qkv|to_qkv|to_q|query\w*|attn\w*"
    r"|attention\w*)([._]|$)",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class WeightLayer:
    """A module: its name and weights, laid out as in PyTorch.

    ``way`` is that of a convolution where it is known; ``before`` and ``after`` are whether a layer without weights,
    beside an activation, stands before or after a convolution, None where names do not tell. ``block`` is the residual
    block that it is in, "" if it is in none.
    """

    name: str
    weights: Mapping[str, Floats32]
    way: Way | None = None
    before: bool | None = None
    after: bool | None = None
    block: str = ""

    @property
    def kind(self) -> str:
        """What the shape of its weight says: dense, conv, batch_norm, prelu, scale or other."""
        rank = self.weights["weight"].ndim
        if rank == 1:
            alone = "bias" not in self.weights and "running_mean" not in self.weights
            return "batch_norm" if "running_mean" in self.weights else ("prelu" if alone else "scale")
        return {2: "dense", 4: "conv"}.get(rank, "other")

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of its weight."""
        return self.weights["weight"].shape


def layers_of(weights: Mapping[str, Floats32]) -> list[WeightLayer]:
    """Return the layers in the order of the file; :class:`RefusedError` if one is of an unknown kind."""
    by_modules = any(name.endswith((".weight", "weight_v", "weight_orig", f"{NORMED}1")) for name in weights)
    # An encoder of pythae calls its mean an embedding.
    gaussian = any("log_var" in name for name in weights)
    if by_modules and not gaussian and any(CODEBOOK.search(name) and weights[name].ndim == 2 for name in weights):
        raise RefusedError("its latent is a codebook (VQ), which is not supported", "open a model with a continuous z")
    grouped = _of_modules(weights) if by_modules else _by_hand(weights)
    layers = [WeightLayer(name, parts) for name, parts in grouped.items() if "weight" in parts]
    _check_in_a_row(grouped)
    odd = [layer.name for layer in layers if layer.kind == "other"]
    if odd:
        raise RefusedError(f"its layer {shortened(odd[0])} is of a kind that is not known here", "export it to ONNX")
    return _with_rooms(layers)


def _check_in_a_row(grouped: Mapping[str, Mapping[str, Floats32]]) -> None:
    """Raise :class:`RefusedError` for residual blocks and attention, of which weights do not tell what meets what."""
    named = (name for name, parts in grouped.items() if BESIDE.search(name) or "in_proj_weight" in parts)
    beside = next(named, "")
    if beside:
        reason = f"its layer {shortened(beside)} is of a residual block or of attention, and weights do not tell how"
        raise RefusedError(f"{reason} it is put together", WAY_ON)


def _of_modules(weights: Mapping[str, Floats32]) -> dict[str, dict[str, Floats32]]:
    grouped: dict[str, dict[str, Floats32]] = {}
    for name, values in weights.items():
        for prefix in PREFIXES:
            name = name.removeprefix(prefix)
        layer, _, part = name.replace(NORMED, ".original").rpartition(".")
        grouped.setdefault(layer, {})[part] = values
    return {layer: _plain(parts) for layer, parts in grouped.items()}


def _plain(parts: dict[str, Floats32]) -> dict[str, Floats32]:
    """Return the weight that a weight norm or a spectral norm keeps in pieces."""
    parts = {{"original0": "weight_g", "original1": "weight_v"}.get(key, key): values for key, values in parts.items()}
    if "weight_g" in parts and "weight_v" in parts:
        length, direction = parts.pop("weight_g"), parts.pop("weight_v")
        alone = [axis for axis, size in enumerate(length.shape) if size == 1]
        norm = np.sqrt(np.sum(np.square(direction), tuple(alone), keepdims=True))
        parts["weight"] = length * direction / norm
    if {"weight_orig", "weight_u", "weight_v"} <= set(parts):
        table = parts["weight_orig"].reshape(len(parts["weight_u"]), -1)
        parts["weight"] = parts["weight_orig"] / np.float32(parts["weight_u"] @ table @ parts["weight_v"])
    return parts


def _by_hand(weights: Mapping[str, Floats32]) -> dict[str, dict[str, Floats32]]:
    """Group arrays by their names without the letter that says what they are; kernels become [outputs, inputs].

    A bias says which side of its kernel is which; a kernel without one is like most.
    """
    grouped: dict[str, dict[str, Floats32]] = {}
    for name, values in weights.items():
        part, pattern = ("weight", KERNEL) if values.ndim > 1 else ("bias", BIAS)
        layer = pattern.sub(r"\1\3", name, count=1).strip("._/") or name
        grouped.setdefault(layer, {})[part] = values.reshape(-1) if part == "bias" else values
    for name, parts in list(grouped.items()):
        if parts.keys() == {"weight"} and parts["weight"].ndim == 2 and 1 in parts["weight"].shape:
            _give_bias(grouped, name)
    turned = [_turned(parts) for parts in grouped.values()]
    mostly = turned.count(True) >= turned.count(False)
    for parts, turn in zip(grouped.values(), turned, strict=True):
        if "weight" in parts and parts["weight"].ndim == 2 and (mostly if turn is None else turn):
            parts["weight"] = parts["weight"].T
    return grouped


def _give_bias(grouped: dict[str, dict[str, Floats32]], name: str) -> None:
    """Give a row that is named like a bias to the layer that it belongs to."""
    layer = BIAS.sub(r"\1\3", name, count=1).strip("._/")
    if BIAS.search(name) and layer in grouped:
        grouped[layer]["bias"] = grouped.pop(name)["weight"].reshape(-1)


def _turned(parts: Mapping[str, Floats32]) -> bool | None:
    """Return whether a kernel is [inputs, outputs], None if that cannot be told."""
    kernel, bias = parts.get("weight"), parts.get("bias")
    if kernel is None or bias is None or kernel.ndim != 2 or kernel.shape[0] == kernel.shape[1]:
        return None
    return bool(kernel.shape[1] == len(bias))


def _with_rooms(layers: list[WeightLayer]) -> list[WeightLayer]:
    """Note beside which convolutions of a Sequential a layer without weights stands, beside an activation."""
    before: dict[str, bool] = {}
    after: dict[str, bool] = {}
    listed = lists_of(layers)
    deep = [place for place, layer in enumerate(layers) if layer.kind in ("conv", "dense")]
    for place, other in pairwise(deep):
        layer, following = layers[place], layers[other]
        (row, first), (same, second) = numbered(layer.name), numbered(following.name)
        if row and row == same and row not in listed:
            needed = 2 if layer.kind == following.kind else 3
            after[layer.name] = before[following.name] = second - first - (other - place) >= needed
    return [
        replace(layer, before=before.get(layer.name), after=after.get(layer.name)) if layer.kind == "conv" else layer
        for layer in layers
    ]


def lists_of(layers: Sequence[WeightLayer]) -> set[str]:
    """Return the numbered rows in which each layer comes right after the one before: activations are elsewhere."""
    gaps: dict[str, set[int]] = {}
    for layer, following in pairwise(layers):
        (before, first), (after, second) = numbered(layer.name), numbered(following.name)
        if before and before == after:
            same = layer.kind == following.kind and layer.kind in ("conv", "dense")
            gaps.setdefault(before, set()).add(second - first if same else 0)
    return {row for row, found in gaps.items() if found == {1}}


def numbered(name: str) -> tuple[str, int]:
    """Return the Sequential that a layer is in, and its place there; "" and 0 of a layer on its own."""
    match = re.fullmatch(r"(.+\.|)(\d+)", name)
    return (match[1] or ".", int(match[2])) if match else ("", 0)
