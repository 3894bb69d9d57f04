"""Conditional models: the label that an encoder or a decoder takes beside its image or latent is held at one class."""

from __future__ import annotations

import math
import re
from dataclasses import replace

import numpy as np

from models.importing.graph import Builder
from models.importing.halves import Half
from models.importing.operations import Shape
from models.importing.refusal import RefusedError

LABEL = re.compile(r"label|class|cond|(^|[^a-z])[yc]([^a-z]|$)", re.IGNORECASE)


def with_label(half: Half, label: int | None) -> Half:
    """Return what takes one input alone: a second one, for classes one-hot, is held at ``label``, else the first."""
    inputs = half.graph.inputs
    if len(inputs) == 1:
        return half
    if len(inputs) > 2:
        raise RefusedError(f"it takes {len(inputs)} inputs, which is not supported")
    place, classes = _place(half), classes_of(half)
    main, shape = inputs[1 - place]
    if classes < 2:
        raise RefusedError(
            "its label is neither one number for each class nor the number of one, which is not supported"
        )
    label = label or 0
    if label >= classes:
        raise RefusedError(f"label {label} is not one of its {classes} classes, 0 to {classes - 1}")
    wanted = inputs[place][1]
    held = np.eye(classes)[label] if wanted[-1] == classes else np.full(math.prod(wanted), label)
    builder = Builder()
    value = builder.input(main, shape)
    fed = [value, value]
    fed[place] = _held(builder, value, shape, held)
    if builder.shape(fed[place]) != wanted:
        fed[place] = builder.add("reshape", fed[place], shape=wanted[1:])
    outputs = builder.take(half.graph, half.weights, fed)
    return replace(half, graph=builder.graph(outputs), weights=builder.arrays)


def classes_of(half: Half) -> int:
    """Return how many classes a half can be held at, 0 if it takes none or they cannot be told."""
    if len(half.graph.inputs) != 2:
        return 0
    name, shape = half.graph.inputs[_place(half)]
    if math.prod(shape) > 1:
        return shape[1] if len(shape) == 2 else 0
    # The number of a class: what makes it one-hot knows how many there are.
    reached = {name}
    for node in half.graph.nodes:
        if node.operation == "one_hot" and reached & set(node.inputs):
            return int(str(node.options["depth"]))
        reached.update({node.name} if node.operation in ("floor", "reshape") and reached & set(node.inputs) else ())
    return 0


def _place(half: Half) -> int:
    """Return which of two inputs is the label: by its name, else the smaller one."""
    named = [index for index in (1, 0) if LABEL.search(half.graph.inputs[index][0])]
    sizes = [math.prod(shape) for _, shape in half.graph.inputs]
    return named[0] if len(named) == 1 else (0 if sizes[0] == 1 < sizes[1] else 1)


def _held(builder: Builder, value: str, shape: Shape, classes: np.ndarray) -> str:
    """Return ``classes`` for each image of the batch, of which only ``value`` tells how many there are."""
    mean = builder.add("mean", value, axes=tuple(range(1, len(shape))), keep=0)
    none = builder.add("mul", builder.add("reshape", mean, shape=(1,)), builder.weight("none", np.zeros(1)))
    return builder.add("add", none, builder.weight("label", classes[np.newaxis]), name="label")
