"""Linear worlds with a quadratic cost: x′ = Ax + bu, and xᵀQx + ru² a step."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.linalg import solve_discrete_are

from models.core.arrays import Floats64


@dataclass(frozen=True)
class LinearWorld:
    """A world with a state of d numbers and one action u.

    Attributes
    ----------
    A : array [d, d]
        How the state goes on by itself.
    b : array [d]
        What a unit of the action adds to it.
    Q : array [d, d]
        Cost xᵀQx of a state, the last one included; symmetric, not negative.
    r : float
        Cost ru² of an action, positive.
    start : array [d]
        The first state.
    """

    A: Floats64
    b: Floats64
    Q: Floats64
    r: float
    start: Floats64

    def cost_to_go(self) -> Floats64:
        """Return P [d, d], with which xᵀPx is the cost of all steps from x under the best gain, without noise."""
        solution: Floats64 = solve_discrete_are(self.A, self.b[:, np.newaxis], self.Q, np.array([[self.r]]))
        return solution

    def best_gain(self) -> Floats64:
        """Return K [d] of the policy u = −Kx that costs least without end; noise does not move it."""
        P = self.cost_to_go()
        gain: Floats64 = self.b @ P @ self.A / (self.r + self.b @ P @ self.b)
        return gain


def scalar_world(a: float = 1.0, b: float = 1.0, q: float = 1.0, r: float = 1.0) -> LinearWorld:
    """Return x′ = ax + bu with the cost qx² + ru² a step, from x = 1."""
    return LinearWorld(np.array([[a]]), np.array([b]), np.array([[q]]), r, np.ones(1))


def double_integrator(dt: float = 0.1) -> LinearWorld:
    """Return position and speed under a force u, with steps of ``dt`` seconds, from rest at position 1."""
    A, b = np.array([[1.0, dt], [0.0, 1.0]]), np.array([0.5 * dt**2, dt])
    return LinearWorld(A, b, np.diag([1.0, 0.1]), 0.01, np.array([1.0, 0.0]))
