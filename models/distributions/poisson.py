"""The Poisson distribution of the number of events that occur independently at a rate.

Johnson, Kemp & Kotz 2005, Univariate Discrete Distributions, chapter 4.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import tensorflow as tf

from models.distributions.base import Domain
from models.distributions.discrete import Discrete
from models.numerics.incomplete_gamma import igamma, igammac
from models.numerics.log_gamma import binet, excess
from models.numerics.special import LOG_SQRT_TWO_PI


class Poisson(Discrete):
    """Poisson distribution of 0, 1, 2 … with mean and variance ``rate``; gradients by the score function only."""

    domains: ClassVar[Mapping[str, Domain]] = {"rate": "positive"}
    rate: tf.Tensor

    def __init__(self, rate: object, validate: bool = True) -> None:
        super().__init__({"rate": rate}, validate)

    def _log_mass(self, k: tf.Tensor) -> tf.Tensor:
        """Return it around its mode: −k(λ/k − 1 − log(λ/k)) − ½ log 2πk − β(k)."""
        none = tf.equal(k, 0.0)
        some = tf.where(none, tf.ones_like(k), k)
        inside = -some * excess(self.rate, some) - 0.5 * tf.math.log(some) - LOG_SQRT_TWO_PI - binet(some)
        return tf.where(none, -self.rate, inside)

    def _tails(self, k: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        rate = self.rate + tf.zeros_like(k)
        return igammac(k + 1.0, rate), igamma(k + 1.0, rate)

    def _mean(self) -> tf.Tensor:
        return self.rate

    def _variance(self) -> tf.Tensor:
        return self.rate
