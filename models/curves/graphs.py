"""The compiled parts of :mod:`models.curves`: each is traced once per family, in float64, and takes its parameters.

Parameters come as one vector, in the order of the family's ``domains``.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import lru_cache
from typing import TypeAlias

import numpy as np
import tensorflow as tf

from models.distributions import FAMILIES, Distribution, Mixture, NormalMixture, has_closed_form, kl_divergence
from models.distributions.registry import build, noise_at
from models.numerics.quadrature import normal_rule
from models.protocol.distribution import Anchor

ConcreteFunction: TypeAlias = tf.types.experimental.ConcreteFunction

INNERMOST = 1e-12

SMALLEST_NORMAL = float(np.finfo(np.float64).tiny)

FAR_SCORE = 4.0

# Where quantiles are asked for: the edges, just inside of them, four scores out, the middle 80 %, what is read out.
OUTLINE = (
    0.0, 1.0, INNERMOST, 1.0 - INNERMOST, 0.5 * math.erfc(FAR_SCORE / math.sqrt(2.0)),
    0.5 * math.erfc(-FAR_SCORE / math.sqrt(2.0)), 0.1, 0.9, 0.05, 0.25, 0.5, 0.75, 0.95,
)  # fmt: skip

FARTHEST_SCORE = 37.0

ONE_SCORE = 0.5 * math.erfc(-math.sqrt(0.5))

# The probability at which a parameter is taken hold of, one where z moves with it; those of a mixture's components
# have places of their own.
GRIP_LEVELS = {
    "loc": 0.5, "scale": ONE_SCORE, "low": 1e-9, "high": 1.0 - 1e-9, "df": 0.9, "concentration": 0.25, "rate": 0.75,
    "concentration1": 0.25, "concentration0": 0.75, "logits": 0.5, "weight": 0.35,
}  # fmt: skip


@lru_cache(maxsize=64)
def outline(name: str) -> ConcreteFunction:
    """Trace parameters → quantiles of q and of its noise at :data:`OUTLINE`; mean, variance and entropy of q."""

    def graph(parameters: tf.Tensor) -> tuple[tf.Tensor, ...]:
        q, levels = build(name, parameters), tf.constant(OUTLINE, tf.float64)
        return (
            q.quantile(levels), q.noise_distribution().quantile(levels),
            tf.stack([q.mean(), q.variance(), q.entropy()]),
        )  # fmt: skip

    return _traced(graph, _vector(len(FAMILIES[name].domains)))


@lru_cache(maxsize=64)
def path(name: str) -> ConcreteFunction:
    """Trace (parameters, scores [b], ε [m]) → noise at the scores [b], z of that noise [b], z of ε [m]."""

    def graph(parameters: tf.Tensor, scores: tf.Tensor, eps: tf.Tensor) -> tuple[tf.Tensor, ...]:
        q = build(name, parameters)
        noise = noise_at(q, scores)
        made = q.from_noise(tf.concat([noise, eps], axis=0))
        return noise, made[: tf.size(scores)], made[tf.size(scores) :]

    return _traced(graph, _vector(len(FAMILIES[name].domains)), _vector(None), _vector(None))


@lru_cache(maxsize=64)
def heights(name: str) -> ConcreteFunction:
    """Trace (parameters, x [n]) → density and distribution function as [2, n]."""

    def graph(parameters: tf.Tensor, x: tf.Tensor) -> tf.Tensor:
        q = build(name, parameters)
        return tf.stack([q.prob(x), q.cdf(x)])

    return _traced(graph, _vector(len(FAMILIES[name].domains)), _vector(None))


@lru_cache(maxsize=128)
def located(name: str, anchor: Anchor) -> ConcreteFunction:
    """Trace (parameters, value of the anchor) → (z, ε) inside the support, ε finite."""

    def graph(parameters: tf.Tensor, value: tf.Tensor) -> tf.Tensor:
        q = build(name, parameters)
        if anchor == "eps":
            eps = _kept_inside(q.noise_distribution(), value)
            z = q.from_noise(eps)
            return tf.cond(tf.math.is_finite(z), lambda: tf.stack([z, eps]), lambda: _at(q, _clipped(eps)))
        inside = tf.clip_by_value(value, INNERMOST, 1.0 - INNERMOST)
        return _with_finite_noise(q, q.quantile(inside) if anchor == "u" else _kept_inside(q, value))

    return _traced(graph, _vector(len(FAMILIES[name].domains)), _scalar())


@lru_cache(maxsize=64)
def place(name: str) -> ConcreteFunction:
    """Trace (parameters [k], z, ε) → [cdf, survival, density, ∂z/∂ε] at z; ∂z/∂θ [k]; grips [3, k]: z, density, ∂z/∂θ.

    The slopes are those of the path at fixed noise, each parameter once per place; a grip at a mode moves with that.
    """
    names = list(FAMILIES[name].domains)
    levels = tf.constant([GRIP_LEVELS.get(key, 0.5) for key in names], tf.float64)

    def graph(parameters: tf.Tensor, z: tf.Tensor, eps: tf.Tensor) -> tuple[tf.Tensor, ...]:
        q = build(name, parameters)
        # All paths rise: the noise with so much probability below it leads to the quantile.
        grips = q.noise_distribution().quantile(levels)
        noise = tf.concat([eps[tf.newaxis], grips], axis=0)
        wide = tf.tile(parameters[:, tf.newaxis], [1, len(names) + 1])
        with tf.GradientTape() as tape:
            tape.watch([wide, noise])
            spread = build(name, wide)
            made = _with_modes(spread, spread.from_noise(noise))
        by_parameter, by_noise = tape.gradient(made, [wide, noise])
        at = tf.stack([q.cdf(z), q.survival_function(z), q.prob(z), by_noise[0]])
        slopes = tf.linalg.diag_part(by_parameter[:, 1:])
        return at, by_parameter[:, 0], tf.stack([made[1:], q.prob(made[1:]), slopes])

    return _traced(graph, _vector(len(names)), _scalar(), _scalar())


@lru_cache(maxsize=256)
def divergence(name: str, reference: str) -> ConcreteFunction:
    """Trace (parameters of q, of p) → [KL(q ‖ p), what the integral leaves uncertain, whether it is a closed form].

    Without a closed form it is −H(q) − E_q[log p]: the entropy is known, so an infinite density of q does no harm, and
    the mean is a quadrature over the normal score of z, of a mixture over that of each component. Uncertain is what the
    outermost nodes add, or all of it where nodes with weight round to an edge at which log p is infinite.
    """

    def graph(first: tf.Tensor, second: tf.Tensor) -> tf.Tensor:
        q, p = build(name, first), build(reference, second)
        if has_closed_form(q, p):
            return tf.stack([kl_divergence(q, p), tf.zeros([], tf.float64), tf.ones([], tf.float64)])
        drawn, weights = _nodes(q)
        parts = p.log_prob(_off_the_edges(q, drawn)) * weights
        outermost = tf.maximum(tf.abs(parts[0]), tf.abs(parts[-1]))
        blurred = tf.math.is_inf(p.log_prob(drawn)) & tf.math.is_finite(parts)
        lost = tf.reduce_sum(tf.where(blurred, weights, tf.zeros_like(weights)))
        kl = -q.entropy() - tf.reduce_sum(parts)
        return tf.stack([kl, outermost + lost * tf.maximum(tf.abs(kl), 1.0), tf.zeros([], tf.float64)])

    return _traced(graph, _vector(len(FAMILIES[name].domains)), _vector(len(FAMILIES[reference].domains)))


@lru_cache(maxsize=16)
def probabilities(name: str) -> ConcreteFunction:
    """Trace (parameters [k, d], z [d]) → u = F(z) [d] of each entry's own parameters."""

    def graph(parameters: tf.Tensor, z: tf.Tensor) -> tf.Tensor:
        return build(name, parameters).cdf(z)

    table = tf.TensorSpec([len(FAMILIES[name].domains), None], tf.float64)
    return _traced(graph, table, _vector(None))


