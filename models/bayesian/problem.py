"""A regression y = Σ wⱼφⱼ(x) + noise with normal weights: points, basis, scales."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from models.core.arrays import Floats64

BUMPS = 8


@dataclass(frozen=True)
class Regression:
    """Points with what is believed of them.

    Attributes
    ----------
    features : array [n, m]
        φⱼ(xᵢ).
    y : array [n]
        What was measured.
    noise : float
        Standard deviation of y around its mean.
    prior : float
        Standard deviation of every weight, around 0.
    """

    features: Floats64
    y: Floats64
    noise: float
    prior: float

    def precision(self) -> Floats64:
        """Return the inverse covariance [m, m] of the exact posterior."""
        own = np.eye(self.features.shape[1]) / self.prior**2
        return np.asarray(self.features.T @ self.features / self.noise**2 + own)


def _bumps(x: Floats64, span: tuple[float, float]) -> Floats64:
    """Return 1 and normal bumps [n, 1 + BUMPS] spread over ``span``, as wide as they are apart."""
    centers = np.linspace(*span, BUMPS)
    width = (span[1] - span[0]) / (BUMPS - 1) or 1.0
    bumps = np.exp(-0.5 * ((x[:, np.newaxis] - centers) / width) ** 2)
    return np.column_stack([np.ones_like(x), bumps])


Basis = Callable[[Floats64, tuple[float, float]], Floats64]
BASES: dict[str, Basis] = {
    "line": lambda x, _: np.stack([x**power for power in range(2)], axis=1),
    "cubic": lambda x, _: np.stack([x**power for power in range(4)], axis=1),
    "bumps": _bumps,
}


def regression_of(
    x: Floats64, y: Floats64, basis: str, noise: float, prior: float, span: tuple[float, float] | None = None
) -> Regression:
    """Return the regression of ``y`` [n] on the functions of ``x`` [n] that ``basis`` names.

    ``span`` is where bumps stand; without it, from the least x to the greatest.
    """
    return Regression(BASES[basis](x, span or (float(x.min()), float(x.max()))), y, noise, prior)
