"""The continuous Bernoulli distribution (Loaiza-Ganem & Cunningham 2019), a truncated exponential on [0, 1].

With L = logit λ the density is exp(Lz)/r(L), r(L) = (exp L − 1)/L, regular at λ = ½. For L > 0 the formulas are those
of 1 − Z with −L: below, A = −|L| and w is z or 1 − z, so that nothing overflows.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import ClassVar

import tensorflow as tf

from models.distributions.base import Domain, ParameterError, Reparameterization
from models.distributions.scored import Sampled
from models.numerics.chebyshev import polynomial
from models.numerics.quadrature import legendre
from models.numerics.special import exprel, log1prel, log_of_smaller, open_uniform, safe_log

NODES = 32
# Coefficients of logits², logits⁴ … of log C(λ) − log 2, and the size of logits from which on they are not needed.
NORMALIZER = [1 / 12, -7 / 1440, 31 / 90720, -127 / 4838400, 73 / 34214400, -1414477 / 7846046208000]
NEAR_ONE_HALF = 0.2
# The exponential of these logits is a number.
MOST_RISE = {tf.float32: 80.0, tf.float64: 700.0}
# The same of the entropy, −Σ (2n − 1) B₂ₙ/(2n (2n)!) L²ⁿ, which converges for |L| < 2π.
BERNOULLI = [1 / 6, -1 / 30, 1 / 42, -1 / 30, 5 / 66, -691 / 2730, 7 / 6, -3617 / 510, 43867 / 798, -174611 / 330]
FLAT_ENTROPY = [(1 - 2 * n) * b / (2 * n * math.factorial(2 * n)) for n, b in enumerate(BERNOULLI, start=1)]


class ContinuousBernoulli(Sampled):
    """Continuous Bernoulli distribution with ``logits`` log(λ/(1 − λ)), or with ``probs`` λ instead."""

    reparameterization_type: ClassVar[Reparameterization] = "inverse-cdf"
    domains: ClassVar[Mapping[str, Domain]] = {"logits": "real"}
    logits: tf.Tensor

    def __init__(self, logits: object = None, probs: object = None, validate: bool = True) -> None:
        if (logits is None) == (probs is None):
            raise ParameterError("ContinuousBernoulli takes either logits or probs")
        super().__init__({"logits": _logits_of(probs, validate) if logits is None else logits}, validate)

    @property
    def probs(self) -> tf.Tensor:
        """The parameter λ; not the mean."""
        return tf.sigmoid(self.logits)

    def _sample(self, shape: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
        u = open_uniform(shape, seed, self.dtype)
        return self._inverse(u, 1.0 - u)

    def _turned(self, value: tf.Tensor) -> tf.Tensor:
        """Return w: ``value`` where L ≤ 0, else 1 − ``value``."""
        return tf.where(self.logits > 0.0, 1.0 - value, value)

    def _slope(self) -> tf.Tensor:
        """Return A = −|L|, with derivative 1 at L = 0, where w is z."""
        return tf.where(self.logits > 0.0, -self.logits, self.logits)

    def _log_prob(self, value: tf.Tensor) -> tf.Tensor:
        outside = (value < 0.0) | (value > 1.0)
        w = self._turned(tf.where(outside, tf.constant(0.5, self.dtype), value))
        slope = self._slope()
        return tf.where(outside, tf.constant(-math.inf, self.dtype), slope * w - log_mass(slope))

    def _cdf(self, value: tf.Tensor) -> tf.Tensor:
        below, above = self._shares(value)
        return tf.where(self.logits > 0.0, above, below)

    def _survival_function(self, value: tf.Tensor) -> tf.Tensor:
        below, above = self._shares(value)
        return tf.where(self.logits > 0.0, below, above)

    def _shares(self, value: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """Return P(W ≤ w) and P(W > w) of the falling density."""
        inside = tf.where(value < 0.0, tf.zeros_like(value), tf.where(value > 1.0, tf.ones_like(value), value))
        w, rest = self._turned(inside), tf.where(self.logits > 0.0, inside, 1.0 - inside)
        slope = self._slope()
        mass = exprel(slope)
        below, above = w * exprel(slope * w) / mass, rest * tf.exp(slope * w) * exprel(slope * rest) / mass
        # The smaller one has the digits of the derivatives, too.
        return tf.where(above < 0.5, 1.0 - above, below), tf.where(below < 0.5, 1.0 - below, above)

    def _log_cdf(self, value: tf.Tensor) -> tf.Tensor:
        inside = tf.where(value < 0.0, tf.zeros_like(value), tf.where(value > 1.0, tf.ones_like(value), value))
        slope = self._slope()
        rising = tf.where(self.logits > 0.0, slope * (1.0 - inside), tf.zeros_like(slope * inside))
        small = safe_log(inside) + rising + tf.math.log(exprel(slope * inside) / exprel(slope))
        near_one = log_of_smaller(self._cdf(value), self._survival_function(value))
        return tf.where(small < -1.0, small, near_one)

    def _inverse(self, lower: tf.Tensor, upper: tf.Tensor) -> tf.Tensor:
        positive = self.logits > 0.0
        below, above = tf.where(positive, upper, lower), tf.where(positive, lower, upper)
        slope = self._slope()
        # From the upper share the logarithm is of a small number, where the lower share would be near 1.
        steep = (slope < -1.0) & (above < 0.5)
        # A rising density near 0 has its digits in its own lower share.
        most = MOST_RISE[self.dtype]
        rise = tf.clip_by_value(self.logits, 0.0, most)
        start = positive & (self.logits < most) & (lower * tf.math.expm1(rise) < 1.0)
        share, pull = tf.where(start, lower, below), tf.where(start, rise, slope)
        spread = share * tf.where(start, exprel(rise), exprel(slope))
        near = spread * log1prel(tf.where(steep & ~start, tf.zeros_like(spread), spread * pull))
        safe = tf.where(steep, slope, -tf.ones_like(slope))
        far = safe_log(tf.exp(safe) - above * tf.math.expm1(safe)) / safe
        w = tf.clip_by_value(tf.where(steep & ~start, far, near), 0.0, 1.0)
        w = tf.where((above <= 0.0) & ~start, tf.ones_like(w), w)  # the edge itself, without rounding on the way
        return tf.where(positive & ~start, 1.0 - w, w)

    def _mean(self) -> tf.Tensor:
        mean, _ = self._moments()
        return tf.where(self.logits > 0.0, 1.0 - mean, mean)

    def _variance(self) -> tf.Tensor:
        return self._moments()[1]

    def _moments(self) -> tuple[tf.Tensor, tf.Tensor]:
        """Return mean and variance of W: closed forms at steep slopes, Gauss–Legendre sums where they cancel."""
        slope = self._slope()
        steep = slope < -4.0
        far = tf.where(steep, slope, -4.0 * tf.ones_like(slope))
        mean = tf.exp(far) / tf.math.expm1(far) - 1.0 / far
        variance = 1.0 / tf.square(far) - tf.exp(far) / tf.square(tf.math.expm1(far))
        near = tf.where(steep, tf.zeros_like(slope), slope)[..., tf.newaxis]
        nodes, weights = legendre(NODES)
        w = tf.constant(0.5 + 0.5 * nodes, self.dtype)
        weight = tf.constant(0.5 * weights, self.dtype) * tf.exp(near * w)
        weight = weight / tf.reduce_sum(weight, -1, keepdims=True)
        centre = tf.reduce_sum(weight * w, -1)
        spread = tf.reduce_sum(weight * tf.square(w - centre[..., tf.newaxis]), -1)
        return tf.where(steep, mean, centre), tf.where(steep, variance, spread)

    def _entropy(self) -> tf.Tensor:
        slope = self._slope()
        flat = tf.abs(slope) < 1.0
        inner, outer = tf.where(flat, slope, tf.zeros_like(slope)), tf.where(flat, -tf.ones_like(slope), slope)
        square = inner * inner
        series = square * polynomial([tf.constant(part, slope.dtype) for part in FLAT_ENTROPY], square)
        return tf.where(flat, series, log_mass(outer) - outer * self._moments()[0])


def log_normalizer(logits: tf.Tensor) -> tf.Tensor:
    """Return log C(λ), C = 2 artanh(1 − 2λ)/(1 − 2λ), λ = sigmoid(logits): the density is C(λ)·λᶻ·(1 − λ)¹⁻ᶻ.

    With a = logits, C = a / tanh(a/2), even in a and equal to 2 at λ = ½; a series keeps it finite and smooth there.
    """
    small = tf.abs(logits) < NEAR_ONE_HALF
    safe = tf.where(small, tf.ones_like(logits), logits)
    closed = tf.math.log(safe / tf.tanh(0.5 * safe))
    square = logits * logits
    series = math.log(2.0) + square * polynomial(NORMALIZER, square)
    return tf.where(small, series, closed)


def log_mass(logits: tf.Tensor) -> tf.Tensor:
    """Return log r(L), the logarithm of what exp(Lz) adds up to on [0, 1]."""
    return tf.math.softplus(logits) - log_normalizer(logits)


def _logits_of(probs: object, validate: bool) -> tf.Tensor:
    """Return log(λ/(1 − λ)); ParameterError unless 0 < λ < 1."""
    value = tf.convert_to_tensor(probs)
    if not value.dtype.is_floating:
        value = tf.cast(value, tf.float32)
    if validate and not tf.is_symbolic_tensor(value) and not bool(tf.reduce_all((value > 0.0) & (value < 1.0))):
        raise ParameterError("ContinuousBernoulli: probs must be strictly between 0 and 1")
    return tf.math.log(value) - tf.math.log1p(-value)
