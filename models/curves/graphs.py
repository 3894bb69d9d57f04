"""The curves and numbers of a distribution q, each a function of q that can be traced, in float64."""

from __future__ import annotations

import math

import numpy as np
import tensorflow as tf

from models.core.families import FACTS
from models.curves.compiled import Part, asked
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


def outline(q: Distribution) -> tuple[tf.Tensor, ...]:
    """Return the quantiles of q and of its noise at :data:`OUTLINE`; mean, variance and entropy of q."""
    levels = tf.constant(OUTLINE, tf.float64)
    moments = tf.stack([q.mean(), q.variance(), q.entropy()])
    return asked("quantile", q, levels), q.noise_distribution().quantile(levels), moments


def path(q: Distribution, scores: tf.Tensor, eps: tf.Tensor) -> tuple[tf.Tensor, ...]:
    """Return the noise at normal ``scores`` [b], z of that noise [b] and z of ``eps`` [m]."""
    noise = noise_at(q, scores)
    made = asked("from_noise", q, tf.concat([noise, eps], axis=0))
    return noise, made[: tf.size(scores)], made[tf.size(scores) :]


def heights(q: Distribution, x: tf.Tensor) -> tuple[tf.Tensor, ...]:
    """Return density and distribution function at ``x`` [n]."""
    return asked("prob", q, x), asked("cdf", q, x)


def probability(q: Distribution, z: tf.Tensor) -> tuple[tf.Tensor, ...]:
    """Return u = F(z) [d], each of its own parameters."""
    return (q.cdf(z),)


def located_by_noise(q: Distribution, eps: tf.Tensor) -> tuple[tf.Tensor, ...]:
    """Return z and ε for a noise, inside the support and finite."""
    noise = q.noise_distribution()
    inside = _kept_inside(noise.quantile(_edges()), eps)
    z = asked("from_noise", q, inside)
    z_and_eps: tuple[tf.Tensor, ...] = tf.cond(
        tf.math.is_finite(z), lambda: (z, inside), lambda: _at(q, _clipped(inside))
    )
    return z_and_eps


def located_by_value(q: Distribution, z: tf.Tensor) -> tuple[tf.Tensor, ...]:
    """Return z and ε for a value, inside the support and finite."""
    inside = _kept_inside(asked("quantile", q, _edges()), z)
    return _with_finite_noise(q, tf.round(inside) if isinstance(q, Discrete) else inside)


def located_by_probability(q: Distribution, u: tf.Tensor) -> tuple[tf.Tensor, ...]:
    """Return z and ε for a probability, inside the support and finite."""
    return _with_finite_noise(q, asked("quantile", q, tf.clip_by_value(u, INNERMOST, 1.0 - INNERMOST)))


LOCATED: dict[Anchor, Part] = {
    "z": located_by_value, "eps": located_by_noise, "u": located_by_probability,
}  # fmt: skip


def place(q: Distribution, z: tf.Tensor, eps: tf.Tensor) -> tuple[tf.Tensor, ...]:
    """Return [cdf, survival, density, ∂z/∂ε] at z; ∂z/∂θ [k]; grips [3, k]: z, density, ∂z/∂θ.

    The slopes are those of the path at fixed noise, each parameter once per place; a grip at a mode moves with that.
    """
    count = 1 + len(q.parameters)
    # All paths rise: the noise with so much probability below it leads to the quantile.
    grips = q.noise_distribution().quantile(tf.constant(_grip_levels(q.name), tf.float64))
    noise = tf.concat([eps[tf.newaxis], grips], axis=0)
    wide = {name: tf.fill([count], value) for name, value in q.parameters.items()}
    with tf.GradientTape() as tape:
        tape.watch([wide, noise])
        spread = type(q)(**wide, validate=False)
        made = _with_modes(spread, spread.from_noise(noise))
    # A staircase has none.
    slopes, by_noise = tape.gradient(made, [wide, noise], unconnected_gradients=tf.UnconnectedGradients.ZERO)
    by_parameter = tf.stack(list(slopes.values()))
    tails = [asked(name, q, z) for name in ("cdf", "survival_function")]
    at = tf.stack([*tails, asked("prob", q, z), by_noise[0]])
    moved = tf.linalg.diag_part(by_parameter[:, 1:])
    return at, by_parameter[:, 0], tf.stack([made[1:], asked("prob", q, made[1:]), moved])


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
    """Return the values ``made`` [1 + k] at the place and the grips; those of a mixture's components at their own mode.

    The path would not do: where the other component has the mass, a quantile hardly moves with this one.
    """
    if not isinstance(q, NormalMixture):
        return made
    outward = tf.where(q.loc1 < q.loc2, -tf.ones_like(q.loc1), tf.ones_like(q.loc1))
    rows = tf.stack([q.loc1, q.loc1 + outward * q.scale1, q.loc2, q.loc2 - outward * q.scale2])
    return tf.concat([made[:2], tf.linalg.diag_part(rows[:, 2:])], axis=0)


def _edges() -> tf.Tensor:
    return tf.constant(OUTLINE[:4], tf.float64)


def _kept_inside(edges: tf.Tensor, value: tf.Tensor) -> tf.Tensor:
    """Return ``value``, moved just inside the support where it lies beyond a finite edge.

    ``edges`` [4] are the ends of the support and the quantiles just inside of them.
    """
    low, high, inner_low, inner_high = tf.unstack(edges)
    raised = tf.where(tf.math.is_finite(low), tf.maximum(value, inner_low), value)
    return tf.where(tf.math.is_finite(high), tf.minimum(raised, inner_high), raised)


def _off_the_edges(q: Distribution, z: tf.Tensor) -> tf.Tensor:
    """Return ``z``, moved by one float inside the support where it rounds to a finite edge."""
    low, high = tf.unstack(asked("quantile", q, _edges())[:2])
    # Next to 0 is the smallest normal number: TensorFlow takes those below it for 0.
    inner_low = tf.maximum(tf.math.nextafter(low, low + 1.0), low + SMALLEST_NORMAL)
    inner_high = tf.minimum(tf.math.nextafter(high, high - 1.0), high - SMALLEST_NORMAL)
    raised = tf.where(tf.math.is_finite(low), tf.maximum(z, inner_low), z)
    return tf.where(tf.math.is_finite(high), tf.minimum(raised, inner_high), raised)


def _with_finite_noise(q: Distribution, z: tf.Tensor) -> tuple[tf.Tensor, ...]:
    """Return (z, ε); where the noise is infinite, z so far out has no place on the path: the farthest that has."""
    eps = asked("to_noise", q, z)
    z_and_eps: tuple[tf.Tensor, ...] = tf.cond(tf.math.is_finite(eps), lambda: (z, eps), lambda: _at(q, _clipped(eps)))
    return z_and_eps


def _clipped(eps: tf.Tensor) -> tf.Tensor:
    return tf.clip_by_value(eps, -FARTHEST_SCORE, FARTHEST_SCORE)


def _at(q: Distribution, eps: tf.Tensor) -> tuple[tf.Tensor, ...]:
    return asked("from_noise", q, eps), eps
