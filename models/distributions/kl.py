"""Kullback–Leibler divergences by pair of families: the registry that :mod:`closed_forms` fills."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

import tensorflow as tf

from models.distributions.base import Distribution, matching_shape
from models.distributions.vector import VectorDistribution

KlFunction = Callable[[Any, Any], tf.Tensor]
Family = type[Distribution] | type[VectorDistribution]
_REGISTRY: dict[tuple[Family, Family], KlFunction] = {}


def register_kl(q: Family, p: Family) -> Callable[[KlFunction], KlFunction]:
    """Declare the decorated function as the closed form of KL(q ‖ p) for these two families."""

    def register(function: KlFunction) -> KlFunction:
        if (q, p) in _REGISTRY:
            raise ValueError(f"KL({q.__name__} ‖ {p.__name__}) is already registered")
        _REGISTRY[q, p] = function
        return function

    return register


def in_float64(function: KlFunction) -> KlFunction:
    """Work a closed form of univariate families out in float64: the terms of one that is small cancel."""

    @wraps(function)
    def wide(q: Distribution, p: Distribution) -> tf.Tensor:
        return tf.cast(function(q._widened(), p._widened()), q.dtype)  # noqa: SLF001 as moments are

    return wide


def has_closed_form(q: Distribution | VectorDistribution, p: Distribution | VectorDistribution) -> bool:
    """Return whether :func:`kl_divergence` knows KL(q ‖ p)."""
    return (type(q), type(p)) in _REGISTRY


def kl_divergence(q: Distribution | VectorDistribution, p: Distribution | VectorDistribution) -> tf.Tensor:
    """Return KL(q ‖ p) in nats, shape of the two batches broadcast.

    NotImplementedError without a closed form, ShapeError where one batch stretches the other, of higher rank.
    """
    function = _REGISTRY.get((type(q), type(p)))
    if function is None:
        raise NotImplementedError(f"no closed form of KL({q.name} ‖ {p.name})")
    matching_shape(q.batch_shape, p.batch_shape)
    return function(q, p)


def kl_monte_carlo(
    q: Distribution | VectorDistribution, p: Distribution | VectorDistribution, n: int, seed: int
) -> tuple[tf.Tensor, tf.Tensor]:
    """Estimate KL(q ‖ p) from ``n`` samples of q, and return the estimate and its standard error, in nats.

    The estimate is the mean of log q(z) − log p(z), whose expectation is the divergence whether or not there is a
    closed form. It is differentiable along the path of the samples.
    """
    z = q.sample(n, seed)
    ratio = q.log_prob(z) - p.log_prob(z)
    count = tf.cast(n, ratio.dtype)
    estimate = tf.reduce_mean(ratio, 0)
    spread = tf.reduce_sum(tf.square(ratio - estimate), 0) / (count - 1.0)
    return estimate, tf.sqrt(spread / count)
