"""The network in NumPy, from the model file alone: what a picture or a posterior should be."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import load_file

Array = NDArray[np.float64]


class NumpyVAE:
    """A dense VAE with a Bernoulli likelihood, in float64."""

    def __init__(self, path: Path) -> None:
        self.weights = {name: values.astype(np.float64) for name, values in load_file(path).items()}

    def decode(self, z: NDArray[np.floating]) -> Array:
        """Return the mean images [n, 28, 28, 1] of latents [n, d]."""
        logits = self._layer("decoder.logits", self._hidden("decoder", np.asarray(z, np.float64)))
        return (1.0 / (1.0 + np.exp(-logits))).reshape(-1, 28, 28, 1)

    def encode(self, images: NDArray[np.uint8]) -> tuple[Array, Array]:
        """Return means and standard deviations [n, d] of images uint8 [n, 28, 28, 1]."""
        hidden = self._hidden("encoder", images.reshape(len(images), -1) / 255.0)
        scale = np.log1p(np.exp(self._layer("encoder.scale", hidden))) + 1e-4
        return self._layer("encoder.loc", hidden), scale

    def _hidden(self, name: str, values: Array) -> Array:
        number = 0
        while f"{name}.hidden.{number}.kernel" in self.weights:
            values = np.maximum(self._layer(f"{name}.hidden.{number}", values), 0.0)
            number += 1
        return values

    def _layer(self, name: str, values: Array) -> Array:
        return values @ self.weights[f"{name}.kernel"] + self.weights[f"{name}.bias"]
