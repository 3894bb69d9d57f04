"""The categorical distribution of a choice among several."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import tensorflow as tf

from models.distributions.base import Domain, ShapeError
from models.distributions.discrete import Counted, chances


class Categorical(Counted):
    """Categorical distribution of 0, 1, …, k − 1, by ``logits`` [..., k] or ``probs`` [..., k] that add up to 1.

    Logits may be shifted: only their differences count. Gradients are those of the score function only; tails and
    moments, which take the numbers as values, have derivatives in the logits.
    """

    domains: ClassVar[Mapping[str, Domain]] = {"logits": "real"}

    def __init__(self, logits: object = None, probs: object = None, validate: bool = True) -> None:
        given = chances(type(self).__name__, logits, probs, validate, tf.math.log)
        super().__init__({"logits": given}, validate)
        if self.logits.shape.rank == 0:
            raise ShapeError("Categorical takes a vector of logits or probs, one for each choice")
        self.batch_shape = self.logits.shape[:-1]

    @property
    def probs(self) -> tf.Tensor:
        """The probabilities [..., k]."""
        return tf.nn.softmax(self.logits)

    def _drawn_shape(self, n: int) -> tf.Tensor:
        return tf.concat([[n], tf.shape(self.logits)[:-1]], axis=0)

    def _rounded(self, value: tf.Tensor) -> tf.Tensor:
        return tf.cast(value, self.dtype)

    def masses(self) -> tuple[tf.Tensor, tf.Tensor]:
        """Return the values [*batch, k] in float64, and their masses."""
        probs = self._widened().probs
        return self._choices() + tf.zeros_like(probs), probs

    def _choices(self) -> tf.Tensor:
        return tf.range(tf.cast(tf.shape(self.logits)[-1], tf.float64), dtype=tf.float64)

    def _most(self) -> tf.Tensor:
        return tf.cast(tf.shape(self.logits)[-1] - 1, tf.float64)

    def _log_mass(self, k: tf.Tensor) -> tf.Tensor:
        chosen = tf.equal(k[..., tf.newaxis], self._choices())
        log_probs = tf.nn.log_softmax(self.logits)
        return tf.reduce_sum(tf.where(chosen, log_probs, tf.zeros_like(log_probs)), -1)

    def _tails(self, k: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        reached = self._choices() <= k[..., tf.newaxis]
        zero = tf.zeros_like(self.probs)
        lower, upper = tf.where(reached, self.probs, zero), tf.where(reached, zero, self.probs)
        return tf.reduce_sum(lower, -1), tf.reduce_sum(upper, -1)

    def _mean(self) -> tf.Tensor:
        return tf.reduce_sum(self.probs * self._choices(), -1)

    def _variance(self) -> tf.Tensor:
        away = self._choices() - self._mean()[..., tf.newaxis]
        return tf.reduce_sum(self.probs * away * away, -1)

    def _entropy(self) -> tf.Tensor:
        return -tf.reduce_sum(self.probs * tf.nn.log_softmax(self.logits), -1)
