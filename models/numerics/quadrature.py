"""Means over a distribution as sums over the normal score of its values: Gauss–Legendre in panels."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from models.core.arrays import Floats64

FARTHEST = 8.0
NODES = 16
USUAL_PANELS = 32
# The two highest polynomials that the nodes of a panel can tell apart: they take what is missed of an integrand.
HIGHEST = np.stack([np.polynomial.legendre.Legendre.basis(degree)(np.polynomial.legendre.leggauss(NODES)[0])
                    for degree in (NODES - 2, NODES - 1)])  # fmt: skip


@dataclass(frozen=True)
class Rule:
    """Nodes as normal scores from −8 to 8 and their weights [panels · 16], the density included.

    ``smooth`` says whether integrands are meant to be: of others, nothing is said to be missed.
    """

    scores: Floats64
    weights: Floats64
    smooth: bool = True

    def missed(self, values: Floats64) -> Floats64:
        """Return which share of the mean size of ``values`` [..., nodes] changes too fast for the nodes to follow."""
        if not self.smooth:
            return np.zeros(values.shape[:-1])
        parts = values * self.weights
        highest = np.abs(parts.reshape(*parts.shape[:-1], -1, NODES) @ HIGHEST.T).max(axis=-1).sum(axis=-1)
        return np.asarray(highest / np.maximum(np.abs(parts).sum(axis=-1), 1e-300))


@lru_cache(maxsize=8)
def normal_rule(panels: int = USUAL_PANELS, smooth: bool = True) -> Rule:
    """Return the rule of an even number of panels: two meet at the median, where a density may have a kink."""

    def standard(scores: Floats64) -> tuple[Floats64, Floats64]:
        return scores, np.exp(-0.5 * scores**2) / math.sqrt(2.0 * math.pi)

    return panelled(np.linspace(-FARTHEST, FARTHEST, panels + 1), standard, smooth)


def panelled(edges: Floats64, scored: Callable[[Floats64], tuple[Floats64, Floats64]], smooth: bool = True) -> Rule:
    """Return the rule of panels between ``edges`` of any variable, of which ``scored`` gives score and density."""
    nodes, weights = np.polynomial.legendre.leggauss(NODES)
    half = 0.5 * np.diff(edges)[:, np.newaxis]
    scores, densities = scored((edges[:-1, np.newaxis] + half * (1.0 + nodes)).ravel())
    return Rule(scores, (half * weights).ravel() * densities, smooth)