def _nodes(q: Distribution) -> tuple[tf.Tensor, tf.Tensor]:
    """Return values of q and their weights [n]: sums over them are means over q."""
    rule = normal_rule()
    scores, weights = tf.constant(rule.scores), tf.constant(rule.weights)
    if not isinstance(q, Mixture):
        return q.from_noise(noise_at(q, scores)), weights
    drawn = [part.from_noise(noise_at(part, scores)) for part in q.components]
    return tf.concat(drawn, 0), tf.concat([share * weights for share in tf.unstack(q.probs)], 0)


def _with_modes(q: Distribution, made: tf.Tensor) -> tf.Tensor:
    """Return the values ``made`` [1 + k] at the place and the grips; those of a mixture's components at their own mode.

    The path would not do: where the other component has the mass, a quantile hardly moves with this one.
    """
    if not isinstance(q, NormalMixture):
        return made
    outward = tf.where(q.loc1 < q.loc2, -tf.ones_like(q.loc1), tf.ones_like(q.loc1))
    rows = tf.stack([q.loc1, q.loc1 + outward * q.scale1, q.loc2, q.loc2 - outward * q.scale2])
    return tf.concat([made[:2], tf.linalg.diag_part(rows[:, 2:])], axis=0)


def _kept_inside(q: Distribution, value: tf.Tensor) -> tf.Tensor:
    """Return ``value``, moved just inside the support where it lies beyond a finite edge."""
    low, high, inner_low, inner_high = tf.unstack(q.quantile(tf.constant(OUTLINE[:4], tf.float64)))
    raised = tf.where(tf.math.is_finite(low), tf.maximum(value, inner_low), value)
    return tf.where(tf.math.is_finite(high), tf.minimum(raised, inner_high), raised)


