"""Distributions checked against SciPy and mpmath, with the reparameterization path in the open."""

# Imported for what it registers: the divergences that kl_divergence knows.
from models.distributions import closed_forms as closed_forms
from models.distributions.base import Distribution, ParameterError, ShapeError
from models.distributions.bernoulli import Bernoulli
from models.distributions.beta import Beta
from models.distributions.binomial import Binomial
from models.distributions.categorical import Categorical
from models.distributions.cauchy import Cauchy
from models.distributions.chi2 import Chi2
from models.distributions.concrete import Concrete
from models.distributions.continuous_bernoulli import ContinuousBernoulli
from models.distributions.dirichlet import Dirichlet
from models.distributions.exponential import Exponential
from models.distributions.gamma import Gamma
from models.distributions.generalized_normal import GeneralizedNormal
from models.distributions.gumbel import Gumbel
from models.distributions.half_cauchy import HalfCauchy
from models.distributions.half_normal import HalfNormal
from models.distributions.inverse_gamma import InverseGamma
from models.distributions.inverse_gaussian import InverseGaussian
from models.distributions.kl import has_closed_form, kl_divergence, kl_monte_carlo, register_kl
from models.distributions.kumaraswamy import Kumaraswamy
from models.distributions.laplace import Laplace
from models.distributions.log_normal import LogNormal
from models.distributions.logistic import Logistic
from models.distributions.logit_normal import LogitNormal
from models.distributions.mixture import Mixture
from models.distributions.multivariate_normal import MultivariateNormalDiag, MultivariateNormalTriL
from models.distributions.negative_binomial import NegativeBinomial
from models.distributions.normal import Normal
from models.distributions.normal_mixture import NormalMixture
from models.distributions.pareto import Pareto
from models.distributions.poisson import Poisson
from models.distributions.registry import FAMILIES, distribution_of
from models.distributions.student_t import StudentT
from models.distributions.tanh_normal import TanhNormal
from models.distributions.truncated_normal import TruncatedNormal
from models.distributions.uniform import Uniform
from models.distributions.von_mises import VonMises
from models.distributions.weibull import Weibull

__all__ = [
    "FAMILIES",
    "Bernoulli",
    "Beta",
    "Binomial",
    "Categorical",
    "Cauchy",
    "Chi2",
    "Concrete",
    "ContinuousBernoulli",
    "Dirichlet",
    "Distribution",
    "Exponential",
    "Gamma",
    "GeneralizedNormal",
    "Gumbel",
    "HalfCauchy",
    "HalfNormal",
    "InverseGamma",
    "InverseGaussian",
    "Kumaraswamy",
    "Laplace",
    "LogNormal",
    "Logistic",
    "LogitNormal",
    "Mixture",
    "MultivariateNormalDiag",
    "MultivariateNormalTriL",
    "NegativeBinomial",
    "Normal",
    "NormalMixture",
    "ParameterError",
    "Pareto",
    "Poisson",
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
