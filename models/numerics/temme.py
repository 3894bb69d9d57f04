"""Temme's uniform asymptotic expansion of the incomplete gamma functions at large shapes a ≥ 200, in float64.

With λ = x/a, μ = λ − 1 and ½η² = μ − log λ, of the sign of μ: Q(a, x) = ½ erfc(η√(a/2)) + R and P = 1 − Q with
R = exp(−½aη²)/√(2πa)·Σ Cₖ(η) a⁻ᵏ (Temme 1979; DLMF 8.12). It holds for all x, in both tails. Cₖ are power series in
η up to 0.7, made here in exact arithmetic, and closed forms beyond. The derivative in the shape follows from
Cₖ₊₁ = Cₖ′/η − (−1)ᵏ gₖ₊₁/μ, with gₖ the coefficients of Γ(a) e^a a^(½ − a)/√2π in 1/a: no other series is needed.

Errors against 40 digits, for 200 ≤ a ≤ 1e12 and tails down to 1e-300: see tests/models/numerics/exact.json.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from fractions import Fraction
from functools import cache

import numpy as np
import tensorflow as tf

from models.core.arrays import Floats64
from models.numerics.chebyshev import polynomial
from models.numerics.log_gamma import STIRLING, binet, excess
from models.numerics.special import LOG_SQRT_TWO_PI, SQRT_HALF, log_ndtr

LEAST_SHAPE = 200.0
ORDERS, TERMS = 7, 20
# Up to this |η| by power series, which converge for |η| < 3.5.
SERIES = 0.7
# Scores beyond which the hazard of a normal variable is its score.
FAR = 1e4


@dataclass(frozen=True)
class Expansion:
    """What the tails and their derivatives share: λ, μ, η, a·½η², and the sums over k of Cₖ a⁻ᵏ.

    ``first`` is C₀, ``rest`` the sum from k = 1 on, and ``weighted`` that of k·Cₖ a⁻ᵏ.
    """

    a: tf.Tensor
    mu: tf.Tensor
    eta: tf.Tensor
    exponent: tf.Tensor
    first: tf.Tensor
    rest: tf.Tensor
    weighted: tf.Tensor


def expanded(a: tf.Tensor, x: tf.Tensor, mu: tf.Tensor | None = None) -> Expansion:
    """Return the expansion at shapes ``a`` ≥ 200 and ``x`` > 0; the caller may know μ = x/a − 1 to more digits."""
    a = a + tf.zeros_like(x)
    mu = (x - a) / a if mu is None else mu + tf.zeros_like(a)
    half_square = excess(x + tf.zeros_like(a), a, a * mu)
    eta = tf.sign(mu) * tf.sqrt(2.0 * half_square)
    near = tf.abs(eta) < SERIES
    inside, outside = tf.where(near, eta, tf.zeros_like(eta)), tf.where(near, tf.ones_like(eta), eta)
    series = _power_series(a, inside)
    closed = _closed_forms(a, outside, tf.where(near, tf.ones_like(mu), mu))
    parts = [tf.where(near, *pair) for pair in zip(series, closed, strict=True)]
    return Expansion(a, mu, eta, a * half_square, *parts)


def log_tail(at: Expansion) -> tf.Tensor:
    """Return the logarithm of P where x < a, of Q elsewhere; it does not underflow."""
    score = -tf.abs(at.eta) * tf.sqrt(at.a)
    log_normal = log_ndtr(score)
    far = score < -FAR
    hazard = tf.where(far, -score, tf.exp(tf.where(far, score, -at.exponent - LOG_SQRT_TWO_PI - log_normal)))
    correction = (at.first + at.rest) * hazard / tf.sqrt(at.a)
    return log_normal + tf.math.log1p(tf.where(at.eta < 0.0, -correction, correction))


def tails(at: Expansion) -> tuple[tf.Tensor, tf.Tensor]:
    """Return P and Q, the one in whose tail x lies to full relative accuracy."""
    main = 0.5 * tf.math.erfc(SQRT_HALF * tf.abs(at.eta) * tf.sqrt(at.a))
    rest = tf.exp(-at.exponent - LOG_SQRT_TWO_PI) * (at.first + at.rest) / tf.sqrt(at.a)
    below = at.eta < 0.0
    tail = tf.where(below, main - rest, main + rest)
    return tf.where(below, tail, 1.0 - tail), tf.where(below, 1.0 - tail, tail)


def elasticity(at: Expansion) -> tf.Tensor:
    """Return ∂ log x/∂ log a at fixed P, the derivative of a gamma quantile in its shape."""
    middle = tf.equal(at.eta, 0.0)
    ratio = at.mu / tf.where(middle, tf.ones_like(at.eta), at.eta)
    ratio = tf.where(middle, tf.ones_like(ratio), ratio)
    log_lambda = at.mu - at.exponent / at.a
    inner = 0.5 * at.eta - ratio - (log_lambda - 0.5 / at.a) * (at.first + at.rest)
    gamma_star = tf.exp(binet(at.a))
    return 1.0 - gamma_star * (1.0 + inner + at.weighted / at.a + at.mu * at.rest)


def _power_series(a: tf.Tensor, eta: tf.Tensor) -> list[tf.Tensor]:
    """Return the three sums by one Horner's rule, of coefficients that are polynomials in 1/a."""
    table = _coefficients()
    orders = np.arange(ORDERS)[:, np.newaxis]
    sums = np.stack([np.where(orders == 0, table, 0.0), np.where(orders == 0, 0.0, table), orders * table], axis=1)
    powers = tf.stack([tf.ones_like(a), *itertools.accumulate([1.0 / a] * (ORDERS - 1), tf.multiply)], axis=0)
    coefficients = tf.unstack(tf.tensordot(tf.constant(sums.T), powers, [[2], [0]]))
    return list(tf.unstack(polynomial(coefficients, eta)))


