"""Scale and shift channels, which is what is left of a batch normalization once it is trained."""

from __future__ import annotations

import numpy as np

from models.importing.graph import Builder


def _per_channel(values: np.ndarray, rank: int, axis: int) -> np.ndarray:
    """Return ``values`` [c] in a shape that meets the channels at ``axis`` of a value of this rank."""
    return values.reshape([-1 if place == axis else 1 for place in range(rank)])


def scaled(builder: Builder, value: str, scale: np.ndarray, shift: np.ndarray, axis: int, name: str) -> str:
    """Multiply the channels at ``axis`` by ``scale`` [c] and add ``shift`` [c]."""
    rank = len(builder.shape(value))
    factor = builder.weight(f"{name}.scale", _per_channel(scale, rank, axis))
    product = builder.add("mul", value, factor, name=f"{name}.scaled")
    return builder.add("add", product, builder.weight(f"{name}.shift", _per_channel(shift, rank, axis)), name=name)
