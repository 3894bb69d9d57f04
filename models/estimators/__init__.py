"""Estimators of ∇_θ E_q[f(z)] from single samples, with the exact gradient and their exact variances beside them.

Pathwise (Kingma & Welling 2014, Rezende et al. 2014), score function (Williams 1992), sticking the landing (Roeder et
al. 2017), Concrete (Maddison et al. 2017, Jang et al. 2017).
"""

from models.estimators.answer import draw_gradients, drawing_gradients
from models.estimators.continuous import Integrals, integrals_of, pathwise, score
from models.estimators.discrete import discrete_estimates
from models.estimators.objectives import ElboObjective, Toy

__all__ = [
    "ElboObjective",
    "Integrals",
    "Toy",
    "discrete_estimates",
    "draw_gradients",
    "drawing_gradients",
    "integrals_of",
    "pathwise",
    "score",
]
