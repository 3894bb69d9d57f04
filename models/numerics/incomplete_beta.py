"""The incomplete beta functions, their logarithms and the derivatives of their inverse in the shapes, in float64.

All is said in t = logit z, where the density falls exponentially on both sides. There are three ways to a tail.
TensorFlow's function carries 9 digits where a + b ≤ 1e4 and no shape is small. Close to an end whose shape is small, so
that nearly all of the mass lies at it, the tail there is its power series (DLMF 8.17.8), and the other one the rest.
Elsewhere the smaller tail is an integral relative to the density at its end, by a double-exponential rule that is
stretched to the scale of the tail. The derivatives in the shapes are those of the series, or integrals of the score by
the same rule. Errors against 40 digits are in tests/models/numerics/exact.json.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import tensorflow as tf

from models.numerics.log_gamma import binet, digamma_gap, excess, log_beta
from models.numerics.pieces import piece
from models.numerics.quadrature import decaying
from models.numerics.special import LOG_SQRT_TWO_PI, expit, inside_vectorized_map, inside_xla, log1mexp

MOST_TOTAL = 1e4
LEAST_SHAPE = 0.1
UNDERFLOW = 1e-280
# The power series at an end: so many terms where z(a + b) ≤ 4 and z ≤ ¼, or ½ if a + b ≤ 2, give all digits.
TERMS = 60.0
FALLS = 0.125
Pair = tuple[tf.Tensor, tf.Tensor]


@dataclass(frozen=True)
class Place:
    """A value z = 1/(1 + e⁻ᵗ) of a beta variable with shapes ``a`` and ``b``, all of one shape.

    ``rest`` is 1 − z, and ``away`` is z − a/(a + b).
    """

    a: tf.Tensor
    b: tf.Tensor
    t: tf.Tensor
    z: tf.Tensor
    rest: tf.Tensor
    away: tf.Tensor

    @property
    def mirrored(self) -> Place:
        """That of the variable 1 − z."""
        return Place(self.b, self.a, -self.t, self.rest, self.z, -self.away)

    def where(self, condition: tf.Tensor, other: Place) -> Place:
        """Return this place where ``condition`` holds, the ``other`` elsewhere."""
        pairs = zip(vars(self).values(), vars(other).values(), strict=True)
        return Place(*(tf.where(condition, *pair) for pair in pairs))


def place_of_logit(a: tf.Tensor, b: tf.Tensor, u: tf.Tensor, middle: tf.Tensor) -> Place:
    """Return the place of t = ``middle`` + u in float64, where ``middle`` is log(a/b)."""
    zero = tf.zeros_like(a) + tf.zeros_like(b) + tf.zeros_like(u)
    t = middle + u + zero
    a, b = a + zero, b + zero
    # z − a/(a + b), to all digits near there.
    below = u < 0.0
    fallen = tf.exp(-tf.abs(u))
    size = a * b / (a + b) * tf.math.expm1(-tf.abs(u)) / (tf.where(below, a, b) * fallen + tf.where(below, b, a))
    return Place(a, b, t, expit(t), expit(-t), tf.where(below, size, -size))


def place_of_value(a: tf.Tensor, b: tf.Tensor, z: tf.Tensor) -> Place:
    """Return the place of z in float64, 0 < z < 1."""
    zero = tf.zeros_like(a) + tf.zeros_like(b) + tf.zeros_like(z)
    z = z + zero
    away = (b * z - a * (1.0 - z)) / (a + b)
    return Place(a + zero, b + zero, tf.math.log(z) - tf.math.log1p(-z), z, 1.0 - z, away)


def log_density(at: Place, peak: tf.Tensor | None = None) -> tf.Tensor:
    """Return the log density of t, centred at the mean of z, where the terms with z would cancel at large shapes.

    Whoever asks for many places of the same shapes works out their :func:`log_peak` once.
    """
    shapes = tf.stack([at.a, at.b])
    means = shapes / (at.a + at.b)
    # Far out, where z or its complement underflows, its logarithm is t or −t.
    logits = tf.stack([at.t, -at.t])
    lost = logits < -600.0
    values = tf.where(lost, means, tf.stack([at.z, at.rest]))
    away = tf.where(lost, tf.zeros_like(values), tf.stack([at.away, -at.away]))
    falls = tf.where(lost, tf.math.log(means) - 1.0 - logits, excess(values, means, away))
    return (log_peak(at.a, at.b) if peak is None else peak) - tf.reduce_sum(shapes * falls, 0)


def log_peak(a: tf.Tensor, b: tf.Tensor) -> tf.Tensor:
    """Return the log density of t where z is its mean."""
    total = a + b
    rests = tf.unstack(binet(tf.stack([a + tf.zeros_like(b), b + tf.zeros_like(a), total])))
    return 0.5 * tf.math.log(a * (b / total)) - LOG_SQRT_TWO_PI - rests[0] - rests[1] + rests[2]


def log_tails(at: Place) -> Pair:
    """Return log I_z(a, b) and log(1 − I_z(a, b)), which do not underflow."""
    lower, upper = _log_tails(*vars(at).values())
    return lower, upper


@piece
def _log_tails(*place: tf.Tensor) -> Pair:
    at = Place(*place)
    below = at.away < 0.0
    # Where a shape is NaN, nothing holds, and it is one of the others that passes it on.
    fine = at.a + at.b <= MOST_TOTAL
    usual = _by_tensorflow(at, below, fine)
    least = tf.where(fine, LEAST_SHAPE * tf.ones_like(at.z), tf.ones_like(at.z))
    near_0, near_1 = _near_0(at, least), _near_0(at.mirrored, least)
    # Before it gets as near as that, the lower tail is the smaller one.
    before = (at.b < LEAST_SHAPE) & (at.z > 0.5), (at.a < LEAST_SHAPE) & (at.z <= 0.5)
    lost = ~fine | before[0] | before[1] | (usual < UNDERFLOW)
    below = (below | before[0]) & ~before[1]
    log_usual = tf.math.log(tf.where(lost, tf.ones_like(usual), usual))

    def special() -> Pair:
        tail = _only(lost, at.mirrored.where(below, at), _by_integral, log_usual)
        rest = log1mexp(tail)
        whole = tf.where(below, tail, rest), tf.where(below, rest, tail)
        found: Pair = tf.cond(
            tf.reduce_any(near_0 | near_1), lambda: _with_series(at, near_0, near_1, whole), lambda: whole
        )
        return found

    def plain() -> Pair:
        rest = log1mexp(log_usual)
        return tf.where(below, log_usual, rest), tf.where(below, rest, log_usual)

    both: Pair = tf.cond(tf.reduce_any(lost), special, plain)
    return both


def _only(chosen: tf.Tensor, at: Place, work: Callable[[Place], tf.Tensor], other: tf.Tensor) -> tf.Tensor:
    """Return what ``work`` makes of the places that are ``chosen``, the ``other`` elsewhere.

    Of many values, often only those beside an edge need it; where arrays of unknown size are not known, all do it.
    """
    if inside_xla() or inside_vectorized_map():
        return tf.where(chosen, work(at), other)
    where = tf.where(tf.reshape(chosen, [-1]))
    few = Place(*(tf.gather_nd(tf.reshape(part, [-1]), where) for part in vars(at).values()))
    return tf.reshape(tf.tensor_scatter_nd_update(tf.reshape(other, [-1]), where, work(few)), tf.shape(other))


def _by_tensorflow(at: Place, below: tf.Tensor, fine: tf.Tensor) -> tf.Tensor:
    """Return the tail on the side of z away from the mean, anything where shapes are not ``fine``."""
    one = tf.ones_like(at.z)
    first, second = tf.where(below, at.a, at.b), tf.where(below, at.b, at.a)
    value = tf.where(below, at.z, at.rest)
    spare = ((first, one), (second, one), (value, 0.5 * one))
    return tf.math.betainc(*(tf.where(fine, *pair) for pair in spare))


def _near_0(at: Place, least_shape: tf.Tensor | float) -> tf.Tensor:
    """Return where z is so close to an end with little shape that its power series is quick."""
    total = at.a + at.b
    return (at.a < least_shape) & (at.z * total <= 4.0) & (at.z <= tf.where(total <= 2.0, 0.5 * total / total, 0.25))


def _with_series(at: Place, near_0: tf.Tensor, near_1: tf.Tensor, whole: Pair) -> Pair:
    """Return the logarithms of both tails, the ``whole`` ones except where z is near an end."""
    near, side = near_0 | near_1, at.where(near_0, at.mirrored)
    terms, _ = _series(side, near)
    log_z, log_rest = -tf.math.softplus(-side.t), -tf.math.softplus(side.t)
    tail = side.a * log_z + side.b * log_rest - tf.math.log(side.a) - log_beta(side.a, side.b)
    tail = tf.minimum(tail + tf.math.log(tf.reduce_sum(terms, -1)), -1e-300)
    rest = log1mexp(tail)
    found = tf.where(near_0, tail, rest), tf.where(near_0, rest, tail)
    return tf.where(near, found[0], whole[0]), tf.where(near, found[1], whole[1])


def _series(at: Place, near: tf.Tensor) -> tuple[tf.Tensor, Pair]:
    """Return the terms (a + b)ₙ/(a + 1)ₙ zⁿ [..., n] of the lower tail, relative to the first; 1 where not ``near``.

    With them, the derivatives of their logarithms in a and b.
    """
    n = tf.range(TERMS, dtype=at.z.dtype)
    z = tf.where(near, at.z, tf.zeros_like(at.z))[..., tf.newaxis]
    above, under = (at.a + at.b)[..., tf.newaxis] + n, at.a[..., tf.newaxis] + 1.0 + n
    first = tf.ones_like(z)
    terms = tf.concat([first, tf.math.cumprod(above / under * z, axis=-1)], -1)
    by_b = tf.concat([tf.zeros_like(first), tf.cumsum(1.0 / above, axis=-1)], -1)
    by_a = by_b - tf.concat([tf.zeros_like(first), tf.cumsum(1.0 / under, axis=-1)], -1)
    return terms, (by_a, by_b)


def _by_integral(at: Place) -> tf.Tensor:
    """Return the logarithm of the upper tail."""
    (mass,) = _over_tail(at, lambda _, risen: (tf.ones_like(risen),))
    return tf.minimum(log_density(at) + tf.math.log(mass), -1e-300)


def logit_slopes(at: Place) -> Pair:
    """Return ∂t/∂a and ∂t/∂b at fixed I_z(a, b)."""
    by_a, by_b = _logit_slopes(*vars(at).values())
    return by_a, by_b


@piece
def _logit_slopes(*place: tf.Tensor) -> Pair:
    at = Place(*place)
    near_0, near_1 = _near_0(at, 1.0), _near_0(at.mirrored, 1.0)
    near = near_0 | near_1

    def mixed() -> Pair:
        series, usual = _slopes_by_series(at, near_0, near), _slopes_by_integral(at)
        return tf.where(near, series[0], usual[0]), tf.where(near, series[1], usual[1])

    def one_way() -> Pair:
        found: Pair = tf.cond(
            tf.reduce_all(near), lambda: _slopes_by_series(at, near_0, near), lambda: _slopes_by_integral(at)
        )
        return found

    both: Pair = tf.cond(tf.reduce_any(near) & ~tf.reduce_all(near), mixed, one_way)
    return both


def _slopes_by_series(at: Place, near_0: tf.Tensor, near: tf.Tensor) -> Pair:
    """Return them close to an end, where the density of t is a/Σ times the tail."""
    side = at.where(near_0, at.mirrored)
    terms, parts = _series(side, near)
    log_z, log_rest = -tf.math.softplus(-side.t), -tf.math.softplus(side.t)
    whole = tf.reduce_sum(terms, -1)
    gap = digamma_gap(side.a + side.b)
    at_a = log_z + tf.math.log(side.a + side.b) - gap - tf.math.digamma(side.a + 1.0)
    at_b = log_rest + tf.math.log1p(side.a / side.b) - gap + digamma_gap(side.b)
    by_a, by_b = (-(whole * constant + tf.reduce_sum(terms * part, -1)) / side.a
                  for constant, part in zip((at_a, at_b), parts, strict=True))  # fmt: skip
    return tf.where(near_0, by_a, -by_b), tf.where(near_0, by_b, -by_a)


def _slopes_by_integral(at: Place) -> Pair:
    """Return them as integrals of the scores over the smaller tail."""
    total = at.a + at.b
    below = at.away < 0.0
    side = at.mirrored.where(below, at)
    # log z and log(1 − z) at the nodes of the side, each relative to its mean's; the rest of the scores is constant.
    gap_a, gap_b, gap = (digamma_gap(part) for part in (side.a, side.b, total))
    log_z, log_rest = -tf.math.softplus(-side.t), -tf.math.softplus(side.t)
    at_a = log_z + tf.math.log(total / side.a) + gap_a - gap
    at_b = log_rest + tf.math.log(total / side.b) + gap_b - gap

    def scored(steps: tf.Tensor, risen: tf.Tensor) -> Pair:
        return at_a[..., tf.newaxis] + steps - risen, at_b[..., tf.newaxis] - risen

    by_a, by_b = _over_tail(side, scored)
    return tf.where(below, -by_b, by_a), tf.where(below, -by_a, by_b)


Scores = Callable[[tf.Tensor, tf.Tensor], tuple[tf.Tensor, ...]]


def _over_tail(at: Place, scored: Scores) -> list[tf.Tensor]:
    """Return the integrals over the upper tail of functions times the density of t, relative to that at its end.

    ``scored`` gives them at steps s from the end, of which it gets s and log(1 + z(eˢ − 1)), by how much −log(1 − z)
    has risen. The density has changed by a·s less a + b times that.
    """
    total = at.a + at.b
    slope = total * tf.abs(at.away)
    curvature = total * at.z * at.rest
    # Towards the middle the density may first be level: there, the scale is the distance on which it begins to fall.
    facing = tf.where(at.t < 0.0, tf.minimum(0.25 * total, 1.0), tf.zeros_like(total))
    curvature = tf.maximum(curvature, facing)
    stretch = 1.0 / (slope + tf.minimum(curvature, tf.sqrt(curvature)))
    nodes, weights = (tf.constant(part) for part in decaying(FALLS))
    steps = stretch[..., tf.newaxis] * nodes
    z, rest = at.z[..., tf.newaxis], at.rest[..., tf.newaxis]
    # log(1 + z(eˢ − 1)) is s + log(1 + (1 − z)(e⁻ˢ − 1)): of both, the one whose argument is small.
    high = z > 0.5
    low = ~high & (steps < 1.0)
    change = tf.math.expm1(tf.where(high, -steps, tf.where(low, steps, tf.zeros_like(steps))))
    near = tf.math.log1p(tf.where(high, rest, z) * change)
    less = tf.where(high, near, tf.math.log(tf.maximum(z + rest * tf.exp(-steps), 1e-308)))
    risen = tf.where(low, near, steps + less)
    fallen = tf.where(low, at.a[..., tf.newaxis] * steps - total[..., tf.newaxis] * near,
                      -at.b[..., tf.newaxis] * steps - total[..., tf.newaxis] * less)  # fmt: skip
    density = tf.exp(fallen) * weights
    return [stretch * tf.reduce_sum(density * part, -1) for part in scored(steps, risen)]
