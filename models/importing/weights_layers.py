"""Layers from names and shapes: what PyTorch's modules leave of themselves in a dictionary of weights."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from models.core.arrays import Floats32
from models.core.text import shortened
from models.importing.moments import SPREAD_WORDS
from models.importing.refusal import RefusedError

MEAN = re.compile(
    r"(^|[._])(fc_?|linear_?|hidden2|to_?)?(mu|mean|z_?mean|loc)(\d*|_?layer|_?linear)?$|fc21$|W_mu", re.IGNORECASE
)
DECODER = re.compile(r"(^|[._])(dec|decoder|decode|gen|generator|deconv|decoding)", re.IGNORECASE)
ENCODER = re.compile(r"(^|[._])(enc|encoder|encode|encoding)", re.IGNORECASE)
PREFIXES = ("module.", "_orig_mod.", "model.", "vae.", "net.", "autoencoder.")


@dataclass(frozen=True)
class WeightLayer:
    """A module: its name and weights. ``kind`` is dense, conv, batch_norm or scale."""

    name: str
    weights: Mapping[str, Floats32]

    @property
    def kind(self) -> str:
        """What the shape of its weight says."""
        rank = self.weights["weight"].ndim
        if rank == 1:
            return "batch_norm" if "running_mean" in self.weights else "scale"
        return {2: "dense", 4: "conv"}.get(rank, "other")

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of its weight."""
        return self.weights["weight"].shape


@dataclass(frozen=True)
class Parts:
    """The layers of an encoder up to the moments, those of mean and spread, and those of a decoder, in order."""

    encoder: Sequence[WeightLayer]
    moments: Sequence[WeightLayer]
    decoder: Sequence[WeightLayer]


def parts_of(weights: Mapping[str, Floats32]) -> Parts:
    """Sort the layers; :class:`RefusedError` if nothing looks like an encoder or a decoder."""
    layers = _layers(weights)
    deep = [layer for layer in layers if layer.kind in ("dense", "conv")]
    if not deep:
        raise RefusedError("its weights are not those of a network")
    moments = _moments(deep)
    if moments:
        last = layers.index(moments[-1])
        after = [layer for layer in layers[last + 1 :] if not ENCODER.search(layer.name)]
        decoder = _from_decoder([layer for layer in layers if layer not in moments]) or after
        encoder = [layer for layer in layers if layer not in decoder and layer not in moments]
        return Parts(encoder, moments, decoder)
    decoder = _from_decoder(layers)
    encoder = [layer for layer in layers if ENCODER.search(layer.name) and layer not in decoder]
    if encoder or decoder:
        return Parts(encoder[:-1], encoder[-1:], decoder)
    return _without_names(layers)


def _from_decoder(layers: Sequence[WeightLayer]) -> list[WeightLayer]:
    """Return the first layer that is named after a decoder and what follows, but what is named after an encoder."""
    first = next((index for index, layer in enumerate(layers) if DECODER.search(layer.name)), len(layers))
    return [layer for layer in layers[first:] if not ENCODER.search(layer.name)]


def _without_names(layers: Sequence[WeightLayer]) -> Parts:
    """Sort layers whose names say nothing: a decoder widens from its latent, an encoder ends in one."""
    first, last = layers[0].shape, layers[-1].shape
    widening = first[1] < last[0] if layers[0].kind == "dense" else last[0] > first[1]
    return Parts((), (), layers) if widening or layers[-1].kind == "conv" else Parts(layers[:-1], layers[-1:], ())


def _layers(weights: Mapping[str, Floats32]) -> list[WeightLayer]:
    grouped: dict[str, dict[str, Floats32]] = {}
    for name, values in weights.items():
        layer, _, part = _short(name).rpartition(".")
        grouped.setdefault(layer, {})[part] = values
    layers = [WeightLayer(name, parts) for name, parts in grouped.items() if "weight" in parts]
    odd = [layer.name for layer in layers if layer.kind == "other"]
    if odd:
        raise RefusedError(f"its layer {shortened(odd[0])} is of a kind that is not known here", "export it to ONNX")
    return layers


def _short(name: str) -> str:
    for prefix in PREFIXES:
        name = name.removeprefix(prefix)
    return name


def _moments(deep: Sequence[WeightLayer]) -> list[WeightLayer]:
    """Return the layers of mean and spread: by name, else two neighbours of one shape that do not fit on each other."""
    means = [layer for layer in deep if MEAN.search(layer.name) and not SPREAD_WORDS.search(layer.name)]
    for mean in means:
        same = [layer for layer in deep if layer is not mean and layer.shape == mean.shape]
        told = [layer for layer in same if SPREAD_WORDS.search(layer.name)]
        if told or same:
            return [mean, (told or same)[0]]
    for first, second in pairwise(deep):
        if first.shape == second.shape and first.kind == "dense" and first.shape[0] != first.shape[1]:
            return [first, second]
    return means[:1]
