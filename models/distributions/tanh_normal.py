"""The tanh-normal distribution: a normal variable squashed to (−1, 1), as bounded actions are drawn."""

from __future__ import annotations

import math
from typing import ClassVar

import tensorflow as tf

from models.distributions.logit_normal import LogitNormal


class TanhNormal(LogitNormal):
    """Tanh-normal distribution on (−1, 1), z = tanh(loc + scale·ε) with ε ~ N(0, 1)."""

    low: ClassVar[float] = -1.0
    steepness: ClassVar[float] = 2.0

    def _from_line(self, x: tf.Tensor) -> tf.Tensor:
        return tf.tanh(x)

    def _to_line(self, z: tf.Tensor) -> tf.Tensor:
        edge = tf.abs(z) >= 1.0
        inner = tf.where(edge, 0.0 * z, z)
        end = tf.where(z < 0.0, tf.constant(-math.inf, z.dtype), tf.constant(math.inf, z.dtype))
        return tf.where(edge, end, 0.5 * (tf.math.log1p(inner) - tf.math.log1p(-inner)))

    def _log_slope(self, x: tf.Tensor) -> tf.Tensor:
        """Return log(1 − tanh²x) = 2(log 2 − |x| − log(1 + exp(−2|x|)))."""
        magnitude = tf.abs(x)
        return 2.0 * (math.log(2.0) - magnitude - tf.math.log1p(tf.exp(-2.0 * magnitude)))
