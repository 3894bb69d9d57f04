"""Bases of the families with a location and a scale."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from typing import ClassVar

import tensorflow as tf

from models.distributions.base import Distribution, Domain, Reparameterization
from models.numerics.special import open_uniform, wide


class LocScaleParameters(Distribution):
    """The parameters ``loc`` and ``scale`` > 0, in this order; z need not be a straight line of ε."""

    domains: ClassVar[Mapping[str, Domain]] = {"loc": "real", "scale": "positive"}
    loc: tf.Tensor
    scale: tf.Tensor

    def __init__(self, loc: object, scale: object, validate: bool = True) -> None:
        super().__init__({"loc": loc, "scale": scale}, validate)

    def _noise_of_line(self, line: tf.Tensor) -> tf.Tensor:
        """Return (line − loc)/scale of a float64 line, rounded: at a small scale, float32 has too few digits of it."""
        return tf.cast((line - wide(self.loc)) / wide(self.scale), self.dtype)


class LocationScale(LocScaleParameters):
    """A standard member that ``scale`` stretches and ``loc`` moves: z = loc + scale·ε."""

    reparameterization_type: ClassVar[Reparameterization] = "location-scale"

    def noise_distribution(self) -> Distribution:
        """Return the member with location 0 and scale 1, the distribution of ε."""
        return type(self)(tf.zeros([], self.dtype), tf.ones([], self.dtype), validate=False)

    def _from_noise(self, eps: tf.Tensor) -> tf.Tensor:
        return self.loc + self.scale * eps

    def _to_noise(self, z: tf.Tensor) -> tf.Tensor:
        # The difference is formed before the division: loc/scale alone would lose the digits of a large location.
        return (z - self.loc) / self.scale


class StandardQuantile(LocationScale):
    """Families whose standard member has an elementary quantile, by which noise is drawn too."""

    def _noise(self, shape: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
        return self._standard_quantile(open_uniform(shape, seed, self.dtype))

    def _log_prob(self, value: tf.Tensor) -> tf.Tensor:
        return self._standard_log_prob(self._to_noise(value)) - tf.math.log(self.scale)

    def _log_prob_at_noise(self, eps: tf.Tensor) -> tf.Tensor:
        return self._standard_log_prob(eps + tf.zeros_like(self.loc)) - tf.math.log(self.scale)

    def _quantile(self, u: tf.Tensor) -> tf.Tensor:
        return self._from_noise(self._standard_quantile(u))

    @abstractmethod
    def _standard_log_prob(self, y: tf.Tensor) -> tf.Tensor: ...

    @abstractmethod
    def _standard_quantile(self, u: tf.Tensor) -> tf.Tensor: ...
