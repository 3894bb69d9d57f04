"""A trained VAE ready for use: its parameters as variables, and the functions of them compiled once."""

from __future__ import annotations

from functools import cached_property

import numpy as np
import tensorflow as tf

from models.core.arrays import Floats32
from models.numerics.tracing import traced
from models.vae import networks
from models.vae.architecture import Architecture, ParameterArrays
from models.vae.latent_space import Divergence, LatentSpace
from models.vae.likelihoods import mean_image


class VAE:
    """A variational autoencoder (Kingma & Welling 2014) with compiled functions of any batch size n.

    Other parameters of the same architecture are assigned to the variables, so that nothing is traced again: a model
    that is being trained can be reloaded between two frames of a drag.

    Shapes are not checked here; :mod:`models.vae.sampling` does. With wrong ones TensorFlow raises ValueError or
    InvalidArgumentError.

    Parameters
    ----------
    architecture : Architecture
        Images have its ``image_shape`` (h, w, c), latents its ``latent_dim`` d.
    parameters : mapping of str to array float32
        All of :meth:`Architecture.shapes`, by name.

    Attributes
    ----------
    space : LatentSpace
        The families of q(z|x) and p(z).
    version : int
        How often :meth:`assign` has been called.
    """

    def __init__(self, architecture: Architecture, parameters: ParameterArrays) -> None:
        self.architecture = architecture
        self._variables = {
            name: tf.Variable(value, trainable=False, name=name.replace(".", "_")) for name, value in parameters.items()
        }
        self.version = 0
        self._most_at_once = architecture.most_at_once
        self.space = LatentSpace(architecture.posterior, architecture.prior)
        self._latents = tf.TensorSpec([None, architecture.latent_dim], tf.float32)
        self._images = tf.TensorSpec([None, *architecture.image_shape], tf.uint8)

    def assign(self, parameters: ParameterArrays) -> None:
        """Replace all parameters by others of the same architecture."""
        self.version += 1
        for name, value in parameters.items():
            self._variables[name].assign(value)

    def parameters(self) -> dict[str, tf.Tensor]:
        """Return the current parameters as tensors."""
        return {name: variable.read_value() for name, variable in self._variables.items()}

    def decode(self, z: Floats32) -> Floats32:
        """Return the mean images E[x|z], float32 [n, h, w, c] in 0–1, of latents ``z`` [n, d]."""
        parts = [_array(self._decode(tf.constant(part))) for part in self._parts(z)]
        return parts[0] if len(parts) == 1 else np.concatenate(parts)

    def encode(self, images: np.ndarray) -> tuple[Floats32, Floats32]:
        """Return location μ and scale σ of q(z|x), float32 [n, d], for uint8 ``images`` [n, h, w, c]."""
        parts = [self._encode(tf.constant(part)) for part in self._parts(images)]
        loc, scale = ([_array(part[index]) for part in parts] for index in (0, 1))
        return (loc[0], scale[0]) if len(parts) == 1 else (np.concatenate(loc), np.concatenate(scale))

    def spread(self, z: Floats32) -> tuple[Floats32, Floats32]:
        """Return mean and standard deviation over n of the mean images of ``z`` [n, d], both [h, w, c]."""
        if len(z) > self._most_at_once:
            return self._spread_in_parts(z)
        mean, std = self._spread(tf.constant(z))
        return _array(mean), _array(std)

    def _spread_in_parts(self, z: Floats32) -> tuple[Floats32, Floats32]:
        total, squares = (np.zeros(self.architecture.image_shape) for _ in range(2))
        for part in self._parts(z):
            images = _array(self._decode(tf.constant(part))).astype(np.float64)
            total, squares = total + images.sum(axis=0), squares + np.square(images).sum(axis=0)
        mean = total / len(z)
        variance = np.maximum(squares / len(z) - mean**2, 0.0)
        return mean.astype(np.float32), np.sqrt(variance).astype(np.float32)

    def _parts(self, batch: np.ndarray) -> list[np.ndarray]:
        """Return a batch in slices of which each keeps within the memory of a layer."""
        most = self._most_at_once
        return [batch[start : start + most] for start in range(0, max(len(batch), 1), most)]

    def logits(self, z: tf.Tensor) -> tf.Tensor:
        """Return the logits [n, pixels] of p(x|z) for latents ``z`` [n, d], differentiable in ``z``."""
        return networks.decode(self.architecture, self._variables, z)

    def pixels(self, z: tf.Tensor) -> tf.Tensor:
        """Return the mean images E[x|z] [n, pixels] of latents ``z`` [n, d], differentiable in ``z``."""
        image = networks.image(self.architecture, self._variables, z)
        return mean_image(self.logits(z), self.architecture.likelihood) if image is None else image

    @cached_property
    def divergence(self) -> Divergence:
        """KL(q ‖ p) of the latent families as a function of arrays of μ and σ [n, d], in nats."""
        return Divergence(self.space)

    # Each is traced at its first use: the first picture waits for decode alone.

    @cached_property
    def _decode(self) -> tf.types.experimental.ConcreteFunction:
        return traced(self._decode_graph, [self._latents])

    @cached_property
    def _encode(self) -> tf.types.experimental.ConcreteFunction:
        return traced(self._encode_graph, [self._images])

    @cached_property
    def _spread(self) -> tf.types.experimental.ConcreteFunction:
        return traced(self._spread_graph, [self._latents])

    def _decode_graph(self, z: tf.Tensor) -> tf.Tensor:
        return tf.reshape(self.pixels(z), [-1, *self.architecture.image_shape])

    def _encode_graph(self, images: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        flat = tf.reshape(images, [-1, self.architecture.pixels])
        return networks.encode(self.architecture, self._variables, tf.cast(flat, tf.float32) / 255.0)

    def _spread_graph(self, z: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        images = self._decode_graph(z)
        return tf.reduce_mean(images, axis=0), tf.math.reduce_std(images, axis=0)


def _array(tensor: tf.Tensor) -> Floats32:
    result: Floats32 = tensor.numpy()
    return result
