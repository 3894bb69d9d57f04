"""Encoder and decoder as functions of their parameters, so that a compiled loop can carry the parameters along."""

from __future__ import annotations

from collections.abc import Mapping

import tensorflow as tf

from models.protocol import Likelihood

Parameters = Mapping[str, tf.Tensor]

# softplus(-90) is 0 in float32: without a floor log σ would be -inf and its gradient NaN.
SCALE_FLOOR = 1e-4


def dense(parameters: Parameters, name: str, inputs: tf.Tensor) -> tf.Tensor:
    """Apply the affine layer ``name`` to ``inputs`` [n, i] and return [n, o]."""
    return tf.linalg.matmul(inputs, parameters[f"{name}.kernel"]) + parameters[f"{name}.bias"]


def hidden_stack(parameters: Parameters, name: str, inputs: tf.Tensor) -> tf.Tensor:
    """Apply the ReLU layers ``name.hidden.0``, ``name.hidden.1``, … in turn."""
    index = 0
    while f"{name}.hidden.{index}.kernel" in parameters:
        inputs = tf.nn.relu(dense(parameters, f"{name}.hidden.{index}", inputs))
        index += 1
    return inputs


def encode(parameters: Parameters, x: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Return μ and σ [n, d] of q(z|x) for flat images ``x`` [n, pixels] in 0–1; σ = softplus(a) + 1e-4."""
    hidden = hidden_stack(parameters, "encoder", x)
    loc = dense(parameters, "encoder.loc", hidden)
    scale = tf.nn.softplus(dense(parameters, "encoder.scale", hidden)) + SCALE_FLOOR
    return loc, scale


def decode(parameters: Parameters, z: tf.Tensor) -> tf.Tensor:
    """Return the logits [n, pixels] of p(x|z) for latents ``z`` [n, d]."""
    return dense(parameters, "decoder.logits", hidden_stack(parameters, "decoder", z))


def mean_image(logits: tf.Tensor, likelihood: Likelihood) -> tf.Tensor:
    """Return E[x|z] in 0–1 from ``logits`` [..., pixels].

    The Bernoulli and the Gaussian have mean sigmoid(logits). The continuous Bernoulli with λ = sigmoid(logits) has
    mean λ/(2λ − 1) + 1/(2 artanh(1 − 2λ)) (Loaiza-Ganem & Cunningham 2019); with a = logits this is
    ½ + ½ coth(a/2) − 1/a, whose series ½ + a/12 − a³/720 is used near 0.
    """
    if likelihood != "continuous_bernoulli":
        return tf.sigmoid(logits)
    small = tf.abs(logits) < 0.5
    safe = tf.where(small, tf.ones_like(logits), logits)
    closed = 0.5 + 0.5 / tf.tanh(0.5 * safe) - 1.0 / safe
    square = logits * logits
    series = 0.5 + logits * (1.0 / 12.0 - square * (1.0 / 720.0 - square / 30240.0))
    return tf.where(small, series, closed)
