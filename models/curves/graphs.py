"""The curves and numbers of a distribution q, each a function of q that can be traced, in float64."""

from __future__ import annotations

import math

import numpy as np
import tensorflow as tf

from models.core.families import FACTS
from models.curves.compiled import asked
from models.distributions import Distribution, Mixture, NormalMixture, has_closed_form, kl_divergence
from models.distributions.discrete import Discrete
from models.distributions.registry import noise_at, value_at
from models.numerics.quadrature import NODES, highest_degrees, legendre
from models.numerics.special import LOG_SQRT_TWO_PI, score_of
from models.protocol.distribution import Anchor

INNERMOST = 1e-12

SMALLEST_NORMAL = float(np.finfo(np.float64).tiny)

FAR_SCORE = 4.0

# Where quantiles are asked for: the edges, just inside of them, four scores out, the middle 80 %, what is read out.
OUTLINE = (
    0.0, 1.0, INNERMOST, 1.0 - INNERMOST, 0.5 * math.erfc(FAR_SCORE / math.sqrt(2.0)),
    0.5 * math.erfc(-FAR_SCORE / math.sqrt(2.0)), 0.1, 0.9, 0.05, 0.25, 0.5, 0.75, 0.95,
)  # fmt: skip

FARTHEST_SCORE = 37.0

PATH_POINTS = 81

# A tail is drawn to four scores, but no farther than three times the middle 80 %: those of Cauchy would flatten all.
REACH = 3.0

# What may be given of a place, in the order in which it is numbered.
ANCHORS: tuple[Anchor, ...] = ("z", "eps", "u")


def outline(q: Distribution, scores: tf.Tensor) -> tuple[tf.Tensor, ...]:
    """Return q as a whole, all from one search for values: on its path, a quantile lies at that of the noise.

    Returned are the quantiles of q at :data:`OUTLINE`; the range worth drawing [2]; mean, variance and entropy; the
    noise at normal ``scores`` [b], and z of it; the path, as noise [m] and z of that.
    """
    levels = q.noise_distribution().quantile(tf.constant(OUTLINE, tf.float64))
    moments = tf.stack([q.mean(), q.variance(), q.entropy()])
    bank, eps = noise_at(q, scores), tf.linspace(*_reach(levels, cut=True), PATH_POINTS)
    sizes = [tf.size(part) for part in (levels, bank, eps)]
    at_levels, at_bank, drawn = tf.split(asked("from_noise", q, tf.concat([levels, bank, eps], 0)), sizes)
    span = tf.stack(_reach(at_levels, FACTS[q.name].modes == 1 and not isinstance(q, Discrete)))
    return at_levels, span, moments, bank, at_bank, eps, drawn


def _reach(levels: tf.Tensor, cut: bool) -> tuple[tf.Tensor, tf.Tensor]:
    """Return the range worth drawing of a distribution with these quantiles at the levels of :data:`OUTLINE`.

    Tails are ``cut`` where they might flatten all; of two modes, what lies far out may be one.
    """
    far_low, far_high, low, high = levels[4], levels[5], levels[6], levels[7]
    if not cut:
        return far_low, far_high
    tail = REACH * (high - low)
    return tf.maximum(far_low, low - tail), tf.minimum(far_high, high + tail)


def heights(q: Distribution, x: tf.Tensor) -> tuple[tf.Tensor, ...]:
    """Return density and distribution function at ``x`` [n]."""
    return asked("prob", q, x), asked("cdf", q, x)


def probability(q: Distribution, z: tf.Tensor) -> tuple[tf.Tensor, ...]:
    """Return u = F(z) [d], each of its own parameters."""
    return (q.cdf(z),)


def place(q: Distribution, anchor: tf.Tensor, value: tf.Tensor, edges: tf.Tensor) -> tuple[tf.Tensor, ...]:
    """Return where ``value`` is, inside the support and finite, and what is read there.

    ``anchor`` is the index in :data:`ANCHORS` of what is given, ``edges`` [4] are the first four quantiles of
    :func:`outline`. Returned are [z, ε, cdf, survival, density, ∂z/∂ε] at z; ∂z/∂θ [k]; grips [3, k]: z, density,
    ∂z/∂θ. The slopes are those of the path at fixed noise, each parameter once per place; a grip at a mode moves with
    that. Where z or its noise is infinite, it is the farthest z that has a place on the path.
    """
    given, eps = _given(q, anchor, value, edges)
    near = _clipped(eps)
    # All paths rise: the noise with so much probability below it leads to the quantile.
    grips = q.noise_distribution().quantile(tf.constant(_grip_levels(q.name), tf.float64))
    noise = tf.concat([[tf.where(tf.math.is_finite(eps), eps, near), near], grips], axis=0)
    made, slopes, by_noise = _with_slopes(q, noise)
    used = tf.cast(~tf.math.is_finite(made[0]), tf.int32)
    z = tf.where(tf.math.is_finite(eps) & tf.math.is_finite(given), given, made[used])
    tails = [asked(name, q, z) for name in ("cdf", "survival_function")]
    at = tf.stack([z, noise[used], *tails, asked("prob", q, z), by_noise[used]])
    return at, slopes[:, used], tf.stack([made[2:], asked("prob", q, made[2:]), tf.linalg.diag_part(slopes[:, 2:])])


