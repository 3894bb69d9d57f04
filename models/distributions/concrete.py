"""The Concrete distribution, also called Gumbel-softmax: a relaxed choice of one of k.

Maddison, Mnih & Teh 2017, The Concrete distribution; Jang, Gu & Poole 2017, Categorical reparameterization with
Gumbel-softmax.
"""

from __future__ import annotations

import math

import numpy as np
import tensorflow as tf

from models.distributions.base import Reparameterization
from models.distributions.vector import VectorDistribution, checked_vector
from models.numerics.special import open_uniform


class Concrete(VectorDistribution):
    """Concrete distribution on the simplex, z = softmax((logits + ε)/temperature) with ε standard Gumbel.

    For every temperature P(argmax z = i) = softmax(logits)_i; as it falls, z nears the corners of the simplex.

    Parameters
    ----------
    temperature : tensor [...]
        Positive; one for each vector.
    logits : tensor [..., k]
        Logarithms of the probabilities of the classes, up to a constant.
    """

    reparameterization_type: Reparameterization = "location-scale"

    def __init__(self, temperature: object, logits: object, validate: bool = True) -> None:
        column = _with_axis(temperature)
        column, self.logits = checked_vector(self.name, validate, temperature=(column, True), logits=(logits, False))
        self.temperature = column[..., 0]
        self._column = column
        super().__init__(self.logits + tf.zeros_like(column))

    @property
    def probs(self) -> tf.Tensor:
        """The probabilities π [..., k] of the classes."""
        return tf.nn.softmax(self.logits)

    def _noise(self, shape: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
        return -tf.math.log(-tf.math.log(open_uniform(shape, seed, self.dtype)))

    def from_noise(self, eps: object) -> tf.Tensor:
        """Return softmax((logits + ε)/temperature)."""
        return tf.exp(self._log_of_noise(self._value(eps)))

    def to_noise(self, z: object) -> tf.Tensor:
        """Return ε that makes ``z``; the constant that all its entries share, which z does not know, is 0."""
        return self._column * tf.math.log(self._value(z)) - self.logits

    def log_prob(self, value: object) -> tf.Tensor:
        """Return the log density [...] on the open simplex in nats, −∞ off it (by more than rounding).

        At a low temperature entries of samples underflow to 0: :meth:`log_prob_at_noise` stays finite there.
        """
        z = self._value(value)
        slack = 1e-5 if self.dtype == tf.float32 else 1e-12
        off = tf.reduce_any(z <= 0.0, -1) | (tf.abs(tf.reduce_sum(z, -1) - 1.0) > slack)
        inside = tf.where(off[..., tf.newaxis], tf.ones_like(z), z)
        log_z = tf.math.log(inside)
        density = self._log_prob_of_log(log_z, self.logits - self._column * log_z)
        return tf.where(off, tf.constant(-math.inf, self.dtype), density)

    def log_prob_at_noise(self, eps: object) -> tf.Tensor:
        """Return the log density [...] at ``from_noise(eps)``, where an entry of that value may be 0 by rounding.

        What is normalized there, logits − τ·log z, is −ε up to a constant: no parameter is left in it.
        """
        noise = self._value(eps)
        return self._log_prob_of_log(self._log_of_noise(noise), -noise)

    def _log_of_noise(self, eps: tf.Tensor) -> tf.Tensor:
        """Return log softmax((logits + ε)/temperature); what needs both finds the same sum twice."""
        pulls = (self.logits + eps) / self._column
        return pulls - tf.reduce_logsumexp(pulls, -1, keepdims=True)

    def _log_prob_of_log(self, log_z: tf.Tensor, pulls: tf.Tensor) -> tf.Tensor:
        """Return log[(k − 1)! τᵏ⁻¹ Π(πᵢ zᵢ⁻ᵗ⁻¹) / (Σ πⱼ zⱼ⁻ᵗ)ᵏ], Maddison et al. 2017, eq. 22; pulls = log πᵢ zᵢ⁻ᵗ."""
        k = tf.cast(tf.shape(self.like)[-1], self.dtype)
        away = pulls - tf.reduce_logsumexp(pulls, -1, keepdims=True)
        constant = tf.math.lgamma(k) + (k - 1.0) * tf.math.log(self.temperature)
        return constant + tf.reduce_sum(away - log_z, -1)


def _with_axis(temperature: object) -> object:
    """Return the temperature with an event axis; a number takes the dtype of the logits."""
    if isinstance(temperature, np.ndarray | np.generic | tf.Variable) or tf.is_tensor(temperature):
        return tf.convert_to_tensor(temperature)[..., tf.newaxis]
    return np.asarray(temperature, np.float32)[..., np.newaxis].tolist()
