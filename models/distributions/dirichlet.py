"""The Dirichlet distribution of probabilities that add up to 1: gammas divided by their sum."""

from __future__ import annotations

import math

import tensorflow as tf

from models.distributions.base import Reparameterization
from models.distributions.vector import VectorDistribution, checked_vector
from models.numerics.log_gamma import binet, binet_slope
from models.numerics.rejection import log_standard_gamma
from models.numerics.special import LOG_SQRT_TWO_PI, edge_power, wide


class Dirichlet(VectorDistribution):
    """Dirichlet distribution with ``concentration`` [..., k] > 0, on vectors that are positive and add up to 1.

    The noise of a value is a vector of gammas' logarithms up to their sum; the path runs through all of them.
    """

    reparameterization_type: Reparameterization = "implicit"

    def __init__(self, concentration: object, validate: bool = True) -> None:
        (self.concentration,) = checked_vector(self.name, validate, concentration=(concentration, True))
        super().__init__(self.concentration)

    def _noise(self, shape: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
        return log_standard_gamma(self.concentration, shape, seed)

    def from_noise(self, eps: object) -> tf.Tensor:
        """Return the normalized gammas of which ``eps`` are the logarithms."""
        return tf.nn.softmax(self._value(eps))

    def to_noise(self, z: object) -> tf.Tensor:
        """Return logarithms of gammas that make ``z``; their common factor, which z does not know, is 1."""
        return tf.math.log(self._value(z))

    def log_prob(self, value: object) -> tf.Tensor:
        """Return the log density [...] on the simplex in nats, −∞ off it (by more than rounding)."""
        z, a = self._value(value), self.concentration
        slack = 1e-5 if self.dtype == tf.float32 else 1e-12
        off = tf.reduce_any(z < 0.0, -1) | (tf.abs(tf.reduce_sum(z, -1) - 1.0) > slack)
        inside = tf.where(off[..., tf.newaxis], tf.ones_like(z), z)
        # At several edges one power may be 0 and another infinite: what their product tends to is decided by their sum.
        edge = tf.equal(inside, 0.0)
        rest = self._log_powers(inside, edge)
        together = tf.reduce_sum(tf.where(edge, a - 1.0, tf.zeros_like(inside)), -1)
        nearest = tf.where(tf.reduce_any(edge, -1), tf.zeros_like(together), tf.ones_like(together))
        log_prob = rest + edge_power(together, nearest)
        return tf.where(off, tf.constant(-math.inf, self.dtype), log_prob)

    def _log_powers(self, z: tf.Tensor, edge: tf.Tensor) -> tf.Tensor:
        """Return Σ (aᵢ − 1) log zᵢ − log B(a) without the powers at an ``edge``, centred at the means mᵢ.

        With rᵢ = zᵢ/mᵢ, Σ aᵢ(rᵢ − 1) is A(Σ zᵢ − 1), A the sum of all aᵢ. Taken off and added, it leaves terms
        aᵢ(log rᵢ − (rᵢ − 1)), in which the large parts cancel one by one.
        """
        a, exact = self.concentration, tf.stop_gradient(wide(self.concentration))
        total = tf.reduce_sum(exact, -1, keepdims=True)
        mean = exact / total
        ratio = z * tf.cast(1.0 / mean, self.dtype)
        log_ratio = tf.math.log(tf.where(edge, tf.ones_like(ratio), ratio))
        terms = (a - 1.0) * log_ratio - tf.stop_gradient(a) * (ratio - 1.0)
        left_out = tf.where(edge, (a - 1.0) * tf.cast(tf.math.log(mean), self.dtype), tf.zeros_like(terms))
        beyond = total[..., 0] * (tf.reduce_sum(wide(z), -1) - 1.0)
        constant = log_constant(wide(self.concentration))
        return tf.reduce_sum(terms - left_out, -1) + tf.cast(beyond + constant, self.dtype)

    def mean(self) -> tf.Tensor:
        """Return the means [..., k]."""
        return self.concentration / tf.reduce_sum(self.concentration, -1, keepdims=True)

    def variance(self) -> tf.Tensor:
        """Return the variances [..., k]."""
        mean, total = self.mean(), tf.reduce_sum(self.concentration, -1, keepdims=True)
        return mean * (1.0 - mean) / (total + 1.0)

    def entropy(self) -> tf.Tensor:
        """Return the entropy [...] in nats."""
        return tf.cast(dirichlet_entropy(wide(self.concentration)), self.dtype)


def log_constant(a: tf.Tensor) -> tf.Tensor:
    """Return Σ (aᵢ − 1) log mᵢ − log B(a) [...] in float64 of means mᵢ that are taken for constants.

    Of the powers of the means in B only the derivative is left: their difference is 0.
    """
    total = tf.reduce_sum(a, -1, keepdims=True)
    log_mean = tf.math.log(a / total)
    fixed = tf.stop_gradient(log_mean)
    each = (a - 0.5) * (fixed - log_mean) - 0.5 * fixed - LOG_SQRT_TWO_PI - binet(a)
    size, whole = tf.cast(tf.shape(a)[-1], a.dtype), total[..., 0]
    return tf.reduce_sum(each, -1) + LOG_SQRT_TWO_PI + binet(whole) + 0.5 * (size - 1.0) * tf.math.log(whole)


def dirichlet_entropy(a: tf.Tensor) -> tf.Tensor:
    """Return the entropy [...] of a Dirichlet distribution, float64, in which the large terms have cancelled."""
    total = tf.reduce_sum(a, -1, keepdims=True)
    each = 0.5 * tf.math.log(a / total) + LOG_SQRT_TWO_PI + 0.5 - 0.5 / a + binet(a) - (a - 1.0) * binet_slope(a)
    size = tf.cast(tf.shape(a)[-1], a.dtype)
    total = total[..., 0]
    whole = 0.5 * (size - 1.0) * tf.math.log(total) + LOG_SQRT_TWO_PI + 0.5 - 0.5 * size / total
    return tf.reduce_sum(each, -1) - whole - binet(total) + (total - size) * binet_slope(total)
