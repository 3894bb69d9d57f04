"""A model as plain Keras models: layers and operations of Keras only, so that nothing of this package is needed.

``encoder``: images [n, h, w, c] in 0–1 → μ and σ [n, d]. ``decoder``: z [n, d] → images [n, h, w, c], or their logits.
``vae``: images → decoder(μ), with both as its layers.
"""

from __future__ import annotations

from typing import Literal

import keras
import numpy as np

from models.architecture import LOG_VARIANCE
from models.networks import SCALE_FLOOR
from models.opening import OpenedModel
from models.protocol import Floats32, InputError, Likelihood

Output = Literal["image", "logits"]


class _Layers:
    """Dense layers with the weights of a model, each of which must find its place."""

    def __init__(self, opened: OpenedModel) -> None:
        self._opened = opened
        self._left = set(opened.parameters) - {LOG_VARIANCE}
        self._weights: list[tuple[keras.layers.Dense, list[Floats32]]] = []

    def dense(self, name: str, inputs: keras.KerasTensor, activation: str | None = None) -> keras.KerasTensor:
        """Apply the affine layer ``name`` and an activation."""
        weights = [self._opened.parameters[f"{name}.{part}"] for part in ("kernel", "bias")]
        self._left -= {f"{name}.kernel", f"{name}.bias"}
        layer = keras.layers.Dense(weights[1].shape[0], activation, name=name.replace(".", "_"))
        self._weights.append((layer, weights))
        return layer(inputs)

    def stack(self, name: str, inputs: keras.KerasTensor) -> keras.KerasTensor:
        """Apply the ReLU layers ``name.hidden.0``, ``name.hidden.1``, … in turn."""
        for index in range(len(self._opened.architecture.hidden)):
            inputs = self.dense(f"{name}.hidden.{index}", inputs, "relu")
        return inputs

    def fill(self) -> None:
        """Give all layers their weights; :class:`InputError` if some are left over."""
        if self._left:
            raise InputError(self._opened.info.name, f"Keras has no layer here for its {min(self._left)}")
        for layer, weights in self._weights:
            layer.set_weights(weights)


def keras_models(opened: OpenedModel, output: Output) -> dict[str, keras.Model]:
    """Return ``vae``, ``encoder`` and ``decoder``; the decoder gives means of p(x|z), or logits."""
    layers, architecture = _Layers(opened), opened.architecture
    image = keras.Input(architecture.image_shape, name="image")
    hidden = layers.stack("encoder", keras.layers.Reshape((architecture.pixels,), name="pixels")(image))
    loc = layers.dense("encoder.loc", hidden)
    softplus = layers.dense("encoder.scale", hidden, "softplus")
    scale = keras.layers.Rescaling(1.0, SCALE_FLOOR, name="scale")(softplus)
    z = keras.Input((architecture.latent_dim,), name="z")
    logits = layers.dense("decoder.logits", layers.stack("decoder", z))
    values = logits if output == "logits" else _mean_image(logits, architecture.likelihood)
    shaped = keras.layers.Reshape(architecture.image_shape, name=output)(values)
    encoder = keras.Model(image, [loc, scale], name="encoder")
    decoder = keras.Model(z, shaped, name="decoder")
    layers.fill()
    whole = keras.Input(architecture.image_shape, name="image")
    vae = keras.Model(whole, decoder(encoder(whole)[0]), name="vae")
    return {"vae": vae, "encoder": encoder, "decoder": decoder}


def _mean_image(logits: keras.KerasTensor, likelihood: Likelihood) -> keras.KerasTensor:
    """Return E[x|z] as :func:`models.networks.mean_image` does."""
    if likelihood != "continuous_bernoulli":
        return keras.layers.Activation("sigmoid", name="mean")(logits)
    ops = keras.ops
    small = ops.less(ops.abs(logits), 0.5)
    safe = ops.where(small, np.float32(1.0), logits)
    closed = 0.5 + 0.5 / ops.tanh(0.5 * safe) - 1.0 / safe
    square = logits * logits
    series = 0.5 + logits * (1.0 / 12.0 - square * (1.0 / 720.0 - square / 30240.0))
    return ops.where(small, series, closed)
