"""The Bernoulli distribution of a single success or failure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import tensorflow as tf

from models.distributions.base import Domain
from models.distributions.discrete import Counted, chances
from models.numerics.special import minus_abs


class Bernoulli(Counted):
    """Bernoulli distribution of 0 and 1, by ``logits`` or ``probs``; gradients by the score function only."""

    domains: ClassVar[Mapping[str, Domain]] = {"logits": "real"}

    def __init__(self, logits: object = None, probs: object = None, validate: bool = True) -> None:
        super().__init__({"logits": chances(type(self).__name__, logits, probs, validate)}, validate)

    def _most(self) -> tf.Tensor:
        return tf.constant(1.0, tf.float64)

    def _log_mass(self, k: tf.Tensor) -> tf.Tensor:
        return -tf.math.softplus(tf.where(k > 0.0, -self.logits, self.logits))

    def _tails(self, k: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        logits = self.logits + tf.zeros_like(k)
        last = k > 0.0
        one, none = tf.ones_like(k), tf.zeros_like(k)
        return tf.where(last, one, tf.sigmoid(-logits)), tf.where(last, none, tf.sigmoid(logits))

    def _mean(self) -> tf.Tensor:
        return tf.sigmoid(self.logits)

    def _variance(self) -> tf.Tensor:
        return tf.sigmoid(self.logits) * tf.sigmoid(-self.logits)

    def _entropy(self) -> tf.Tensor:
        rest = minus_abs(self.logits)
        return tf.math.softplus(rest) - rest * tf.sigmoid(rest)
