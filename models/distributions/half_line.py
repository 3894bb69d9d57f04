"""The base of families on the half line [0, ∞)."""

from __future__ import annotations

import math
from abc import abstractmethod

import tensorflow as tf

from models.distributions.base import Distribution


class HalfLine(Distribution):
    """Support [0, ∞), and a density that is asked for inside of it only."""

    def _log_prob(self, value: tf.Tensor) -> tf.Tensor:
        outside = (value < 0.0) | tf.math.is_inf(value)
        log_prob = self._log_prob_inside(tf.where(outside, tf.ones_like(value), value))
        return tf.where(outside, tf.constant(-math.inf, self.dtype), log_prob)

    @abstractmethod
    def _log_prob_inside(self, value: tf.Tensor) -> tf.Tensor: ...


def not_negative(value: tf.Tensor) -> tf.Tensor:
    """Return ``value`` with what lies below the support raised to its edge; NaN stays."""
    return tf.where(value < 0.0, tf.zeros_like(value), value)
