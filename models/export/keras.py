"""A model as plain Keras models: layers and operations of Keras only, so that nothing of this package is needed.

``encoder``: images [n, h, w, c] in 0–1 → μ and σ [n, d]. ``decoder``: z [n, d] → images [n, h, w, c], or their logits.
``vae``: images → decoder(μ), with both as its layers.
"""

from __future__ import annotations

from typing import Literal

import keras
import numpy as np

from models.core.arrays import Floats32
from models.core.errors import UserError
from models.core.settings import Likelihood
from models.vae.architecture import KERNEL, LOG_VARIANCE
from models.vae.imported import ImportedArchitecture
from models.vae.model_file import OpenedModel
from models.vae.networks import SCALE_FLOOR, STRIDE, margins

Output = Literal["image", "logits"]
CONVOLUTION = {"kernel_size": KERNEL, "strides": STRIDE, "padding": "same"}


class _Layers:
    """Layers with the weights of a model, each of which must find its place."""

    def __init__(self, opened: OpenedModel) -> None:
        self._opened = opened
        self._left = set(opened.parameters) - {LOG_VARIANCE}
        self._weights: list[tuple[keras.Layer, list[Floats32]]] = []

    def dense(self, name: str, inputs: keras.KerasTensor, activation: str | None = None) -> keras.KerasTensor:
        """Apply the affine layer ``name`` and an activation."""
        return self._apply(name, inputs, keras.layers.Dense, activation=activation)

    def _apply(
        self, name: str, inputs: keras.KerasTensor, kind: type[keras.Layer], **options: object
    ) -> keras.KerasTensor:
        """Apply a layer of this ``kind`` with as many outputs as ``name`` has biases."""
        weights = [self._opened.parameters[f"{name}.{part}"] for part in ("kernel", "bias")]
        self._left -= {f"{name}.kernel", f"{name}.bias"}
        layer = kind(weights[1].shape[0], name=name.replace(".", "_"), **options)
        self._weights.append((layer, weights))
        return layer(inputs)

    def encoded(self, image: keras.KerasTensor) -> keras.KerasTensor:
        """Return the flat image, or in a convolutional network the flat features."""
        if self._opened.architecture.network == "conv":
            image = keras.layers.ZeroPadding2D(self._margins(), name="padded")(image)
            for index in range(len(self._opened.architecture.channels)):
                name = f"encoder.conv.{index}"
                image = self._apply(name, image, keras.layers.Conv2D, activation="relu", **CONVOLUTION)
        return keras.layers.Flatten(name="flat")(image)

    def decoded(self, hidden: keras.KerasTensor) -> keras.KerasTensor:
        """Return the logits, flat or in a convolutional network as an image."""
        grids = self._opened.architecture.grids[::-1]
        if len(grids) == 1:
            return self.dense("decoder.logits", hidden)
        grid = keras.layers.Reshape(grids[0], name="grid")(self.dense("decoder.grid", hidden, "relu"))
        for index in range(len(grids) - 2):
            name = f"decoder.conv.{index}"
            grid = self._apply(name, grid, keras.layers.Conv2DTranspose, activation="relu", **CONVOLUTION)
        logits = self._apply("decoder.logits", grid, keras.layers.Conv2DTranspose, **CONVOLUTION)
        return keras.layers.Cropping2D(self._margins(), name="cropped")(logits)

    def _margins(self) -> tuple[tuple[int, int], ...]:
        return tuple(zip(*margins(self._opened.architecture), strict=True))

    def stack(self, name: str, inputs: keras.KerasTensor) -> keras.KerasTensor:
        """Apply the ReLU layers ``name.hidden.0``, ``name.hidden.1``, … in turn."""
        for index in range(len(self._opened.architecture.hidden)):
            inputs = self.dense(f"{name}.hidden.{index}", inputs, "relu")
        return inputs

    def fill(self) -> None:
        """Give all layers their weights; :class:`UserError` if some are left over."""
        if self._left:
            raise UserError(self._opened.info.name, f"Keras has no layer here for its {min(self._left)}")
        for layer, weights in self._weights:
            layer.set_weights(weights)


def keras_models(opened: OpenedModel, output: Output) -> dict[str, keras.Model]:
    """Return ``vae``, ``encoder`` and ``decoder``; the decoder gives means of p(x|z), or logits."""
    if isinstance(opened.architecture, ImportedArchitecture):
        raise UserError(opened.info.name, "this model was imported, and only those trained here are exported to Keras")
    layers, architecture = _Layers(opened), opened.architecture
    image = keras.Input(architecture.image_shape, name="image")
    hidden = layers.stack("encoder", layers.encoded(image))
    loc = layers.dense("encoder.loc", hidden)
    softplus = layers.dense("encoder.scale", hidden, "softplus")
    scale = keras.layers.Rescaling(1.0, SCALE_FLOOR, name="scale")(softplus)
    z = keras.Input((architecture.latent_dim,), name="z")
    logits = layers.decoded(layers.stack("decoder", z))
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
