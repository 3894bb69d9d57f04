"""Encoder and decoder as functions of their parameters, so that a compiled loop can carry the parameters along."""

from __future__ import annotations

import math
from collections.abc import Mapping

import tensorflow as tf

from models.importing.execution import run
from models.vae.architecture import KERNEL, Architecture
from models.vae.imported import ImportedArchitecture

Parameters = Mapping[str, tf.Tensor]
Tensors = dict[str, tf.Tensor]

# softplus(-90) is 0 in float32: without a floor log σ would be -inf and its gradient NaN.
SCALE_FLOOR = 1e-4
STRIDE = KERNEL // 2
# An image of just 0 and 1 has no logits.
IMAGE_FLOOR = 1e-6


def dense(parameters: Parameters, name: str, inputs: tf.Tensor) -> tf.Tensor:
    """Apply the affine layer ``name`` to ``inputs`` [n, i] and return [n, o]."""
    return tf.linalg.matmul(inputs, parameters[f"{name}.kernel"]) + parameters[f"{name}.bias"]


def hidden_stack(parameters: Parameters, name: str, inputs: tf.Tensor) -> tf.Tensor:
    """Apply the ReLU layers ``name.hidden.0``, ``name.hidden.1``, … to ``inputs`` [n, i] and return [n, units]."""
    index = 0
    while f"{name}.hidden.{index}.kernel" in parameters:
        inputs = tf.nn.relu(dense(parameters, f"{name}.hidden.{index}", inputs))
        index += 1
    return inputs


def convolved(architecture: Architecture, parameters: Parameters, x: tf.Tensor) -> tf.Tensor:
    """Return the features [n, values of the smallest grid] of flat images ``x`` [n, pixels] after the convolutions."""
    height, width, _ = architecture.grids[0]
    before, after = margins(architecture)
    grid = tf.reshape(x, [-1, *architecture.image_shape])
    grid = tf.pad(grid, [[0, 0], [before[0], after[0]], [before[1], after[1]], [0, 0]])
    grid = tf.ensure_shape(grid, [None, height, width, None])
    for index in range(len(architecture.channels)):
        name = f"encoder.conv.{index}"
        grid = tf.nn.conv2d(grid, parameters[f"{name}.kernel"], STRIDE, "SAME")
        grid = tf.nn.relu(grid + parameters[f"{name}.bias"])
    return tf.reshape(grid, [-1, math.prod(architecture.grids[-1])])


def deconvolved(architecture: Architecture, parameters: Parameters, features: tf.Tensor) -> tf.Tensor:
    """Return the logits [n, pixels] of ``features`` of the smallest grid after the transposed convolutions."""
    grids = architecture.grids[::-1]
    grid, count = tf.reshape(features, [-1, *grids[0]]), tf.shape(features)[0]
    for index, below in enumerate(grids[1:]):
        last = index == len(grids) - 2
        name = "decoder.logits" if last else f"decoder.conv.{index}"
        size = tf.stack([count, *below])
        grid = tf.nn.conv2d_transpose(grid, parameters[f"{name}.kernel"], size, STRIDE, "SAME")
        grid = grid + parameters[f"{name}.bias"]
        grid = grid if last else tf.nn.relu(grid)
    (top, left), _ = margins(architecture)
    height, width, _ = architecture.image_shape
    return tf.reshape(grid[:, top : top + height, left : left + width], [-1, architecture.pixels])


def margins(architecture: Architecture) -> tuple[tuple[int, int], tuple[int, int]]:
    """Return the rows and columns of zeros before the image, and those after it."""
    missing = [padded - side for padded, side in zip(architecture.grids[0], architecture.image_shape, strict=True)]
    before = missing[0] // 2, missing[1] // 2
    return before, (missing[0] - before[0], missing[1] - before[1])


def encode(architecture: Architecture, parameters: Parameters, x: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Return μ and σ [n, d] of q(z|x) for flat images ``x`` [n, pixels] in 0–1; σ = softplus(a) + 1e-4.

    ValueError if there is a decoder alone.
    """
    if isinstance(architecture, ImportedArchitecture):
        return _imported_posterior(architecture, parameters, x)
    features = convolved(architecture, parameters, x) if architecture.network == "conv" else x
    hidden = hidden_stack(parameters, "encoder", features)
    loc = dense(parameters, "encoder.loc", hidden)
    scale = tf.nn.softplus(dense(parameters, "encoder.scale", hidden)) + SCALE_FLOOR
    return loc, scale


def decode(architecture: Architecture, parameters: Parameters, z: tf.Tensor) -> tf.Tensor:
    """Return the logits [n, pixels] of p(x|z) for latents ``z`` [n, d]."""
    if isinstance(architecture, ImportedArchitecture):
        pixels = _imported_pixels(architecture, parameters, z)
        return pixels if architecture.output == "logits" else _logit(pixels)
    hidden = hidden_stack(parameters, "decoder", z)
    if architecture.network == "dense":
        return dense(parameters, "decoder.logits", hidden)
    return deconvolved(architecture, parameters, tf.nn.relu(dense(parameters, "decoder.grid", hidden)))


def image(architecture: Architecture, parameters: Parameters, z: tf.Tensor) -> tf.Tensor | None:
    """Return the image [n, pixels] in 0–1 of a decoder that makes no logits; None of any other."""
    if isinstance(architecture, ImportedArchitecture) and architecture.output == "image":
        return _imported_pixels(architecture, parameters, z)
    return None


def _imported_pixels(architecture: ImportedArchitecture, parameters: Parameters, z: tf.Tensor) -> tf.Tensor:
    (pixels,) = run(architecture.decoder, _held(architecture, parameters), [z])
    return tf.reshape(pixels, [-1, architecture.pixels])


def _held(architecture: ImportedArchitecture, parameters: Parameters) -> Tensors:
    """Return parameters of which some have no gradient, so that training leaves them alone."""
    frozen = architecture.frozen
    return {name: tf.stop_gradient(value) if name in frozen else value for name, value in parameters.items()}


def _imported_posterior(
    architecture: ImportedArchitecture, parameters: Parameters, x: tf.Tensor
) -> tuple[tf.Tensor, tf.Tensor]:
    if architecture.encoder is None:
        raise ValueError("this model is a decoder alone: it encodes no images")
    images = tf.reshape(x, [-1, *architecture.image_shape])
    loc, scale = run(architecture.encoder, _held(architecture, parameters), [images])
    return loc, scale


def _logit(image: tf.Tensor) -> tf.Tensor:
    inside = tf.clip_by_value(image, IMAGE_FLOOR, 1.0 - IMAGE_FLOOR)
    return tf.math.log(inside) - tf.math.log1p(-inside)
