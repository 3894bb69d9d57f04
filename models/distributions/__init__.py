"""Distributions checked against SciPy and mpmath, with the reparameterization path in the open."""

from models.distributions import closed_forms as closed_forms
from models.distributions.aggregate import AggregatePosterior
from models.distributions.base import Distribution, ParameterError, ShapeError
from models.distributions.beta import Beta
from models.distributions.bounded import Kumaraswamy, LogitNormal, TanhNormal, Uniform
from models.distributions.concrete import Concrete
from models.distributions.continuous_bernoulli import ContinuousBernoulli
from models.distributions.families import FAMILIES, distribution_of
from models.distributions.gamma import Chi2, Gamma, InverseGamma
from models.distributions.half_line import Exponential, HalfNormal, LogNormal, Weibull
from models.distributions.kl import has_closed_form, kl_divergence, kl_monte_carlo, register_kl
from models.distributions.location_scale import Cauchy, Gumbel, Laplace, Logistic
from models.distributions.mixture import Mixture
from models.distributions.multivariate import Dirichlet, MultivariateNormalDiag, MultivariateNormalTriL
from models.distributions.normal import Normal
from models.distributions.normal_mixture import NormalMixture
from models.distributions.student_t import StudentT
from models.distributions.truncated_normal import TruncatedNormal
from models.distributions.von_mises import VonMises

__all__ = [
    "FAMILIES",
    "AggregatePosterior",
    "Beta",
    "Cauchy",
    "Chi2",
    "Concrete",
    "ContinuousBernoulli",
    "Dirichlet",
    "Distribution",
    "Exponential",
    "Gamma",
    "Gumbel",
    "HalfNormal",
    "InverseGamma",
    "Kumaraswamy",
    "Laplace",
    "LogNormal",
    "Logistic",
    "LogitNormal",
    "Mixture",
    "MultivariateNormalDiag",
    "MultivariateNormalTriL",
    "Normal",
    "NormalMixture",
    "ParameterError",
    "ShapeError",
    "StudentT",
    "TanhNormal",
    "TruncatedNormal",
    "Uniform",
    "VonMises",
    "Weibull",
    "distribution_of",
    "has_closed_form",
    "kl_divergence",
    "kl_monte_carlo",
    "register_kl",
]
