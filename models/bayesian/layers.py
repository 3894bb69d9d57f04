"""Layers for plain Keras 3 models, some of whose weights are distributions."""

from __future__ import annotations

import math
from typing import Any, Literal, get_args

import keras
import tensorflow as tf

from models.distributions import FAMILIES, Distribution, Normal, kl_divergence
from models.distributions.location_scale import LocationScale
from models.estimators.weight_noise import flipout, local_reparameterization, shared_noise

Noise = Literal["local", "flipout", "shared"]
# Flipped signs leave their distribution as it is.
SYMMETRIC = ("Normal", "Laplace", "Logistic")


@keras.saving.register_keras_serializable("latentscape")
class BayesianDense(keras.layers.Layer):
    """A dense layer whose kernel is drawn anew in every call, also at prediction; the bias is a number.

    Each weight has a location and a scale > 0 of its own. KL(posterior ‖ N(0, prior_scale²)) in nats, times
    ``kl_weight``, is added to the loss: with a loss that is a mean over n examples, ``kl_weight`` is 1/n.

    Parameters
    ----------
    units : int
        Number of outputs.
    posterior : type or str
        Normal, Laplace or Logistic; local reparameterization needs Normal, whose sums are normal.
    noise : {"local", "flipout", "shared"}
        How the examples of a batch get their noise, see :mod:`models.estimators.weight_noise`.
    prior_scale, initial_scale : float
        Standard deviation of the prior, and the scale of every weight at first.
    kl_weight : float
        Factor of the divergence in the loss.
    seed : int
        Of the noise and the first locations.
    """

    def __init__(
        self,
        units: int,
        posterior: type[Distribution] | str = Normal,
        noise: Noise = "local",
        **options: Any,  # noqa: ANN401
    ) -> None:
        numbers = {
            "prior_scale": options.pop("prior_scale", 1.0), "initial_scale": options.pop("initial_scale", 0.05),
            "kl_weight": options.pop("kl_weight", 1.0), "seed": options.pop("seed", 0),
        }  # fmt: skip
        super().__init__(**options)
        self._numbers = numbers
        self.units, self.noise = units, noise
        self.posterior = _family(posterior, noise)
        self.seed_generator = keras.random.SeedGenerator(self._numbers["seed"])

    def build(self, shape: tuple[int | None, ...]) -> None:
        """Create locations, scales (as inverse softplus) and biases for inputs of ``shape`` [n, in]."""
        kernel = (shape[-1], self.units)
        start = math.log(math.expm1(self._numbers["initial_scale"]))
        glorot = keras.initializers.GlorotUniform(self._numbers["seed"])
        self.loc = self.add_weight(shape=kernel, initializer=glorot, name="loc")
        self.raw_scale = self.add_weight(shape=kernel, initializer=keras.initializers.Constant(start), name="raw_scale")
        self.bias = self.add_weight(shape=(self.units,), initializer="zeros", name="bias")

    def call(self, inputs: tf.Tensor) -> tf.Tensor:
        """Return outputs [n, units] for ``inputs`` [n, in], and add the divergence to the loss."""
        loc, scale = tf.convert_to_tensor(self.loc), tf.nn.softplus(tf.convert_to_tensor(self.raw_scale))
        prior = Normal(tf.zeros([]), tf.constant(self._numbers["prior_scale"], tf.float32))
        divergence = kl_divergence(self.posterior(loc, scale, validate=False), prior)
        self.add_loss(self._numbers["kl_weight"] * tf.reduce_sum(divergence))
        return self._drawn(inputs, loc, scale) + self.bias

    def _drawn(self, inputs: tf.Tensor, loc: tf.Tensor, scale: tf.Tensor) -> tf.Tensor:
        outputs = tf.stack([tf.shape(inputs)[0], self.units])
        if self.noise == "local":
            eps = tf.random.stateless_normal(outputs, self._seed())
            return local_reparameterization(inputs, loc, scale, eps)
        standard = self.posterior(tf.zeros_like(loc), tf.ones_like(scale), validate=False)
        eps = standard.sample(1, _whole(self._seed()))[0]
        if self.noise == "shared":
            return shared_noise(inputs, loc, scale, eps)
        flips = [_signs(shape, self._seed()) for shape in (tf.shape(inputs), outputs)]
        return flipout(inputs, loc, scale, eps, *flips)

    def _seed(self) -> tf.Tensor:
        return tf.cast(self.seed_generator.next(), tf.int64)

    def get_config(self) -> dict[str, Any]:
        """Return what the layer is made from again when a model is loaded."""
        own = {"units": self.units, "posterior": self.posterior.__name__, "noise": self.noise}
        return {**super().get_config(), **own, **self._numbers}


def _family(posterior: type[Distribution] | str, noise: Noise) -> type[LocationScale]:
    """Return the class of a posterior; ValueError if it does not go with the noise."""
    kind = FAMILIES.get(posterior) if isinstance(posterior, str) else posterior
    allowed = ("Normal",) if noise == "local" else SYMMETRIC
    if noise not in get_args(Noise):
        raise ValueError(f"noise is one of {', '.join(get_args(Noise))}, not {noise!r}")
    if kind is None or not issubclass(kind, LocationScale) or kind.__name__ not in allowed:
        raise ValueError(f"with {noise} noise the posterior is one of {', '.join(allowed)}, not {posterior}")
    return kind


def _whole(seed: tf.Tensor) -> tf.Tensor:
    """Return two numbers below 2³² as one."""
    return seed[0] * 2**32 + seed[1]


def _signs(shape: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
    return tf.where(tf.random.stateless_uniform(shape, seed) < 0.5, -1.0, 1.0)
