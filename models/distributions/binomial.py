"""The binomial distribution of the number of successes in independent trials.

Johnson, Kemp & Kotz 2005, Univariate Discrete Distributions, chapter 3.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import tensorflow as tf

from models.distributions.base import Domain
from models.distributions.discrete import Counted, chances
from models.numerics.binomial_tails import log_term, tail_over_term
from models.numerics.implicit import attach


class Binomial(Counted):
    """Binomial distribution of the successes in ``total_count`` trials, by ``logits`` or ``probs`` of one.

    Gradients are those of the score function only, in the logits: the number of trials is a whole one.
    """

    domains: ClassVar[Mapping[str, Domain]] = {"total_count": "count", "logits": "real"}
    total_count: tf.Tensor

    def __init__(self, total_count: object, logits: object = None, probs: object = None, validate: bool = True) -> None:
        given = chances(type(self).__name__, logits, probs, validate)
        super().__init__({"total_count": total_count, "logits": given}, validate)

    def _most(self) -> tf.Tensor:
        return tf.cast(self.total_count, tf.float64)

    def _log_mass(self, k: tf.Tensor) -> tf.Tensor:
        return log_term(k, tf.stop_gradient(self.total_count) - k, self.logits)

    def _tails(self, k: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        logits, zero = tf.stop_gradient(self.logits), tf.zeros_like(k + self.logits)
        p, q, n = tf.sigmoid(logits) + zero, tf.sigmoid(-logits) + zero, tf.stop_gradient(self.total_count) + zero
        k = tf.minimum(k + zero, n)
        below, last = k + 0.5 < n * p, tf.equal(k, n)
        a, b, x = tf.where(below, n - k, k + 1.0), tf.where(below, k + 1.0, n - k), tf.where(below, q, p)
        nearest = tf.where(below | last, k, k + 1.0)
        term = tf.exp(log_term(nearest, n - nearest, logits)) * tf.where(below, p, q)
        part = term * tail_over_term(a, tf.maximum(b, 1.0), x)
        lower = tf.where(last, 1.0 + zero, tf.where(below, part, 1.0 - part))
        upper = tf.where(last, zero, tf.where(below, 1.0 - part, part))

        def slope() -> tf.Tensor:
            return (n - k) * tf.sigmoid(self.logits) * tf.exp(log_term(k, n - k, self.logits))

        return attach(lower, [self.logits], lambda: [-slope()], 1), attach(upper, [self.logits], lambda: [slope()], 1)

    def _mean(self) -> tf.Tensor:
        return self.total_count * tf.sigmoid(self.logits)

    def _variance(self) -> tf.Tensor:
        return self.total_count * tf.sigmoid(self.logits) * tf.sigmoid(-self.logits)
