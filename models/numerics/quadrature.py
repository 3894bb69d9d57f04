"""The rules by which integrals are taken: Gauss–Legendre, alone and in panels, and those for decaying integrands."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, lru_cache

import numpy as np

from models.core.arrays import Floats64

FARTHEST = 8.0
NODES = 16
USUAL_PANELS = 32


@cache
def legendre(count: int) -> tuple[Floats64, Floats64]:
    """Return nodes in (−1, 1) and weights of the Gauss–Legendre rule of ``count`` nodes."""
    nodes, weights = np.polynomial.legendre.leggauss(count)
    return nodes, weights


@cache
def decaying(step: float = 0.0625) -> tuple[Floats64, Floats64]:
    """Return nodes and weights of a rule for integrands that decay exponentially on (0, ∞).

    It is the double-exponential rule v = exp(s − exp(−s)) of this ``step`` in s (Takahasi & Mori 1974).
    """
    grid = np.linspace(-4.5, 7.0, round(11.5 / step) + 1)
    nodes = np.exp(grid - np.exp(-grid))
    return nodes, nodes * (1.0 + np.exp(-grid)) * (grid[1] - grid[0])


@cache
def normal_means() -> tuple[Floats64, Floats64]:
    """Return normal scores and weights of the trapezoidal rule for means of smooth functions of one, however narrow."""
    scores = np.linspace(-9.5, 9.5, 1025)
    densities = np.exp(-0.5 * scores**2)
    return scores, densities / densities.sum()


@dataclass(frozen=True)
class Rule:
    """Nodes as normal scores, usually from −8 to 8, and their weights [panels · nodes], the density included.

    ``smooth`` says whether integrands are meant to be: of others, nothing is said to be missed.
    """

    scores: Floats64
    weights: Floats64
    smooth: bool = True
    nodes: int = NODES

    def missed(self, values: Floats64) -> Floats64:
        """Return which share of the mean size of ``values`` [..., nodes] changes too fast for the nodes to follow."""
        if not self.smooth:
            return np.zeros(values.shape[:-1])
        parts = values * self.weights
        panels = parts.reshape(*parts.shape[:-1], -1, self.nodes)
        highest = np.abs(panels @ highest_degrees(self.nodes).T).max(axis=-1).sum(axis=-1)
        return np.asarray(highest / np.maximum(np.abs(parts).sum(axis=-1), 1e-300))


@lru_cache(maxsize=8)
def normal_rule(panels: int = USUAL_PANELS, smooth: bool = True, nodes: int = NODES, reach: float = FARTHEST) -> Rule:
    """Return the rule of an even number of panels: two meet at the median, where a density may have a kink."""

    def standard(scores: Floats64) -> tuple[Floats64, Floats64]:
        return scores, np.exp(-0.5 * scores**2) / math.sqrt(2.0 * math.pi)

    return panelled(np.linspace(-reach, reach, panels + 1), standard, smooth, nodes)


def panelled(
    edges: Floats64, scored: Callable[[Floats64], tuple[Floats64, Floats64]], smooth: bool = True, nodes: int = NODES
) -> Rule:
    """Return the rule of panels between ``edges`` of any variable, of which ``scored`` gives score and density."""
    within, weights = legendre(nodes)
    half = 0.5 * np.diff(edges)[:, np.newaxis]
    scores, densities = scored((edges[:-1, np.newaxis] + half * (1.0 + within)).ravel())
    return Rule(scores, (half * weights).ravel() * densities, smooth, nodes)


@cache
def highest_degrees(nodes: int) -> Floats64:
    """Return the two highest polynomials that the nodes of a panel can tell apart [2, nodes].

    They take what is missed of an integrand.
    """
    within, _ = legendre(nodes)
    return np.stack([np.polynomial.legendre.Legendre.basis(degree)(within) for degree in (nodes - 2, nodes - 1)])
