"""Families on the half line with elementary distribution functions: uniform's neighbours by a power, a log, a fold.

Johnson, Kotz & Balakrishnan, Continuous Univariate Distributions, chapters 14 (lognormal), 19 (exponential) and
21 (Weibull). The noise of Exponential and Weibull is the unit exponential, which keeps the digits of both tails.
"""

from __future__ import annotations

import math
from abc import abstractmethod

import tensorflow as tf

from models.distributions.base import Distribution


class HalfLine(Distribution):
    """What the families share: the support [0, ∞), and a density asked for inside of it only."""

    def _log_prob(self, value: tf.Tensor) -> tf.Tensor:
        outside = (value < 0.0) | tf.math.is_inf(value)
        log_prob = self._log_prob_inside(tf.where(outside, tf.ones_like(value), value))
        return tf.where(outside, tf.constant(-math.inf, self.dtype), log_prob)

    @abstractmethod
    def _log_prob_inside(self, value: tf.Tensor) -> tf.Tensor: ...


def positive_power(base: tf.Tensor, exponent: tf.Tensor) -> tf.Tensor:
    """Return base^exponent of base ≥ 0 and exponent > 0, with gradients that are finite at base 0."""
    zero = tf.equal(base, 0.0)
    inside = tf.where(zero, tf.ones_like(base), base)
    # An exponential of a logarithm is three times as fast as a power, and loses a digit of float32 at most.
    power = tf.exp(exponent * tf.math.log(inside)) if base.dtype == tf.float32 else tf.pow(inside, exponent)
    return tf.where(zero, tf.zeros_like(base), power)


def not_negative(value: tf.Tensor) -> tf.Tensor:
    """Return ``value`` with what lies below the support raised to its edge; NaN stays."""
    return tf.where(value < 0.0, tf.zeros_like(value), value)
