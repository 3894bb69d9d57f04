"""Exact means and variances of gradient estimators, by quadrature."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields, replace

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from models.core.arrays import Floats64
from models.distributions.discrete import Discrete
from models.distributions.registry import build
from models.estimators.continuous import Estimators, Sliced
from models.numerics.quadrature import FARTHEST, USUAL_PANELS, Rule, normal_rule, panelled

ROUNDING = 1e-14
# A quadrature whose outermost nodes still add more than this fraction of the whole has not come to an end.
ENDED = 1e-8
# The share of an integrand that its panels shall miss at most, how often they are cut in four to get there, and the
# share with which an integral is none.
RESOLVED, FINER, USELESS = 1e-7, 4, 1e-5
# Less than this is missed, and four times the panels have left more than this part of it.
LITTLE, SLOW = 1e-3, 0.1
# How near two integrals are if both are right.
SAME = 1e-6
# The score of the farthest tail that float64 holds, and the panels up to there.
OUTERMOST, OUTER_PANELS = 37.0, 160
# |f|·P(Z beyond) falls outward where E[f] exists: in a power of the tail, by this in the last quarter at least.
FALLS = 3e-3
# Of whole numbers, those with less than this count in no sum.
LEAST_MASS = 1e-30


@dataclass(frozen=True)
class Integrals:
    """Exact moments of an estimator in every parameter [m]; a variance that does not exist, or is not known, is NaN.

    Attributes
    ----------
    value : float
        E[f].
    gradient : array [m]
        The true gradient ∇E[f].
    pathwise, score, mean_baseline, best_baseline, landing : array [m]
        Variances of one sample.
    baselines : array [m]
        E[f s²]/E[s²], s = ∂ log q/∂θ: the constant that makes the variance smallest.
    resolved : bool
        Whether f is smooth between the nodes wherever it matters; if not, its mean is not known.
    exists : bool
        Whether, as far as the tails can be followed, E[f] and its gradient exist.
    """

    value: float
    gradient: Floats64
    pathwise: Floats64
    score: Floats64
    mean_baseline: Floats64
    best_baseline: Floats64
    landing: Floats64
    baselines: Floats64
    resolved: bool
    exists: bool = True


def integrals_of(
    by: Estimators, arguments: tuple[tf.Tensor, ...], parameters: tf.Tensor, nodes: int
) -> Sliced[Integrals]:
    """Return the exact moments, by quadrature over the normal score of z or z itself; yields after ``nodes`` nodes.

    Where f changes faster than the nodes follow they are set more densely, and where the sum over a heavy tail has not
    come to an end it is taken farther out. Of a model's ELBO, which has a kink wherever a unit of its decoder is
    switched, the usual nodes are enough.
    """
    if by.pathwise is None:
        rule = _rule_of_masses(by, parameters)
        return _moments(rule, *(yield from _at_nodes(by, arguments, parameters, nodes, rule)))
    usual = yield from _followed(by, arguments, parameters, nodes)
    if not usual.resolved or by.gaps or by.landing is not None or _all_known(usual):
        return usual
    rule = normal_rule(OUTER_PANELS, reach=OUTERMOST)
    found = yield from _at_nodes(by, arguments, parameters, nodes, rule)
    heavy = not all(_falls(rule, part).all() for part in (found[2], found[0]))
    return replace(_completed(usual, _moments(rule, *found)), exists=not heavy)


def _all_known(exact: Integrals) -> bool:
    return all(np.isfinite(getattr(exact, field.name)).all() for field in fields(exact))


def _completed(usual: Integrals, outer: Integrals) -> Integrals:
    """Return the ``usual`` moments with those that are not known by ``outer`` nodes; by these all, if ∇E[f] is not."""
    pairs = {field.name: (getattr(usual, field.name), getattr(outer, field.name)) for field in fields(usual)[:-2]}
    if not np.isfinite([usual.value, *usual.gradient]).all():
        pairs = {name: (far, near) for name, (near, far) in pairs.items()}
    kept = {name: np.where(np.isfinite(first), first, second) for name, (first, second) in pairs.items()}
    return replace(usual, **{**kept, "value": float(kept["value"])})


def _falls(rule: Rule, values: Floats64) -> NDArray[np.bool_]:
    """Return whether |``values``| [..., nodes] times the probability beyond falls in both tails."""
    last = len(rule.scores) // 8
    tails = np.array([0.5 * math.erfc(abs(rule.scores[at]) / math.sqrt(2.0)) for at in (0, last, -last, -1)])
    left, inner_left, inner_right, right = np.moveaxis(np.abs(values[..., [0, last, -last, -1]]) * tails, -1, 0)
    return np.asarray((left <= (1.0 - FALLS) * inner_left) & (right <= (1.0 - FALLS) * inner_right))


def _followed(by: Estimators, arguments: tuple[tf.Tensor, ...], parameters: tf.Tensor, nodes: int) -> Sliced[Integrals]:
    """Return the moments by nodes as dense as f needs them."""
    before = 1.0
    for finer in range(FINER + 1):
        rule = _rule_of(by, parameters, USUAL_PANELS * 4**finer)
        path, landing, values, scores = yield from _at_nodes(by, arguments, parameters, nodes << finer, rule)
        squares = values * scores if by.gaps else [*path, *(values * scores)]
        missed = float(rule.missed(np.square(squares)).max())
        # Far out in a heavy tail, f is followed by no rule, and little depends on it.
        if missed <= RESOLVED or SLOW * before < missed < LITTLE:
            break
        before = missed
    exact = _moments(rule, path, landing, values, scores)
    return _without_gaps(exact, rule, values, scores) if by.gaps else exact


def _rule_of(by: Estimators, parameters: tf.Tensor, panels: int) -> Rule:
    """Return a rule of so many panels; of two modes with so many for each, in z: the score stands still between."""
    smooth = by.landing is None
    if not by.gaps:
        return normal_rule(panels, smooth)
    _, *components = parameters.numpy().tolist()
    steps = np.linspace(-FARTHEST, FARTHEST, panels + 1)
    edges = np.unique([loc + scale * steps for loc, scale in zip(components[::2], components[1::2], strict=True)])
    q = build(by.name, parameters)

    def scored(z: Floats64) -> tuple[Floats64, Floats64]:
        scores = q.to_noise(z)
        # Far within a gap the score stands still: what it would lead back to is another value.
        same = np.abs(q.from_noise(scores).numpy() - z) <= SAME * (1.0 + np.abs(z))
        return scores.numpy(), np.where(same, q.prob(z).numpy(), 0.0)

    return panelled(edges, scored, smooth)


def _rule_of_masses(by: Estimators, parameters: tf.Tensor) -> Rule:
    """Return the rule of a family of whole numbers: their masses at the middles of the steps of the path.

    A node without weight at either end says that the sum has come to an end.
    """
    q = build(by.name, parameters)
    if not isinstance(q, Discrete):
        raise TypeError(f"{by.name} has no masses")
    k, mass = (part.numpy() for part in q.masses())
    counted = mass > LEAST_MASS
    scores, ends = q.to_noise(k[counted]).numpy(), np.zeros(1)
    return Rule(np.pad(scores, 1, "edge"), np.concatenate([ends, mass[counted], ends]), smooth=False)


def _without_gaps(exact: Integrals, rule: Rule, values: Floats64, scores: Floats64) -> Integrals:
    """Return what is known without the path: between two modes far apart float64 does not tell its values apart."""
    gradient = _integral(rule, values * scores)
    told = np.abs(exact.gradient - gradient) <= SAME * (1.0 + np.abs(gradient))
    known = np.where(told, exact.pathwise, np.nan)
    return replace(exact, gradient=gradient, pathwise=known, resolved=not _lost(rule, values).any())


def _at_nodes(
    by: Estimators, arguments: tuple[tf.Tensor, ...], parameters: tf.Tensor, nodes: int, rule: Rule
) -> Sliced[tuple[Floats64, ...]]:
    """Return the estimators pathwise and landing [m, n], f [n] and the score [m, n] at the nodes of a rule.

    Where there is no path, the score's estimator stands for it: it has the same mean.
    """
    parts: list[tuple[Floats64, ...]] = []
    for start in range(0, len(rule.scores), nodes):
        scores = tf.constant(rule.scores[start : start + nodes])
        values, slopes = (part.numpy() for part in by.score(arguments, parameters, scores))
        yield None
        path = values * slopes if by.pathwise is None else by.pathwise(arguments, parameters, scores).numpy()
        yield None
        landing = path if by.landing is None else by.landing(arguments, parameters, scores).numpy()
        if by.gaps:
            # Two components that are the same leave rounding of the score in their weight.
            slopes = np.where(np.abs(slopes) <= ROUNDING, 0.0, slopes)
        parts.append((path, landing, values, slopes))
        yield None
    return tuple(np.concatenate(rows, axis=-1) for rows in zip(*parts, strict=True))


@np.errstate(over="ignore", invalid="ignore")
def _moments(rule: Rule, path: Floats64, landing: Floats64, values: Floats64, scores: Floats64) -> Integrals:
    mean, squares = _integral(rule, values), scores * scores
    best = _integral(rule, values * squares) / _integral(rule, squares)
    estimators = (path, values * scores, (values - mean) * scores, (values - best[:, np.newaxis]) * scores, landing)
    path_variance, score_variance, by_mean, by_best, landed = (_variance(rule, part) for part in estimators)
    resolved = not any(_lost(rule, part).any() for part in (values, path))
    return Integrals(
        float(mean), _integral(rule, path), path_variance, score_variance, by_mean, by_best, landed, best, resolved
    )  # fmt: skip


def _integral(rule: Rule, values: Floats64) -> Floats64:
    """Return the mean over q of ``values`` [..., nodes]; NaN where the tails do not end, or most is missed."""
    parts = values * rule.weights
    total = parts.sum(axis=-1)
    # What is left of parts that cancel is rounding.
    total = np.where(np.abs(total) <= ROUNDING * np.abs(parts).sum(axis=-1), 0.0, total)
    return np.where(_ended(parts) & (rule.missed(values) <= USELESS), total, np.nan)


def _lost(rule: Rule, values: Floats64) -> NDArray[np.bool_]:
    """Return whether ``values`` [..., nodes] come to an end in the tails, and yet change too fast between the nodes."""
    return np.asarray(_ended(values * rule.weights) & (rule.missed(values) > USELESS))


def _ended(parts: Floats64) -> NDArray[np.bool_]:
    """Return whether the sums of ``parts`` [..., nodes] have come to an end at the outermost nodes."""
    outer = np.maximum(np.abs(parts[..., 0]), np.abs(parts[..., -1]))
    return np.asarray(outer <= ENDED * np.maximum(np.abs(parts).sum(axis=-1), 1e-300))


def _variance(rule: Rule, values: Floats64) -> Floats64:
    mean = _integral(rule, values)
    return _integral(rule, np.square(values - mean[..., np.newaxis]))
