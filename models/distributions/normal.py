"""The normal distribution, the posterior and the prior of every VAE unless another family is chosen."""

from __future__ import annotations

import tensorflow as tf

from models.distributions.location_scale import LocationScale
from models.numerics.special import LOG_SQRT_TWO_PI, log_ndtr, ndtr, normal_score, standard_normal


class Normal(LocationScale):
    """Normal distribution with mean ``loc`` and standard deviation ``scale`` > 0; z = loc + scale·ε."""

    def _noise(self, shape: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
        return standard_normal(shape, seed, self.dtype)

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
        return self._from_noise(normal_score(u))

    def _mean(self) -> tf.Tensor:
        return self.loc

    def _variance(self) -> tf.Tensor:
        return tf.square(self.scale)

    def _entropy(self) -> tf.Tensor:
        return 0.5 + LOG_SQRT_TWO_PI + tf.math.log(self.scale)
