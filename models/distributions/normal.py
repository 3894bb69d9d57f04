"""The normal family N(loc, scale²), the posterior and the prior of every VAE here."""

from __future__ import annotations

from typing import ClassVar

import tensorflow as tf

from models.distributions.base import LocScaleParameters, Reparameterization
from models.numerics.special import LOG_SQRT_TWO_PI, log_ndtr, ndtr


class Normal(LocScaleParameters):
    """Normal distribution with mean ``loc`` and standard deviation ``scale`` > 0; z = loc + scale·ε."""

    reparameterization_type: ClassVar[Reparameterization] = "location-scale"

    def _from_noise(self, eps: tf.Tensor) -> tf.Tensor:
        return self.loc + self.scale * eps

    def _to_noise(self, z: tf.Tensor) -> tf.Tensor:
        # The difference is formed before the division: loc/scale alone would lose the digits of a large mean.
        return (z - self.loc) / self.scale

    def _log_prob(self, value: tf.Tensor) -> tf.Tensor:
        eps = self._to_noise(value)
        return -0.5 * eps * eps - tf.math.log(self.scale) - LOG_SQRT_TWO_PI

    def _cdf(self, value: tf.Tensor) -> tf.Tensor:
        return ndtr(self._to_noise(value))

    def _log_cdf(self, value: tf.Tensor) -> tf.Tensor:
        return log_ndtr(self._to_noise(value))

    def _survival_function(self, value: tf.Tensor) -> tf.Tensor:
        return ndtr(-self._to_noise(value))

    def _quantile(self, u: tf.Tensor) -> tf.Tensor:
        return self._from_noise(tf.math.ndtri(u))

    def _mean(self) -> tf.Tensor:
        return self.loc

    def _variance(self) -> tf.Tensor:
        return tf.square(self.scale)

    def _entropy(self) -> tf.Tensor:
        return 0.5 + LOG_SQRT_TWO_PI + tf.math.log(self.scale)
