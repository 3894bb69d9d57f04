"""Conditional models: the label that an encoder or a decoder takes beside its image or latent is held at one class."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np

from models.importing.graph import Builder
from models.importing.halves import Half
from models.importing.operations import Shape
from models.importing.refusal import RefusedError

LABEL = re.compile(r"label|class|cond|(^|[^a-z])[yc]([^a-z]|$)", re.IGNORECASE)


def classes_of(half: Half) -> int:
    """Return how many classes a conditional half can be held at, 0 if it is not conditional."""
    inputs = half.graph.inputs
    shape = inputs[_place_of_label(half)][1] if len(inputs) == 2 else ()
    return shape[1] if len(shape) == 2 and shape[1] > 1 else 0


def _place_of_label(half: Half) -> int:
    return next((index for index in (1, 0) if LABEL.search(half.graph.inputs[index][0])), 1)


def with_label(half: Half, label: int | None) -> Half:
    """Return what takes one input alone: a second one, for classes one-hot, is held at ``label``, else the first."""
    inputs = half.graph.inputs
    if len(inputs) == 1:
        return half
    if len(inputs) > 2:
        raise RefusedError(f"it takes {len(inputs)} inputs, which is not supported")
    place = _place_of_label(half)
    (main, shape), (_, classes) = inputs[1 - place], inputs[place]
    if len(classes) != 2 or classes[1] < 2:
        raise RefusedError("its label is not one number for each class, which is not supported")
    label = label or 0
    if label >= classes[1]:
        raise RefusedError(f"label {label} is not one of its {classes[1]} classes, 0 to {classes[1] - 1}")
    builder = Builder()
    value = builder.input(main, shape)
    fed = [value, value]
    fed[place] = _held(builder, value, shape, np.eye(classes[1])[label])
    outputs = builder.take(half.graph, half.weights, fed)
    return replace(half, graph=builder.graph(outputs), weights=builder.arrays)


def _held(builder: Builder, value: str, shape: Shape, classes: np.ndarray) -> str:
    """Return ``classes`` for each image of the batch, of which only ``value`` tells how many there are."""
    mean = builder.add("mean", value, axes=tuple(range(1, len(shape))), keep=0)
    none = builder.add("mul", builder.add("reshape", mean, shape=(1,)), builder.weight("none", np.zeros(1)))
    return builder.add("add", none, builder.weight("label", classes[np.newaxis]), name="label")
