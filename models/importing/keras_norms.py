"""The layers of Keras that scale and shift numbers, by what they know or by what comes in."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from models.core.text import shortened
from models.importing.graph import Builder
from models.importing.keras_layer import Layer
from models.importing.refusal import RefusedError
from models.importing.scaling import scaled


def batch_norm(builder: Builder, layer: Layer, inputs: Sequence[str]) -> str:
    """Scale and shift channels by the means and variances that were kept while training."""
    config, rank = layer.config, len(builder.shape(inputs[0]))
    axis = config.get("axis", -1)
    axis = int(axis[0] if isinstance(axis, list) else axis) % rank
    names = ["gamma"] * bool(config.get("scale", True)) + ["beta"] * bool(config.get("center", True))
    names += ["moving_mean", "moving_variance"]
    found = dict(zip(names, layer.weights.arrays(names), strict=True))
    mean, variance = (found[name].astype(np.float64) for name in names[-2:])
    scale = found.get("gamma", np.ones_like(mean)) / np.sqrt(variance + float(config.get("epsilon", 1e-3)))
    return scaled(builder, inputs[0], scale, found.get("beta", np.zeros_like(mean)) - mean * scale, axis, layer.name)


def layer_norm(builder: Builder, layer: Layer, inputs: Sequence[str]) -> str:
    """Normalize the last axes of each image by themselves."""
    axis = layer.config.get("axis", -1)
    first = int(axis[0] if isinstance(axis, list) else axis) % len(builder.shape(inputs[0]))
    names = [name for name, key in (("gamma", "scale"), ("beta", "center")) if layer.config.get(key, True)]
    if len(names) == 1:
        raise RefusedError(f"its layer {shortened(layer.name)} has a scale without a shift, which is not supported")
    arrays = layer.weights.arrays(names)
    weights = [builder.weight(f"{layer.name}.{name}", array) for name, array in zip(names, arrays, strict=True)]
    epsilon = float(layer.config.get("epsilon", 1e-3))
    return builder.add("layer_norm", inputs[0], *weights, name=layer.name, axis=first, epsilon=epsilon)


def group_norm(builder: Builder, layer: Layer, inputs: Sequence[str]) -> str:
    """Normalize groups of channels of each image by themselves."""
    names = ["gamma", "beta"]
    weights = [
        builder.weight(f"{layer.name}.{name}", array)
        for name, array in zip(names, layer.weights.arrays(names), strict=True)
    ]
    axis, rank = int(layer.config.get("axis", -1)), len(builder.shape(inputs[0]))
    layout = "last" if axis % rank == rank - 1 else "first"
    epsilon, groups = float(layer.config.get("epsilon", 1e-3)), int(layer.config.get("groups", 32))
    return builder.add(
        "group_norm", inputs[0], *weights, name=layer.name, groups=groups, epsilon=epsilon, layout=layout
    )


def normalization(builder: Builder, layer: Layer, inputs: Sequence[str]) -> str:
    """Take away the mean of the data and divide by its deviation, both from the configuration or from the weights."""
    given = [layer.config.get(key) for key in ("mean", "variance")]
    found = layer.weights.arrays(["mean", "variance"]) if None in given else given
    mean, variance = (np.atleast_1d(np.asarray(value, np.float64)).reshape(-1) for value in found)
    deviation = np.maximum(np.sqrt(variance), 1e-7)
    if layer.config.get("invert"):
        return scaled(builder, inputs[0], deviation, mean, len(builder.shape(inputs[0])) - 1, layer.name)
    return scaled(builder, inputs[0], 1 / deviation, -mean / deviation, len(builder.shape(inputs[0])) - 1, layer.name)


def rescaling(builder: Builder, layer: Layer, inputs: Sequence[str]) -> str:
    """Multiply by a scale and add an offset."""
    rank = len(builder.shape(inputs[0]))
    scale, shift = (
        np.atleast_1d(np.asarray(layer.config.get(key, default), np.float64))
        for key, default in (("scale", 1.0), ("offset", 0.0))
    )
    return scaled(builder, inputs[0], scale, shift, rank - 1, layer.name)