def _given(q: Distribution, anchor: tf.Tensor, value: tf.Tensor, edges: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Return z, NaN if it is not what is given, and ε, which may be infinite."""
    unknown, noise = tf.constant(math.nan, tf.float64), q.noise_distribution()

    def by_value() -> tuple[tf.Tensor, tf.Tensor]:
        inside = _kept_inside(edges, value)
        z = tf.round(inside) if isinstance(q, Discrete) else inside
        return z, asked("to_noise", q, z)

    def by_noise() -> tuple[tf.Tensor, tf.Tensor]:
        return unknown, _kept_inside(noise.quantile(tf.constant(OUTLINE[:4], tf.float64)), value)

    def by_probability() -> tuple[tf.Tensor, tf.Tensor]:
        return unknown, noise.quantile(tf.clip_by_value(value, INNERMOST, 1.0 - INNERMOST))

    ways = {"z": by_value, "eps": by_noise, "u": by_probability}
    found: tuple[tf.Tensor, tf.Tensor] = tf.switch_case(tf.cast(anchor, tf.int32), [ways[name] for name in ANCHORS])
    return found


def _with_slopes(q: Distribution, noise: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
    """Return z [n] of the ``noise`` [n], its slopes in the parameters [k, n] and in the noise [n]."""
    wide = {name: tf.fill(tf.shape(noise), value) for name, value in q.parameters.items()}
    with tf.GradientTape() as tape:
        tape.watch([wide, noise])
        spread = type(q)(**wide, validate=False)
        made = _with_modes(spread, spread.from_noise(noise))
    # A staircase has none.
    slopes, by_noise = tape.gradient(made, [wide, noise], unconnected_gradients=tf.UnconnectedGradients.ZERO)
    return made, tf.stack(list(slopes.values())), by_noise


def features(p: Distribution) -> tuple[tf.Tensor, ...]:
    """Return the quartiles [3] of p, of a mixture those of its components [3, c]: there its density bends most."""
    levels = tf.constant([0.25, 0.5, 0.75], tf.float64)
    return (tf.stack([asked("quantile", part, levels) for part in _parts(p)], 1),)


def scores_of(q: Distribution, z: tf.Tensor) -> tuple[tf.Tensor, ...]:
    """Return the normal scores of ``z`` [n] in q, or in each component of a mixture [c, n]."""
    tails = ([asked(name, part, z) for name in ("cdf", "survival_function")] for part in _parts(q))
    return (tf.stack([score_of(*pair) for pair in tails]),)


def divergence(q: Distribution, p: Distribution, edges: tf.Tensor, quartiles: tf.Tensor) -> tuple[tf.Tensor, ...]:
    """Return KL(q ‖ p), what is uncertain of it, 1 if it is a closed form or a sum, what the nodes miss, and how many.

    Without a closed form it is −H(q) − E_q[log p]: the entropy is known, so an infinite density of q does no harm, and
    the mean is a quadrature over the normal score of z between ``edges`` [1, m], of a mixture over that of each
    component between the same or its own [c, m]. Uncertain is what the outermost nodes add, or all of it where nodes
    with weight round to an edge at which log p is infinite. What is missed is a share of the mean of |log p|; the
    number is that of the nodes in the middle half of p, by its ``quartiles`` [3, c] the least of them.
    """
    none, one = tf.zeros([], tf.float64), tf.ones([], tf.float64)
    if has_closed_form(q, p):
        return kl_divergence(q, p), none, one, none, one
    if isinstance(q, Discrete) or isinstance(p, Discrete):
        return _divergence_of_masses(q, p), none, one, none, one
    drawn, weights = _nodes(q, edges)
    parts = p.log_prob(_off_the_edges(q, drawn)) * weights
    outermost = tf.reduce_max(tf.abs(tf.stack([parts[:, 0], parts[:, -1]])))
    blurred = tf.math.is_inf(p.log_prob(drawn)) & tf.math.is_finite(parts)
    lost = tf.reduce_sum(tf.where(blurred, weights, tf.zeros_like(weights)))
    kl = -q.entropy() - tf.reduce_sum(parts)
    inside = (drawn[..., tf.newaxis] > quartiles[0]) & (drawn[..., tf.newaxis] < quartiles[2])
    count = tf.reduce_min(tf.reduce_sum(tf.cast(inside, tf.float64), [0, 1]))
    return kl, outermost + lost * tf.maximum(tf.abs(kl), 1.0), none, _missed(parts), count


def _divergence_of_masses(q: Distribution, p: Distribution) -> tf.Tensor:
    """Return KL(q ‖ p), a sum over the support; infinite where one has masses and the other a density."""
    if not (isinstance(q, Discrete) and isinstance(p, Discrete)):
        return tf.constant(math.inf, tf.float64)
    k, mass = q.masses()
    ratio = q.log_prob(k) - p.log_prob(k)
    return tf.reduce_sum(tf.where(mass > 0.0, mass * ratio, tf.zeros_like(mass)))


def _missed(parts: tf.Tensor) -> tf.Tensor:
    """Return which share of the size of ``parts`` [c, nodes] of a mean changes too fast for the nodes to follow."""
    panels = tf.reshape(parts, [-1, NODES])
    highest = tf.reduce_max(tf.abs(tf.matmul(panels, tf.constant(highest_degrees(NODES)), transpose_b=True)), 1)
    return tf.reduce_sum(highest) / tf.maximum(tf.reduce_sum(tf.abs(parts)), 1e-300)


def _grip_levels(name: str) -> list[float]:
    """Return the probabilities where the parameters are dragged; any, where that is at a mode."""
    return [0.5 if parameter.grip is None else parameter.grip for parameter in FACTS[name].parameters]


def _parts(q: Distribution) -> list[Distribution]:
    return list(q.components) if isinstance(q, Mixture) else [q]


def _nodes(q: Distribution, edges: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Return values of q and their weights [c, n]: sums over them are means over q."""
    within, weights = (tf.constant(part) for part in legendre(NODES))
    edges = tf.broadcast_to(edges, [len(_parts(q)), tf.shape(edges)[1]])
    half = 0.5 * (edges[:, 1:] - edges[:, :-1])[..., tf.newaxis]
    scores = tf.reshape(edges[:, :-1, tf.newaxis] + half * (1.0 + within), [tf.shape(edges)[0], -1])
    density = tf.exp(-0.5 * scores * scores - LOG_SQRT_TWO_PI) * tf.reshape(half * weights, tf.shape(scores))
    if not isinstance(q, Mixture):
        return value_at(q, scores), density
    drawn = [value_at(part, row) for part, row in zip(q.components, tf.unstack(scores, len(q.components)), strict=True)]
    return tf.stack(drawn), q.probs[:, tf.newaxis] * density


def _with_modes(q: Distribution, made: tf.Tensor) -> tf.Tensor:
    """Return the values ``made`` [2 + k] at a place, twice, and the grips: of a mixture's components, at their mode.

    The path would not do: where the other component has the mass, a quantile hardly moves with this one.
    """
    if not isinstance(q, NormalMixture):
        return made
    outward = tf.where(q.loc1 < q.loc2, -tf.ones_like(q.loc1), tf.ones_like(q.loc1))
    rows = tf.stack([q.loc1, q.loc1 + outward * q.scale1, q.loc2, q.loc2 - outward * q.scale2])
    return tf.concat([made[:3], tf.linalg.diag_part(rows[:, 3:])], axis=0)


def _kept_inside(edges: tf.Tensor, value: tf.Tensor) -> tf.Tensor:
    """Return ``value``, moved just inside the support where it lies beyond a finite edge.

    ``edges`` [4] are the ends of the support and the quantiles just inside of them.
    """
    low, high, inner_low, inner_high = tf.unstack(edges, num=4)
    raised = tf.where(tf.math.is_finite(low), tf.maximum(value, inner_low), value)
    return tf.where(tf.math.is_finite(high), tf.minimum(raised, inner_high), raised)


def _off_the_edges(q: Distribution, z: tf.Tensor) -> tf.Tensor:
    """Return ``z``, moved by one float inside the support where it rounds to a finite edge."""
    low, high = tf.unstack(asked("quantile", q, tf.constant([0.0, 1.0], tf.float64)))
    # Next to 0 is the smallest normal number: TensorFlow takes those below it for 0.
    inner_low = tf.maximum(tf.math.nextafter(low, low + 1.0), low + SMALLEST_NORMAL)
    inner_high = tf.minimum(tf.math.nextafter(high, high - 1.0), high - SMALLEST_NORMAL)
    raised = tf.where(tf.math.is_finite(low), tf.maximum(z, inner_low), z)
    return tf.where(tf.math.is_finite(high), tf.minimum(raised, inner_high), raised)


def _clipped(eps: tf.Tensor) -> tf.Tensor:
    return tf.clip_by_value(eps, -FARTHEST_SCORE, FARTHEST_SCORE)
