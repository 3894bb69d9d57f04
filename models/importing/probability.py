"""Layers that make a distribution of numbers: as TensorFlow Probability packs them."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from models.importing.graph import Builder
from models.importing.operations import SAMPLE
from models.importing.refusal import RefusedError

Config = Mapping[str, Any]


def triangle(builder: Builder, value: str, dims: int) -> tuple[str, str]:
    """Return μ, and σ of each dimension by itself, of a mean followed by a Cholesky factor as TensorFlow packs it.

    The factor's rows are filled from the end of the list; its diagonal is behind a softplus, as in
    ``tfp.layers.MultivariateNormalTriL``.
    """
    count = dims * (dims + 1) // 2
    order = np.concatenate([np.arange(dims, count), np.arange(count)[::-1]]).reshape(dims, dims)
    whole, below = np.eye(dims + count), np.tril_indices(dims, -1)
    mu = builder.add("slice", value, axis=1, start=0, stop=dims, step=1)
    picked = builder.add("dense", value, builder.weight("diagonal", whole[:, dims + np.diag(order)]))
    diagonal = builder.add("add", builder.add("softplus", picked), builder.weight("shift", np.full(1, 1e-5)))
    square = builder.add("mul", diagonal, diagonal)
    if dims > 1:
        others = builder.add("dense", value, builder.weight("below", whole[:, dims + order[below]]))
        rows = builder.weight("rows", np.eye(dims)[below[0]])
        square = builder.add("add", square, builder.add("dense", builder.add("mul", others, others), rows))
    return mu, builder.add("sqrt", square, name="sigma")


def _sizes(value: object) -> tuple[int, ...]:
    return tuple(int(size) for size in value) if isinstance(value, list | tuple) else (int(str(value)),)


def _triangular(builder: Builder, config: Config, value: str, name: str) -> str:
    return builder.add(SAMPLE, *triangle(builder, value, int(config["event_size"])), name=name)


def _normal(builder: Builder, config: Config, value: str, name: str) -> str:
    """Mark a draw of a row of normals; of an image, return the means."""
    shape = _sizes(config["event_shape"])
    count = math.prod(shape)
    mean, spread = (
        builder.add("slice", value, axis=1, start=start, stop=start + count, step=1) for start in (0, count)
    )
    if len(shape) > 1:
        return builder.add("reshape", mean, name=name, shape=shape)
    return builder.add(SAMPLE, mean, builder.add("softplus", spread), name=name)


def _bernoulli(builder: Builder, config: Config, value: str, name: str) -> str:
    shaped = builder.add("reshape", value, shape=_sizes(config["event_shape"]))
    return builder.add("sigmoid", shaped, name=name)


DISTRIBUTIONS: Mapping[str, Callable[[Builder, Config, str, str], str]] = {
    "MultivariateNormalTriL": _triangular,
    "IndependentNormal": _normal,
    "IndependentBernoulli": _bernoulli,
}


def distribution(builder: Builder, kind: str, config: Config, value: str, name: str) -> str:
    """Return the mean of a distribution of pixels, or mark the draw of a latent."""
    if len(builder.shape(value)) != 2 and kind != "IndependentBernoulli":
        raise RefusedError("the numbers of its distribution are no row, which is not supported")
    return DISTRIBUTIONS[kind](builder, config, value, name)
