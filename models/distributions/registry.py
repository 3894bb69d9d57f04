"""The univariate families by name: from :class:`models.core.families.Family` to a distribution."""

from __future__ import annotations

import numpy as np
import tensorflow as tf

from models.core.families import Family
from models.distributions.base import Distribution, ParameterError
from models.distributions.bernoulli import Bernoulli
from models.distributions.beta import Beta
from models.distributions.binomial import Binomial
from models.distributions.cauchy import Cauchy
from models.distributions.chi2 import Chi2
from models.distributions.continuous_bernoulli import ContinuousBernoulli
from models.distributions.exponential import Exponential
from models.distributions.gamma import Gamma
from models.distributions.generalized_normal import GeneralizedNormal
from models.distributions.gumbel import Gumbel
from models.distributions.half_cauchy import HalfCauchy
from models.distributions.half_normal import HalfNormal
from models.distributions.inverse_gamma import InverseGamma
from models.distributions.inverse_gaussian import InverseGaussian
from models.distributions.kumaraswamy import Kumaraswamy
from models.distributions.laplace import Laplace
from models.distributions.log_normal import LogNormal
from models.distributions.logistic import Logistic
from models.distributions.logit_normal import LogitNormal
from models.distributions.negative_binomial import NegativeBinomial
from models.distributions.normal import Normal
from models.distributions.normal_mixture import NormalMixture
from models.distributions.pareto import Pareto
from models.distributions.poisson import Poisson
from models.distributions.student_t import StudentT
from models.distributions.tanh_normal import TanhNormal
from models.distributions.truncated_normal import TruncatedNormal
from models.distributions.uniform import Uniform
from models.distributions.von_mises import VonMises
from models.distributions.weibull import Weibull
from models.numerics.special import ndtr

FAMILIES: dict[str, type[Distribution]] = {
    family.__name__: family
    for family in (
        Normal, Laplace, Logistic, Cauchy, StudentT, Gumbel, Uniform, Exponential, Gamma, InverseGamma, Chi2, Weibull,
        LogNormal, HalfNormal, Beta, Kumaraswamy, LogitNormal, TanhNormal, TruncatedNormal, VonMises,
        ContinuousBernoulli, NormalMixture, HalfCauchy, Pareto, InverseGaussian, GeneralizedNormal,
        Bernoulli, Binomial, Poisson, NegativeBinomial,
    )
}  # fmt: skip


def check_family(family: Family) -> type[Distribution]:
    """Return the class that ``family`` names; ParameterError if the name, its parameters or a value is wrong."""
    kind = FAMILIES.get(family.name)
    if kind is None:
        raise ParameterError(f"no family is called {family.name!r}; there are {', '.join(sorted(FAMILIES))}")
    if set(family.parameters) != set(kind.domains):
        raise ParameterError(f"{family.name} takes {', '.join(kind.domains)}, not {', '.join(family.parameters)}")
    for name, value in family.parameters.items():
        kind.check_parameter(name, np.asarray(value, np.float64))
    kind.check_order({name: np.asarray(value, np.float64) for name, value in family.parameters.items()})
    return kind


def distribution_of(family: Family, dtype: tf.DType = tf.float64) -> Distribution:
    """Build the distribution that ``family`` names; ParameterError as in :func:`check_family`."""
    kind = check_family(family)
    return kind(**{name: tf.constant(value, dtype) for name, value in family.parameters.items()}, validate=False)


def build(name: str, parameters: tf.Tensor) -> Distribution:
    """Return the family ``name`` with ``parameters`` [k, ...], which were checked before."""
    kind = FAMILIES[name]
    return kind(**{key: parameters[index] for index, key in enumerate(kind.domains)}, validate=False)


def noise_at(q: Distribution, scores: tf.Tensor) -> tf.Tensor:
    """Return the noise of ``q`` that stands where standard normal ``scores`` stand: equal probability below."""
    noise = q.noise_distribution()
    return scores if isinstance(noise, Normal) else noise.quantile(ndtr(scores))


def value_at(q: Distribution, scores: tf.Tensor) -> tf.Tensor:
    """Return the values of ``q`` that stand where standard normal ``scores`` stand, along its path."""
    return q.from_noise(noise_at(q, scores))
