"""The base of distributions of whole numbers.

Their path from noise is a staircase, z = F⁻¹(Φ(ε)): its derivative is 0 between the steps and does not exist at them,
so that no gradient passes through a sample. Gradients of expectations are those of the score function, by ``log_prob``.
"""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Callable
from typing import ClassVar

import tensorflow as tf

from models.distributions.base import ParameterError, Reparameterization
from models.distributions.scored import NormalNoise
from models.numerics.special import log_of_smaller, ndtr, score_of, wide

# So many values, or so many evenly spaced ones of more, stand for all in sums over the support.
MOST_TERMS = 1 << 14
# Of standard deviations below and above the mean, beside these numbers: beyond there is less than 1e-30 of it all.
BELOW, ABOVE, BESIDE = 15.0, 40.0, 70.0
# The bracket of a quantile: a geometric tail falls to 1e-300 in 700 times the variance over the mean.
SPREAD = 800.0
MOST_HALVINGS = 70
# Of a score: beyond, probabilities underflow.
FARTHEST = 38.0
# A level that was rounded, as F(k) is itself, still leads to k: by so much it may be missed, relatively.
SLACK = {tf.float32: 5e-7, tf.float64: 1e-12}


class Discrete(NormalNoise):
    """Families of whole numbers; ``prob`` is the mass of a number, ``sample`` and ``quantile`` have no gradient.

    The noise of a value is the middle of its step, as a normal score. ``quantile(u)`` is the least z with F(z) ≥ u.
    """

    reparameterization_type: ClassVar[Reparameterization] = "none"

    def masses(self) -> tuple[tf.Tensor, tf.Tensor]:
        """Return values [*batch, n] in float64 that sums over the support need, and their masses."""
        broad = self._widened()
        low, high = (tf.floor(part) for part in broad._window())  # noqa: SLF001 of the same class
        stride = tf.math.ceil((high - low + 1.0) / MOST_TERMS)
        steps = tf.range(MOST_TERMS, dtype=tf.float64)
        k = low[..., tf.newaxis] + stride[..., tf.newaxis] * steps
        inside = k <= high[..., tf.newaxis]
        k = tf.where(inside, k, low[..., tf.newaxis])
        mass = stride[..., tf.newaxis] * tf.exp(broad._expanded()._log_mass(k))  # noqa: SLF001
        return k, tf.where(inside, mass, tf.zeros_like(mass))

    def _expanded(self) -> Discrete:
        """Return the distribution with an axis after those of the batch."""
        return type(self)(**{key: part[..., tf.newaxis] for key, part in self.parameters.items()}, validate=False)

    def _window(self) -> tuple[tf.Tensor, tf.Tensor]:
        """Return the least and the largest value that count in a sum, in float64."""
        mean, deviation = self._mean(), tf.sqrt(self._variance())
        low = tf.maximum(mean - BELOW * deviation - BESIDE, 0.0)
        return low, tf.minimum(mean + ABOVE * deviation + BESIDE, self._most())

    def _most(self) -> tf.Tensor:
        """Return the largest value, in float64."""
        return tf.constant(math.inf, tf.float64)

    def _top(self) -> tf.Tensor:
        """Return a number beyond which probabilities underflow, or the largest value; in float64."""
        mean, variance = wide(self._mean()), wide(self._variance())
        top = tf.math.ceil(mean + SPREAD * (tf.sqrt(variance) + variance / mean + 10.0))
        return tf.minimum(top, self._most())

    def _from_noise(self, eps: tf.Tensor) -> tf.Tensor:
        lower, upper = ndtr(wide(eps)), ndtr(-wide(eps))
        below, slack = lower < upper, SLACK[tf.float64]
        lower, upper = lower * (1.0 - slack), upper * (1.0 + slack)
        value = self._least(lambda low, up: tf.where(below, low >= lower, up <= upper), wide(eps))
        end = tf.where(eps < 0.0, tf.zeros_like(value), self._most())
        return tf.cast(tf.stop_gradient(tf.where(tf.math.is_inf(wide(eps)), end, value)), self.dtype)

    def _to_noise(self, z: tf.Tensor) -> tf.Tensor:
        lower = 0.5 * (self._cdf(z) + self._cdf(z - 1.0))
        upper = 0.5 * (self._survival_function(z) + self._survival_function(z - 1.0))
        return tf.stop_gradient(score_of(lower, upper))

    def _quantile(self, u: tf.Tensor) -> tf.Tensor:
        level = wide(u) * (1.0 - SLACK[self.dtype])
        value = self._least(lambda low, _: low >= level, score_of(level, 1.0 - level))
        end = tf.where(u <= 0.0, tf.zeros_like(value), self._most())
        return tf.cast(tf.stop_gradient(tf.where((u <= 0.0) | (u >= 1.0), end, value)), self.dtype)

    def _least(self, reached: Callable[[tf.Tensor, tf.Tensor], tf.Tensor], score: tf.Tensor) -> tf.Tensor:
        """Return the least k ≥ 0 whose tails F(k) and 1 − F(k) have ``reached`` a level, by halving a bracket.

        It is tried first on both sides of a guess from the normal ``score`` of the level (Cornish & Fisher 1938).
        """
        broad = self._widened()
        mean, variance = broad._mean(), broad._variance()  # noqa: SLF001 of the same class
        score = tf.clip_by_value(score, -FARTHEST, FARTHEST)
        deviation, skew = tf.sqrt(variance), variance / mean
        guess = tf.floor(mean + deviation * score + skew * (score * score - 1.0) / 6.0)
        margin = tf.math.ceil(1.0 + 0.02 * deviation + 0.2 * skew * (1.0 + tf.abs(score)))
        top = broad._top()  # noqa: SLF001

        def step(count: tf.Tensor, low: tf.Tensor, high: tf.Tensor) -> tuple[tf.Tensor, ...]:
            side = tf.where(tf.equal(count, 0), guess - margin, guess + margin)
            middle = tf.where(count < 2, tf.clip_by_value(side, low, high), tf.floor(0.5 * (low + high)))
            middle = tf.maximum(middle, 0.0)
            enough = reached(*broad._tails(middle))  # noqa: SLF001
            return count + 1, tf.where(enough, low, middle), tf.where(enough, middle, high)

        def going(count: tf.Tensor, low: tf.Tensor, high: tf.Tensor) -> tf.Tensor:
            return tf.reduce_any(high - low > 1.0) & (count < MOST_HALVINGS)

        zero = tf.zeros_like(guess)
        return tf.while_loop(going, step, (tf.constant(0), zero - 1.0, zero + top))[2]

    def _log_prob(self, value: tf.Tensor) -> tf.Tensor:
        k = wide(value)
        outside = (k < 0.0) | (k > self._most()) | tf.math.is_inf(k) | (tf.floor(k) != k)
        log_mass = self._widened()._log_mass(tf.where(outside, tf.zeros_like(k), k))  # noqa: SLF001
        beyond = tf.where(tf.math.is_nan(k), k, tf.constant(-math.inf, tf.float64))
        return tf.cast(tf.where(outside, beyond, log_mass), self.dtype)

    def _cdf(self, value: tf.Tensor) -> tf.Tensor:
        return self._tail(value, 0)

    def _survival_function(self, value: tf.Tensor) -> tf.Tensor:
        return self._tail(value, 1)

    def _tail(self, value: tf.Tensor, which: int) -> tf.Tensor:
        k = tf.floor(wide(value))
        broad = self._widened()
        below, above = k < 0.0, k >= broad._top()  # noqa: SLF001 of the same class
        inside = tf.where((k >= 0.0) & ~above, k, tf.zeros_like(k))
        tail = broad._tails(inside)[which]  # noqa: SLF001
        ends = (0.0, 1.0) if which == 0 else (1.0, 0.0)
        limit = tf.where(below, tf.constant(ends[0], tf.float64), tf.constant(ends[1], tf.float64))
        tail = tf.where(tf.math.is_nan(k), k, tail)
        return tf.cast(tf.where(below | above, limit, tail), self.dtype)

    def _log_cdf(self, value: tf.Tensor) -> tf.Tensor:
        broad, k = self._widened(), wide(value)
        return tf.cast(log_of_smaller(broad._tail(k, 0), broad._tail(k, 1)), self.dtype)  # noqa: SLF001

    def _entropy(self) -> tf.Tensor:
        k, mass = self.masses()
        return -tf.reduce_sum(mass * self._expanded()._log_mass(k), -1)  # noqa: SLF001

    @abstractmethod
    def _log_mass(self, k: tf.Tensor) -> tf.Tensor:
        """Return the log mass of whole numbers ``k`` of the support, in float64."""

    @abstractmethod
    def _tails(self, k: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """Return F and 1 − F at whole numbers ``k`` of the support, in float64, with derivatives."""


class Counted(Discrete):
    """Families with the probability p of a success, given by its ``logits`` log(p/(1 − p)) or as ``probs``."""

    logits: tf.Tensor

    @property
    def probs(self) -> tf.Tensor:
        """The probability of a success."""
        return tf.sigmoid(self.logits)


def logit(probs: tf.Tensor) -> tf.Tensor:
    """Return log(p/(1 − p))."""
    return tf.math.log(probs) - tf.math.log1p(-probs)


def chances(
    family: str, logits: object, probs: object, validate: bool, of_probs: Callable[[tf.Tensor], tf.Tensor] = logit
) -> object:
    """Return the logits that are given, or those of ``probs``; ParameterError unless it is one of them, and allowed."""
    if (logits is None) == (probs is None):
        raise ParameterError(f"{family} takes either logits or probs")
    if probs is None:
        return logits
    value = tf.convert_to_tensor(probs)
    value = value if value.dtype.is_floating else tf.cast(value, tf.float32)
    if validate and not tf.is_symbolic_tensor(value) and not bool(tf.reduce_all((value > 0.0) & (value < 1.0))):
        raise ParameterError(f"{family}: probs must be strictly between 0 and 1")
    return of_probs(value)
