"""Estimators of ∇_θ E_q[f(z)] from single samples, with the exact gradient and their exact variances beside them.

Pathwise (Kingma & Welling 2014, Rezende et al. 2014), score function (Williams 1992), sticking the landing (Roeder et
al. 2017), Concrete (Maddison et al. 2017, Jang et al. 2017); and for the weights of Bayesian layers local
reparameterization (Kingma et al. 2015) and Flipout (Wen et al. 2018).
"""

from models.estimators.comparison import draw_gradients, drawing_gradients
from models.estimators.continuous import Estimators, estimators_of
from models.estimators.discrete import discrete_estimates
from models.estimators.integrands import ElboKind, ToyKind
from models.estimators.moments import Integrals, integrals_of
from models.estimators.weight_noise import flipout, local_reparameterization, shared_noise

__all__ = [
    "ElboKind",
    "Estimators",
    "Integrals",
    "ToyKind",
    "discrete_estimates",
    "draw_gradients",
    "drawing_gradients",
    "estimators_of",
    "flipout",
    "integrals_of",
    "local_reparameterization",
    "shared_noise",
]
