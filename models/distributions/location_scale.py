"""Families z = loc + scale·ε on the whole line with elementary distribution functions.

Densities and moments as in Johnson, Kotz & Balakrishnan, Continuous Univariate Distributions, chapters 16 (Cauchy),
22 (Gumbel), 23 (logistic) and 24 (Laplace).
"""

from __future__ import annotations

from abc import abstractmethod
from typing import ClassVar

import tensorflow as tf

from models.distributions.base import Distribution, LocScaleParameters, Reparameterization
from models.numerics.special import open_uniform


class LocationScale(LocScaleParameters):
    """What the families share: ``loc``, ``scale`` > 0 and a standard member in terms of ε = (z − loc)/scale."""

    reparameterization_type: ClassVar[Reparameterization] = "location-scale"

    def noise_distribution(self) -> Distribution:
        """Return the member with location 0 and scale 1, the distribution of ε."""
        return type(self)(tf.zeros([], self.dtype), tf.ones([], self.dtype), validate=False)

    def _noise(self, shape: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
        return self._standard_quantile(open_uniform(shape, seed, self.dtype))

    def _from_noise(self, eps: tf.Tensor) -> tf.Tensor:
        return self.loc + self.scale * eps

    def _to_noise(self, z: tf.Tensor) -> tf.Tensor:
        return (z - self.loc) / self.scale

    def _log_prob(self, value: tf.Tensor) -> tf.Tensor:
        return self._standard_log_prob(self._to_noise(value)) - tf.math.log(self.scale)

    def _quantile(self, u: tf.Tensor) -> tf.Tensor:
        return self._from_noise(self._standard_quantile(u))

    @abstractmethod
    def _standard_log_prob(self, y: tf.Tensor) -> tf.Tensor: ...

    @abstractmethod
    def _standard_quantile(self, u: tf.Tensor) -> tf.Tensor: ...