def _off_the_edges(q: Distribution, z: tf.Tensor) -> tf.Tensor:
    """Return ``z``, moved by one float inside the support where it rounds to a finite edge."""
    low, high = tf.unstack(q.quantile(tf.constant(OUTLINE[:2], tf.float64)))
    # Next to 0 is the smallest normal number: TensorFlow takes those below it for 0.
    inner_low = tf.maximum(tf.math.nextafter(low, low + 1.0), low + SMALLEST_NORMAL)
    inner_high = tf.minimum(tf.math.nextafter(high, high - 1.0), high - SMALLEST_NORMAL)
    raised = tf.where(tf.math.is_finite(low), tf.maximum(z, inner_low), z)
    return tf.where(tf.math.is_finite(high), tf.minimum(raised, inner_high), raised)


def _with_finite_noise(q: Distribution, z: tf.Tensor) -> tf.Tensor:
    """Return (z, ε); where the noise is infinite, z so far out has no place on the path: the farthest that has."""
    eps = q.to_noise(z)
    return tf.cond(tf.math.is_finite(eps), lambda: tf.stack([z, eps]), lambda: _at(q, _clipped(eps)))


def _clipped(eps: tf.Tensor) -> tf.Tensor:
    return tf.clip_by_value(eps, -FARTHEST_SCORE, FARTHEST_SCORE)


def _at(q: Distribution, eps: tf.Tensor) -> tf.Tensor:
    return tf.stack([q.from_noise(eps), eps])


def _traced(graph: Callable[..., object], *signature: tf.TensorSpec) -> ConcreteFunction:
    return tf.function(graph, input_signature=signature, autograph=False).get_concrete_function()


def _vector(size: int | None) -> tf.TensorSpec:
    return tf.TensorSpec([size], tf.float64)


def _scalar() -> tf.TensorSpec:
    return tf.TensorSpec([], tf.float64)
