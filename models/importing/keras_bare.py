"""Weights of Keras without the model: layers by name and shape, put into an order in which they fit on each other."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import numpy as np

from models.core.arrays import Floats32
from models.core.text import shortened
from models.importing.choices import Choices
from models.importing.hdf5 import Store
from models.importing.parsed import Parsed
from models.importing.refusal import RefusedError
from models.importing.weights_blocks import check_blocks
from models.importing.weights_graph import graph_of_parts
from models.importing.weights_layers import sorted_parts
from models.importing.weights_maker import KERAS
from models.importing.weights_names import WeightLayer
from models.importing.weights_order import searched

WAY_ON = "save the whole model: model.save('model.keras')"
FOLDERS = re.compile(r"(^|/)(layers|_layer_checkpoint_dependencies)(?=/)")
# What stands beside the weights: of an optimizer, of a metric, of what draws.
BESIDES = re.compile(r"(^|/)(_?optimizer\w*|\w*tracker\w*|\w*metric\w*|seed_generator\w*|top_level_model_weights)(?=/)")
TRANSPOSED = re.compile(r"transpos|deconv|up_?conv", re.IGNORECASE)
# A name that Keras gives itself, and a place that it names by the class.
COUNTED = re.compile(r"(dense|conv2d|conv2d_transpose|batch_normalization|layer_normalization)(?:_(\d+))?")
CLASS = re.compile(r"(dense|conv2d|conv2d_transpose|batch_normalization|layer_normalization|p_re_lu)(_\d+)?")
BATCH_NORM, LAYER_NORM = ("weight", "bias", "running_mean", "running_var"), ("weight", "bias")


def read_bare(store: Store, choices: Choices) -> Parsed:
    """Return the graph that the weights of a Keras model tell; :class:`RefusedError` if nothing usual fits."""
    listed = _listed(store)
    layers = [_layer(name, arrays) for name, arrays in (listed or _in_groups(store)).items() if arrays]
    if not layers:
        raise RefusedError("there are no weights in it", WAY_ON)
    check_blocks(layers, choices.blocks, WAY_ON)
    return graph_of_parts(
        sorted_parts(layers if listed else _in_order(layers)), choices, "weights of a Keras model", KERAS
    )


def _listed(store: Store) -> dict[str, list[Floats32]]:
    """Return the arrays of each layer of a file of Keras 2, which lists them in order; none if it is no such file."""
    top = "model_weights" if store.words("model_weights", "layer_names") else ""
    found: dict[str, list[Floats32]] = {}
    for group in store.words(top or "/", "layer_names"):
        place = f"{top}/{group}".strip("/")
        for word in store.words(place, "weight_names"):
            inner = [part for part in word.split("/")[:-1] if part != group]
            if f"{place}/{word}" in store.arrays:
                found.setdefault(".".join([group, *inner]), []).append(store.read(f"{place}/{word}"))
    return found


def _in_groups(store: Store) -> dict[str, list[Floats32]]:
    """Return the arrays of each layer of a ``.weights.h5`` by its own name where it is written, else by its group."""
    found: dict[str, list[tuple[int, Floats32]]] = {}
    for path in store.arrays:
        place, _, number = path.rpartition("/vars/")
        if not place or not number.isdecimal() or BESIDES.search(f"{path}/"):
            continue
        found.setdefault(place, []).append((int(number), store.read(path)))
    ordered = sorted(found, key=lambda place: (place.rpartition("/")[0], _made_before(store, place), _counted(place)))
    named = {place: FOLDERS.sub(r"\1", place).replace("//", "/").strip("/").replace("/", ".") for place in ordered}
    for place in ordered:
        own = _own_name(store, place)
        # A name that somebody has given tells more than a count of the class.
        if (
            own
            and own not in named[place]
            and (not COUNTED.fullmatch(own) or CLASS.fullmatch(place.rpartition("/")[2]))
        ):
            named[place] = f"{named[place].rpartition('.')[0]}.{own}".strip(".")
    return {named[place]: [values for _, values in sorted(found[place], key=lambda item: item[0])] for place in ordered}


def _own_name(store: Store, place: str) -> str:
    return store.labels.get(f"{place}/vars", store.labels.get(place, ""))


def _made_before(store: Store, place: str) -> int:
    """Return the count in the own name of a layer that is an attribute: the order in which such layers were made."""
    counted = COUNTED.fullmatch(_own_name(store, place))
    return int(counted[2] or 0) if counted and not CLASS.fullmatch(place.rpartition("/")[2]) else 0


def _counted(place: str) -> list[tuple[str, int]]:
    """Return a key that sorts ``conv2d_10`` behind ``conv2d_2``."""
    parts = [re.fullmatch(r"(.*?)(?:_(\d+))?", part) for part in place.split("/")]
    return [(match[1], int(match[2] or 0)) for match in parts if match]


def _layer(name: str, arrays: Sequence[Floats32]) -> WeightLayer:
    """Return a layer as PyTorch would lay it out, from its arrays in Keras' order."""
    kernel = arrays[0]
    if len(arrays) == 1 and kernel.ndim == 3 and kernel.shape[:2] == (1, 1):
        # The slopes of a PReLU that is the same all over an image.
        return WeightLayer(name, {"weight": kernel.reshape(-1)})
    if kernel.ndim == 1:
        return WeightLayer(name, _vectors(name, arrays))
    if kernel.ndim not in (2, 4) or len(arrays) > 2 or any(array.ndim != 1 for array in arrays[1:]):
        raise RefusedError(f"its layer {shortened(name)} is of a kind that is not known here", "save the whole model")
    turned = kernel.T if kernel.ndim == 2 else np.transpose(kernel, (3, 2, 0, 1))
    weights = {"weight": turned} | ({"bias": arrays[1]} if len(arrays) > 1 else {})
    up = kernel.ndim == 4 and TRANSPOSED.search(name) is not None
    plain = kernel.ndim == 4 and re.search(r"conv2d(_\d+)?$", name) is not None
    return WeightLayer(name, weights, "up" if up else ("flat" if plain else None))


def _vectors(name: str, arrays: Sequence[Floats32]) -> Mapping[str, Floats32]:
    """Return the weights of a normalization, of which the scale may be left out, or the slopes of a PReLU."""
    parts = list(arrays)
    if len(parts) == 3:
        parts = [np.ones_like(parts[0]), *parts]
    names = {4: BATCH_NORM, 2: LAYER_NORM, 1: ("weight",)}.get(len(parts))
    if names is None:
        raise RefusedError(f"its layer {shortened(name)} is of a kind that is not known here", "save the whole model")
    return dict(zip(names, parts, strict=True))


def _in_order(layers: Sequence[WeightLayer]) -> list[WeightLayer]:
    """Return layers so that each fits on the one before it; as they are where no such order is found.

    Layers of one class keep their order, and so do those of one model within the model.
    """
    groups: dict[str, list[WeightLayer]] = {}
    for layer in layers:
        groups.setdefault(layer.name.rpartition(".")[0], []).append(layer)
    ordered: list[WeightLayer] = []
    for group in groups.values():
        ordered += searched(group) or searched(group, free=True) or group
    return ordered
