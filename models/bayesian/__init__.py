"""The trick in Bayesian regression: the exact posterior of a linear model, and what approximations make of it.

All methods give a mixture of normal distributions over the weights, so that every prediction has an exact pdf and cdf.
"""

from models.bayesian.exact import elbo, exact_posterior, laplace, log_evidence, mean_field
from models.bayesian.gradient_noise import exact_gradient_variances
from models.bayesian.posterior import Posterior
from models.bayesian.prediction import coverage, log_predictive_density
from models.bayesian.problem import BASES, Regression, regression_of
from models.bayesian.sampling import dropout, ensemble
from models.bayesian.variational import fit_by_gradient

__all__ = [
    "BASES",
    "Posterior",
    "Regression",
    "coverage",
    "dropout",
    "elbo",
    "ensemble",
    "exact_gradient_variances",
    "exact_posterior",
    "fit_by_gradient",
    "laplace",
    "log_evidence",
    "log_predictive_density",
    "mean_field",
    "regression_of",
]
