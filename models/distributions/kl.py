"""Kullback–Leibler divergences by pair of families, as a registry that each family adds to."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import tensorflow as tf

from models.distributions.base import Distribution
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


def has_closed_form(q: Distribution | VectorDistribution, p: Distribution | VectorDistribution) -> bool:
    """Return whether :func:`kl_divergence` knows KL(q ‖ p)."""
    return (type(q), type(p)) in _REGISTRY


def kl_divergence(q: Distribution | VectorDistribution, p: Distribution | VectorDistribution) -> tf.Tensor:
    """Return KL(q ‖ p) in nats, shape of the two batches broadcast; NotImplementedError without a closed form."""
    function = _REGISTRY.get((type(q), type(p)))
    if function is None:
        raise NotImplementedError(f"no closed form of KL({q.name} ‖ {p.name})")
    return function(q, p)
