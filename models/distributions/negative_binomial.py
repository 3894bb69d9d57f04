"""The negative binomial distribution of counts that spread wider than a Poisson variable's.

Johnson, Kemp & Kotz 2005, Univariate Discrete Distributions, chapter 5.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import ClassVar

import tensorflow as tf

from models.distributions.base import Domain
from models.distributions.discrete import ABOVE, MOST_TERMS, Counted, chances
from models.numerics.binomial_tails import log_term, tail_over_term
from models.numerics.implicit import attach

# From here on the masses rise from 0 like a bell.
SMOOTH = 30.0
# Steps and weights of a difference that is the derivative in the number of failures to eight digits.
STEP = 4e-3
DIFFERENCE = {-2.0: 1.0 / 12.0, -1.0: -2.0 / 3.0, 1.0: 2.0 / 3.0, 2.0: -1.0 / 12.0}


class NegativeBinomial(Counted):
    """Negative binomial distribution of the successes before ``total_count`` > 0 failures, which need not be whole.

    ``logits`` or ``probs`` are those of a success, as in TensorFlow Probability (SciPy's p is that of a failure).
    Gradients are those of the score function only.
    """

    domains: ClassVar[Mapping[str, Domain]] = {"total_count": "positive", "logits": "real"}
    total_count: tf.Tensor

    def __init__(self, total_count: object, logits: object = None, probs: object = None, validate: bool = True) -> None:
        given = chances(type(self).__name__, logits, probs, validate)
        super().__init__({"total_count": total_count, "logits": given}, validate)

    def _log_mass(self, k: tf.Tensor) -> tf.Tensor:
        r = self.total_count
        return tf.math.log(r / (r + k)) + log_term(k, r + tf.zeros_like(k), self.logits)

    def _tails(self, k: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        zero = tf.zeros_like(k + self.logits + self.total_count)
        logits, r, k = tf.stop_gradient(self.logits) + zero, tf.stop_gradient(self.total_count) + zero, k + zero
        lower, upper = _fixed_tails(k, logits, r)

        def slope() -> tf.Tensor:
            return (k + 1.0) * tf.exp(self._log_mass(k + 1.0))

        def by_count() -> tf.Tensor:
            h = STEP * r / tf.sqrt(1.0 + r)
            pairs = [(weight / h, _fixed_tails(k, logits, r + part * h)) for part, weight in DIFFERENCE.items()]
            # The smaller tail has the digits of the difference.
            rise, fall = (tf.add_n([weight * pair[which] for weight, pair in pairs]) for which in (0, 1))
            return tf.where(lower < upper, rise, -fall)

        given = [self.logits, self.total_count]
        return (
            attach(lower, given, lambda: [-slope(), by_count()], 1),
            attach(upper, given, lambda: [slope(), -by_count()], 1),
        )

    def _window(self) -> tuple[tf.Tensor, tf.Tensor]:
        low, high = super()._window()
        return low, high + ABOVE * tf.exp(self.logits)  # the tail falls by a factor e in so many

    def _entropy(self) -> tf.Tensor:
        """Return a sum over the support; NaN where every n-th value would stand for a mass that is steep at 0."""
        low, high = self._window()
        known = (high - low < MOST_TERMS) | (self.total_count >= SMOOTH)
        return tf.where(known, super()._entropy(), math.nan)

    def _mean(self) -> tf.Tensor:
        return self.total_count * tf.exp(self.logits)

    def _variance(self) -> tf.Tensor:
        return self._mean() * (1.0 + tf.exp(self.logits))


def _fixed_tails(k: tf.Tensor, logits: tf.Tensor, r: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Return F(k) and 1 − F(k) in float64, without derivatives, the smaller from its nearest term."""
    p, q = tf.sigmoid(logits), tf.sigmoid(-logits)
    # About the median, of the gamma variable that is the rate of this mixture of Poisson variables.
    below = k + 0.5 < r * tf.exp(logits - math.log(2.0) / r)
    nearest = tf.where(below, k, k + 1.0)
    term = tf.exp(log_term(nearest, r, logits)) * tf.where(below, p, r / (r + nearest))
    a, b, x = tf.where(below, r, k + 1.0), tf.where(below, k + 1.0, r), tf.where(below, q, p)
    part = term * tail_over_term(a, b, x)
    return tf.where(below, part, 1.0 - part), tf.where(below, 1.0 - part, part)
