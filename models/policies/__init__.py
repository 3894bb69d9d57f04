"""The trick in reinforcement learning: gradients of a policy's cost by several estimators, with their exact moments.

Worlds are linear with a quadratic cost (LQR), where all moments have a closed form, or a bandit of one step.
"""

from models.policies.bandit import REWARDS, Bandit, bandit_estimates
from models.policies.estimates import PolicyGradients
from models.policies.linear import Policy, exact_moments
from models.policies.rollouts import linear_estimates, noise_bank
from models.policies.worlds import LinearWorld, double_integrator, scalar_world

__all__ = [
    "REWARDS",
    "Bandit",
    "LinearWorld",
    "Policy",
    "PolicyGradients",
    "bandit_estimates",
    "double_integrator",
    "exact_moments",
    "linear_estimates",
    "noise_bank",
    "scalar_world",
]
