"""Families by name: from :class:`models.protocol.Family` to a distribution."""

from __future__ import annotations

import numpy as np
import tensorflow as tf

from models.distributions.base import Distribution, ParameterError
from models.distributions.beta import Beta
from models.distributions.bounded import Kumaraswamy, LogitNormal, TanhNormal, Uniform
from models.distributions.continuous_bernoulli import ContinuousBernoulli
from models.distributions.gamma import Chi2, Gamma, InverseGamma
from models.distributions.half_line import Exponential, HalfNormal, LogNormal, Weibull
from models.distributions.location_scale import Cauchy, Gumbel, Laplace, Logistic
from models.distributions.normal import Normal
from models.distributions.normal_mixture import NormalMixture
from models.distributions.student_t import StudentT
from models.distributions.truncated_normal import TruncatedNormal
from models.distributions.von_mises import VonMises
from models.protocol import Family

FAMILIES: dict[str, type[Distribution]] = {
    family.__name__: family
    for family in (
        Normal, Laplace, Logistic, Cauchy, StudentT, Gumbel, Uniform, Exponential, Gamma, InverseGamma, Chi2, Weibull,
        LogNormal, HalfNormal, Beta, Kumaraswamy, LogitNormal, TanhNormal, TruncatedNormal, VonMises,
        ContinuousBernoulli, NormalMixture,
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