def _closed_forms(a: tf.Tensor, eta: tf.Tensor, mu: tf.Tensor) -> list[tf.Tensor]:
    u, v, inverse = 1.0 / mu, 1.0 / eta, 1.0 / a
    one = v**3 - u * (1.0 / 12.0 + u * (1.0 + u))
    two = -3.0 * v**5 + u * (1.0 / 288.0 + u * (1.0 / 12.0 + u * (25.0 / 12.0 + u * (5.0 + 3.0 * u))))
    return [u - v, inverse * (one + inverse * two), inverse * (one + 2.0 * inverse * two)]


@cache
def _coefficients() -> Floats64:
    """Return the coefficients of the powers of η in Cₖ [ORDERS, TERMS], from exact recurrences (DLMF 8.12.10–12)."""
    count = TERMS + 2 * ORDERS
    alpha = [Fraction(0), Fraction(1)]
    for n in range(2, count + 2):
        alpha.append(alpha[n - 1] / (n + 1) - sum((alpha[i] * alpha[n + 1 - i] for i in range(2, n)), Fraction(0)) / 2)
    zeroth = [(n + 2) * alpha[n + 2] - (n == 0) for n in range(count)]
    rows = [zeroth]
    for k, g in enumerate(_scaled_gamma()[1:ORDERS], start=1):
        rows.append([(-1) ** k * g * zeroth[n] + (n + 2) * rows[-1][n + 2] for n in range(count - 2 * k)])
    return np.array([[float(part) for part in row[:TERMS]] for row in rows])


def _scaled_gamma() -> list[Fraction]:
    """Return the coefficients gₖ: the exponential of Stirling's series, term by term."""
    logs = [Fraction(0)] * (ORDERS + 1)
    for index, part in enumerate(STIRLING):
        if 2 * index + 1 <= ORDERS:
            logs[2 * index + 1] = part
    terms = [Fraction(1)]
    for k in range(1, ORDERS + 1):
        terms.append(sum((j * logs[j] * terms[k - j] for j in range(1, k + 1)), Fraction(0)) / k)
    return terms
