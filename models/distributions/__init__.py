"""Univariate distributions, checked against SciPy and mpmath, with the reparameterization path in the open."""

from models.distributions.aggregate import AggregatePosterior
from models.distributions.base import Distribution, ParameterError, ShapeError
from models.distributions.families import FAMILIES, distribution_of
from models.distributions.kl import kl_divergence, register_kl
from models.distributions.normal import Normal

__all__ = [
    "FAMILIES",
    "AggregatePosterior",
    "Distribution",
    "Normal",
    "ParameterError",
    "ShapeError",
    "distribution_of",
    "kl_divergence",
    "register_kl",
]
